import { callHelper } from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'
import { nativeMissing, runNative } from './native.ts'
import { type Random, seeded } from './random.ts'
import { drawRecord, nativeOutcome, X87Machine, type X87Outcome } from './x87-cases.ts'
import { TRANSCENDENTAL_TRIED, X87_TRIED, type X87Tried } from './x87-instructions.ts'

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

interface Compared {
  readonly tried: X87Tried
  readonly before: X87Outcome
  readonly ours: X87Outcome
  readonly silicon: X87Outcome
}

/** Runs every instruction from random states on both. */
async function compareAll(next: Random, list: readonly X87Tried[], rounds: number): Promise<Compared[]> {
  // Helpers of the x87 need no more than the state.
  const machine = new X87Machine((state, n, a, b, c) => callHelper(n, { state } as never, a, b, c))
  const cases = list.flatMap((tried) =>
    Array.from({ length: rounds }, () => ({ tried, record: drawRecord(next, tried) })),
  )
  const outcomes = await runNative(cases.map(({ record }) => record))
  return cases.map(({ tried, record }, n) => ({
    tried,
    before: nativeOutcome(record),
    ours: machine.runRecord(record),
    silicon: nativeOutcome(outcomes[n] as Uint8Array),
  }))
}

/**
 * AMD's FXSAVE and XSAVE keep no pointers without a pending exception: a switch of tasks behind the instruction loses them, now and
 * then. All of one instruction is another matter.
 */
const hasLostPointers = ({ before, ours, silicon }: Compared): boolean =>
  silicon.pointers === before.pointers &&
  hex({ ...ours, pointers: silicon.pointers }) === hex(silicon) &&
  ours.pointers !== silicon.pointers

const MAGNITUDE = (1n << 79n) - 1n

/** Distance in units of the last place, as long as it is small. */
function distance(a: bigint, b: bigint): bigint {
  if (a === b) return 0n
  const [x, y] = [a & MAGNITUDE, b & MAGNITUDE]
  const apart = x > y ? x - y : y - x
  // Across a power of two the integer bit is no part of the distance.
  return a >> 79n !== b >> 79n ? 1n << 64n : x >> 64n === y >> 64n ? apart : apart - (1n << 63n)
}

/** C1 tells how the last bit came about. */
function isNear({ ours, silicon }: Compared): boolean {
  const others = (o: X87Outcome) => hex({ ...o, status: o.status & ~C1, registers: [], pointers: '' })
  return (
    others(ours) === others(silicon) &&
    ours.registers.every((r, i) => distance(r, silicon.registers[i] as bigint) <= 1n)
  )
}

describe.skipIf(missing !== null)(
  `x87 against this processor (RINGFOLD_SEED=${seed}; ${missing ?? 'gcc is there'})`,
  () => {
    it(`gives its state, in ${ROUNDS} cases an instruction`, async () => {
      const all = await compareAll(seeded(seed), X87_TRIED, ROUNDS)
      const lost = all.filter(hasLostPointers)
      const failures = all.flatMap((c) => {
        const { tried, before, ours, silicon } = c
        const problem = lost.includes(c) ? '' : difference(tried, before, ours, silicon)
        return problem === '' ? [] : [`${tried.name}: ${problem} from ${hex(before)}`]
      })
      expect(failures.slice(0, 12)).toEqual([])
      expect(lost.length).toBeLessThan(Math.max(2, ROUNDS / 4))
    })

    it(`gives transcendental functions within 1 ulp, and mostly exactly, in ${5 * ROUNDS} cases each`, async () => {
      const all = await compareAll(seeded(seed), TRANSCENDENTAL_TRIED, 5 * ROUNDS)
      const far = all.filter((c) => !isNear(c)).map((c) => `${c.tried.name}: ${hex(c.ours)} silicon ${hex(c.silicon)}`)
      expect(far.slice(0, 5)).toEqual([])
      const exact = all.filter(({ ours, silicon }) => hex(ours.registers) === hex(silicon.registers)).length
      expect(exact / all.length).toBeGreaterThan(0.9)
    })
  },
)
