// What `npm test` does: every check in turn, then every test; a failed check does not hide what the others find.
// Arguments are handed to vitest, which then runs alone: `npm test -- packages/isa`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A command that must succeed. */
interface Check {
  readonly title: string
  readonly command: readonly string[]
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

interface Tally {
  readonly passed: number
  readonly failed: number
}

const root = join(import.meta.dirname, '..')
const cache = join(root, '.cache')
const vitestReport = join(cache, 'vitest.json')
/** The last line of a run, for `.ci/run`. */
const tallyFile = join(cache, 'test-tally')

const checks: readonly Check[] = [
  { title: 'format and lint', command: ['biome', 'ci', '--error-on-warnings'] },
  { title: 'architecture', command: ['node', 'tools/check-architecture.ts'] },
  {
    title: 'generated files',
    command: ['node', '-C', '@ringfold/source', 'packages/isa/scripts/generate.ts', '--check'],
  },
  { title: 'types of the packages', command: ['node', 'tools/turbo.ts', 'typecheck'] },
  { title: 'types of tests and tools', command: ['tsc', '-p', '.'] },
  { title: 'build', command: ['node', 'tools/turbo.ts', 'build'] },
]

function runInherited([command = '', ...args]: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0
}

function runCheck({ title, command }: Check): boolean {
  const startMs = performance.now()
  process.stdout.write(`\n== ${title}: ${command.join(' ')}\n`)
  const passed = runInherited(command)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  process.stdout.write(`${passed ? 'passed' : 'FAILED'}: ${title} (${seconds} s)\n`)
  return passed
}

/** What vitest counted. A test file that could not be loaded holds no tests, and counts as one failure. */
function readTally(vitestPassed: boolean): Tally {
  const report = JSON.parse(readFileSync(vitestReport, 'utf8')) as VitestReport
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const failed = report.numFailedTests + unloaded
  // An error outside of any test fails the run without failing a test.
  return { passed: report.numPassedTests, failed: failed === 0 && !vitestPassed ? 1 : failed }
}

function runVitest(args: readonly string[]): Tally {
  rmSync(vitestReport, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`]
  const passed = runInherited(['vitest', 'run', ...reporters, ...args])
  try {
    return readTally(passed)
  } catch (error) {
    process.stderr.write(`vitest left no report: ${String(error)}\n`)
    return { passed: 0, failed: 1 }
  }
}

const args = process.argv.slice(2)
mkdirSync(cache, { recursive: true })
rmSync(tallyFile, { force: true })
const outcomes = (args.length === 0 ? checks : []).map((check) => ({ ...check, passed: runCheck(check) }))
process.stdout.write('\n== tests: vitest\n')
const tests = runVitest(args)
const failedChecks = outcomes.filter(({ passed }) => !passed)
for (const { title } of failedChecks) process.stdout.write(`FAILED: ${title}\n`)
const tally = `${outcomes.length - failedChecks.length + tests.passed} passed, ${failedChecks.length + tests.failed} failed`
writeFileSync(tallyFile, `${tally}\n`)
process.stdout.write(`${tally}\n`)
process.exitCode = failedChecks.length + tests.failed === 0 ? 0 : 1
