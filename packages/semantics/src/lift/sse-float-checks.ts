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
  const size = absolute(l, width, r)
  good = both(l, good, l.pure(`${width.vector}.lt`, size, floatVector(l, width, Number.POSITIVE_INFINITY)))
  if (operation === 'mul' || operation === 'div') {
    const normal = l.pure(`${width.vector}.gt`, size, floatVector(l, width, leastNormal(width)))
    const exact = one(l, normal, isZeroLane(l, width, a))
    good = both(l, good, operation === 'mul' ? one(l, exact, isZeroLane(l, width, b)) : exact)
  }
  return allOf(l, isFastMode(l), allLanes(l, good))
}
