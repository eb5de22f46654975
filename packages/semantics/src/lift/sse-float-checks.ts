/** Whether the fast way of an operation holds: see sse-float-operands.ts. */
import type { Value } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'
import type { Arithmetic } from './sse-float.ts'
import {
  allOf,
  anyOf,
  floatVector,
  isBelowInfinity,
  isFastMode,
  isNoDenormal,
  isNoNan,
  isNotTiny,
  isZero,
  leastNormal,
  magnitude,
  type Width,
} from './sse-float-operands.ts'

/** Operands and Wasm's result: raw bits, or vectors. */
export interface Operands {
  readonly a: Value
  readonly b: Value
  readonly r: Value
}

/**
 * Sums, differences and roots are never tiny and inexact, so that a finite result is good. A product or quotient must be above the
 * least normal number, unless a factor or the dividend is zero: then it is an exact zero (or a NaN, which is not finite).
 */
export function isScalarFast(l: Lifter, width: Width, operation: Arithmetic, operands: Operands): Value {
  const [a, b, r] = [operands.a, operands.b, operands.r].map((v) => magnitude(l, width, v)) as [Value, Value, Value]
  const usual = [isFastMode(l), isNoDenormal(l, width, b), isBelowInfinity(l, width, r)]
  if (operation !== 'sqrt') usual.push(isNoDenormal(l, width, a))
  if (operation === 'mul') usual.push(anyOf(l, isNotTiny(l, width, r), isZero(l, width, a), isZero(l, width, b)))
  if (operation === 'div') usual.push(anyOf(l, isNotTiny(l, width, r), isZero(l, width, a)))
  return allOf(l, ...usual)
}

/** No NaN and no denormal among raw values: comparing them raises nothing. */
export const isOrdered = (l: Lifter, width: Width, values: readonly Value[]): Value =>
  allOf(
    l,
    ...values.flatMap((v) => {
      const bits = magnitude(l, width, v)
      return [isNoDenormal(l, width, bits), isNoNan(l, width, bits)]
    }),
  )

const both = (l: Lifter, x: Value, y: Value): Value => l.pure('v128.and', x, y)
const one = (l: Lifter, x: Value, y: Value): Value => l.pure('v128.or', x, y)

const isZeroLane = (l: Lifter, width: Width, v: Value): Value =>
  l.pure(`${width.vector}.eq`, v, floatVector(l, width, 0))

/** Ones in lanes that are neither NaN nor denormal. */
export const usualLanes = (l: Lifter, width: Width, v: Value): Value => {
  const normal = l.pure(`${width.vector}.ge`, absolute(l, width, v), floatVector(l, width, leastNormal(width)))
  return one(l, normal, isZeroLane(l, width, v))
}

export const absolute = (l: Lifter, { vector }: Width, v: Value): Value => l.pure(`${vector}.abs`, v)

/** Whether all lanes of a mask are ones. */
export const allLanes = (l: Lifter, mask: Value): Value => l.pure('i32x4.all_true', mask)

/** Ones in lanes that are finite numbers. */
export const belowInfinity = (l: Lifter, width: Width, v: Value): Value =>
  l.pure(`${width.vector}.lt`, absolute(l, width, v), floatVector(l, width, Number.POSITIVE_INFINITY))

/** Ones in lanes whose product, or quotient, is usual and surely not tiny, or zero because a factor (the dividend) is. */
function exactOrNormal(l: Lifter, width: Width, { a, b, r }: Operands, operation: 'mul' | 'div'): Value {
  const normal = l.pure(`${width.vector}.gt`, absolute(l, width, r), floatVector(l, width, leastNormal(width)))
  const exact = one(l, normal, isZeroLane(l, width, a))
  return operation === 'mul' ? one(l, exact, isZeroLane(l, width, b)) : exact
}

/** Ones in lanes whose operands and product the fast way may have. */
export const productLanes = (l: Lifter, width: Width, operands: Operands): Value =>
  [
    usualLanes(l, width, operands.a),
    usualLanes(l, width, operands.b),
    belowInfinity(l, width, operands.r),
    exactOrNormal(l, width, operands, 'mul'),
  ].reduce((x, y) => both(l, x, y))

/** As {@link isScalarFast}, for all lanes. */
export function isPackedFast(
  l: Lifter,
  width: Width,
  operation: Arithmetic | 'min' | 'max',
  operands: Operands,
): Value {
  const { a, b, r } = operands
  let good = usualLanes(l, width, b)
  if (operation !== 'sqrt') good = both(l, good, usualLanes(l, width, a))
  if (operation === 'min' || operation === 'max') return allLanes(l, good)
  good = both(l, good, belowInfinity(l, width, r))
  if (operation === 'mul' || operation === 'div') good = both(l, good, exactOrNormal(l, width, operands, operation))
  return allOf(l, isFastMode(l), allLanes(l, good))
}
