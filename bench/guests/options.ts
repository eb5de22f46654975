/** The command line of the benchmark. */
import { parseArgs } from 'node:util'
import type { Bits } from './build.ts'
import { PEERS, type Peer } from './contenders.ts'
import { ROWS } from './rows.ts'

export interface Options {
  readonly rows: readonly string[]
  readonly peers: readonly Peer[]
  readonly bits: readonly Bits[]
  readonly runs: number
  readonly work: number
  readonly engine: string
  readonly bin: string | undefined
  readonly json: string | undefined
  readonly chart: string | undefined
}

export const HELP = `npm run -s bench -- guests [ROW...] [options]

Runs the same Debian kernel, initramfs and programs here, under QEMU's TCG and v86, and natively, in turn; in CPU seconds over all threads.

  --peers LIST     of qemu, v86, native (default: all)
  --bits LIST      of 64, 32 (default: 64; v86 runs 32 only)
  --runs N         boots of each contender (default: 1); medians are told
  --work FACTOR    on the units of all rows (default: 1)
  --engine NAME    ours (default: auto)
  --bin DIR        static programs of yours instead of the rows: each is run once, without arguments
  --json FILE      the document, machine-readable
  --chart FILE     a picture, SVG
  --list           the rows
`

/** What was asked for; a text is what to print, and whether it is an error. */
export function parseOptions(args: readonly string[], json: boolean): Options | { text: string; isError: boolean } {
  try {
    return parse(args, json)
  } catch (error) {
    return { text: `${(error as Error).message}\n\n${HELP}`, isError: true }
  }
}

function parse(args: readonly string[], json: boolean): Options | { text: string; isError: boolean } {
  const option = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ peers: option, bits: option, runs: option, work: option, engine: option, bin: option, chart: option },
      ...{ list: flag, help: flag },
    },
  })
  if (values.help === true) return { text: HELP, isError: false }
  if (values.list === true) return { text: listed(), isError: false }
  // The runner takes `--json` for itself, and leaves its file.
  const file = json ? positionals.find((word) => word.endsWith('.json')) : undefined
  const rows = positionals.filter((word) => word !== file)
  const unknown = rows.filter((name) => !ROWS.some((row) => row.name === name))
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}: ${ROWS.map((r) => r.name).join(' ')}`)
  return {
    rows,
    peers: listOf(values.peers, PEERS),
    bits: listOf(values.bits ?? '64', ['64', '32'] as const).map((bits) => Number(bits) as Bits),
    runs: positive(values.runs ?? '1', '--runs'),
    work: positive(values.work ?? '1', '--work'),
    engine: values.engine ?? 'auto',
    bin: values.bin,
    json: file ?? (json ? '-' : undefined),
    chart: values.chart,
  }
}

const listed = (): string =>
  ROWS.map(({ name, group, title, units }) => `${name.padEnd(10)} ${group.padEnd(8)} ${title} (${units} units)\n`).join(
    '',
  )

function listOf<const T extends string>(text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known
  const words = text.split(',').filter((word) => word !== '')
  const unknown = words.filter((word) => !known.includes(word as T))
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')} is none of ${known.join(', ')}`)
  return words as T[]
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option} wants a number above 0`)
  return value
}
