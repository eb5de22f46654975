/** What was measured: as a document, and as a table of ratios. */
import type { Bits } from './build.ts'
import type { Peer } from './contenders.ts'
import type { Group } from './rows.ts'

export interface RowReport {
  readonly name: string
  readonly group: Group
  readonly bits: Bits
  /** CPU seconds, medians over the runs; null where it was not measured. */
  readonly ringfold: number | null
  readonly qemu: number | null
  readonly v86: number | null
  readonly native: number | null
}

export interface Document {
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string
  readonly date: string
  readonly command: string
  readonly runs: number
  /** Factor on the units of all rows. */
  readonly work: number
  /** Of Ringfold's process, over all rows of a boot. */
  readonly peakMemoryBytes: number
  readonly rows: readonly RowReport[]
  /** Why something was not measured. */
  readonly notes: readonly string[]
}

const CONTENDERS = ['ringfold', 'qemu', 'v86', 'native'] as const

export const geometricMean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** How many times as fast Ringfold is; null where one was not measured. */
export function speedAgainst(row: RowReport, peer: Peer): number | null {
  const [own, other] = [row.ringfold, row[peer]]
  return own === null || other === null || own <= 0 || other <= 0 ? null : other / own
}

const cell = (value: number | null, digits: number, suffix = ''): string =>
  (value === null ? '-' : `${value.toFixed(digits)}${suffix}`).padStart(11)

/** A line for each row, and the geometric means of groups. */
export function table({ rows }: Document): string {
  const head = ['row', 'bits', ...CONTENDERS.map((name) => `${name} s`), 'vs qemu', 'vs v86', 'x native']
  const lines = rows.map((row) => {
    const seconds = CONTENDERS.map((name) => cell(row[name], 2)).join('')
    const native = speedAgainst(row, 'native')
    const ratios = [cell(speedAgainst(row, 'qemu'), 2, 'x'), cell(speedAgainst(row, 'v86'), 2, 'x')]
    return `${row.name.padEnd(12)}${String(row.bits).padStart(5)}${seconds}${ratios.join('')}${cell(native === null ? null : 1 / native, 1, 'x')}`
  })
  const title = `${(head[0] as string).padEnd(12)}${(head[1] as string).padStart(5)}${head
    .slice(2)
    .map((each) => each.padStart(11))
    .join('')}`
  return [title, ...lines, '', ...meansOf(rows)].join('\n')
}

function meansOf(rows: readonly RowReport[]): string[] {
  const groups = [...new Set(rows.map(({ group, bits }) => `${group} ${bits}`))]
  return groups.map((group) => {
    const own = rows.filter((row) => `${row.group} ${row.bits}` === group)
    const means = (['qemu', 'v86'] as const).map((peer) => {
      const ratios = own.flatMap((row) => speedAgainst(row, peer) ?? [])
      const mean = geometricMean(ratios)
      return mean === null ? '' : `  ${mean.toFixed(2)}x ${peer} (${ratios.length} rows)`
    })
    return `geometric mean, ${group} bits:${means.join('')}`
  })
}
