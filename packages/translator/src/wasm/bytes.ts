/** WebAssembly's binary format: integers in LEB128, vectors, sections (core specification 2.0, chapter 5). */

const FEW = 16

/** A growing buffer of bytes. */
export class ByteWriter {
  #bytes: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  bytes(values: Uint8Array | readonly number[]): void {
    const { length } = values
    this.#reserve(length)
    // Opcodes come one or two at a time, for which a call of set() is slow.
    if (length > FEW) this.#bytes.set(values, this.length)
    else for (let n = 0; n < length; n++) this.#bytes[this.length + n] = values[n] as number
    this.length += length
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more))
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  /** Unsigned, up to 32 bits. */
  u32(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  /** Signed, 32 bits. */
  s32(value: number): void {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.byte(low)
        return
      }
      this.byte(low | 0x80)
    }
  }

  /** Signed, 64 bits in two halves. */
  s64(lo: number, hi: number): void {
    let [low, high] = [lo | 0, hi | 0]
    for (;;) {
      const group = low & 0x7f
      low = (low >>> 7) | (high << 25)
      high >>= 7
      const isDone =
        (low === 0 && high === 0 && (group & 0x40) === 0) || (low === -1 && high === -1 && (group & 0x40) !== 0)
      this.byte(isDone ? group : group | 0x80)
      if (isDone) return
    }
  }

  name(text: string): void {
    this.u32(text.length)
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i))
  }

  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.length)
  }

  /** What was written, as a view that later writes may change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}
