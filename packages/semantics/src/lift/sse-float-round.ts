/** ROUNDPS, ROUNDSS, ROUNDPD, ROUNDSD (SDM vol. 2B). A denormal source raises no DE; DAZ makes a zero of it. */
import { MXCSR } from '@ringfold/arch'
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { byteImmediate, readVector } from './simd-operands.ts'
import { allLanes, isOrdered, usualLanes } from './sse-float-checks.ts'
import {
  allOf,
  anyOf,
  DOUBLE,
  either,
  isInexactSilent,
  mxcsr,
  readDestination,
  readLow,
  SINGLE,
  soft,
  softPacked,
  toBits,
  toFloat,
  type Width,
  writeLow,
  writeWhole,
} from './sse-float-operands.ts'

/** Bits of the immediate: rounding by MXCSR.RC; no PE. */
const BY_MXCSR = 4
const NO_PRECISION = 8

/** RC that applies: i32, 0 to 3. */
function roundingOf(l: Lifter, immediate: Value): Value {
  const own = l.pure('i32.shr_u', mxcsr(l), l.i32(MXCSR.shift.RC))
  const chosen = l.select(l.pure('i32.and', immediate, l.i32(BY_MXCSR)), own, immediate)
  return l.pure('i32.and', chosen, l.i32(3))
}

/** What `round` makes of the value in the four directions, chosen by RC. */
function chosen(l: Lifter, rounding: Value, round: (op: string) => Value): Value {
  const low = l.pure('i32.and', rounding, l.i32(1))
  const high = l.pure('i32.and', rounding, l.i32(2))
  const toNearestOrDown = l.select(low, round('floor'), round('nearest'))
  return l.select(high, l.select(low, round('trunc'), round('ceil')), toNearestOrDown)
}

const isSilent = (l: Lifter, immediate: Value, isExact: Value): Value =>
  anyOf(l, isInexactSilent(l), isExact, l.pure('i32.ne', l.pure('i32.and', immediate, l.i32(NO_PRECISION)), l.zero))

const scalar =
  (width: Width): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const { whole } = readDestination(l, width)
    const immediate = byteImmediate(l, 2)
    const v = toFloat(l, width, b)
    const r = chosen(l, roundingOf(l, immediate), (op) => toBits(l, width, l.pure(`${width.float}.${op}`, v)))
    const isExact = l.pure(`${width.int}.eq`, r, b)
    const holds = allOf(l, isOrdered(l, width, [b]), isSilent(l, immediate, isExact))
    const slow = () => soft(l, `${width.float}.round`, [b], [width.bits, width.bits], immediate)
    writeLow(l, whole, either(l, width.type, holds, r, slow), width)
  }

const packed =
  (width: Width): Lifting =>
  (l) => {
    const b = readVector(l, 1)
    const immediate = byteImmediate(l, 2)
    const r = chosen(l, roundingOf(l, immediate), (op) => l.pure(`${width.vector}.${op}`, b))
    const isExact = allLanes(l, l.pure('i32x4.eq', r, b))
    const holds = allOf(l, allLanes(l, usualLanes(l, width, b)), isSilent(l, immediate, isExact))
    const routine = width.bits === 32 ? 'sse.roundps' : 'sse.roundpd'
    const slow = () => softPacked(l, routine, null, b, immediate)
    writeWhole(l, either(l, ValueType.v128, holds, r, slow))
  }

export const SSE_ROUND: Readonly<Record<string, Lifting>> = {
  roundss: scalar(SINGLE),
  roundsd: scalar(DOUBLE),
  roundps: packed(SINGLE),
  roundpd: packed(DOUBLE),
}
