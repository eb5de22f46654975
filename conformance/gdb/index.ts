/** The real gdb against our stub: `npm run -s conformance -- gdb [--engine NAME] [--verbose] [--json]`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { ENGINES, type EngineName } from '@ringfold/cpu'
import { firmware, STARTUP_VECTOR } from './program.ts'
import { RUNNING, type Scenario, scenarios } from './scenarios.ts'

const GDB = 'gdb'
const CLI = join(import.meta.dirname, '..', '..', 'apps', 'ringfold', 'src', 'cli.ts')
const LIMIT_MS = 60_000
/** How long a machine runs before it is interrupted. */
const RUN_MS = 1000

/** The first line that it says of itself, or null where there is none. */
export function gdbVersion(): string | null {
  try {
    return (
      execFileSync(GDB, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? null
    )
  } catch {
    return null
  }
}

interface Served {
  readonly port: number
  readonly child: ChildProcess
}

/** Starts `ringfold gdb` with the firmware. */
function serve(
  engine: EngineName,
  { processors, architecture = 'i386:x86-64' }: Scenario,
  image: Uint8Array,
): Promise<Served> {
  const options = [
    '--bios',
    '--port',
    '0',
    '--engine',
    engine,
    '--cpus',
    `${processors}`,
    '--startup',
    `${STARTUP_VECTOR}`,
    '--architecture',
    architecture,
  ]
  const child = spawn(process.execPath, ['-C', '@ringfold/source', CLI, 'gdb', '-', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(image)
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`ringfold gdb ended: ${said}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
      const port = /127\.0\.0\.1:(\d+)\n/.exec(said)?.[1]
      if (port !== undefined) resolve({ port: Number(port), child })
    })
  })
}

/** Runs gdb without the user's settings. @returns everything that it printed */
function runGdb(port: number, { commands, isInterrupted }: Scenario): Promise<string> {
  const all = ['set pagination off', 'set confirm off', 'set width 0', `target remote 127.0.0.1:${port}`, ...commands]
  const args = ['-nx', '-batch', ...all.flatMap((command) => ['-ex', command])]
  // One stream, so that what monitor commands say stands in its place.
  const child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', GDB, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  let waits = isInterrupted === true
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1')
    if (!waits || !output.includes(RUNNING)) return
    waits = false
    setTimeout(() => child.kill('SIGINT'), RUN_MS)
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => {
      clearTimeout(limit)
      resolve(output)
    })
  })
}

/** The expectations that the output does not meet, in their order. */
function unmet(output: string, expected: readonly RegExp[]): string[] {
  const missing: string[] = []
  let rest = output
  for (const pattern of expected) {
    const found = pattern.exec(rest)
    if (found === null) missing.push(String(pattern))
    else rest = rest.slice(found.index + found[0].length)
  }
  return missing
}

export interface ScenarioResult {
  readonly name: string
  readonly engine: EngineName
  readonly missing: readonly string[]
  readonly output: string
}

/** One scenario on a machine of its own. */
export async function runScenario(engine: EngineName, scenario: Scenario): Promise<ScenarioResult> {
  const { port, child } = await serve(engine, scenario, firmware().image)
  try {
    const output = await runGdb(port, scenario)
    return { name: scenario.name, engine, missing: unmet(output, scenario.expected), output }
  } finally {
    child.kill('SIGKILL')
  }
}

/** The scenarios, which know the addresses of the program. */
export function allScenarios(): readonly Scenario[] {
  return scenarios(firmware().labels)
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }) {
  const version = gdbVersion()
  if (version === null) {
    console.error('skipped: there is no gdb here')
    return true
  }
  const at = args.indexOf('--engine')
  const engines = at < 0 ? ENGINES : ENGINES.filter((engine) => engine === args[at + 1])
  const results: ScenarioResult[] = []
  for (const engine of engines)
    for (const scenario of allScenarios()) {
      const result = await runScenario(engine, scenario)
      results.push(result)
      if (json) continue
      console.log(`${result.missing.length === 0 ? 'passed' : 'FAILED'}  ${engine}: ${result.name}`)
      for (const pattern of result.missing) console.log(`        not found: ${pattern}`)
      if (result.missing.length > 0 || args.includes('--verbose')) console.log(result.output)
    }
  const failed = results.filter(({ missing }) => missing.length > 0)
  const summary = {
    gdb: version,
    passed: results.length - failed.length,
    failed: failed.map(({ name, missing }) => ({ name, missing })),
  }
  console.log(json ? JSON.stringify(summary) : `${version}: ${summary.passed} of ${results.length} passed`)
  return results.length > 0 && failed.length === 0
}
