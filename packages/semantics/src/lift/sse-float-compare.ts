/** Comparisons (SDM vol. 2A: CMPPS, CMPSS, CMPPD, CMPSD, COMISS, COMISD; 2B: UCOMISS, UCOMISD). They round nothing: any mode is good. */
import { RELATION } from '../float/index.ts'
import { compareMask, isSignaling, relationsOf } from '../helpers/sse/lanes.ts'
import { STATUS } from '../ir/flags.ts'
import { type Value, ValueType } from '../ir/types.ts'
import { CF, type Lifter, ZF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { byteImmediate, readVector } from './simd-operands.ts'
import { isOrdered, isPackedFast } from './sse-float-checks.ts'
import {
  anyOf,
  DOUBLE,
  either,
  readDestination,
  readLow,
  SINGLE,
  soft,
  softPacked,
  toFloat,
  type Width,
  writeLow,
  writeWhole,
} from './sse-float-operands.ts'

const PF_BIT = 2

/** imm8[2:0]; processors ignore the rest in legacy encodings. */
const predicateOf = (l: Lifter): Value => l.pure('i32.and', byteImmediate(l, 2), l.i32(7))

/** The relation of two scalars: i32, one of `RELATION`. `signaling`: whether a quiet NaN is invalid. */
function relationOf(l: Lifter, width: Width, a: Value, b: Value, signaling: Value): Value {
  const [x, y] = [toFloat(l, width, a), toFloat(l, width, b)]
  const is = (op: string, bit: number) => l.inPlace(bit, l.pure(`${width.float}.${op}`, x, y))
  const fast = anyOf(l, is('lt', 0), is('eq', 1), is('gt', 2))
  return either(l, ValueType.i32, isOrdered(l, width, [a, b]), fast, () =>
    soft(l, `${width.float}.compare`, [a, b], [width.bits, 32], signaling),
  )
}

const scalar =
  (width: Width): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const { whole, low: a } = readDestination(l, width)
    const predicate = predicateOf(l)
    const relation = relationOf(l, width, a, b, isSignaling(l, predicate))
    writeLow(l, whole, compareMask(l, width.bits, relation, predicate), width)
  }

/** Lanes of ones where bit `relation` of `wanted` is set. */
const laneIf = (l: Lifter, wanted: Value, relation: number): Value =>
  l.pure('i32x4.splat', l.pure('i32.sub', l.zero, l.pure('i32.ne', l.pure('i32.and', wanted, l.i32(relation)), l.zero)))

const packed =
  (width: Width): Lifting =>
  (l) => {
    const b = readVector(l, 1)
    const a = readVector(l, 0)
    const predicate = predicateOf(l)
    const wanted = relationsOf(l, predicate)
    const lanes = (op: string, relation: number) =>
      l.pure('v128.and', l.pure(`${width.vector}.${op}`, a, b), laneIf(l, wanted, relation))
    const fast = [lanes('eq', RELATION.equal), lanes('gt', RELATION.greater)].reduce(
      (x, y) => l.pure('v128.or', x, y),
      lanes('lt', RELATION.less),
    )
    const holds = isPackedFast(l, width, 'min', { a, b, r: a })
    const routine = width.bits === 32 ? 'sse.cmpps' : 'sse.cmppd'
    writeWhole(
      l,
      either(l, ValueType.v128, holds, fast, () => softPacked(l, routine, a, b, predicate)),
    )
  }

/** COMISS and its kin: ZF, PF and CF as after FUCOMI; OF, SF and AF are 0. */
const intoFlags =
  (width: Width, signaling: 0 | 1): Lifting =>
  (l) => {
    const b = readLow(l, 1, width)
    const a = l.loadState(0, width.bits, l.source.registerOffset(0))
    const relation = relationOf(l, width, a, b, l.i32(signaling))
    const unordered = l.pure('i32.shr_u', relation, l.i32(Math.log2(RELATION.unordered)))
    const equal = l.pure('i32.shr_u', l.pure('i32.and', relation, l.i32(RELATION.equal)), l.i32(1))
    const carry = anyOf(l, l.pure('i32.and', relation, l.i32(CF)), unordered)
    const zero = l.inPlace(ZF_BIT, anyOf(l, equal, unordered))
    l.setFlagBits(STATUS, anyOf(l, carry, zero, l.inPlace(PF_BIT, unordered)))
  }

export const SSE_COMPARE: Readonly<Record<string, Lifting>> = {
  cmpss: scalar(SINGLE),
  cmpsd: scalar(DOUBLE),
  cmpps: packed(SINGLE),
  cmppd: packed(DOUBLE),
  comiss: intoFlags(SINGLE, 1),
  comisd: intoFlags(DOUBLE, 1),
  ucomiss: intoFlags(SINGLE, 0),
  ucomisd: intoFlags(DOUBLE, 0),
}
