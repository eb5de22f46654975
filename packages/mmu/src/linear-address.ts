/** Parts of linear addresses, given as two halves of 32 bits, signed or unsigned. */

/** Bytes of a page, and of a page-table's reach at each level. */
export const PAGE_4K = 0x1000
export const PAGE_2M = 0x20_0000
export const PAGE_4M = 0x40_0000
export const PAGE_1G = 0x4000_0000

/** Bits of an address within a page of 4 KiB. */
export const PAGE_SHIFT = 12

/** The offset in a page of 4 KiB. */
export const PAGE_OFFSET = PAGE_4K - 1

const WIDE_INDEX = 0x1ff

/**
 * Index into a table of 512 entries of 8 bytes: level 5 is the PML5 table, 4 the PML4, 3 the page-directory-pointer table, 2
 * the page directory, 1 the page table. Intel SDM vol. 3A, 5.4.2 and 5.5.4.
 */
export function wideIndex(level: number, lo: number, hi: number): number {
  switch (level) {
    case 1:
      return (lo >>> 12) & WIDE_INDEX
    case 2:
      return (lo >>> 21) & WIDE_INDEX
    case 3:
      return ((hi << 2) | (lo >>> 30)) & WIDE_INDEX
    case 4:
      return (hi >>> 7) & WIDE_INDEX
    default:
      return (hi >>> 16) & WIDE_INDEX
  }
}

/** Index into a table of 1024 entries of 4 bytes: level 2 is the page directory, 1 the page table. Intel SDM vol. 3A, 5.3. */
export function narrowIndex(level: number, lo: number): number {
  return level === 2 ? lo >>> 22 : (lo >>> 12) & 0x3ff
}

/**
 * Whether bits 63 down to the highest translated one are all equal: of 48 bits, or of 57 with 5-level paging. Intel SDM
 * vol. 1, 3.3.7.1 "Canonical Addressing". Walks do not check it; whoever forms an address does, and raises #GP or #SS.
 */
export function isCanonical(_lo: number, hi: number, bits: 48 | 57 = 48): boolean {
  const unused = 64 - bits
  return (hi << unused) >> unused === (hi | 0)
}
