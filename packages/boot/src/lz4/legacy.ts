/**
 * LZ4 in legacy frames, as `lz4 -l` and the build of Linux write it: LZ4 Frame Format 1.6.4, "Legacy frame"; blocks: LZ4 Block Format.
 */
import { Output } from '../load/output.ts'
import { type BootRejection, rejected } from '../load/rejection.ts'

const MAGIC = 0x184c_2102
/** What a block becomes, at most. */
const BLOCK_BYTES = 8 * 2 ** 20
/** What a block of 8 MiB takes at worst: its bytes, and one for each 255 of them. */
const COMPRESSED_BLOCK_BYTES = BLOCK_BYTES + Math.ceil(BLOCK_BYTES / 255) + 16

const REMEDY = 'get the file again'
const truncated = (): BootRejection => rejected('boot.truncated', 'the LZ4 data end too early', REMEDY)
const malformed = (): BootRejection => rejected('boot.malformed', 'the LZ4 data are damaged', REMEDY)
const tooLarge = (): BootRejection =>
  rejected('boot.too-large', 'the LZ4 data become larger than the limit', 'allow more, if that is meant')

export interface Lz4Options {
  /** Data that would become larger are rejected. Default: 1 GiB. */
  readonly maxBytes?: number
}

export interface Lz4Data {
  readonly kind: 'lz4'
  readonly bytes: Uint8Array
}

const EXTENDED = 15
const SHORTEST_MATCH = 4

/** Decodes one block, and knows where it is in it. */
class Block {
  readonly #source: Uint8Array
  readonly #output: Output
  readonly #start: number
  #at = 0

  constructor(source: Uint8Array, output: Output) {
    this.#source = source
    this.#output = output
    this.#start = output.length
  }

  /** Sequences of literals and a match, of which the last has no match. */
  decode(): BootRejection | undefined {
    while (this.#at < this.#source.length) {
      const token = this.#source[this.#at++] as number
      const literals = this.#length(token >>> 4)
      const end = this.#at + literals
      if (end > this.#source.length || !this.#hasRoom(literals)) return malformed()
      if (!this.#output.reserve(literals)) return tooLarge()
      this.#output.append(this.#source.subarray(this.#at, end))
      this.#at = end
      if (end === this.#source.length) return undefined
      const rejection = this.#match(token & 15)
      if (rejection) return rejection
    }
    return malformed()
  }

  #match(shortLength: number): BootRejection | undefined {
    const output = this.#output
    const offset = (this.#source[this.#at] ?? 0) | ((this.#source[this.#at + 1] ?? 0) << 8)
    this.#at += 2
    const length = this.#length(shortLength) + SHORTEST_MATCH
    if (offset === 0 || offset > output.length - this.#start || !this.#hasRoom(length)) return malformed()
    if (!output.reserve(length)) return tooLarge()
    const { bytes } = output
    let to = output.length
    const stop = to + length
    for (let from = to - offset; to < stop; ) bytes[to++] = bytes[from++] as number
    output.length = stop
    return undefined
  }

  /** A length of 15 goes on in bytes of 255 and a last one. */
  #length(short: number): number {
    let length = short
    if (short < EXTENDED) return length
    for (let more = 255; more === 255; length += more) more = this.#source[this.#at++] ?? 0
    return length
  }

  #hasRoom(moreBytes: number): boolean {
    return this.#output.length - this.#start + moreBytes <= BLOCK_BYTES
  }
}

/** Decodes one or more legacy frames. Work is bounded by the lengths of input and output. */
export function decodeLz4Legacy(bytes: Uint8Array, { maxBytes = 2 ** 30 }: Lz4Options = {}): Lz4Data | BootRejection {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4 || view.getUint32(0, true) !== MAGIC)
    return rejected('boot.not-this-format', 'no legacy LZ4 data: 02 21 4C 18 is missing', 'compress with "lz4 -l"')
  const output = new Output(maxBytes)
  let at = 4
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return truncated()
    const sizeBytes = view.getUint32(at, true)
    at += 4
    if (sizeBytes === MAGIC) continue
    if (sizeBytes > COMPRESSED_BLOCK_BYTES) return malformed()
    if (at + sizeBytes > bytes.length) return truncated()
    const rejection = new Block(bytes.subarray(at, at + sizeBytes), output).decode()
    if (rejection) return rejection
    at += sizeBytes
  }
  return { kind: 'lz4', bytes: output.bytes.subarray(0, output.length) }
}
