import { type CpuState, CR3_PAE, FIELD, PDPTE_PAE } from '@ringfold/arch'
import type { GuestMemory } from '@ringfold/contracts'
import type { PagingState } from './paging-state.ts'

/**
 * Loads the PDPTE registers of a state from the table that CR3 (its low half) gives. Intel SDM vol. 3A, 5.4.1 "PDPTE
 * Registers": if a present one has a reserved bit set, none is loaded, and the instruction raises #GP(0).
 *
 * @returns whether they were loaded; if not, the caller raises the exception
 */
export function loadPdptes(state: CpuState, memory: GuestMemory, paging: PagingState, cr3Lo: number): boolean {
  const table = (cr3Lo & CR3_PAE.lo.ADDRESS) >>> 0
  const first = FIELD.pdpte.offset >>> 2
  // Read twice rather than kept: there are four of them, and this allocates nothing.
  for (let n = 0; n < 4; n++) {
    const lo = memory.read32(table + 8 * n)
    const hi = memory.read32(table + 8 * n + 4)
    const reserved = (lo & PDPTE_PAE.reservedLo) | (hi & paging.reservedPdpteHi)
    if ((lo & PDPTE_PAE.lo.P) !== 0 && reserved !== 0) return false
  }
  for (let n = 0; n < 8; n++) state.u32[first + n] = memory.read32(table + 4 * n)
  return true
}
