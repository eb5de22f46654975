/** What a multiboot kernel is told: Multiboot Specification 0.6.96, 3.3 "Boot information format". */
import { MEMORY_TYPE_E820, type MemoryExtent, type MemoryMap } from '../load/memory-map.ts'

/** Offsets and sizes in bytes. */
export const INFORMATION = {
  FLAGS: 0,
  MEM_LOWER: 4,
  MEM_UPPER: 8,
  CMDLINE: 16,
  MODS_COUNT: 20,
  MODS_ADDR: 24,
  MMAP_LENGTH: 44,
  MMAP_ADDR: 48,
  BOOT_LOADER_NAME: 64,
  SIZE_BYTES: 116,
} as const

/** Bits of `flags`: which fields hold something. */
export const INFORMATION_FLAG = { MEMORY: 0x1, CMDLINE: 0x4, MODS: 0x8, MMAP: 0x40, BOOT_LOADER_NAME: 0x200 } as const

const MODULE = { START: 0, END: 4, STRING: 8, SIZE_BYTES: 16 } as const
/** `size` counts what follows it. */
const MMAP = { SIZE: 0, ADDR: 4, LENGTH: 12, TYPE: 20, SIZE_BYTES: 24 } as const

export interface InformationContents {
  readonly map: MemoryMap
  readonly commandLineAddress: number
  readonly loaderNameAddress: number
  readonly modules: readonly (MemoryExtent & { readonly commandLineAddress: number })[]
}

const ONE_MIB = 0x10_0000

/** KiB of RAM in one piece from an address on. */
function kibibytesFrom(map: MemoryMap, start: number): number {
  const range = map.find(({ address, type }) => address === start && type === MEMORY_TYPE_E820.RAM)
  return Math.floor((range?.sizeBytes ?? 0) / 1024)
}

/** The structure as it stands at `address`, with the tables that it points to behind it. */
export function multibootInformation(address: number, contents: InformationContents): Uint8Array {
  const { map, commandLineAddress, loaderNameAddress, modules } = contents
  const modulesAt = INFORMATION.SIZE_BYTES
  const mapAt = modulesAt + modules.length * MODULE.SIZE_BYTES
  const bytes = new Uint8Array(mapAt + map.length * MMAP.SIZE_BYTES)
  const view = new DataView(bytes.buffer)
  const set = (at: number, value: number) => view.setUint32(at, value, true)
  const { MEMORY, CMDLINE, MODS, MMAP: MMAP_FLAG, BOOT_LOADER_NAME } = INFORMATION_FLAG
  set(INFORMATION.FLAGS, MEMORY | CMDLINE | MODS | MMAP_FLAG | BOOT_LOADER_NAME)
  set(INFORMATION.MEM_LOWER, kibibytesFrom(map, 0))
  set(INFORMATION.MEM_UPPER, kibibytesFrom(map, ONE_MIB))
  set(INFORMATION.CMDLINE, commandLineAddress)
  set(INFORMATION.MODS_COUNT, modules.length)
  set(INFORMATION.MODS_ADDR, address + modulesAt)
  set(INFORMATION.MMAP_LENGTH, map.length * MMAP.SIZE_BYTES)
  set(INFORMATION.MMAP_ADDR, address + mapAt)
  set(INFORMATION.BOOT_LOADER_NAME, loaderNameAddress)
  for (const [index, module] of modules.entries()) {
    const at = modulesAt + index * MODULE.SIZE_BYTES
    set(at + MODULE.START, module.address)
    set(at + MODULE.END, module.address + module.sizeBytes)
    set(at + MODULE.STRING, module.commandLineAddress)
  }
  for (const [index, range] of map.entries()) {
    const at = mapAt + index * MMAP.SIZE_BYTES
    set(at + MMAP.SIZE, MMAP.SIZE_BYTES - 4)
    view.setBigUint64(at + MMAP.ADDR, BigInt(range.address), true)
    view.setBigUint64(at + MMAP.LENGTH, BigInt(range.sizeBytes), true)
    set(at + MMAP.TYPE, range.type)
  }
  return bytes
}
