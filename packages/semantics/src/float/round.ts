/**
 * Rounding, and what comes of results that are too large or too small (SDM vol. 1, 4.8.4, 4.9.1.4 to 4.9.1.6, 8.5.4 to 8.5.6).
 * Tininess is detected after rounding: a result is tiny if, rounded as if the exponent had no limits, it is below the least normal number.
 */
import type { Value } from '../ir/types.ts'
import { type Format, INTEGER_BIT } from './format.ts'
import { EXCEPTIONS, type Operation } from './operation.ts'
import type { Soft, Variable } from './soft.ts'
import { shiftRightJam, shiftRightJamWide } from './wide.ts'

/** A result before rounding, not zero: bit 63 of `high` is set. `low` continues it (binary32 and binary64: jammed into `high`). */
export interface Unrounded {
  readonly sign: Value
  /** In the bias of the format. */
  readonly exponent: Value
  readonly high: Value
  readonly low?: Value
}

const HALF = INTEGER_BIT

/** By how much an unmasked overflow or underflow moves the exponent (SDM vol. 1, 8.5.4: 24,576). */
const WRAP = 24576

export interface Step {
  /** The significand without the bits that go. */
  readonly kept: Value
  /** The bits that go, from bit 63 on, jammed. */
  readonly rest: Value
  /** Truth: goes to the next significand away from zero. */
  readonly up: Value
  /** Distance of neighbouring significands, i64. */
  readonly unit: Value
}

/** How a significand is rounded where `cut` low bits go. `away`: directed rounding goes away from zero for this sign. */
export function roundingStep(
  f: Soft,
  rounding: Value,
  away: Value,
  cut: Value | number,
  high: Value,
  low: Value | undefined,
): Step {
  const c = typeof cut === 'number' && low === undefined ? f.w(cut) : (cut as Value)
  const unit = f.i64('shl', f.w(1), c)
  const kept = f.i64('and', high, f.i64('sub', f.w(0), unit))
  const rest = goingBits(f, c, high, low)
  const isOdd = f.i64('and', f.i64('shr_u', high, c), f.w(1))
  const nearest = f.i64('gt_u', rest, f.i64('sub', f.w(HALF), isOdd))
  const up = f.select(rounding, f.and(away, f.some(rest)), nearest)
  return { kept, rest, up, unit }
}

function goingBits(f: Soft, cut: Value, high: Value, low: Value | undefined): Value {
  const bits = f.i64('shl', high, f.i64('sub', f.w(64), cut))
  if (low === undefined) return bits
  return f.select(f.i64('eqz', cut), low, f.i64('or', bits, f.extend(f.some(low))))
}

/** Whether directed rounding goes away from zero: down for negative, up for positive numbers. */
export const isAway = (f: Soft, rounding: Value, sign: Value): Value => f.is(f.i32('add', rounding, sign), 2)

interface Rounding {
  readonly op: Operation
  readonly away: Value
  readonly exponent: Variable
  readonly high: Variable
  readonly low: Variable | undefined
  readonly tiny: Variable
}

const stepOf = ({ op, away, high, low }: Rounding): Step =>
  roundingStep(op.f, op.control.rounding, away, op.control.cut, high.get(), low?.get())

/** Rounds to the format of the operation and decides its result. */
export function round(op: Operation, x: Unrounded): void {
  const { f, format } = op
  const { b } = f
  const r: Rounding = {
    op,
    away: isAway(f, op.control.rounding, x.sign),
    exponent: f.variable32(x.exponent),
    high: f.variable64(x.high),
    low: x.low === undefined ? undefined : f.variable64(x.low),
    tiny: f.variable32(f.n(0)),
  }
  b.if(f.i32('lt_s', x.exponent, f.n(1)), () => denormalize(r, format))
  const step = stepOf(r)
  const sum = f.i64('add', step.kept, f.select(step.up, step.unit, f.w(0)))
  const carry = f.i64('lt_u', sum, step.kept)
  const inexact = f.some(step.rest)
  op.raiseIf(inexact, EXCEPTIONS.precision)
  op.up.set(step.up)
  op.finish(x.sign, f.i32('add', r.exponent.get(), carry), f.i64('or', sum, f.i64('shl', f.extend(carry), f.w(63))))
  // A denormal that was rounded up to the least normal number has an integer bit.
  b.if(f.not(op.exponent.get()), () => op.exponent.set(f.bit64(op.significand.get(), 63)))
  b.if(r.tiny.get(), () => underflow(r, inexact))
  b.if(f.i32('ge_s', op.exponent.get(), f.n(format.special)), () => overflow(r, step.unit))
}

