import { describe, expect, it } from 'vitest'
import { changes } from '../compare.bench.ts'
import { chart } from './chart.ts'
import { type Document, geometricMean, type RowReport, speedAgainst, table } from './report.ts'

const row = (name: string, own: number | null, qemu: number | null = null): RowReport => ({
  ...{ name, group: 'compute', bits: 64, ringfold: own, qemu, v86: null, native: null },
})

const documentOf = (rows: readonly RowReport[], work = 1): Document => ({
  ...{ machine: 'a machine', versions: {}, commit: '', date: '', command: '', runs: 1, work },
  ...{ peakMemoryBytes: 0, rows, notes: [] },
})

describe('ratios', () => {
  it('tells how many times as fast we are', () => {
    expect(speedAgainst(row('alu', 2, 1), 'qemu')).toBe(0.5)
    expect(speedAgainst(row('alu', 2, 1), 'v86')).toBeNull()
    expect(speedAgainst(row('alu', 0, 1), 'qemu')).toBeNull()
    expect(speedAgainst(row('alu', null, 1), 'qemu')).toBeNull()
  })

  it('takes the geometric mean', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1)
    expect(geometricMean([])).toBeNull()
  })
})

describe('table', () => {
  it('has a line for each row, and a mean of what was measured', () => {
    const text = table(documentOf([row('alu', 2, 1), row('div', 1, 2), row('gzip', 1)]))
    expect(text).toMatch(/^alu +64 +2\.00 +1\.00 .* 0\.50x/m)
    expect(text).toMatch(/^gzip +64 +1\.00 +- /m)
    expect(text).toContain('geometric mean, compute 64 bits:  1.00x qemu (2 rows)')
  })
})

describe('chart', () => {
  it('has a bar for each ratio, and escapes names', () => {
    const picture = chart(documentOf([row('a<b', 2, 1), row('div', 1, 2), row('gzip', 1)]))
    expect(picture.match(/height="10"/g)).toHaveLength(2)
    expect(picture).toContain('a&lt;b (64)')
    expect(picture).not.toContain('gzip')
  })
})

describe('changes', () => {
  it('compares rows that both have', () => {
    const before = documentOf([row('alu', 2), row('div', 1), row('gzip', null)])
    const after = documentOf([row('alu', 1), row('sort', 1), row('gzip', 1)])
    expect(changes(before, after)).toEqual([{ name: 'alu', bits: 64, before: 2, after: 1, speedup: 2 }])
  })

  it('refuses to compare different work', () => {
    expect(() => changes(documentOf([], 1), documentOf([], 2))).toThrow('different work')
  })
})
