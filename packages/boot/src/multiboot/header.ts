/** The header of a multiboot kernel: Multiboot Specification 0.6.96, 3.1 "OS image format". */
import { type BootRejection, hex, rejected } from '../load/rejection.ts'

export const HEADER_MAGIC = 0x1bad_b002
const SEARCH_BYTES = 8192
const HEADER_BYTES = 12

/** Offsets from the magic number on. */
const HEADER = {
  FLAGS: 4,
  CHECKSUM: 8,
  HEADER_ADDR: 12,
  LOAD_ADDR: 16,
  LOAD_END_ADDR: 20,
  BSS_END_ADDR: 24,
  ENTRY_ADDR: 28,
} as const
const ADDRESSES_END = 32

/**
 * Bits of `flags`. Modules are always at the start of a page and memory is always told; a wish for a video mode is not granted, which
 * 3.1.1 leaves to the boot loader.
 */
export const HEADER_FLAG = { PAGE_ALIGN: 1, MEMORY_INFO: 2, VIDEO_MODE: 4, ADDRESSES: 0x1_0000 } as const
/** Those that a loader must understand or refuse. */
const REQUIRED = 0xffff
const KNOWN = HEADER_FLAG.PAGE_ALIGN | HEADER_FLAG.MEMORY_INFO | HEADER_FLAG.VIDEO_MODE

/** The addresses of a file that is no ELF file, or wishes not to be taken as one. */
export interface HeaderAddresses {
  readonly headerAddress: number
  readonly loadAddress: number
  /** 0: all of the file. */
  readonly loadEnd: number
  /** 0: no memory beyond what is loaded. */
  readonly bssEnd: number
  readonly entry: number
}

export interface MultibootHeader {
  readonly kind: 'header'
  /** Its place in the file. */
  readonly offset: number
  readonly flags: number
  readonly addresses: HeaderAddresses | undefined
}

function offsetOf(view: DataView): number | undefined {
  const end = Math.min(view.byteLength, SEARCH_BYTES) - HEADER_BYTES
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue
    const sum = HEADER_MAGIC + view.getUint32(at + HEADER.FLAGS, true) + view.getUint32(at + HEADER.CHECKSUM, true)
    if (sum % 2 ** 32 === 0) return at
  }
  return undefined
}

/** Finds and reads the header: 4-aligned within the first 8192 bytes. */
export function readMultibootHeader(bytes: Uint8Array): MultibootHeader | BootRejection {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const offset = offsetOf(view)
  if (offset === undefined)
    return rejected(
      'boot.not-this-format',
      'no multiboot kernel: there is no header in its first 8192 bytes',
      'give a multiboot 1 kernel; multiboot 2 is another protocol',
    )
  const flags = view.getUint32(offset + HEADER.FLAGS, true)
  const unknown = flags & REQUIRED & ~KNOWN
  if (unknown !== 0)
    return rejected(
      'boot.unsupported',
      `the header requires unknown features ${hex(unknown)}`,
      'use another boot loader',
    )
  if ((flags & HEADER_FLAG.ADDRESSES) === 0) return { kind: 'header', offset, flags, addresses: undefined }
  if (offset + ADDRESSES_END > bytes.length)
    return rejected('boot.truncated', 'the file ends within its multiboot header', 'give the whole file')
  const address = (at: number) => view.getUint32(offset + at, true)
  const addresses = {
    headerAddress: address(HEADER.HEADER_ADDR),
    loadAddress: address(HEADER.LOAD_ADDR),
    loadEnd: address(HEADER.LOAD_END_ADDR),
    bssEnd: address(HEADER.BSS_END_ADDR),
    entry: address(HEADER.ENTRY_ADDR),
  }
  return { kind: 'header', offset, flags, addresses }
}
