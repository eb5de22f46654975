import type { PageNumber } from '@ringfold/contracts'

/**
 * What a page is, one bit each; a page without any is open bus. Only a page that is `RAM` and nothing else may be written
 * without the write path.
 */
export const PAGE_ATTRIBUTE = /* @__PURE__ */ Object.freeze({
  /** There is RAM. */
  RAM: 1,
  /** Reads come from memory, writes are ignored. With `RAM`: a ROM image was laid over it. */
  ROM: 2,
  /** A device has at least a part of the page: every access takes the slow path. */
  MMIO: 4,
  /** Translated code was made from the page: a write must tell the listeners. */
  CODE: 8,
  /** Dirty tracking is on, and the page is still clean. */
  LOGGED: 16,
})

/** In place of a page number: everything may have changed. */
export const ALL_PAGES: PageNumber = -1

/** Attributes that take something away from whoever keeps a translation of the page. */
export const RESTRICTIONS: number = /* @__PURE__ */ (() =>
  PAGE_ATTRIBUTE.ROM | PAGE_ATTRIBUTE.MMIO | PAGE_ATTRIBUTE.CODE | PAGE_ATTRIBUTE.LOGGED)()

/**
 * Told before a write to a page that is `CODE`: `firstByte` and `lastByte` are offsets in the page. The page still holds the
 * old bytes. The listener takes `CODE` away itself, if it forgets all of the page's code.
 */
export type CodeWriteListener = (page: PageNumber, firstByte: number, lastByte: number) => void

/**
 * Told after the attributes of a page have changed. Of `ALL_PAGES`, `before` is 0 and `after` holds every restriction:
 * whoever keeps translations forgets those whose page got a restriction that it had not before.
 */
export type AttributesListener = (page: PageNumber, before: number, after: number) => void
