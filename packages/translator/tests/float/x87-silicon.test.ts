import { describe, expect, it } from 'vitest'
import { nativeMissing, runNative } from './native.ts'
import { type Random, seeded } from './random.ts'
import { drawRecord, nativeOutcome, X87Machine, type X87Outcome } from './x87-cases.ts'
import { X87_TRIED, type X87Tried } from './x87-instructions.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const missing = nativeMissing()
const ROUNDS = Number(process.env.RINGFOLD_ROUNDS ?? 20)

const C1 = 0x200
const DENORMAL = 2

/**
 * Where we do what Intel's manual says, and AMD's processors something else: the bits of the status word that do not count, or
 * whether the case does not count at all.
 */
const EXPLAINED: readonly {
  readonly name: RegExp
  readonly why: string
  readonly statusBits: number
  readonly applies?: (before: X87Outcome, after: X87Outcome) => boolean
}[] = [
  {
    name: /^(fu?comip?|fcmov)/,
    why: 'C1 is cleared (SDM vol. 2A, FCOMI, FCMOVcc); AMD leaves it alone',
    statusBits: C1,
  },
  {
    name: /^fld f(32|64)/,
    why: 'an unmasked #D leaves TOP unchanged (SDM vol. 1, 8.5.2); AMD pushes the value',
    statusBits: -1,
    applies: (before, after) => (before.control & DENORMAL) === 0 && (after.status & ~before.status & 0x80) !== 0,
  },
]

const hex = (v: unknown): string =>
  JSON.stringify(v, (_, x) => (typeof x === 'bigint' || typeof x === 'number' ? x.toString(16) : x))

/** Fields that differ, and that no explanation covers. */
function difference(tried: X87Tried, before: X87Outcome, ours: X87Outcome, silicon: X87Outcome): string {
  const explained = EXPLAINED.find((e) => e.name.test(tried.name) && (e.applies?.(before, silicon) ?? true))
  const ignored = explained?.statusBits ?? 0
  if (ignored === -1) return ''
  const counts = (o: X87Outcome): X87Outcome => ({ ...o, status: o.status & ~ignored })
  const [a, b] = [counts(ours), counts(silicon)]
  return (Object.keys(a) as (keyof X87Outcome)[])
    .filter((key) => hex(a[key]) !== hex(b[key]))
    .map((key) => `${key} ${hex(a[key])} silicon ${hex(b[key])}`)
    .join(', ')
}

/** Runs every instruction from random states on both; what differs without an explanation. */
async function failuresOf(next: Random, rounds: number): Promise<string[]> {
  const machine = new X87Machine(() => 1)
  const cases = X87_TRIED.flatMap((tried) =>
    Array.from({ length: rounds }, () => ({ tried, record: drawRecord(next, tried) })),
  )
  const outcomes = await runNative(cases.map(({ record }) => record))
  return cases.flatMap(({ tried, record }, n) => {
    const before = nativeOutcome(record)
    const problem = difference(tried, before, machine.runRecord(record), nativeOutcome(outcomes[n] as Uint8Array))
    return problem === '' ? [] : [`${tried.name}: ${problem} from ${hex(before)}`]
  })
}

describe.skipIf(missing !== null)(
  `x87 against this processor (RINGFOLD_SEED=${seed}; ${missing ?? 'gcc is there'})`,
  () => {
    it(`gives its state, in ${ROUNDS} cases an instruction`, async () => {
      expect((await failuresOf(seeded(seed), ROUNDS)).slice(0, 12)).toEqual([])
    })
  },
)
