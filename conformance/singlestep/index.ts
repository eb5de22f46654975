/** Real-mode silicon: `npm run -s conformance -- singlestep DIR [--engine NAME] [--json]`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { STEP_DIFFERENCES } from './explained.ts'
import { readMoo } from './moo.ts'
import { differences, type StepSubject } from './subject.ts'

/** By the name that `--engine` takes; an engine enters with its adapter. */
const ENGINES: ReadonlyMap<string, StepSubject> = new Map()

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

function replayForm(directory: string, form: string, metadata: Metadata, subject: StepSubject, tally: StepTally): void {
  const file = readMoo(gunzipSync(readFileSync(join(directory, `${form}.MOO.gz`))))
  if (file.kind === 'rejected') {
    tally.failed++
    tally.lines.push(`${form}: ${file.message}`)
    return
  }
  const known = STEP_DIFFERENCES.filter((d) => d.processor === metadata.cpu && d.forms.test(form))
  for (const test of file.tests) {
    const outcome = subject.run(test, metadata.cpu)
    const lines = outcome === 'unsupported' ? [] : differences(test, outcome, flagsMaskOf(metadata, form))
    if (outcome === 'unsupported') tally.unsupported++
    else if (lines.length === 0) tally.passed++
    else if (known.some((d) => d.covers(test))) tally.explained++
    else {
      tally.failed++
      tally.lines.push(`${form} ${test.index} ${test.name}: ${lines.join('; ')}`)
    }
  }
}

/** Replays every file of a folder of that format. */
export function replay(directory: string, subject: StepSubject): StepTally {
  const metadata = JSON.parse(readFileSync(join(directory, 'metadata.json'), 'utf8')) as Metadata
  const tally: StepTally = { passed: 0, failed: 0, explained: 0, unsupported: 0, lines: [] }
  for (const name of readdirSync(directory).sort())
    if (name.endsWith('.MOO.gz')) replayForm(directory, name.slice(0, -'.MOO.gz'.length), metadata, subject, tally)
  return tally
}

const NONE: StepSubject = { name: 'none', run: () => 'unsupported' }

export function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): boolean {
  const at = args.indexOf('--engine')
  const subject = at < 0 ? NONE : ENGINES.get(args[at + 1] ?? '')
  const directory = args.find((a, i) => !a.startsWith('--') && args[i - 1] !== '--engine')
  if (subject === undefined || directory === undefined || !existsSync(join(directory, 'metadata.json'))) {
    console.error(
      `singlestep DIR [--engine NAME]: DIR holds metadata.json; engines: ${[...ENGINES.keys()].join(', ') || 'none yet'}`,
    )
    return false
  }
  const { lines, ...counts } = replay(directory, subject)
  if (!json) for (const line of lines.slice(0, 50)) console.log(line)
  console.log(json ? JSON.stringify(counts) : `${subject.name}: ${JSON.stringify(counts)}`)
  return counts.failed === 0 && counts.unsupported === 0
}
