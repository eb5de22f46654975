/**
 * A stock Debian saved in the middle of its work and restored in another process, and recorded and replayed:
 * `npm run -s conformance -- debian-state [--cpus N]`.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { RunOptions } from '../tools/named-runner.ts'
import { joinedNumbers } from './debian/numbers.ts'

const CLI = join(import.meta.dirname, '..', 'apps', 'ringfold', 'src', 'cli.ts')
const NUMBERS = 60_000
/** By then the guest is at its sum, and not yet at its end. */
const HALF_WAY = 1_750_000_000
const SCRIPT = `seq ${NUMBERS} > /tmp/numbers; for i in 1 2 3; do sha256sum < /tmp/numbers; done; sha512sum < /tmp/numbers`

function ringfold(...words: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['-C', '@ringfold/source', CLI, 'run', '--quiet', ...words],
    { encoding: 'latin1', input: '', maxBuffer: 1 << 26 },
  )
  return { stdout, stderr, status }
}

/** What the script must print: sums that the host computes too. */
function expected(): readonly string[] {
  const bytes = joinedNumbers(NUMBERS)
  const sum = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex')
  return [sum('sha256'), sum('sha512')]
}

function snapshotGoesOn(file: string, guest: readonly string[]): string | undefined {
  const half = ringfold(...guest, '--max-instructions', String(HALF_WAY), '--snapshot', file)
  if (half.status !== 8) return `the first half ended with status ${half.status}: ${half.stderr}`
  const rest = ringfold('--restore', file)
  const [sha256, sha512] = expected()
  const output = half.stdout + rest.stdout
  if (half.stdout.includes(sha512 as string)) return 'the snapshot was taken too late'
  const isWhole = output.includes(sha256 as string) && rest.stdout.includes(sha512 as string)
  return rest.status === 0 && isWhole ? undefined : `restored, it printed:\n${rest.stdout.slice(-500)}`
}

function replays(file: string, guest: readonly string[], clock: string): string | undefined {
  const recorded = ringfold(...guest, '--clock', clock, '--record', file)
  if (recorded.status !== 0) return `the recording ended with status ${recorded.status}: ${recorded.stderr}`
  const replayed = ringfold(...guest, '--replay', file)
  if (replayed.status !== 0) return replayed.stderr
  return replayed.stdout === recorded.stdout ? undefined : 'it printed something else'
}

export function run({ args }: RunOptions): boolean {
  const at = args.indexOf('--cpus')
  const counts = at < 0 ? ['1', '2'] : [args[at + 1] ?? '1']
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-state-'))
  const results: boolean[] = []
  for (const cpus of counts) {
    const guest = ['--guest', 'debian', '--cpus', cpus, '--script', SCRIPT]
    for (const [name, work] of [
      [
        'a snapshot in the middle of work, restored in another process',
        () => snapshotGoesOn(join(folder, 'snapshot'), guest),
      ],
      ['recorded and replayed, virtual clock', () => replays(join(folder, 'virtual'), guest, 'virtual')],
      ['recorded and replayed, real clock', () => replays(join(folder, 'real'), guest, 'real')],
    ] as const) {
      const problem = work()
      results.push(problem === undefined)
      console.log(
        `${problem === undefined ? 'pass' : 'FAIL'}  ${name}, ${cpus} processor(s)${problem === undefined ? '' : `: ${problem}`}`,
      )
    }
  }
  rmSync(folder, { recursive: true, force: true })
  console.log(`${results.filter(Boolean).length} of ${results.length} passed`)
  return results.every(Boolean)
}
