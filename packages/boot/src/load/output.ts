/** What is decoded so far: it grows, up to a limit. It is the dictionary as well. */
export class Output {
  bytes = new Uint8Array(0)
  length = 0
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Makes room for more bytes. @returns false if that goes beyond the limit */
  reserve(moreBytes: number): boolean {
    const needed = this.length + moreBytes
    if (needed > this.#maxBytes) return false
    if (needed <= this.bytes.length) return true
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    return true
  }

  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }
}
