/** The end of an output. */

/** Keeps the last so many bytes, and copies nothing but what comes. */
export class KeptOutput {
  readonly #ring: Uint8Array
  /** How many bytes have come. */
  #count = 0

  constructor(keptBytes: number) {
    this.#ring = new Uint8Array(keptBytes)
  }

  add(bytes: Uint8Array): void {
    const size = this.#ring.length
    const kept = bytes.subarray(Math.max(0, bytes.length - size))
    const at = (this.#count + bytes.length - kept.length) % size
    const first = kept.subarray(0, size - at)
    this.#ring.set(first, at)
    this.#ring.set(kept.subarray(first.length))
    this.#count += bytes.length
  }

  /** A copy of what is kept, in its order. */
  get bytes(): Uint8Array {
    const size = this.#ring.length
    if (this.#count <= size) return this.#ring.slice(0, this.#count)
    const at = this.#count % size
    const found = new Uint8Array(size)
    found.set(this.#ring.subarray(at))
    found.set(this.#ring.subarray(0, at), size - at)
    return found
  }
}
