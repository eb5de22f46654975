const WORDS = 8

/** 256 vectors, as ISR, TMR and IRR of a local APIC hold them. */
export class VectorSet {
  readonly #words = new Uint32Array(WORDS)

  add(vector: number): void {
    this.#words[vector >>> 5] = (this.#words[vector >>> 5] as number) | (1 << (vector & 31))
  }

  remove(vector: number): void {
    this.#words[vector >>> 5] = (this.#words[vector >>> 5] as number) & ~(1 << (vector & 31))
  }

  has(vector: number): boolean {
    return ((this.#words[vector >>> 5] as number) & (1 << (vector & 31))) !== 0
  }

  /** The highest vector, or -1. */
  highest(): number {
    for (let n = WORDS - 1; n >= 0; n--) {
      const word = this.#words[n] as number
      if (word !== 0) return n * 32 + 31 - Math.clz32(word)
    }
    return -1
  }

  word(n: number): number {
    return this.#words[n] as number
  }

  clear(): void {
    this.#words.fill(0)
  }

  words(): number[] {
    return [...this.#words]
  }

  setWords(words: readonly number[]): void {
    this.#words.set(words)
  }
}
