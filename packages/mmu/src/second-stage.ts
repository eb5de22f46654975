import type { PhysicalAddress } from '@ringfold/contracts'

/**
 * A second stage of translation, from guest-physical to host-physical addresses: EPT (Intel SDM vol. 3C, 30.3) or nested
 * paging (AMD APM vol. 2, 15.25). Every address of a table entry, and the address of the page, goes through it.
 */
export interface SecondStage {
  /**
   * @returns the host-physical address, or a negative number where it forbids the access; what is to be reported of that, it
   * keeps itself.
   */
  translate(physical: PhysicalAddress, write: boolean, isTableWalk: boolean): PhysicalAddress
}
