/** Conversions between formats and integers, and rounding to an integer. */
import type { Value } from '../ir/types.ts'
import {
  type Format,
  INTEGER_BIT,
  isDenormal,
  isNan,
  isSignaling,
  isSpecial,
  isUnsupported,
  isUnusual,
  isZero,
  normalize,
  type Parts,
  QUIET_BIT,
} from './format.ts'
import { EXCEPTIONS, type Operation } from './operation.ts'
import { isAway, round, roundingStep } from './round.ts'
import type { Soft } from './soft.ts'
import { shiftRightJam } from './wide.ts'

/** Converts a value of format `from` to the format of the operation. Not every conversion reports denormals: FST does not. */
export function convert(op: Operation, from: Format, x: Parts, reportsDenormal: boolean): void {
  const { f, format } = op
  const special = () => {
    const nan = isNan(f, from, x)
    op.raiseIf(isSignaling(f, from, x), EXCEPTIONS.invalid)
    const quiet = f.i64('or', x.significand.get(), f.w(QUIET_BIT))
    op.finish(x.sign, f.n(format.special), f.select(nan, quiet, f.w(INTEGER_BIT)))
  }
  const small = () => {
    if (reportsDenormal) op.raiseIf(isDenormal(f, x), EXCEPTIONS.denormal)
    f.b.if(isZero(f, x), () => op.zero(x.sign))
    normalize(f, x)
  }
  f.b.if(isUnusual(f, from, x), () =>
    f.b.if(
      isUnsupported(f, from, x),
      () => op.invalid(),
      () => f.b.if(isSpecial(f, from, x), special, small),
    ),
  )
  f.b.if(f.not(op.done.get()), () => {
    const exponent = f.i32('add', x.exponent.get(), f.n(format.bias - from.bias))
    const significand = x.significand.get()
    if (format.precision > from.precision) op.finish(x.sign, exponent, significand)
    else round(op, { sign: x.sign, exponent, high: significand })
  })
}

/** A signed i64 as a number of the operation's format. */
export function fromInteger(op: Operation, integer: Value): void {
  const { f, format } = op
  const isNegative = f.i64('lt_s', integer, f.w(0))
  const magnitude = f.select(isNegative, f.i64('sub', f.w(0), integer), integer)
  f.b.if(
    f.i64('eqz', magnitude),
    () => op.zero(f.n(0)),
    () => {
      const n = f.i64('clz', magnitude)
      const high = f.i64('shl', magnitude, n)
      const exponent = f.i32('sub', f.n(format.bias + 63), f.wrap(n))
      if (format.precision === 64) op.finish(isNegative, exponent, high)
      else round(op, { sign: isNegative, exponent, high })
    },
  )
}

/** An integer on the way: magnitude = (kept >> cut) + up. */
interface Integral {
  readonly kept: Value
  readonly cut: Value
  readonly unit: Value
  readonly up: Value
  readonly inexact: Value
}

/** Rounds at the binary point a significand whose unbiased exponent is at most 63. */
function roundToIntegral(f: Soft, rounding: Value, sign: Value, unbiased: Value, significand: Value): Integral {
  const isBelowOne = f.i32('lt_s', unbiased, f.n(0))
  const distance = f.select(isBelowOne, f.i32('sub', f.n(0), unbiased), f.n(0))
  const high = shiftRightJam(f, significand, distance)
  const cut = f.extend(f.select(isBelowOne, f.n(63), f.i32('sub', f.n(63), unbiased)))
  const step = roundingStep(f, rounding, isAway(f, rounding, sign), cut, high, f.w(0))
  return { kept: step.kept, cut, unit: step.unit, up: step.up, inexact: f.some(step.rest) }
}

/**
 * Rounds to an integer of the same format. `quietly` (i32 truth): without PE. FRNDINT reports denormals, ROUNDSS does not.
 */
export function toIntegral(op: Operation, x: Parts, rounding: Value, quietly: Value, reportsDenormal: boolean): void {
  const { f, format } = op
  const number = () => {
    if (reportsDenormal) op.raiseIf(isDenormal(f, x), EXCEPTIONS.denormal)
    f.b.if(f.or(isSpecial(f, format, x), isZero(f, x)), () => op.finish(x.sign, x.exponent.get(), x.significand.get()))
    normalize(f, x)
  }
  f.b.if(isUnusual(f, format, x), () =>
    f.b.if(
      op.unsupported(x),
      () => op.invalid(),
      () => f.b.if(isNan(f, format, x), () => op.quietNan(x), number),
    ),
  )
  const unbiased = f.i32('sub', x.exponent.get(), f.n(format.bias))
  f.b.if(f.and(f.not(op.done.get()), f.i32('ge_s', unbiased, f.n(63))), () =>
    op.finish(x.sign, x.exponent.get(), x.significand.get()),
  )
  f.b.if(f.not(op.done.get()), () => {
    const step = roundToIntegral(f, rounding, x.sign, unbiased, x.significand.get())
    const sum = f.i64('add', step.kept, f.select(step.up, step.unit, f.w(0)))
    const carry = f.i64('lt_u', sum, step.kept)
    op.raiseIf(f.and(step.inexact, f.not(quietly)), EXCEPTIONS.precision)
    op.up.set(step.up)
    const isBelowOne = f.i32('lt_s', unbiased, f.n(0))
    const exponent = f.i32('add', f.select(isBelowOne, f.n(format.bias), x.exponent.get()), carry)
    const significand = f.i64('or', sum, f.i64('shl', f.extend(carry), f.w(63)))
    f.b.if(
      f.some(significand),
      () => op.finish(x.sign, exponent, significand),
      () => op.zero(x.sign),
    )
  })
}

/** The integer indefinite of a width (SDM vol. 1, table 4-1): also the magnitude of the least integer. */
const indefinite = (bits: number): bigint => -(1n << BigInt(bits - 1))

/**
 * A value of the operation's format as a signed integer of `bits`, sign-extended, in the operation's significand; the integer
 * indefinite with IE where it does not fit. No conversion to integers reports denormals.
 */
export function toInteger(op: Operation, x: Parts, rounding: Value, bits: 16 | 32 | 64): void {
  const { f, format } = op
  const bad = () => {
    op.raise(EXCEPTIONS.invalid)
    op.finish(f.n(0), f.n(0), f.w(indefinite(bits)))
  }
  const unsupported = op.unsupported(x)
  normalize(f, x)
  const unbiased = f.i32('sub', x.exponent.get(), f.n(format.bias))
  f.b.if(f.or(unsupported, f.i32('gt_s', unbiased, f.n(bits - 1))), bad, () => {
    const step = roundToIntegral(f, rounding, x.sign, unbiased, x.significand.get())
    const magnitude = f.i64('add', f.i64('shr_u', step.kept, step.cut), f.extend(step.up))
    const limit = f.i64('add', f.w((1n << BigInt(bits - 1)) - 1n), f.extend(x.sign))
    f.b.if(f.i64('gt_u', magnitude, limit), bad, () => {
      op.raiseIf(step.inexact, EXCEPTIONS.precision)
      op.up.set(step.up)
      op.finish(x.sign, f.n(0), f.select(x.sign, f.i64('sub', f.w(0), magnitude), magnitude))
    })
  })
}
