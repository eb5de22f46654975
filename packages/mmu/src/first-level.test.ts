import { describe, expect, it } from 'vitest'
import { FirstLevelTlb, TLB_BYTES, TLB_ENTRIES, TLB_ENTRY_BYTES, tlbArrayOffset } from './index.ts'

/** Where an access through an array goes, as translated code finds it; undefined for a miss. */
function lookUp(tlb: FirstLevelTlb, array: number, lo: number, hi = 0): number | undefined {
  const view = new DataView(tlb.buffer, tlb.byteOffset)
  const at = tlbArrayOffset(array >> 1, (array & 1) !== 0) + ((lo >>> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY_BYTES
  const tag = (BigInt(hi >>> 0) << 32n) | BigInt((lo & -0x1000) >>> 0)
  return view.getBigUint64(at, true) === tag ? (view.getUint32(at + 8, true) + lo) >>> 0 : undefined
}

describe('the layout', () => {
  it('is six arrays of 256 entries, and starts empty at a place of its owner', () => {
    const buffer = new ArrayBuffer(TLB_BYTES + 64)
    const tlb = new FirstLevelTlb(buffer, 32)
    expect([TLB_BYTES, tlb.used]).toEqual([6 * 256 * 16, 0])
    tlb.fill(5, 0xfffff123, 0xffffffff, 0x5000, 5)
    expect(lookUp(tlb, 5, 0xfffff123, 0xffffffff)).toBe(0x5123)
    expect(tlb.used).toBe(1)
    for (let array = 0; array < 5; array++) expect(lookUp(tlb, array, 0xfffff123, 0xffffffff)).toBeUndefined()
  })

  it('refuses places where it does not fit', () => {
    for (const at of [-16, 8, 16]) {
      expect(() => new FirstLevelTlb(new ArrayBuffer(TLB_BYTES), at)).toThrow(
        expect.objectContaining({ code: 'mmu.tlb-memory' }),
      )
    }
  })

  it('keeps host offsets above 2 GiB', () => {
    const tlb = new FirstLevelTlb()
    tlb.fill(0, 0x1000, 0, 0xfffff000, 0xfffff)
    expect(lookUp(tlb, 0, 0x1abc)).toBe(0xfffffabc)
  })
})

describe('clearing', () => {
  it.each([
    ['by the list', 10],
    ['by a sweep', 1200],
  ])('forgets everything %s, and can be filled again', (_, count) => {
    const tlb = new FirstLevelTlb()
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < count; n++) tlb.fill(n % 6, n * 0x1000, round, n * 0x1000, n)
      expect(tlb.used).toBeGreaterThan(Math.min(count, 700) - 1)
      const last = count - 1
      expect(lookUp(tlb, last % 6, last * 0x1000, round)).toBe(last * 0x1000)
      tlb.clear()
      expect(tlb.used).toBe(0)
    }
  })

  it('forgets entries that were replaced and dropped before', () => {
    const tlb = new FirstLevelTlb()
    tlb.fill(1, 0x1000, 0, 0x1000, 1)
    tlb.fill(1, 0x10_1000, 0, 0x2000, 2)
    expect(lookUp(tlb, 1, 0x1000)).toBeUndefined()
    tlb.dropLinear(0x10_1000, 0)
    tlb.fill(1, 0x20_1000, 0, 0x3000, 3)
    expect(tlb.used).toBe(1)
    tlb.clear()
    expect(tlb.used).toBe(0)
    // The filter of written pages knows the new ones only.
    tlb.fill(1, 0x1000, 0, 0x2000, 2)
    tlb.dropPhysical(2, true)
    expect(tlb.used).toBe(0)
  })
})

describe('dropping', () => {
  it('takes a page from all arrays, and no other that shares its place', () => {
    const tlb = new FirstLevelTlb()
    for (let array = 0; array < 6; array++) tlb.fill(array, 0x5000, array < 3 ? 0 : 1, 0x5000, 5)
    tlb.dropLinear(0x5fff, 1)
    expect([0, 1, 2, 3, 4, 5].map((array) => lookUp(tlb, array, 0x5000, array < 3 ? 0 : 1) ?? -1)).toEqual([
      ...[0x5000, 0x5000, 0x5000],
      ...[-1, -1, -1],
    ])
  })

  it.each([0x20_0000, 0x40_0000, 0x4000_0000])('takes every piece of a page of %i bytes', (pageBytes) => {
    const tlb = new FirstLevelTlb()
    const base = 0x8000_0000
    const inside = [base, base + 0x3000, base + pageBytes - 0x1000]
    const outside = [base - 0x2000, base + pageBytes + 0x4000]
    for (const lo of [...inside, ...outside]) tlb.fill(0, lo, 7, 0x1000, 1)
    tlb.fill(2, base + 0x5000, 6, 0x1000, 1)
    tlb.dropRange(base + 0x1234, 7, pageBytes)
    for (const lo of inside) expect(lookUp(tlb, 0, lo, 7)).toBeUndefined()
    for (const lo of outside) expect(lookUp(tlb, 0, lo, 7)).toBe(0x1000)
    expect(lookUp(tlb, 2, base + 0x5000, 6)).toBe(0x1000)
  })

  it('takes what leads to a physical page: for writing, or for reading too', () => {
    const tlb = new FirstLevelTlb()
    for (let array = 0; array < 6; array++) {
      tlb.fill(array, 0x1000 + array * 0x1000, 0, 0x7000, 7)
      tlb.fill(array, 0x9000, 0, 0x8000, 8)
    }
    tlb.dropPhysical(7, true)
    expect([0, 1, 2, 3, 4, 5].map((array) => lookUp(tlb, array, 0x1000 + array * 0x1000) !== undefined)).toEqual([
      ...[true, false, true, false, true, false],
    ])
    tlb.dropPhysical(7, false)
    expect(tlb.used).toBe(6)
    // Pages that share a slot of the filter.
    tlb.dropPhysical(8 + 4096, true)
    expect(tlb.used).toBe(6)
  })
})
