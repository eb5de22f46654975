import { PAGE_BYTES, type PhysicalMemory } from '@ringfold/memory'

const PAGE_WORDS = PAGE_BYTES / 4

/**
 * A digest of RAM that is kept up by what was written: two memories with equal contents have equal digests, whatever way led there.
 * It uses the memory's dirty log, which then serves nobody else.
 */
export class MemoryDigest {
  readonly #memory: PhysicalMemory
  readonly #pages = new Map<number, number>()
  #sum = 0

  constructor(memory: PhysicalMemory) {
    this.#memory = memory
    memory.startDirtyLog()
    const { lowRamBytes } = memory.layout
    for (let page = 0; page < lowRamBytes / PAGE_BYTES; page++) this.#update(page)
  }

  /** The digest now. */
  read(): bigint {
    for (const page of this.#memory.takeDirtyPages()) this.#update(page)
    return BigInt(this.#sum >>> 0)
  }

  dispose(): void {
    this.#memory.stopDirtyLog()
  }

  #update(page: number): void {
    const host = this.#memory.hostOffset(page)
    if (host < 0) return
    const hash = hashPage(this.#memory.words, host >>> 2, page)
    // A sum, so that the order of pages does not count.
    this.#sum = (this.#sum - (this.#pages.get(page) ?? 0) + hash) | 0
    if (hash === 0) this.#pages.delete(page)
    else this.#pages.set(page, hash)
  }
}

/** 0 for a page of zeros; else a mix of its words (the 32-bit finalizer of MurmurHash3) with its number. */
function hashPage(words: Uint32Array, start: number, page: number): number {
  let hash = 0
  for (let n = 0; n < PAGE_WORDS; n++) {
    const word = words[start + n] as number
    if (word !== 0) hash = (hash + mix(word ^ Math.imul(n + 1, 0x9e3779b1))) | 0
  }
  return hash === 0 ? 0 : mix(hash ^ Math.imul(page + 1, 0x85ebca77))
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
