import { type CpuState, CR3_PAE, FIELD, PDPTE_PAE } from '@ringfold/arch'
import type { GuestMemory, PhysicalAddress } from '@ringfold/contracts'
import type { PagingState } from './paging-state.ts'

/** Where the page-directory-pointer table of PAE paging lies, by CR3. Intel SDM vol. 3A, 5.4.1. */
export function pdpteTable(cr3Lo: number): PhysicalAddress {
  return (cr3Lo & CR3_PAE.lo.ADDRESS) >>> 0
}

/**
 * Reads the four PDPTEs that CR3 (its low half) refers to, low and high halves in turn. Intel SDM vol. 3A, 5.4.1 "PDPTE Registers".
 *
 * @returns the number of the first that is present and has a reserved bit set, where loading would raise #GP(0); else -1
 */
export function readPdptes(memory: GuestMemory, paging: PagingState, cr3Lo: number, into: Uint32Array): number {
  const table = pdpteTable(cr3Lo)
  for (let n = 0; n < 8; n++) into[n] = memory.read32(table + 4 * n)
  for (let n = 0; n < 4; n++) {
    const lo = into[2 * n] as number
    const reserved = (lo & PDPTE_PAE.reservedLo) | ((into[2 * n + 1] as number) & paging.reservedPdpteHi)
    if ((lo & PDPTE_PAE.lo.P) !== 0 && reserved !== 0) return n
  }
  return -1
}

/** A place to check what was read; not in use between calls. */
const READ = /* @__PURE__ */ new Uint32Array(8)

/**
 * Loads the PDPTE registers of a state: if a present one has a reserved bit set, none is loaded, and the instruction raises
 * #GP(0).
 *
 * @returns whether they were loaded; if not, the caller raises the exception
 */
export function loadPdptes(state: CpuState, memory: GuestMemory, paging: PagingState, cr3Lo: number): boolean {
  if (readPdptes(memory, paging, cr3Lo, READ) >= 0) return false
  state.u32.set(READ, FIELD.pdpte.offset >>> 2)
  return true
}
