/**
 * Random code in random modes over random tables, long: `npm run -s conformance -- random [--cases N] [--seed N] [--json]`. Both engines
 * must be in the same state after every slice; nothing may throw, and nothing may hang. The default tests run a few cases of it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const root = join(import.meta.dirname, '../..')
const DEFAULT_CASES = 1000

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[]
  }[]
}

function numberAfter(args: readonly string[], option: string): number | undefined {
  const at = args.indexOf(option)
  if (at < 0) return undefined
  const value = Number(args[at + 1])
  if (!(Number.isInteger(value) && value > 0)) throw new Error(`${option} wants a number above 0`)
  return value
}

export function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): boolean {
  const cases = numberAfter(args, '--cases') ?? DEFAULT_CASES
  const seed = numberAfter(args, '--seed') ?? Date.now() & 0x7fffffff
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  const report = join(cache, 'random.json')
  const command = ['run', 'packages/cpu/tests/random.test.ts', '--reporter=json', `--outputFile=${report}`]
  const env = { ...process.env, RINGFOLD_CASES: String(cases), RINGFOLD_SEED: String(seed) }
  const started = performance.now()
  const { status } = spawnSync('vitest', command, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const seconds = (performance.now() - started) / 1000
  const results = (JSON.parse(readFileSync(report, 'utf8')) as Report).testResults.flatMap((r) => r.assertionResults)
  const failures = results.filter((r) => r.status !== 'passed').flatMap((r) => r.failureMessages)
  const passed = status === 0 && failures.length === 0 && results.length > 0
  if (json) console.log(JSON.stringify({ cases, seed, passed, seconds, failures }))
  else {
    for (const failure of failures) console.log(failure)
    const how = passed ? 'both engines agree' : 'FAILED'
    console.log(`${how}: ${cases} cases, seed ${seed}, ${seconds.toFixed(0)} s`)
  }
  return passed
}
