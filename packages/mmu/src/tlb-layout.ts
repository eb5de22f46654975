/**
 * The first-level TLB in memory 1, as translated code checks it inline.
 *
 * For each access class (`ACCESS_CLASS`) there is an array for reads and one for writes, of 256 entries of 16 bytes. An access
 * of `n` bytes at linear address `a` hits if entry `(a >> 12) & 255` has the tag `a & ~0xfff` and the bytes lie in one page; it
 * then goes to memory 0 at `(addend + low half of a) >>> 0`.
 */
import { ACCESS_CLASSES } from './access.ts'

/** Entries of each array; the index is made of the address bits from `INDEX_SHIFT` on. */
export const TLB_ENTRIES = 256
export const TLB_INDEX_SHIFT = 12
export const TLB_ENTRY_BYTES = 16

/** Byte offsets in an entry. */
export const TLB_ENTRY = /* @__PURE__ */ Object.freeze({
  /** i64: the linear address with bits 11:0 clear; all ones in an empty entry. */
  TAG: 0,
  /** i32: host offset of the page minus the low half of its linear address. */
  ADDEND: 8,
  /** i32: for the owner's use; cleared when the entry is filled. */
  OWNER: 12,
})

/** Bytes of one array, and of all of them. */
export const TLB_ARRAY_BYTES: number = /* @__PURE__ */ (() => TLB_ENTRIES * TLB_ENTRY_BYTES)()
export const TLB_BYTES: number = /* @__PURE__ */ (() => 2 * ACCESS_CLASSES * TLB_ARRAY_BYTES)()

/** Offset in bytes of the array of a class, from the start of the TLB. */
export function tlbArrayOffset(accessClass: number, write: boolean): number {
  return (2 * accessClass + (write ? 1 : 0)) * TLB_ARRAY_BYTES
}
