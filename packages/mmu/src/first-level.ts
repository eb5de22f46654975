import type { PageNumber } from '@ringfold/contracts'
import { ACCESS_CLASSES } from './access.ts'
import { MmuError } from './errors.ts'
import { PAGE_4K } from './linear-address.ts'
import { TLB_ARRAY_BYTES, TLB_BYTES, TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES, TLB_INDEX_SHIFT } from './tlb-layout.ts'

const ARRAYS = 2 * ACCESS_CLASSES
const ARRAY_WORDS = TLB_ARRAY_BYTES / 4
const ENTRY_WORDS = TLB_ENTRY_BYTES / 4
const ADDEND_WORD = TLB_ENTRY.ADDEND / 4
const OWNER_WORD = TLB_ENTRY.OWNER / 4
const EMPTY = 0xffff_ffff
const PAGE_MASK = -PAGE_4K
/** Above so many entries a sweep of everything is cheaper than the list. */
const SWEEP_FROM = (ARRAYS * TLB_ENTRIES) / 4
/** Slots of the filter of pages that have write entries. */
const FILTER_SIZE = 4096

/**
 * The first level: what translated code and the accessor check before anything else. It knows nothing of rights, tags or paging:
 * an entry is there only while the access is allowed without further ado.
 */
export class FirstLevelTlb {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
  /** The arrays as words, from `byteOffset` on. */
  readonly words: Uint32Array
  /** Entries in use or dropped since, by number: array * 256 + index. */
  readonly #filled = new Uint16Array(ARRAYS * TLB_ENTRIES)
  readonly #isListed = new Uint8Array(ARRAYS * TLB_ENTRIES)
  readonly #isGlobal = new Uint8Array(ARRAYS * TLB_ENTRIES)
  /** Physical page of each entry. */
  readonly #pages = new Uint32Array(ARRAYS * TLB_ENTRIES)
  readonly #mayBeWritten = new Uint8Array(FILTER_SIZE)
  #count = 0

  /**
   * Lies at `byteOffset` of `buffer`, and is empty. Throws `MmuError` `mmu.tlb-memory` if there is no room of `TLB_BYTES` at a
   * multiple of 16.
   */
  constructor(buffer: ArrayBufferLike = new ArrayBuffer(TLB_BYTES), byteOffset = 0) {
    if (byteOffset < 0 || byteOffset % TLB_ENTRY_BYTES !== 0 || byteOffset + TLB_BYTES > buffer.byteLength) {
      const what = `no TLB fits at byte ${byteOffset} of a buffer of ${buffer.byteLength} bytes`
      throw new MmuError('mmu.tlb-memory', what, `give ${TLB_BYTES} bytes at a multiple of ${TLB_ENTRY_BYTES}`)
    }
    this.buffer = buffer
    this.byteOffset = byteOffset
    this.words = new Uint32Array(buffer, byteOffset, TLB_BYTES / 4)
    this.words.fill(EMPTY)
  }

  /** Word index of the entry in which an address would stand. */
  entryWord(array: number, lo: number): number {
    return array * ARRAY_WORDS + ((lo >>> TLB_INDEX_SHIFT) & (TLB_ENTRIES - 1)) * ENTRY_WORDS
  }

  /** Enters a page: linear address, host offset of the page, its physical page number, and whether it is global. */
  fill(array: number, lo: number, hi: number, hostOffset: number, page: PageNumber, isGlobal = false): void {
    const at = this.entryWord(array, lo)
    const { words } = this
    const pageLo = lo & PAGE_MASK
    words[at] = pageLo
    words[at + 1] = hi
    words[at + ADDEND_WORD] = hostOffset - pageLo
    words[at + OWNER_WORD] = 0
    const entry = at / ENTRY_WORDS
    this.#isGlobal[entry] = isGlobal ? 1 : 0
    this.#pages[entry] = page
    if ((array & 1) !== 0) this.#mayBeWritten[page % FILTER_SIZE] = 1
    if (this.#isListed[entry] !== 0) return
    this.#isListed[entry] = 1
    this.#filled[this.#count++] = entry
  }

  /** Empties everything. */
  clear(): void {
    const { words } = this
    if (this.#count > SWEEP_FROM) {
      words.fill(EMPTY)
      this.#isListed.fill(0)
      this.#mayBeWritten.fill(0)
    } else {
      for (let n = 0; n < this.#count; n++) {
        const entry = this.#filled[n] as number
        this.#drop(entry)
        this.#isListed[entry] = 0
        this.#mayBeWritten[(this.#pages[entry] as number) % FILTER_SIZE] = 0
      }
    }
    this.#count = 0
  }

  /** Empties everything but entries of global pages. */
  clearLocal(): void {
    let kept = 0
    for (let n = 0; n < this.#count; n++) {
      const entry = this.#filled[n] as number
      if (this.#isGlobal[entry] === 1) this.#filled[kept++] = entry
      else {
        this.#drop(entry)
        this.#isListed[entry] = 0
      }
    }
    this.#count = kept
  }

  /** Drops one page of 4 KiB from all arrays. */
  dropLinear(lo: number, hi: number): void {
    const { words } = this
    const pageLo = (lo & PAGE_MASK) >>> 0
    for (let array = 0; array < ARRAYS; array++) {
      const at = this.entryWord(array, lo)
      if (words[at] === pageLo && words[at + 1] === hi >>> 0) this.#drop(at / ENTRY_WORDS)
    }
  }

  /** Drops every piece of a large page, whose size is a power of 2 below 4 GiB. */
  dropRange(lo: number, hi: number, pageBytes: number): void {
    const { words } = this
    const base = lo & -pageBytes
    for (let n = 0; n < this.#count; n++) {
      const entry = this.#filled[n] as number
      const at = entry * ENTRY_WORDS
      if (((words[at] as number) & -pageBytes) === base && words[at + 1] === hi >>> 0) this.#drop(entry)
    }
  }

  /** Drops what leads to a physical page: for writing only, or for reading too. */
  dropPhysical(page: PageNumber, writesOnly: boolean): void {
    if (writesOnly && this.#mayBeWritten[page % FILTER_SIZE] === 0) return
    for (let n = 0; n < this.#count; n++) {
      const entry = this.#filled[n] as number
      const isWrite = ((entry / TLB_ENTRIES) & 1) !== 0
      if (this.#pages[entry] === page && (isWrite || !writesOnly)) this.#drop(entry)
    }
  }

  /** Number of entries that are in use: for tests and tools. */
  get used(): number {
    let used = 0
    for (let at = 0; at < this.words.length; at += ENTRY_WORDS)
      if (this.words[at] !== EMPTY || this.words[at + 1] !== EMPTY) used++
    return used
  }

  #drop(entry: number): void {
    this.words[entry * ENTRY_WORDS] = EMPTY
    this.words[entry * ENTRY_WORDS + 1] = EMPTY
  }
}
