import type { PhysicalAddress } from '@ringfold/contracts'

/** What a second stage may allow: the bits of an EPT entry. Intel SDM vol. 3C, 30.3.2 "EPT Translation Mechanism". */
export const STAGE_RIGHT = /* @__PURE__ */ Object.freeze({ READ: 1, WRITE: 2, EXECUTE: 4 })

/**
 * A second stage of translation, from guest-physical to host-physical addresses: EPT (Intel SDM vol. 3C, 30.3) or nested
 * paging (AMD APM vol. 2, 15.25). Every address of a table entry, and the address of the page, goes through it.
 */
export interface SecondStage {
  /**
   * `access` holds bits of `ACCESS`; of an access to a table entry (`isTableWalk`) it is `WRITE` or 0.
   *
   * @returns the host-physical address, or a negative number where it forbids the access; what is to be reported of that, it
   * keeps itself.
   */
  translate(physical: PhysicalAddress, access: number, isTableWalk: boolean): PhysicalAddress
  /**
   * Bits of `STAGE_RIGHT`: the accesses to the page that it gave last about which it need not be asked again. TLBs keep them. One
   * that marks pages as dirty leaves `WRITE` out while a page is clean.
   */
  readonly allows: number
}