/** An exponent below 1: moves the significand to where the format ends, and decides whether the result is tiny. */
function denormalize(r: Rounding, format: Format): void {
  const { op, exponent, high, low, tiny } = r
  const { f } = op
  const step = stepOf(r)
  const becomesOne = f.and(step.up, f.i64('eqz', f.i64('add', step.kept, step.unit)))
  tiny.set(f.not(f.and(f.not(exponent.get()), becomesOne)))
  const move = () => {
    const distance = f.i32('sub', f.n(1), exponent.get())
    if (low === undefined) high.set(shiftRightJam(f, high.get(), distance))
    else {
      const shifted = shiftRightJamWide(f, { high: high.get(), low: low.get() }, distance)
      low.set(shifted.low)
      high.set(shifted.high)
    }
    exponent.set(f.n(0))
  }
  // Unmasked, whether the result is inexact is decided as if the exponent had no limits, also where there will be no result.
  const keeps = f.and(tiny.get(), f.not(op.isMasked(EXCEPTIONS.underflow)))
  if (!op.control.wraps) {
    f.b.if(f.not(keeps), move)
    return
  }
  const wrapped = f.i32('add', exponent.get(), f.n(WRAP))
  const fits = f.and(f.i32('gt_s', wrapped, f.n(0)), f.i32('lt_s', wrapped, f.n(format.special)))
  f.b.if(f.and(keeps, fits), () => exponent.set(wrapped), move)
}

/** A tiny result. */
function underflow({ op, exponent }: Rounding, inexact: Value): void {
  const { f, control } = op
  const masked = op.isMasked(EXCEPTIONS.underflow)
  op.raiseIf(f.or(inexact, f.not(masked)), EXCEPTIONS.underflow)
  if (control.wraps) {
    // What is too small even with the other exponent is a zero (SDM vol. 1, 8.5.5: FSCALE).
    f.b.if(f.and(f.not(masked), f.not(exponent.get())), () => {
      op.raise(EXCEPTIONS.precision)
      op.up.set(f.n(0))
      op.zero(op.sign.get())
    })
  }
  if (control.flush !== undefined) {
    f.b.if(f.and(control.flush, masked), () => {
      op.raise(EXCEPTIONS.underflow | EXCEPTIONS.precision)
      op.zero(op.sign.get())
    })
  }
}

function overflow({ op, away }: Rounding, unit: Value): void {
  const { f, format, control } = op
  const { special } = format
  const give = () => {
    const toInfinity = f.or(f.not(control.rounding), away, f.not(op.isMasked(EXCEPTIONS.overflow)))
    op.raise(EXCEPTIONS.precision)
    op.up.set(toInfinity)
    const largest = f.i64('sub', f.w(0), unit)
    op.exponent.set(f.i32('sub', f.n(special), f.not(toInfinity)))
    op.significand.set(f.select(toInfinity, f.w(INTEGER_BIT), largest))
  }
  op.raise(EXCEPTIONS.overflow)
  const masked = op.isMasked(EXCEPTIONS.overflow)
  if (!control.wraps) {
    // Unmasked there is no result; whether the exact one was rounded is known already.
    f.b.if(masked, give)
    return
  }
  const wrapped = f.i32('sub', op.exponent.get(), f.n(WRAP))
  // What is too large even then is an infinity (SDM vol. 1, 8.5.4: FSCALE).
  const isMassive = f.i32('ge_s', wrapped, f.n(special))
  f.b.if(f.or(masked, isMassive), give, () => op.exponent.set(wrapped))
}
