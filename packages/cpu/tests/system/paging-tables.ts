/** Paging structures of every mode, for guests that turn paging on themselves. */
import { FIELD } from '@ringfold/arch'
import type { Guest } from './guest.ts'

export const P = 1
export const RW = 2
export const US = 4
export const A = 0x20
export const D = 0x40
export const PS = 0x80
export const G = 0x100
export const ROOT = 0x20000
/** The page that tests spoil. */
export const PAGE = 0x60000
/** Bits of the error code. */
export const ERROR = { P: 1, WR: 2, US: 4, RSVD: 8, ID: 16 } as const

/** 32-bit tables that map the first 4 MiB to themselves with pages of 4 KiB. */
export function narrowTables(guest: Guest, flags = P | RW | US): void {
  guest.memory.write32(ROOT, (ROOT + 0x1000) | P | RW | US)
  for (let n = 0; n < 1024; n++) guest.memory.write32(ROOT + 0x1000 + n * 4, (n << 12) | flags)
}

/** Where the 32-bit page table has the page. */
export const narrowEntry = (address: number): number => ROOT + 0x1000 + (address >>> 12) * 4

/** PAE tables that map the first 2 MiB to themselves. */
export function paeTables(guest: Guest, flags = P | RW | US): void {
  guest.machine.put64(ROOT, BigInt((ROOT + 0x1000) | P))
  guest.machine.put64(ROOT + 0x1000, BigInt((ROOT + 0x2000) | P | RW | US))
  for (let n = 0; n < 512; n++) guest.machine.put64(ROOT + 0x2000 + n * 8, BigInt((n << 12) | flags))
}

export const paeEntry = (address: number): number => ROOT + 0x2000 + (address >>> 12) * 8

/** Turns paging on with these controls, from outside; CR3 is the root. */
export function turnOn(guest: Guest, cr0: number, cr4: number, pdptes = false): void {
  const { state } = guest
  state.set(FIELD.cr3, ROOT, 0)
  state.setLo(FIELD.cr4, (state.lo(FIELD.cr4) | cr4) >>> 0)
  if (pdptes)
    for (let n = 0; n < 4; n++)
      state.set(FIELD.pdpte, guest.memory.read32(ROOT + n * 8) >>> 0, guest.memory.read32(ROOT + n * 8 + 4) >>> 0, n)
  state.setLo(FIELD.cr0, (state.lo(FIELD.cr0) | 0x80000000 | cr0) >>> 0)
  guest.cpu.stateWritten()
}
