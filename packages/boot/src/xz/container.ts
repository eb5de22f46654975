/** Headers of .xz files: xz file format 1.2.0, chapters 2 to 4. */
import { type BootRejection, rejected } from '../load/rejection.ts'
import { crc32 } from './checks.ts'

export const STREAM_HEADER_BYTES = 12
const FOOTER_MAGIC = 0x5a59
const STREAM_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const
const REMEDY = 'get the file again'

export const truncated = (): BootRejection => rejected('boot.truncated', 'the xz data end too early', REMEDY)
export const malformed = (what: string): BootRejection =>
  rejected('boot.malformed', `the xz data are damaged: ${what}`, REMEDY)
const unsupported = (what: string): BootRejection =>
  rejected('boot.unsupported', `the xz data need ${what}`, 'compress with "xz --check=crc32", and no filter but --x86')

export const hasXzMagic = (bytes: Uint8Array, at = 0): boolean =>
  STREAM_MAGIC.every((byte, n) => bytes[at + n] === byte)

/** The id of the check that a stream uses (2.1.1). */
export function readStreamHeader(view: DataView, bytes: Uint8Array, at: number): number | BootRejection {
  if (at + STREAM_HEADER_BYTES > bytes.length) return truncated()
  if (view.getUint32(at + 8, true) !== crc32(bytes.subarray(at + 6, at + 8))) return malformed('header of the stream')
  const [reserved, check = 0] = bytes.subarray(at + 6, at + 8)
  return reserved === 0 && check < 16 ? check : unsupported('an unknown version of the format')
}

/** A number of 7 bits a byte, the lowest first (1.2), and where it ends. Undefined if it is longer than 2^53 or not minimal. */
export function readNumber(bytes: Uint8Array, at: number, limit: number): { value: number; end: number } | undefined {
  let value = 0
  for (let n = 0; n < 8; n++) {
    const byte = bytes[at + n]
    if (byte === undefined || at + n >= limit) return undefined
    value += (byte & 0x7f) * 2 ** (7 * n)
    if (byte >= 0x80) continue
    return (byte === 0 && n > 0) || value > Number.MAX_SAFE_INTEGER ? undefined : { value, end: at + n + 1 }
  }
  return undefined
}

/** Filter ids (5.3). */
const FILTER = { X86: 0x04, LZMA2: 0x21 } as const

export interface BlockHeader {
  readonly kind: 'block'
  readonly headerBytes: number
  /** Start of the x86 filter, if there is one. */
  readonly x86Start: number | undefined
  readonly compressedBytes: number | undefined
  readonly uncompressedBytes: number | undefined
}

/** What of a block header is still to be read: a cursor over its numbers. */
class Cursor {
  readonly bytes: Uint8Array
  readonly limit: number
  at: number
  isSound = true

  constructor(bytes: Uint8Array, at: number, limit: number) {
    this.bytes = bytes
    this.at = at
    this.limit = limit
  }

  number(): number {
    const found = readNumber(this.bytes, this.at, this.limit)
    if (found === undefined) this.isSound = false
    else this.at = found.end
    return found?.value ?? 0
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.limit) this.isSound = false
    const taken = this.bytes.subarray(this.at, Math.min(this.at + count, this.limit))
    this.at += taken.length
    return taken
  }
}

interface Filter {
  readonly id: number
  readonly properties: Uint8Array
}

function filtersOf(cursor: Cursor, count: number): Filter[] {
  return Array.from({ length: count }, () => {
    const id = cursor.number()
    return { id, properties: cursor.take(cursor.number()) }
  })
}

/** The start of the x86 filter, undefined without one; a rejection for other filters. */
function x86StartOf(filters: readonly Filter[]): number | undefined | BootRejection {
  const [last, x86, ...others] = [...filters].reverse()
  if (last?.id !== FILTER.LZMA2 || others.length > 0 || (x86 && x86.id !== FILTER.X86))
    return unsupported(`filters ${filters.map(({ id }) => id).join(', ')}`)
  if (last.properties.length !== 1 || (last.properties[0] ?? 0) > 40) return malformed('properties of LZMA2')
  if (x86 === undefined) return undefined
  const { properties } = x86
  if (properties.length === 0) return 0
  if (properties.length !== 4) return malformed('properties of the x86 filter')
  return new DataView(properties.buffer, properties.byteOffset).getUint32(0, true)
}

const HAS_COMPRESSED_SIZE = 0x40
const HAS_UNCOMPRESSED_SIZE = 0x80
const RESERVED_FLAGS = 0x3c

/** Reads a block header (3.1), which is there: its first byte is not zero. */
export function readBlockHeader(view: DataView, bytes: Uint8Array, at: number): BlockHeader | BootRejection {
  const headerBytes = ((bytes[at] ?? 0) + 1) * 4
  const limit = at + headerBytes - 4
  if (limit + 4 > bytes.length) return truncated()
  if (view.getUint32(limit, true) !== crc32(bytes.subarray(at, limit))) return malformed('header of a block')
  const flags = bytes[at + 1] ?? 0
  if ((flags & RESERVED_FLAGS) !== 0) return unsupported('an unknown version of the format')
  const cursor = new Cursor(bytes, at + 2, limit)
  const compressedBytes = (flags & HAS_COMPRESSED_SIZE) === 0 ? undefined : cursor.number()
  const uncompressedBytes = (flags & HAS_UNCOMPRESSED_SIZE) === 0 ? undefined : cursor.number()
  const filters = filtersOf(cursor, (flags & 3) + 1)
  const isPadding = bytes.subarray(cursor.at, limit).every((byte) => byte === 0)
  if (!cursor.isSound || !isPadding) return malformed('header of a block')
  const x86Start = x86StartOf(filters)
  if (typeof x86Start === 'object') return x86Start
  return { kind: 'block', headerBytes, x86Start, compressedBytes, uncompressedBytes }
}

/** What the index says of a block (4.3). */
export interface BlockRecord {
  readonly unpaddedBytes: number
  readonly uncompressedBytes: number
}

/** Checks the index, which starts with a zero byte, and the footer after it. @returns where the stream ends */
export function readIndex(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  expected: { readonly records: readonly BlockRecord[]; readonly check: number },
): number | BootRejection {
  const cursor = new Cursor(bytes, at + 1, bytes.length)
  const isEqual = cursor.number() === expected.records.length
  const areEqual = expected.records.every((record) => {
    const [unpadded, uncompressed] = [cursor.number(), cursor.number()]
    return unpadded === record.unpaddedBytes && uncompressed === record.uncompressedBytes
  })
  const end = at + Math.ceil((cursor.at - at) / 4) * 4
  if (!cursor.isSound || end + 4 + STREAM_HEADER_BYTES > bytes.length) return truncated()
  const isSound = view.getUint32(end, true) === crc32(bytes.subarray(at, end))
  if (!isEqual || !areEqual || !isSound) return malformed('index')
  const footer = end + 4
  const isFooter =
    view.getUint32(footer, true) === crc32(bytes.subarray(footer + 4, footer + 10)) &&
    (view.getUint32(footer + 4, true) + 1) * 4 === footer - at &&
    bytes[footer + 9] === expected.check &&
    view.getUint16(footer + 10, true) === FOOTER_MAGIC
  return isFooter ? footer + STREAM_HEADER_BYTES : malformed('footer')
}
