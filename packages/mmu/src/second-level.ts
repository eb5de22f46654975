import type { PhysicalAddress } from '@ringfold/contracts'
import { RIGHT } from './access.ts'
import { PAGE_1G, PAGE_2M, PAGE_4K, PAGE_4M } from './linear-address.ts'

/** 64 MiB of pages: what a program goes about in without walks. */
const SETS = 4096
const WAYS = 4
const PCIDS = 4096
const PAGE_MASK = -PAGE_4K
const NOTHING = 0
/** Slots of the filter of large pages. */
const FILTER_SIZE = 4096
const LARGE_PAGES: readonly number[] = [PAGE_2M, PAGE_4M, PAGE_1G]
const LAST_SPACE = 0xffff_ffff

/**
 * The second level: pages of 4 KiB (or pieces of larger ones) with the rights that all levels together give, whatever the class
 * of the access. Entries belong to a PCID, or are global. Forgetting a PCID costs nothing: every PCID has the number of its
 * present life, and entries carry the number of the life that they were made in.
 */
export class SecondLevelTlb {
  /** Where a look-up found the page. */
  frame: PhysicalAddress = 0
  /** Bits of `RIGHT`. */
  rights = 0
  pageBytes = 0
  readonly #lo = new Uint32Array(SETS * WAYS)
  readonly #hi = new Uint32Array(SETS * WAYS)
  /** The life in which an entry was made; 0 for none. */
  readonly #space = new Uint32Array(SETS * WAYS)
  readonly #frame = new Float64Array(SETS * WAYS)
  readonly #rights = new Uint8Array(SETS * WAYS)
  readonly #pageBytes = new Uint32Array(SETS * WAYS)
  /** The way that is replaced next. */
  readonly #turn = new Uint8Array(SETS)
  /** The present life of each PCID; 0 before its first entry. */
  readonly #spaceOf = new Uint32Array(PCIDS)
  readonly #mayBeLarge = new Uint8Array(FILTER_SIZE)
  #global = 1
  #last = 1

  /** Looks a page up; what is found stands in `frame`, `rights` and `pageBytes`. */
  find(lo: number, hi: number, pcid: number): boolean {
    const n = this.#indexOf((lo & PAGE_MASK) >>> 0, hi >>> 0, this.#spaceOf[pcid] as number)
    if (n < 0) return false
    this.frame = this.#frame[n] as number
    this.rights = this.#rights[n] as number
    this.pageBytes = this.#pageBytes[n] as number
    return true
  }

  /** Enters a page of 4 KiB, or the piece of a larger one in which the address lies. */
  insert(lo: number, hi: number, pcid: number, frame: PhysicalAddress, rights: number, pageBytes: number): void {
    const pageLo = (lo & PAGE_MASK) >>> 0
    const isGlobal = (rights & RIGHT.GLOBAL) !== 0
    if (this.#spaceOf[pcid] === NOTHING) this.#spaceOf[pcid] = this.#newSpace()
    const space = this.#spaceOf[pcid] as number
    let n = this.#indexOf(pageLo, hi >>> 0, space)
    if (n < 0) n = this.#victim(pageLo)
    this.#lo[n] = pageLo
    this.#hi[n] = hi
    this.#space[n] = isGlobal ? this.#global : space
    this.#frame[n] = frame
    this.#rights[n] = rights
    this.#pageBytes[n] = pageBytes
    if (pageBytes !== PAGE_4K) this.#mayBeLarge[filterIndex(lo, hi, pageBytes)] = 1
  }

  /**
   * Drops the page of an address from a PCID, and from the global ones if `global`: every piece, if it is large.
   *
   * @returns the sizes of the large pages that may have been entered for this address, added: each is a bit
   */
  drop(lo: number, hi: number, pcid: number, global: boolean): number {
    const space = this.#spaceOf[pcid] as number
    let sizes = 0
    for (const pageBytes of LARGE_PAGES) {
      if (this.#mayBeLarge[filterIndex(lo, hi, pageBytes)] === 0) continue
      sizes |= pageBytes
      this.#dropLarge(lo, hi, pageBytes, space, global)
    }
    const pageLo = (lo & PAGE_MASK) >>> 0
    const first = setOf(pageLo)
    for (let n = first; n < first + WAYS; n++) {
      if (this.#lo[n] !== pageLo || this.#hi[n] !== hi >>> 0 || !this.#belongs(n, space, global)) continue
      this.#space[n] = NOTHING
    }
    return sizes
  }

  /** Forgets a PCID, but not the global pages. */
  flushPcid(pcid: number): void {
    this.#spaceOf[pcid] = NOTHING
  }

  /** Forgets all PCIDs, and the global pages unless they are to be kept. */
  flush(keepGlobal: boolean): void {
    this.#spaceOf.fill(NOTHING)
    if (keepGlobal) return
    this.#global = this.#newSpace()
    this.#mayBeLarge.fill(0)
  }

  #indexOf(pageLo: number, hi: number, space: number): number {
    const first = setOf(pageLo)
    for (let n = first; n < first + WAYS; n++) {
      if (this.#lo[n] !== pageLo || this.#hi[n] !== hi) continue
      const own = this.#space[n]
      if ((own === space && space !== NOTHING) || own === this.#global) return n
    }
    return -1
  }

  /** A way without a present life, or the next in turn. */
  #victim(pageLo: number): number {
    const first = setOf(pageLo)
    for (let n = first; n < first + WAYS; n++) if (this.#space[n] === NOTHING) return n
    const set = first / WAYS
    const way = this.#turn[set] as number
    this.#turn[set] = (way + 1) % WAYS
    return first + way
  }

  #belongs(n: number, space: number, global: boolean): boolean {
    const own = this.#space[n]
    return own !== NOTHING && (own === space || (global && own === this.#global))
  }

  #dropLarge(lo: number, hi: number, pageBytes: number, space: number, global: boolean): void {
    const base = (lo & -pageBytes) >>> 0
    for (let n = 0; n < SETS * WAYS; n++) {
      if (this.#pageBytes[n] !== pageBytes || this.#hi[n] !== hi >>> 0) continue
      if (((this.#lo[n] as number) & -pageBytes) >>> 0 !== base || !this.#belongs(n, space, global)) continue
      this.#space[n] = NOTHING
    }
  }

  #newSpace(): number {
    if (this.#last === LAST_SPACE) {
      // Numbers must not come back while entries carry them.
      this.#space.fill(NOTHING)
      this.#spaceOf.fill(NOTHING)
      this.#last = 1
      this.#global = 1
    }
    return ++this.#last
  }
}

/** Index of the first way of the set of a page. */
function setOf(pageLo: number): number {
  return ((pageLo >>> 12) & (SETS - 1)) * WAYS
}

function filterIndex(lo: number, hi: number, pageBytes: number): number {
  const base = (lo & -pageBytes) ^ (hi << 13) ^ pageBytes
  return ((base >>> 12) ^ (base >>> 21) ^ (base >>> 26)) & (FILTER_SIZE - 1)
}
