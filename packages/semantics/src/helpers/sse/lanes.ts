/**
 * Packed operations, a lane at a time by the soft-float routines: what the liftings' fast paths do not cover. Operands and result stand where
 * operands.ts says.
 */
import { FIELD } from '@ringfold/arch'
import type { StateBuilder } from '../../ir/state-builder.ts'
import { type Value, ValueType } from '../../ir/types.ts'
import { helperNumber } from '../index.ts'
import type { Routine } from '../types.ts'
import { ELEMENT, FIRST, type LaneBits, SECOND } from './operands.ts'

interface LaneOperation {
  /** Soft-float routines: of each lane, or of even and odd ones. */
  readonly calls: readonly string[]
  readonly operands: 1 | 2
  readonly from: LaneBits
  readonly to: LaneBits
  readonly lanes: number
  /** Word 1 of the calls. */
  option?(b: StateBuilder): Value
  /** What becomes of the result: i32 or i64 by `to`. */
  finish?(b: StateBuilder, result: Value): Value
}

const offsetOf = (b: StateBuilder, lane: Value, bits: LaneBits): Value =>
  b.pure('i32.shl', lane, b.i32(bits === 32 ? 2 : 3))

function oneLane(b: StateBuilder, operation: LaneOperation, call: string, lane: Value): void {
  const { operands, from, to, option, finish } = operation
  const at = offsetOf(b, lane, from)
  b.storeState(ELEMENT, from, b.loadState(operands === 2 ? FIRST : SECOND, from, at))
  if (operands === 2) b.storeState(ELEMENT + 8, from, b.loadState(SECOND, from, at))
  b.call(helperNumber(call), b.loadState(FIELD.mxcsr.offset, 32), option?.(b) ?? b.zero)
  const result = b.loadState(ELEMENT, to)
  b.storeState(FIRST, to, finish?.(b, result) ?? result, offsetOf(b, lane, to))
}

/** All lanes, then their exceptions. */
export const lanes =
  (operation: LaneOperation): Routine =>
  (b) => {
    const { calls } = operation
    b.argument(3, b.i64(0))
    const lane = b.local(ValueType.i32, b.i32(operation.lanes - calls.length))
    b.loop(() => {
      calls.forEach((call, n) => {
        oneLane(b, operation, call, b.pure('i32.add', b.getLocal(lane), b.i32(n)))
      })
      const next = b.pure('i32.sub', b.getLocal(lane), b.i32(calls.length))
      b.setLocal(lane, next)
      return b.pure('i32.ge_s', next, b.zero)
    })
    b.call(helperNumber('sse.exceptions'))
  }

/** Relations (`RELATION`) of predicates 0 to 7, four bits each: EQ, LT, LE, UNORD, NEQ, NLT, NLE, ORD (SDM vol. 2A, CMPPS). */
const RELATIONS_OF_PREDICATE = 0x7ced8312
/** The predicates for which a quiet NaN is invalid: LT, LE, NLT, NLE. */
const SIGNALING_PREDICATES = 0x66

/** i32: the relations that satisfy a predicate (i32, 0 to 7). */
export function relationsOf(b: StateBuilder, predicate: Value): Value {
  const shift = b.pure('i32.shl', predicate, b.i32(2))
  return b.pure('i32.and', b.pure('i32.shr_u', b.i32(RELATIONS_OF_PREDICATE), shift), b.i32(15))
}

/** i32: 1 where a quiet NaN is invalid. */
export const isSignaling = (b: StateBuilder, predicate: Value): Value =>
  b.pure('i32.and', b.pure('i32.shr_u', b.i32(SIGNALING_PREDICATES), predicate), b.i32(1))

/** All ones, or zeros, of `bits`, from a relation. */
export function compareMask(b: StateBuilder, bits: LaneBits, relation: Value, predicate: Value): Value {
  const holds = b.pure('i32.ne', b.pure('i32.and', relation, relationsOf(b, predicate)), b.zero)
  const mask = b.pure('i32.sub', b.zero, holds)
  return bits === 32 ? mask : b.pure('i64.extend_i32_s', mask)
}

const binary = (bits: LaneBits, ...calls: string[]): Routine =>
  lanes({ calls: calls.map((name) => `f${bits}.${name}`), operands: 2, from: bits, to: bits, lanes: 128 / bits })

/** Word 0: the predicate. */
const compare = (bits: LaneBits): Routine =>
  lanes({
    calls: [`f${bits}.compare`],
    operands: 2,
    from: bits,
    to: bits,
    lanes: 128 / bits,
    option: (b) => isSignaling(b, b.argumentWord(0)),
    finish: (b, relation) =>
      compareMask(b, bits, bits === 32 ? relation : b.pure('i32.wrap_i64', relation), b.argumentWord(0)),
  })

/** Word 0: the option of the soft-float routine. */
const unary = (call: string, from: LaneBits, to: LaneBits): Routine =>
  lanes({
    calls: [call],
    operands: 1,
    from,
    to,
    lanes: 128 / Math.max(from, to),
    option: (b) => b.argumentWord(0),
  })

const ofWidth = (suffix: 's' | 'd', bits: LaneBits): Readonly<Record<string, Routine>> => ({
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'div', 'min', 'max'].map((name) => [`sse.${name}p${suffix}`, binary(bits, name)]),
  ),
  [`sse.addsubp${suffix}`]: binary(bits, 'sub', 'add'),
  [`sse.cmpp${suffix}`]: compare(bits),
  [`sse.sqrtp${suffix}`]: unary(`f${bits}.sqrt`, bits, bits),
  [`sse.roundp${suffix}`]: unary(`f${bits}.round`, bits, bits),
})

export const LANE_ROUTINES: Readonly<Record<string, Routine>> = {
  ...ofWidth('s', 32),
  ...ofWidth('d', 64),
  // Word 0 is 1 for those that truncate. Narrow results stand in the low half.
  'sse.ps2dq': unary('f32.toI32', 32, 32),
  'sse.pd2dq': unary('f64.toI32', 64, 32),
  'sse.dq2ps': unary('i32.toF32', 32, 32),
  'sse.ps2pd': unary('f32.toF64', 32, 64),
  'sse.pd2ps': unary('f64.toF32', 64, 32),
}
