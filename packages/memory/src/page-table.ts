import type { PageNumber } from '@ringfold/contracts'
import {
  ALL_PAGES,
  type AttributesListener,
  type CodeWriteListener,
  PAGE_ATTRIBUTE,
  RESTRICTIONS,
} from './attributes.ts'
import { HIGH_RAM_PAGE, type MemoryLayout, PAGE_BYTES } from './layout.ts'
import { Listeners } from './listeners.ts'

/**
 * One byte of attributes for each page below 4 GiB and for each page of high RAM, indexed by page number; with it code and
 * dirty tracking, and whoever wants to know of them.
 */
export class PageAttributes {
  readonly table: Uint8Array
  readonly #lowPages: number
  readonly #codeWrites = new Listeners<CodeWriteListener>()
  readonly #changes = new Listeners<AttributesListener>()
  #dirty: PageNumber[] = []
  #logging = false

  constructor({ lowRamBytes, highRamBytes }: MemoryLayout) {
    this.#lowPages = lowRamBytes / PAGE_BYTES
    this.table = new Uint8Array(HIGH_RAM_PAGE + highRamBytes / PAGE_BYTES)
    this.table.fill(PAGE_ATTRIBUTE.RAM, 0, this.#lowPages)
    this.table.fill(PAGE_ATTRIBUTE.RAM, HIGH_RAM_PAGE)
  }

  onCodeWrite(listener: CodeWriteListener): () => void {
    return this.#codeWrites.add(listener)
  }

  onChange(listener: AttributesListener): () => void {
    return this.#changes.add(listener)
  }

  get logging(): boolean {
    return this.#logging
  }

  /** Sets and clears bits of a page in the table, and tells of it if that changes anything. */
  change(page: PageNumber, set: number, clear: number): void {
    const before = this.table[page]
    if (before === undefined) return
    const after = (before & ~clear) | set
    if (after === before) return
    this.table[page] = after
    for (const { listener } of this.#changes.all) listener(page, before, after)
  }

  /** Tells that everything may have changed. */
  changedAll(): void {
    for (const { listener } of this.#changes.all) listener(ALL_PAGES, 0, RESTRICTIONS)
  }

  /** What stands before every write to a page of RAM that is `CODE` or `LOGGED`. */
  beforeWrite(page: PageNumber, firstByte: number, lastByte: number): void {
    const bits = this.table[page] as number
    if ((bits & PAGE_ATTRIBUTE.LOGGED) !== 0) {
      this.#dirty.push(page)
      this.change(page, 0, PAGE_ATTRIBUTE.LOGGED)
    }
    if ((bits & PAGE_ATTRIBUTE.CODE) === 0) return
    for (const { listener } of this.#codeWrites.all) listener(page, firstByte, lastByte)
  }

  /** All RAM is clean from now on. */
  startDirtyLog(): void {
    this.#logging = true
    this.#dirty = []
    const { table } = this
    for (let page = 0; page < table.length; page++) {
      if (page === this.#lowPages) page = HIGH_RAM_PAGE
      if (page < table.length) table[page] = (table[page] as number) | PAGE_ATTRIBUTE.LOGGED
    }
    this.changedAll()
  }

  /** The pages that were written since the last call, in ascending order; they are clean again. */
  takeDirtyPages(): Uint32Array {
    const pages = Uint32Array.from(this.#dirty).sort()
    this.#dirty = []
    for (const page of pages) this.change(page, PAGE_ATTRIBUTE.LOGGED, 0)
    return pages
  }

  stopDirtyLog(): void {
    this.#logging = false
    this.#dirty = []
    for (let page = 0; page < this.table.length; page++)
      this.table[page] = (this.table[page] as number) & ~PAGE_ATTRIBUTE.LOGGED
  }
}
