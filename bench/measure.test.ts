import { describe, expect, it } from 'vitest'
import { type Contender, compare, formatComparison, median } from './measure.ts'

/** Contenders whose runs take a given time on a clock that only they advance. */
function simulate(timesNs: Record<string, readonly number[]>) {
  let clockNs = 0n
  const order: string[] = []
  const contenders = Object.entries(timesNs).map(([name, times]): Contender => {
    let run = 0
    return {
      name,
      run() {
        order.push(name)
        clockNs += BigInt(times[run++ % times.length] ?? 0)
        return run
      },
    }
  })
  return { contenders, order, nowNs: () => clockNs }
}

describe('median', () => {
  it('is the middle value, and the mean of two middle ones', () => {
    expect(median([3, 100, 1])).toBe(3)
    expect(median([4, 1, 2, 100])).toBe(3)
    expect(median([])).toBeNaN()
  })
})

describe('compare', () => {
  it('interleaves the contenders and does not measure the warm-up', () => {
    const { contenders, order, nowNs } = simulate({ a: [1000, 10], b: [1000, 20] })
    const { measurements } = compare('t', contenders, { unitsPerRun: 1, unit: 'u', rounds: 1, warmupRounds: 1, nowNs })
    expect(order.join('')).toBe('abab')
    expect(measurements.map(({ medianNs }) => medianNs)).toEqual([10, 20])
  })

  it('takes the ratio within each round, so that a disturbed round does not count', () => {
    const { contenders, nowNs } = simulate({ a: [10, 500, 10], b: [20, 1000, 20] })
    const { measurements } = compare('t', contenders, { unitsPerRun: 40, unit: 'u', rounds: 3, warmupRounds: 0, nowNs })
    expect(measurements.map(({ ratio }) => ratio)).toEqual([1, 0.5])
    expect(measurements[1]).toMatchObject({ medianNs: 20, lowestNs: 20, highestNs: 1000, unitsPerSecond: 2e9 })
  })
})

it('formats a table with one line per contender', () => {
  const { contenders, nowNs } = simulate({ yardstick: [2_000_000], ours: [1_000_000] })
  const comparison = compare('decode', contenders, { unitsPerRun: 1e6, unit: 'instructions', rounds: 3, nowNs })
  expect(formatComparison(comparison)).toBe(
    [
      'decode (medians of 3 interleaved rounds)',
      '            median  spread  instructions  ratio',
      'yardstick  2.00 ms      0%    500.00 M/s  1.00x',
      'ours       1.00 ms      0%   1000.00 M/s  2.00x',
      '',
    ].join('\n'),
  )
})
