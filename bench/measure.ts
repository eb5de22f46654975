import { hrtime } from 'node:process'

/** One way of doing the work that a benchmark compares. */
export interface Contender {
  readonly name: string
  /** Does the work once. The result is handed to the sink, so that the work cannot be optimized away. */
  run(): number
}

export interface MeasureOptions {
  /** How many units one run processes (instructions, bytes): results are per unit and per second. */
  readonly unitsPerRun: number
  /** What a unit is, in the plural: `instructions`. */
  readonly unit: string
  /** Measured rounds; each runs every contender once, in turn. Default 9. */
  readonly rounds?: number
  /** Rounds before that, unmeasured, for the compilers. Default 2. */
  readonly warmupRounds?: number
  /** Reads a clock, in nanoseconds. Default: the process's monotonic clock. */
  readonly nowNs?: () => bigint
}

/** What one contender took, over all rounds. */
export interface Measurement {
  readonly name: string
  readonly medianNs: number
  readonly lowestNs: number
  readonly highestNs: number
  readonly unitsPerSecond: number
  /** Speed relative to the first contender: the median of the ratios within each round. Above 1 is faster. */
  readonly ratio: number
}

export interface Comparison {
  readonly title: string
  readonly unit: string
  readonly rounds: number
  readonly measurements: readonly Measurement[]
}

/** The middle value, or the mean of the two middle ones. NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

let sink = 0

function timeOf(contender: Contender, nowNs: () => bigint): number {
  const startNs = nowNs()
  sink = (sink + contender.run()) | 0
  return Number(nowNs() - startNs)
}

/**
 * Compares the contenders in one process, the first being the yardstick. Rounds interleave (A B C, A B C, ...) and the ratio is
 * taken within each round: what disturbs the machine for a while disturbs all contenders alike.
 */
export function compare(title: string, contenders: readonly Contender[], options: MeasureOptions): Comparison {
  const { unitsPerRun, unit, rounds = 9, warmupRounds = 2, nowNs = hrtime.bigint } = options
  const timesNs = contenders.map((): number[] => [])
  for (let round = -warmupRounds; round < rounds; round++)
    contenders.forEach((contender, index) => {
      const elapsedNs = timeOf(contender, nowNs)
      if (round >= 0) timesNs[index]?.push(elapsedNs)
    })
  const yardstick = timesNs[0] ?? []
  const measurements = contenders.map(({ name }, index) => {
    const times = timesNs[index] ?? []
    const medianNs = median(times)
    return {
      name,
      medianNs,
      lowestNs: Math.min(...times),
      highestNs: Math.max(...times),
      unitsPerSecond: (unitsPerRun * 1e9) / medianNs,
      ratio: median(times.map((time, round) => (yardstick[round] ?? Number.NaN) / time)),
    }
  })
  return { title, unit, rounds, measurements }
}

function cellsOf({ name, medianNs, lowestNs, highestNs, unitsPerSecond, ratio }: Measurement): string[] {
  const spreadPercent = ((highestNs - lowestNs) / medianNs) * 100
  return [
    name,
    `${(medianNs / 1e6).toFixed(2)} ms`,
    `${spreadPercent.toFixed(0)}%`,
    `${(unitsPerSecond / 1e6).toFixed(2)} M/s`,
    `${ratio.toFixed(2)}x`,
  ]
}

/** The comparison as an aligned table, for people. */
export function formatComparison(comparison: Comparison): string {
  const header = ['', 'median', 'spread', comparison.unit, 'ratio']
  const rows = [header, ...comparison.measurements.map(cellsOf)]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return [`${comparison.title} (medians of ${comparison.rounds} interleaved rounds)`, ...lines, ''].join('\n')
}

/** Prints comparisons on stdout: tables, or one JSON document. */
export function printComparisons(comparisons: readonly Comparison[], { json }: { readonly json: boolean }): void {
  const text = json ? `${JSON.stringify(comparisons, undefined, 2)}\n` : comparisons.map(formatComparison).join('\n')
  process.stdout.write(text)
}
