/**
 * Debian's kernels, each with one and two processors, to a shell that runs a script: `npm run -s conformance -- kernels [--json]
 * [FLAVOUR...]`. The boot log must hold no warning that is not explained.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { DEBIAN_FLAVOURS } from '@ringfold/guests'
import type { RunOptions } from '../tools/named-runner.ts'
import { unexplained } from './debian/warnings.ts'

const CLI = join(import.meta.dirname, '..', 'apps', 'ringfold', 'src', 'cli.ts')
const LIMIT_MS = 600_000
const LOG_BEGINS = 'the log begins'
const LOG_ENDS = 'the log ends'
const SCRIPT = `uname -m; nproc; echo '${LOG_BEGINS}'; dmesg -r; echo '${LOG_ENDS}'`

interface Case {
  readonly flavour: string
  readonly cpus: number
  readonly entry: string | undefined
}

interface Result extends Case {
  readonly passed: boolean
  readonly seconds: number
  /** What is wrong, if anything is. */
  readonly problems: readonly string[]
}

function cases(flavours: readonly string[]): Case[] {
  const wanted = flavours.length === 0 ? Object.keys(DEBIAN_FLAVOURS) : flavours
  return wanted.flatMap((flavour) =>
    [undefined, ...(flavour === 'cloud-amd64' ? ['pvh'] : [])].flatMap((entry) =>
      [1, 2].map((cpus) => ({ flavour, cpus, entry })),
    ),
  )
}

function runCase(subject: Case): Result {
  const { flavour, cpus, entry } = subject
  const words = ['run', '--guest', `debian:${flavour}`, '--cpus', String(cpus), '--script', SCRIPT, '--quiet']
  if (entry !== undefined) words.push('--entry', entry)
  const startMs = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-C', '@ringfold/source', CLI, ...words], {
    encoding: 'latin1',
    input: '',
    timeout: LIMIT_MS,
    maxBuffer: 1 << 26,
  })
  const problems = [
    ...(status === 0 ? [] : [`it ended with status ${status}: ${stderr.trim().split('\n').at(-1)}`]),
    ...problemsOf(stdout.replaceAll('\r', ''), subject),
  ]
  return { ...subject, passed: problems.length === 0, seconds: (performance.now() - startMs) / 1000, problems }
}

/** What the script printed, against what it must. */
function problemsOf(output: string, { flavour, cpus }: Case): string[] {
  const [, log] = /the log begins\n([\s\S]*)the log ends/.exec(output) ?? []
  if (log === undefined) return ['the script did not run to its end']
  const machine = flavour.includes('686') ? 'i686' : 'x86_64'
  const isRight = output.includes(`\n${machine}\n${cpus}\n`)
  return [...(isRight ? [] : [`no ${machine} with ${cpus} processors`]), ...unexplained(log)]
}

export function run({ json, args }: RunOptions): boolean {
  const results: Result[] = []
  for (const subject of cases(args)) {
    const result = runCase(subject)
    results.push(result)
    if (json) continue
    const { flavour, cpus, entry = 'bzImage', passed, seconds, problems } = result
    console.log(`${passed ? 'pass' : 'FAIL'}  ${flavour} by ${entry}, ${cpus} processor(s): ${seconds.toFixed(0)} s`)
    for (const problem of problems) console.log(`      ${problem}`)
  }
  if (json) console.log(JSON.stringify(results, null, 2))
  else console.log(`${results.filter(({ passed }) => passed).length} of ${results.length} passed`)
  return results.every(({ passed }) => passed)
}
