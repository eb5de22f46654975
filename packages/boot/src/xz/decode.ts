/** Decoding .xz files: xz file format 1.2.0. */

import { Output } from '../load/output.ts'
import { type BootRejection, rejected } from '../load/rejection.ts'
import { checkBytes, checkHolds, isKnownCheck } from './checks.ts'
import {
  type BlockHeader,
  type BlockRecord,
  hasXzMagic,
  malformed,
  readBlockHeader,
  readIndex,
  readStreamHeader,
  STREAM_HEADER_BYTES,
  truncated,
} from './container.ts'
import { decodeLzma2, type Lzma2Defect } from './lzma2.ts'
import { undoX86Filter } from './x86-filter.ts'

export interface XzOptions {
  /** Data that would become larger are rejected. Default: 1 GiB. */
  readonly maxBytes?: number
}

export interface XzData {
  readonly kind: 'xz'
  readonly bytes: Uint8Array
  /** What follows the last stream. */
  readonly rest: Uint8Array
}

interface Source {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly output: Output
}

function defect(what: Lzma2Defect): BootRejection {
  if (what === 'truncated') return truncated()
  if (what === 'malformed') return malformed('LZMA2')
  return rejected('boot.too-large', 'the xz data become larger than the limit', 'allow more, if that is meant')
}

interface DecodedBlock {
  readonly kind: 'decoded'
  readonly record: BlockRecord
  readonly end: number
}

/** Chapter 3: a header, data, padding, a check. */
function decodeBlock({ bytes, view, output }: Source, at: number, check: number): DecodedBlock | BootRejection {
  const header = readBlockHeader(view, bytes, at)
  if (header.kind === 'rejected') return header
  const start = output.length
  const decoded = decodeLzma2(bytes, at + header.headerBytes, output)
  if ('defect' in decoded) return defect(decoded.defect)
  const data = output.bytes.subarray(start, output.length)
  if (header.x86Start !== undefined) undoX86Filter(data, header.x86Start)
  const compressedBytes = decoded.end - at - header.headerBytes
  if (!sizesHold(header, compressedBytes, data.length)) return malformed('sizes of a block')
  const checkAt = at + Math.ceil((decoded.end - at) / 4) * 4
  const end = checkAt + checkBytes(check)
  if (end > bytes.length) return truncated()
  if (!checkHolds(check, data, view, checkAt)) return malformed('check of a block')
  const unpaddedBytes = decoded.end - at + checkBytes(check)
  return { kind: 'decoded', record: { unpaddedBytes, uncompressedBytes: data.length }, end }
}

const sizesHold = (header: BlockHeader, compressedBytes: number, uncompressedBytes: number): boolean =>
  (header.compressedBytes ?? compressedBytes) === compressedBytes &&
  (header.uncompressedBytes ?? uncompressedBytes) === uncompressedBytes

/** Chapter 2: a header, blocks, an index, a footer. @returns where it ends */
function decodeStream(source: Source, from: number): number | BootRejection {
  const { bytes, view } = source
  const check = readStreamHeader(view, bytes, from)
  if (typeof check !== 'number') return check
  if (!isKnownCheck(check))
    return rejected('boot.unsupported', `the xz data have check ${check}`, 'compress with "xz --check=crc32"')
  const records: BlockRecord[] = []
  let at = from + STREAM_HEADER_BYTES
  while (bytes[at] !== 0) {
    if (at >= bytes.length) return truncated()
    const block = decodeBlock(source, at, check)
    if (block.kind === 'rejected') return block
    records.push(block.record)
    at = block.end
  }
  return readIndex(view, bytes, at, { records, check })
}

/** Where another stream begins after zeros whose number is a multiple of four (2.2), or `at` if none does. */
function nextStream(bytes: Uint8Array, at: number): number {
  let next = at
  while (bytes[next] === 0) next++
  return (next - at) % 4 === 0 && (hasXzMagic(bytes, next) || next === bytes.length) ? next : at
}

/**
 * Decodes one or more streams of .xz data, with filter LZMA2, perhaps behind x86, and checks CRC32, CRC64 or none. Work is bounded by the
 * lengths of input and output.
 */
export function decodeXz(bytes: Uint8Array, { maxBytes = 2 ** 30 }: XzOptions = {}): XzData | BootRejection {
  if (!hasXzMagic(bytes))
    return rejected('boot.not-this-format', 'no xz data: FD 37 7A 58 5A 00 is missing', 'give an .xz file')
  const output = new Output(maxBytes)
  const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), output }
  let at = 0
  while (hasXzMagic(bytes, at)) {
    const end = decodeStream(source, at)
    if (typeof end !== 'number') return end
    at = nextStream(bytes, end)
  }
  return { kind: 'xz', bytes: output.bytes.subarray(0, output.length), rest: bytes.subarray(at) }
}
