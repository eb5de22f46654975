/** `struct boot_params`, the zero page: Linux, Documentation/arch/x86/zero-page.rst. */
import type { MemoryMap } from '../load/memory-map.ts'
import { LOADFLAGS, SETUP_HEADER, type SetupHeader } from './setup-header.ts'

/** Offsets outside the setup header, which keeps its own. What this loader leaves zero is not listed. */
export const BOOT_PARAMS = {
  ACPI_RSDP_ADDR: 0x070,
  EXT_RAMDISK_IMAGE: 0x0c0,
  EXT_RAMDISK_SIZE: 0x0c4,
  EXT_CMD_LINE_PTR: 0x0c8,
  E820_ENTRIES: 0x1e8,
  E820_TABLE: 0x2d0,
  SIZE_BYTES: 0x1000,
} as const

const E820_ENTRY_BYTES = 20
/** `E820_MAX_ENTRIES_ZEROPAGE`. */
export const E820_MAX_ENTRIES = 128

/** "Undefined": a boot loader without a number of its own. */
const TYPE_OF_LOADER = 0xff
/** "normal": the kernel must not ask for a mode (boot.rst, "Special Command Line Options", vga). */
const VID_MODE_NORMAL = 0xffff
/** The end of the heap of real-mode code, which is not run: what boot.rst prescribes for a loader that does not care. */
const HEAP_END = 0xe000 - 0x200

/** What the zero page tells. */
export interface ZeroPageContents {
  readonly header: SetupHeader
  readonly loadAddress: number
  readonly commandLineAddress: number
  readonly initrd?: { readonly address: number; readonly sizeBytes: number } | undefined
  readonly rsdpAddress?: number | undefined
  readonly setupDataAddress?: number | undefined
  readonly map: MemoryMap
}

const high = (value: number): number => Math.floor(value / 2 ** 32)

function writeMap(view: DataView, map: MemoryMap): void {
  view.setUint8(BOOT_PARAMS.E820_ENTRIES, map.length)
  map.forEach(({ address, sizeBytes, type }, index) => {
    const at = BOOT_PARAMS.E820_TABLE + index * E820_ENTRY_BYTES
    view.setBigUint64(at, BigInt(address), true)
    view.setBigUint64(at + 8, BigInt(sizeBytes), true)
    view.setUint32(at + 16, type, true)
  })
}

/**
 * The zero page. `screen_info` stays zero: a screen without lines, so that Linux takes no VGA text console. The map has at most
 * `E820_MAX_ENTRIES` ranges.
 */
export function zeroPage(contents: ZeroPageContents): Uint8Array {
  const { header, loadAddress, commandLineAddress, initrd, rsdpAddress = 0, setupDataAddress = 0, map } = contents
  const page = new Uint8Array(BOOT_PARAMS.SIZE_BYTES)
  const view = new DataView(page.buffer)
  page.set(header.bytes, SETUP_HEADER.SETUP_SECTS)
  view.setUint16(SETUP_HEADER.VID_MODE, VID_MODE_NORMAL, true)
  view.setUint8(SETUP_HEADER.TYPE_OF_LOADER, TYPE_OF_LOADER)
  view.setUint8(SETUP_HEADER.LOADFLAGS, header.loadflags | LOADFLAGS.CAN_USE_HEAP)
  view.setUint16(SETUP_HEADER.HEAP_END_PTR, HEAP_END, true)
  view.setUint32(SETUP_HEADER.CODE32_START, loadAddress, true)
  view.setUint32(SETUP_HEADER.CMD_LINE_PTR, commandLineAddress, true)
  view.setBigUint64(SETUP_HEADER.SETUP_DATA, BigInt(setupDataAddress), true)
  if (initrd !== undefined) {
    view.setUint32(SETUP_HEADER.RAMDISK_IMAGE, initrd.address, true)
    view.setUint32(SETUP_HEADER.RAMDISK_SIZE, initrd.sizeBytes, true)
    view.setUint32(BOOT_PARAMS.EXT_RAMDISK_IMAGE, high(initrd.address), true)
    view.setUint32(BOOT_PARAMS.EXT_RAMDISK_SIZE, high(initrd.sizeBytes), true)
  }
  view.setBigUint64(BOOT_PARAMS.ACPI_RSDP_ADDR, BigInt(rsdpAddress), true)
  writeMap(view, map)
  return page
}

/** `SETUP_RNG_SEED` of `struct setup_data` (Linux, arch/x86/include/uapi/asm/bootparam.h): since 6.0. */
const SETUP_RNG_SEED = 9
const SETUP_DATA_HEADER_BYTES = 16

/** A `setup_data` of one element (boot.rst, `setup_data`): a seed of the kernel's random numbers. */
export function rngSeedData(seed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SETUP_DATA_HEADER_BYTES + seed.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, SETUP_RNG_SEED, true)
  view.setUint32(12, seed.length, true)
  bytes.set(seed, SETUP_DATA_HEADER_BYTES)
  return bytes
}
