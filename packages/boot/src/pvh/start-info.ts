/** `hvm_start_info`, version 1: Xen, docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h. */
import type { MemoryExtent, MemoryMap } from '../load/memory-map.ts'

export const START_INFO_MAGIC = 0x336e_c578
const VERSION = 1

/** Offsets and sizes in bytes. */
export const START_INFO = {
  MAGIC: 0,
  VERSION: 4,
  NR_MODULES: 12,
  MODLIST_PADDR: 16,
  CMDLINE_PADDR: 24,
  RSDP_PADDR: 32,
  MEMMAP_PADDR: 40,
  MEMMAP_ENTRIES: 48,
  SIZE_BYTES: 56,
} as const

/** `hvm_modlist_entry`. */
export const MODLIST_ENTRY = { PADDR: 0, SIZE: 8, CMDLINE_PADDR: 16, SIZE_BYTES: 32 } as const
/** `hvm_memmap_table_entry`; types are those of e820. */
export const MEMMAP_ENTRY = { ADDR: 0, SIZE: 8, TYPE: 16, SIZE_BYTES: 24 } as const

export interface StartInfoContents {
  readonly commandLineAddress: number
  readonly rsdpAddress: number
  readonly map: MemoryMap
  readonly modules: readonly (MemoryExtent & { readonly commandLineAddress: number })[]
}

/** The structure as it stands at `address`, with the tables that it points to behind it. */
export function startInfo(address: number, contents: StartInfoContents): Uint8Array {
  const { commandLineAddress, rsdpAddress, map, modules } = contents
  const modlistAt = START_INFO.SIZE_BYTES
  const memmapAt = modlistAt + modules.length * MODLIST_ENTRY.SIZE_BYTES
  const bytes = new Uint8Array(memmapAt + map.length * MEMMAP_ENTRY.SIZE_BYTES)
  const view = new DataView(bytes.buffer)
  const set64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true)
  view.setUint32(START_INFO.MAGIC, START_INFO_MAGIC, true)
  view.setUint32(START_INFO.VERSION, VERSION, true)
  view.setUint32(START_INFO.NR_MODULES, modules.length, true)
  set64(START_INFO.MODLIST_PADDR, modules.length > 0 ? address + modlistAt : 0)
  set64(START_INFO.CMDLINE_PADDR, commandLineAddress)
  set64(START_INFO.RSDP_PADDR, rsdpAddress)
  set64(START_INFO.MEMMAP_PADDR, address + memmapAt)
  view.setUint32(START_INFO.MEMMAP_ENTRIES, map.length, true)
  for (const [index, module] of modules.entries()) {
    const at = modlistAt + index * MODLIST_ENTRY.SIZE_BYTES
    set64(at + MODLIST_ENTRY.PADDR, module.address)
    set64(at + MODLIST_ENTRY.SIZE, module.sizeBytes)
    set64(at + MODLIST_ENTRY.CMDLINE_PADDR, module.commandLineAddress)
  }
  for (const [index, range] of map.entries()) {
    const at = memmapAt + index * MEMMAP_ENTRY.SIZE_BYTES
    set64(at + MEMMAP_ENTRY.ADDR, range.address)
    set64(at + MEMMAP_ENTRY.SIZE, range.sizeBytes)
    view.setUint32(at + MEMMAP_ENTRY.TYPE, range.type, true)
  }
  return bytes
}
