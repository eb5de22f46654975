import { describe, expect, it } from 'vitest'
import { RIGHT, SecondLevelTlb } from './index.ts'

const { WRITABLE, USER, GLOBAL } = RIGHT
const M2 = 0x20_0000

/** The frame of a page, or -1. */
function find(tlb: SecondLevelTlb, lo: number, hi = 0, pcid = 0): number {
  return tlb.find(lo, hi, pcid) ? tlb.frame : -1
}

describe('look-ups', () => {
  it('find pages by the whole address and the PCID', () => {
    const tlb = new SecondLevelTlb()
    tlb.insert(0xfffff123, 0xffffffff, 5, 2 ** 40, WRITABLE | USER, 0x1000)
    expect(find(tlb, 0xffffffff, 0xffffffff, 5)).toBe(2 ** 40)
    expect([tlb.rights, tlb.pageBytes]).toEqual([WRITABLE | USER, 0x1000])
    // Halves may come signed.
    expect(find(tlb, -1, -1, 5)).toBe(2 ** 40)
    expect(find(tlb, 0xfffff000, 0xfffffffe, 5)).toBe(-1)
    expect(find(tlb, 0xfffff000, 0xffffffff, 4)).toBe(-1)
    expect(find(tlb, 0xffffe000, 0xffffffff, 5)).toBe(-1)
  })

  it('find global pages with every PCID', () => {
    const tlb = new SecondLevelTlb()
    tlb.insert(0x1000, 0, 5, 0x7000, GLOBAL, 0x1000)
    expect([0, 5, 4095].map((pcid) => find(tlb, 0x1000, 0, pcid))).toEqual([0x7000, 0x7000, 0x7000])
  })

  it('hold four pages of a set, the oldest giving way', () => {
    const tlb = new SecondLevelTlb()
    const pages = [0, 1, 2, 3, 4].map((n) => (n << 24) | 0x3000)
    for (const [n, lo] of pages.entries()) tlb.insert(lo, 0, 0, n * 0x1000, 0, 0x1000)
    expect(pages.map((lo) => find(tlb, lo))).toEqual([-1, 0x1000, 0x2000, 0x3000, 0x4000])
  })

  it('see the latest translation of a page only', () => {
    const tlb = new SecondLevelTlb()
    tlb.insert(0x1000, 0, 0, 0x7000, GLOBAL, 0x1000)
    tlb.insert(0x1000, 0, 0, 0x8000, 0, 0x1000)
    expect([find(tlb, 0x1000), find(tlb, 0x1000, 0, 1)]).toEqual([0x8000, -1])
    tlb.drop(0x1000, 0, 0, false)
    expect(find(tlb, 0x1000)).toBe(-1)
  })
})

describe('forgetting', () => {
  const filled = () => {
    const tlb = new SecondLevelTlb()
    tlb.insert(0x1000, 0, 1, 0x1000, 0, 0x1000)
    tlb.insert(0x1000, 0, 2, 0x2000, 0, 0x1000)
    tlb.insert(0x2000, 0, 1, 0x3000, GLOBAL, 0x1000)
    return tlb
  }
  const seen = (tlb: SecondLevelTlb) => [
    find(tlb, 0x1000, 0, 1),
    find(tlb, 0x1000, 0, 2),
    find(tlb, 0x2000, 0, 1),
    find(tlb, 0x2000, 0, 2),
  ]

  it('a PCID leaves the others, and global pages', () => {
    const tlb = filled()
    tlb.flushPcid(1)
    expect(seen(tlb)).toEqual([-1, 0x2000, 0x3000, 0x3000])
    tlb.insert(0x5000, 0, 1, 0x5000, 0, 0x1000)
    expect(find(tlb, 0x1000, 0, 1)).toBe(-1)
  })

  it('all PCIDs leaves global pages if it is to', () => {
    const tlb = filled()
    tlb.flush(true)
    expect(seen(tlb)).toEqual([-1, -1, 0x3000, 0x3000])
    tlb.flush(false)
    expect(seen(tlb)).toEqual([-1, -1, -1, -1])
    tlb.insert(0x2000, 0, 9, 0x9000, GLOBAL, 0x1000)
    expect(find(tlb, 0x2000, 0, 1)).toBe(0x9000)
  })

  it('a page is for one PCID, and for global pages if it is to', () => {
    const tlb = filled()
    tlb.drop(0x1abc, 0, 1, false)
    tlb.drop(0x2abc, 0, 1, false)
    expect(seen(tlb)).toEqual([-1, 0x2000, 0x3000, 0x3000])
    tlb.drop(0x2abc, 0, 2, true)
    expect(seen(tlb)).toEqual([-1, 0x2000, -1, -1])
  })

  it('a large page takes all its pieces, and tells the sizes that there may be', () => {
    const tlb = new SecondLevelTlb()
    for (let n = 0; n < 20; n++) tlb.insert(M2 + n * 0x3000, 3, 0, M2 + n * 0x3000, 0, M2)
    tlb.insert(2 * M2, 3, 0, 2 * M2, 0, M2)
    tlb.insert(M2 + 0x1000, 4, 0, 0x1000, 0, 0x1000)
    expect(tlb.drop(M2 + 0x1f_f000, 3, 0, true) & M2).toBe(M2)
    for (let n = 0; n < 20; n++) expect(find(tlb, M2 + n * 0x3000, 3)).toBe(-1)
    expect([find(tlb, 2 * M2, 3), find(tlb, M2 + 0x1000, 4)]).toEqual([2 * M2, 0x1000])
    expect(new SecondLevelTlb().drop(M2, 3, 0, true)).toBe(0)
  })
})
