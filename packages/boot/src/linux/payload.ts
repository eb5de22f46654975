/** The compressed vmlinux in a bzImage: Linux, Documentation/arch/x86/boot.rst, `payload_offset`. */
import { hasElfMagic } from '../elf/index.ts'
import { type BootRejection, hex, rejected } from '../load/rejection.ts'
import { decodeLz4Legacy } from '../lz4/index.ts'
import { decodeXz } from '../xz/index.ts'
import { readSetupHeader } from './setup-header.ts'

export type PayloadFormat = 'none' | 'gzip' | 'bzip2' | 'lzma' | 'xz' | 'lzo' | 'lz4' | 'zstd'

/** How each begins; LZ4 is of the legacy frame format. */
const MAGIC: readonly (readonly [format: PayloadFormat, ...bytes: number[]])[] = [
  ['none', 0x7f, 0x45, 0x4c, 0x46],
  ['gzip', 0x1f, 0x8b],
  ['bzip2', 0x42, 0x5a, 0x68],
  ['lzma', 0x5d, 0x00, 0x00],
  ['xz', 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  ['lzo', 0x89, 0x4c, 0x5a, 0x4f],
  ['lz4', 0x02, 0x21, 0x4c, 0x18],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
]

export interface Payload {
  readonly kind: 'payload'
  readonly format: PayloadFormat
  /** View of the compressed data, without what the kernel's build puts behind them. */
  readonly bytes: Uint8Array
  /** What they become, by the last four bytes of the payload. */
  readonly uncompressedBytes: number
}

const SIZE_BYTES = 4
/** Sizes beyond this are not believed. */
const UNCOMPRESSED_MAX = 2 ** 30

/** Finds the compressed kernel in a bzImage (protocol 2.08 and newer), and how it is compressed. */
export function findPayload(image: Uint8Array): Payload | BootRejection {
  const header = readSetupHeader(image)
  if (header.kind === 'rejected') return header
  const { payload, kernel } = header
  if (payload === undefined)
    return rejected('boot.old-protocol', 'the bzImage does not say where its payload is', 'give protocol 2.08 or newer')
  const { offset, sizeBytes } = payload
  if (offset + sizeBytes > kernel.length || sizeBytes < SIZE_BYTES)
    return rejected('boot.truncated', `the payload at ${hex(offset)} leaves the file`, 'give the whole file')
  const whole = kernel.subarray(offset, offset + sizeBytes)
  const format = MAGIC.find(([, ...magic]) => magic.every((byte, n) => whole[n] === byte))?.[0]
  if (format === undefined)
    return rejected('boot.unsupported', 'the payload is compressed in an unknown way', 'give another kernel')
  const size = new DataView(whole.buffer, whole.byteOffset + sizeBytes - SIZE_BYTES).getUint32(0, true)
  // gzip ends with the size by itself; for the others, the build appends it.
  const own = format === 'gzip' || format === 'none'
  return {
    ...{ kind: 'payload', format, bytes: own ? whole : whole.subarray(0, sizeBytes - SIZE_BYTES) },
    uncompressedBytes: format === 'none' ? sizeBytes : size,
  }
}

/** Decompresses a payload; undefined for a format that it does not know. What it throws means that the data are damaged. */
export type Decompress = (format: PayloadFormat, bytes: Uint8Array) => Decompressed | Promise<Decompressed>
type Decompressed = Uint8Array | undefined

export interface Vmlinux {
  readonly kind: 'vmlinux'
  /** An ELF file, for `loadElfKernel`. Relocations may follow it, which no ELF header names. */
  readonly bytes: Uint8Array
}

const damaged = (): BootRejection =>
  rejected('boot.malformed', 'the compressed kernel is damaged', 'get the kernel again')

/** What this package can do by itself: nothing, LZ4 and xz. */
function decompressHere({ format, bytes, uncompressedBytes: maxBytes }: Payload): Decompressed | BootRejection {
  if (format === 'none') return bytes
  if (format !== 'lz4' && format !== 'xz') return undefined
  const decoded = format === 'xz' ? decodeXz(bytes, { maxBytes }) : decodeLz4Legacy(bytes, { maxBytes })
  return decoded.kind === 'rejected' ? decoded : decoded.bytes
}

async function decompressThere(
  decompress: Decompress | undefined,
  payload: Payload,
): Promise<Decompressed | BootRejection> {
  try {
    return await decompress?.(payload.format, payload.bytes)
  } catch {
    return damaged()
  }
}

/**
 * The vmlinux in a bzImage. `decompress` is asked first, so that a host can use a faster decoder; LZ4 and xz, as Debian's
 * kernels have them, need none.
 */
export async function extractVmlinux(image: Uint8Array, decompress?: Decompress): Promise<Vmlinux | BootRejection> {
  const payload = findPayload(image)
  if (payload.kind === 'rejected') return payload
  if (payload.uncompressedBytes > UNCOMPRESSED_MAX)
    return rejected('boot.too-large', `a kernel of ${payload.uncompressedBytes} bytes`, 'get the kernel again')
  const bytes = (await decompressThere(decompress, payload)) ?? decompressHere(payload)
  if (bytes === undefined)
    return rejected('boot.unsupported', `the kernel is compressed with ${payload.format}`, 'give a decompressor for it')
  if ('kind' in bytes) return bytes
  return hasElfMagic(bytes) ? { kind: 'vmlinux', bytes } : damaged()
}
