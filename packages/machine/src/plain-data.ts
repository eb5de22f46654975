/** Plain data (what `state()` gives) as one block of bytes: JSON, with typed arrays kept apart and checked by a sum. */
import { MachineError } from './errors.ts'

const MAGIC = 'RINGFOLD'
const HEADER_BYTES = 40
const SUM_WORD = 8
/** The version of this format. */
export const PLAIN_DATA_VERSION = 1
const ARRAYS = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array } as const
type ArrayKind = keyof typeof ARRAYS
const KEY = '$array'

interface ArrayReference {
  readonly [KEY]: ArrayKind
  readonly at: number
  readonly bytes: number
}

/**
 * Bytes of `data`, of a kind that `decodePlain` will ask for. The format: 8 bytes `RINGFOLD`; u32 version; u32 length of the JSON text;
 * 8 bytes of the kind, padded with zeros; u64 length of the whole; u64 sum of everything else; the text, padded to 8
 * bytes; the arrays, each padded to 8 bytes. Little-endian.
 */
export function encodePlain(kind: string, data: unknown): Uint8Array {
  const arrays: Uint8Array[] = []
  let at = 0
  const withoutArrays = (value: unknown): unknown => {
    const found = arrayKind(value)
    if (found === undefined) return eachValue(value, withoutArrays)
    const { buffer, byteOffset, byteLength } = value as Uint8Array
    arrays.push(new Uint8Array(buffer, byteOffset, byteLength))
    const reference: ArrayReference = { [KEY]: found, at, bytes: byteLength }
    at += padded(byteLength)
    return reference
  }
  const text = JSON.stringify(withoutArrays(data))
  const json = new TextEncoder().encode(text)
  const bytes = new Uint8Array(HEADER_BYTES + padded(json.length) + at)
  bytes.set(json, HEADER_BYTES)
  let to = HEADER_BYTES + padded(json.length)
  for (const array of arrays) {
    bytes.set(array, to)
    to += padded(array.length)
  }
  writeHeader(bytes, kind, json.length)
  return bytes
}

/** A copy of plain data with each value of it replaced. Done here, as JSON would first turn a Node `Buffer` into numbers. */
function eachValue(value: unknown, replace: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(replace)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replace(part)]))
}

function arrayKind(value: unknown): ArrayKind | undefined {
  if (value instanceof Uint8Array) return 'u8'
  if (value instanceof Uint16Array) return 'u16'
  return value instanceof Uint32Array ? 'u32' : undefined
}

const padded = (length: number): number => Math.ceil(length / 8) * 8

function writeHeader(bytes: Uint8Array, kind: string, jsonBytes: number): void {
  const view = new DataView(bytes.buffer)
  const encoder = new TextEncoder()
  bytes.set(encoder.encode(MAGIC), 0)
  view.setUint32(8, PLAIN_DATA_VERSION, true)
  view.setUint32(12, jsonBytes, true)
  bytes.set(encoder.encode(kind).subarray(0, 8), 16)
  view.setUint32(24, bytes.length % 2 ** 32, true)
  view.setUint32(28, Math.floor(bytes.length / 2 ** 32), true)
  const [lo, hi] = sum(bytes)
  view.setUint32(32, lo, true)
  view.setUint32(36, hi, true)
}

/** Two multiplicative sums of 32 bits over everything but themselves: to find damage, not forgery. */
function sum(bytes: Uint8Array): readonly [number, number] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  let [lo, hi] = [0x811c9dc5, 0x01000193]
  for (let n = 0; n < words.length; n += 2) {
    if (n === SUM_WORD) continue
    lo = Math.imul(lo ^ (words[n] as number), 0x01000193)
    hi = Math.imul(hi ^ (words[n + 1] as number), 0x85ebca6b) + (lo >>> 15)
  }
  return [lo >>> 0, hi >>> 0]
}

/** The data in `bytes`. Throws `MachineError` with `code` where they are not what `encodePlain` gave for this kind. */
export function decodePlain(kind: string, bytes: Uint8Array, code: 'machine.snapshot' | 'machine.recording'): unknown {
  const what = code === 'machine.snapshot' ? 'snapshot' : 'recording'
  const refuse = (reason: string, remedy: string) => new MachineError(code, `this is no ${what}: ${reason}`, remedy)
  const foreign = `give a file that ringfold wrote as a ${what}`
  if (bytes.length < HEADER_BYTES || text(bytes, 0, 8) !== MAGIC) throw refuse('it does not begin as one', foreign)
  const own = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  const view = new DataView(own.buffer, own.byteOffset, own.length)
  const version = view.getUint32(8, true)
  if (version !== PLAIN_DATA_VERSION)
    throw refuse(
      `its format is of version ${version}`,
      `read it with the release that wrote it; this one reads ${PLAIN_DATA_VERSION}`,
    )
  const found = text(own, 16, 8)
  if (found !== kind) throw refuse(`it holds "${found}"`, foreign)
  const length = view.getUint32(24, true) + view.getUint32(28, true) * 2 ** 32
  const jsonBytes = view.getUint32(12, true)
  if (length !== own.length || length % 8 !== 0 || HEADER_BYTES + jsonBytes > length)
    throw refuse(`it has ${own.length} bytes of ${length}: it is cut off or overlong`, 'take it anew')
  const [lo, hi] = sum(own)
  if (view.getUint32(32, true) !== lo || view.getUint32(36, true) !== hi)
    throw refuse('its sum is wrong: it is damaged', 'take it anew, or restore the file from its backup')
  return parse(own, jsonBytes)
}

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length)).replace(/\0+$/, '')

function parse(bytes: Uint8Array, jsonBytes: number): unknown {
  const json = new TextDecoder().decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + jsonBytes))
  const from = bytes.byteOffset + HEADER_BYTES + padded(jsonBytes)
  return JSON.parse(json, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(KEY in value)) return value
    const { [KEY]: kind, at, bytes: length } = value as ArrayReference
    const Kind = ARRAYS[kind]
    return new Kind(bytes.buffer as ArrayBuffer, from + at, length / Kind.BYTES_PER_ELEMENT)
  })
}
