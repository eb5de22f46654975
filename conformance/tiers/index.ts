/**
 * Debian's boot on the engines that translate, in lock-step with the interpreter from snapshots on:
 * `npm run -s conformance -- tiers [--points N] [--instructions N] [--engine NAME] [--json]`. Without `--instructions` each stretch
 * reaches to the next point, so that the whole boot is compared. A difference is bisected to the first instruction.
 */
import { ENGINES, type EngineName } from '@ringfold/cpu'
import type { RunOptions } from '../../tools/named-runner.ts'
import { debianOr } from '../debian/guest.ts'
import { firstDifference, pointsOfBoot } from './lockstep.ts'

/** Instructions of a boot to the shell, roughly. */
export const BOOT_INSTRUCTIONS = 1_450_000_000

function numberAfter(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name)
  if (at < 0) return undefined
  const value = Number(args[at + 1])
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`${name} wants a number above 0`)
  return value
}

export async function run({ args, json }: RunOptions): Promise<boolean> {
  const guest = await debianOr()
  if (typeof guest === 'string') {
    console.log(`skipped: ${guest}`)
    return false
  }
  const count = numberAfter(args, '--points') ?? 10
  const step = Math.floor(BOOT_INSTRUCTIONS / count)
  const instructions = numberAfter(args, '--instructions') ?? step
  const at = args.indexOf('--engine')
  const engines = at < 0 ? (['auto'] as const) : ENGINES.filter((name) => name === args[at + 1])
  if (engines.length === 0) throw new Error(`--engine wants one of ${ENGINES.join(', ')}`)
  const results: { point: number; engine: EngineName; instructions: number; differsAfter: number | null }[] = []
  let point = 0
  for await (const snapshot of pointsOfBoot(
    guest,
    'auto',
    Array.from({ length: count }, (_, n) => n * step),
  )) {
    for (const engine of engines) {
      const differsAfter = (await firstDifference(guest, engine, snapshot, instructions)) ?? null
      results.push({ point, engine, instructions, differsAfter })
      const verdict = differsAfter === null ? 'the same state' : `differs after ${differsAfter}`
      if (!json) console.log(`${engine}, ${instructions} instructions from ${point} on: ${verdict}`)
    }
    point += step
  }
  if (json) console.log(JSON.stringify(results))
  return results.every(({ differsAfter }) => differsAfter === null)
}
