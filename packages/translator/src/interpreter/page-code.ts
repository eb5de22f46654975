/** Predecoded instructions of one page of RAM in one code mode. */
export class PageCode {
  /** Slot by page offset; 0 none. */
  readonly slots = new Int32Array(4096)
  /** Entries in front of slots that jumps lead to, by page offset. */
  readonly entries = new Map<number, number>()
  /** A bit for each byte of the page that belongs to a predecoded instruction. */
  readonly #decoded = new Uint8Array(512)
  /** The instruction that crosses the page's end: the host offset of the page in which it ends, by its own offset. */
  readonly crossing = new Map<number, number>()

  /** A bit for each byte of the page that a region was made of. */
  readonly #translated = new Uint8Array(512)
  /** How often code was written: what changes often is not worth a region. */
  rewrites = 0

  noteTranslated(offset: number, length: number): void {
    set(this.#translated, offset, length)
  }

  /** Whether any byte from `first` to `last` belongs to a region. */
  overlapsRegion(first: number, last: number): boolean {
    return isAnySet(this.#translated, first, last)
  }

  forgetRegions(): void {
    this.#translated.fill(0)
  }

  noteDecoded(offset: number, length: number): void {
    set(this.#decoded, offset, length)
  }

  /** Whether any byte from `first` to `last` belongs to a predecoded instruction. */
  overlaps(first: number, last: number): boolean {
    return isAnySet(this.#decoded, first, last)
  }

  /** Forgets the crossing instructions that end in a page. */
  dropCrossing(page: number): void {
    for (const [offset, into] of this.crossing) {
      if (into !== page) continue
      this.slots[offset] = 0
      this.crossing.delete(offset)
    }
  }
}

function set(bits: Uint8Array, offset: number, length: number): void {
  const end = Math.min(offset + length, 4096)
  for (let at = offset; at < end; at++) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7))
}

function isAnySet(bits: Uint8Array, first: number, last: number): boolean {
  for (let at = first; at <= last; at++) if (((bits[at >> 3] as number) >> (at & 7)) & 1) return true
  return false
}
