/** Real-mode silicon: `npm run -s conformance -- singlestep DIR [--engine NAME] [--json]`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ENGINES } from '@ringfold/cpu'
import { STEP_DIFFERENCES } from './explained.ts'
import { readMoo } from './moo.ts'
import { ProcessorSubject } from './processor-subject.ts'
import { differences, type StepOutcome, type StepSubject } from './subject.ts'

/** By the name that `--engine` takes. */
const SUBJECTS: ReadonlyMap<string, () => StepSubject> = new Map(
  ENGINES.map((name) => [name, () => new ProcessorSubject(name)]),
)

interface Opcode {
  readonly 'flags-mask'?: number
  readonly reg?: Readonly<Record<string, Opcode>>
}
interface Metadata {
  readonly cpu: string
  readonly opcodes: Readonly<Record<string, Opcode>>
}

/** The defined flags of a form such as `08` or `80.1`. */
export function flagsMaskOf(metadata: Metadata, form: string): number {
  const [opcode = '', reg = ''] = form.split('.')
  const row = metadata.opcodes[opcode]
  return row?.reg?.[reg]?.['flags-mask'] ?? row?.['flags-mask'] ?? 0xffff
}

export interface StepTally {
  passed: number
  failed: number
  explained: number
  unsupported: number
  readonly lines: string[]
}

/** What differs: `vector`, a register, or `[address]`. */
const placesOf = (lines: readonly string[]): ReadonlySet<string> =>
  new Set(lines.map((line) => line.slice(0, line.indexOf(':'))))

function replayForm(
  { directory, metadata, every }: Replay,
  form: string,
  subject: StepSubject,
  tally: StepTally,
): void {
  const file = readMoo(gunzipSync(readFileSync(join(directory, `${form}.MOO.gz`))))
  if (file.kind === 'rejected') {
    tally.failed++
    tally.lines.push(`${form}: ${file.message}`)
    return
  }
  const known = STEP_DIFFERENCES.filter((d) => d.processor === metadata.cpu && d.forms.test(form))
  for (const test of file.tests.filter((_, n) => n % every === 0)) {
    const outcome = subject.run(test, metadata.cpu)
    const lines = outcome === 'unsupported' ? [] : differences(test, outcome, flagsMaskOf(metadata, form))
    if (outcome === 'unsupported') tally.unsupported++
    else if (lines.length === 0) tally.passed++
    else if (known.some((d) => d.covers(test, outcome as StepOutcome, placesOf(lines)))) tally.explained++
    else {
      tally.failed++
      tally.lines.push(`${form} ${test.index} ${test.name}: ${lines.join('; ')}`)
    }
  }
}

interface Replay {
  readonly directory: string
  readonly metadata: Metadata
  readonly every: number
}

/** Replays every file of a folder of that format: all tests, or one of `every`. */
export function replay(directory: string, subject: StepSubject, every = 1): StepTally {
  const metadata = JSON.parse(readFileSync(join(directory, 'metadata.json'), 'utf8')) as Metadata
  const tally: StepTally = { passed: 0, failed: 0, explained: 0, unsupported: 0, lines: [] }
  for (const name of readdirSync(directory).sort())
    if (name.endsWith('.MOO.gz'))
      replayForm({ directory, metadata, every }, name.slice(0, -'.MOO.gz'.length), subject, tally)
  return tally
}

/** Replays a folder on one engine, and prints what it found. @returns whether all passed or stand on the list */
function runOn(engine: string, directory: string, json: boolean): boolean {
  const subject = (SUBJECTS.get(engine) as () => StepSubject)()
  const { lines, ...counts } = replay(directory, subject)
  if (!json) for (const line of lines.slice(0, 50)) console.log(line)
  console.log(json ? JSON.stringify({ engine, ...counts }) : `${engine}: ${JSON.stringify(counts)}`)
  return counts.failed === 0 && counts.unsupported === 0
}

export function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): boolean {
  const at = args.indexOf('--engine')
  const engines = at < 0 ? [...SUBJECTS.keys()] : [args[at + 1] ?? '']
  const directory = args.find((a, i) => !a.startsWith('--') && args[i - 1] !== '--engine')
  const isKnown = engines.every((name) => SUBJECTS.has(name))
  if (!isKnown || directory === undefined || !existsSync(join(directory, 'metadata.json'))) {
    console.error(
      `singlestep DIR [--engine NAME] [--json]: DIR holds metadata.json; engines: ${[...SUBJECTS.keys()].join(', ')}`,
    )
    return false
  }
  return engines.map((engine) => runOn(engine, directory, json)).every(Boolean)
}
