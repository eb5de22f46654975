/** Addition, multiplication, division and square root of values taken apart. */
import type { Value } from '../ir/types.ts'
import {
  INTEGER_BIT,
  isDenormal,
  isInfinite,
  isNan,
  isSpecial,
  isUnusual,
  isZero,
  normalize,
  type Parts,
} from './format.ts'
import { EXCEPTIONS, type Operation, ROUNDING } from './operation.ts'
import { round } from './round.ts'
import {
  addWide,
  divideWide,
  multiplyWide,
  rootWide,
  shiftLeftWide,
  shiftRightJam,
  shiftRightJamWide,
  subtractWide,
} from './wide.ts'

/** Whether results need more than 64 bits before rounding: only the x87 format does. */
const isWide = (op: Operation): boolean => op.format.precision === 64

/**
 * What all operations on two operands share: NaNs, denormals, and what `special` decides (infinities and zeros) on the rare way;
 * then `core` on numbers whose integer bit is set, or zeros.
 */
function binary(op: Operation, x: Parts, y: Parts, special: () => void, core: () => void): void {
  const { f, format } = op
  const numbers = () =>
    f.b.if(
      f.or(isNan(f, format, x), isNan(f, format, y)),
      () => op.propagateNan(x, y),
      () => {
        special()
        // Division by zero does not report a denormal dividend.
        const denormal = op.denormal(x, y)
        op.raiseIf(f.and(denormal, f.not(f.and(op.flags.get(), f.n(EXCEPTIONS.zeroDivide)))), EXCEPTIONS.denormal)
        normalize(f, x)
        normalize(f, y)
      },
    )
  f.b.if(op.unusual(x, y), () => f.b.if(op.unsupported(x, y), () => op.invalid(), numbers))
  f.b.if(f.not(op.done.get()), core)
}

/** x + y, or x - y where `negate` (i32) is 1. */
export function add(op: Operation, x: Parts, y: Parts, negate: Value): void {
  const { f, format } = op
  const ySign = f.i32('xor', y.sign, negate)
  const differ = f.i32('xor', x.sign, ySign)
  const special = () => {
    const [xIs, yIs] = [isInfinite(f, format, x), isInfinite(f, format, y)]
    f.b.if(f.or(xIs, yIs), () =>
      f.b.if(
        f.and(xIs, yIs, differ),
        () => op.invalid(),
        () => op.infinity(f.select(xIs, x.sign, ySign)),
      ),
    )
  }
  binary(op, x, y, special, () => addMagnitudes(op, x, y, ySign, differ))
}

function addMagnitudes(op: Operation, x: Parts, y: Parts, ySign: Value, differ: Value): void {
  const { f } = op
  const [xe, ye, xs, ys] = [x.exponent.get(), y.exponent.get(), x.significand.get(), y.significand.get()]
  const swap = f.or(f.i32('gt_s', ye, xe), f.and(f.i32('eq', ye, xe), f.i64('gt_u', ys, xs)))
  const sign = f.select(swap, ySign, x.sign)
  const exponent = f.select(swap, ye, xe)
  const distance = f.i32('sub', exponent, f.select(swap, xe, ye))
  const large = f.select(swap, ys, xs)
  const small = f.select(swap, xs, ys)
  // Equal magnitudes of different signs: +0, but -0 when rounding down (SDM vol. 1, 4.8.3.1). Two zeros of one sign keep it.
  const zero = () => op.zero(f.select(differ, f.is(op.control.rounding, ROUNDING.down), sign))
  if (isWide(op)) {
    addWideMagnitudes(op, { sign, exponent, distance, large, small, differ }, zero)
    return
  }
  const a = f.i64('shr_u', large, f.w(1))
  const b = shiftRightJam(f, f.i64('shr_u', small, f.w(1)), distance)
  const sum = f.select(differ, f.i64('sub', a, b), f.i64('add', a, b))
  f.b.if(f.i64('eqz', sum), zero, () => {
    const n = f.i64('clz', sum)
    const top = f.i32('sub', f.i32('add', exponent, f.n(1)), f.wrap(n))
    round(op, { sign, exponent: top, high: f.i64('shl', sum, n) })
  })
}

interface Aligned {
  readonly sign: Value
  readonly exponent: Value
  readonly distance: Value
  readonly large: Value
  readonly small: Value
  readonly differ: Value
}

function addWideMagnitudes(op: Operation, a: Aligned, zero: () => void): void {
  const { f } = op
  const other = shiftRightJamWide(f, { high: a.small, low: f.w(0) }, a.distance)
  const large = { high: a.large, low: f.w(0) }
  const high = f.variable64(f.w(0))
  const low = f.variable64(f.w(0))
  const exponent = f.variable32(a.exponent)
  const set = (v: { high: Value; low: Value }) => {
    low.set(v.low)
    high.set(v.high)
  }
  f.b.if(
    a.differ,
    () => {
      const difference = subtractWide(f, large, other)
      set(difference)
      // The high word is 0 only where nothing was shifted out of the small operand beyond one bit.
      f.b.if(f.i64('eqz', difference.high), () => {
        high.set(difference.low)
        low.set(f.w(0))
        exponent.set(f.i32('sub', exponent.get(), f.n(64)))
      })
      const n = f.wrap(f.i64('clz', high.get()))
      exponent.set(f.i32('sub', exponent.get(), n))
      f.b.if(f.some(high.get()), () => set(shiftLeftWide(f, { high: high.get(), low: low.get() }, n)))
    },
    () => {
      const sum = addWide(f, large, other)
      set(sum)
      f.b.if(f.i64('lt_u', sum.high, a.large), () => {
        const into = f.i64('or', f.i64('shr_u', sum.low, f.w(1)), f.i64('and', sum.low, f.w(1)))
        low.set(f.i64('or', into, f.i64('shl', sum.high, f.w(63))))
        high.set(f.i64('or', f.i64('shr_u', sum.high, f.w(1)), f.w(INTEGER_BIT)))
        exponent.set(f.i32('add', exponent.get(), f.n(1)))
      })
    },
  )
  f.b.if(f.i64('eqz', high.get()), zero, () =>
    round(op, { sign: a.sign, exponent: exponent.get(), high: high.get(), low: low.get() }),
  )
}

export function multiply(op: Operation, x: Parts, y: Parts): void {
  const { f, format } = op
  const sign = f.i32('xor', x.sign, y.sign)
  const special = () => {
    const isInf = f.or(isSpecial(f, format, x), isSpecial(f, format, y))
    const hasZero = f.or(isZero(f, x), isZero(f, y))
    f.b.if(
      isInf,
      () =>
        f.b.if(
          hasZero,
          () => op.invalid(),
          () => op.infinity(sign),
        ),
      () => f.b.if(hasZero, () => op.zero(sign)),
    )
  }
  binary(op, x, y, special, () => {
    const product = multiplyWide(f, x.significand.get(), y.significand.get())
    const sum = f.i32('sub', f.i32('add', x.exponent.get(), y.exponent.get()), f.n(format.bias))
    const isShort = f.i64('ge_s', product.high, f.w(0))
    const high = f.select(
      isShort,
      f.i64('or', f.i64('shl', product.high, f.w(1)), f.i64('shr_u', product.low, f.w(63))),
      product.high,
    )
    const low = f.select(isShort, f.i64('shl', product.low, f.w(1)), product.low)
    finishWide(op, sign, f.i32('sub', f.i32('add', sum, f.n(1)), isShort), high, low)
  })
}

/** Rounds a pair: as it is for the x87 format, jammed into one word for the others. */
function finishWide(op: Operation, sign: Value, exponent: Value, high: Value, low: Value): void {
  const { f } = op
  if (isWide(op)) round(op, { sign, exponent, high, low })
  else round(op, { sign, exponent, high: f.i64('or', high, f.extend(f.some(low))) })
}

/** x / y. */
export function divide(op: Operation, x: Parts, y: Parts): void {
  const { f, format } = op
  const sign = f.i32('xor', x.sign, y.sign)
  const special = () => {
    const [xInf, yInf] = [isSpecial(f, format, x), isSpecial(f, format, y)]
    const [xZero, yZero] = [isZero(f, x), isZero(f, y)]
    const invalid = f.or(f.and(xInf, yInf), f.and(xZero, yZero))
    const toZero = f.or(xZero, yInf)
    f.b.if(
      invalid,
      () => op.invalid(),
      () => {
        op.raiseIf(f.and(yZero, f.not(xInf)), EXCEPTIONS.zeroDivide)
        f.b.if(f.or(xInf, yZero), () => op.infinity(sign))
        f.b.if(toZero, () => op.zero(sign))
      },
    )
  }
  binary(op, x, y, special, () => divideMagnitudes(op, x, y, sign))
}

function divideMagnitudes(op: Operation, x: Parts, y: Parts, sign: Value): void {
  const { f, format } = op
  const [xs, ys] = [x.significand.get(), y.significand.get()]
  // The dividend is halved where the quotient would have 65 bits.
  const fits = f.i64('lt_u', xs, ys)
  const high = f.select(fits, xs, f.i64('shr_u', xs, f.w(1)))
  const low = f.select(fits, f.w(0), f.i64('shl', xs, f.w(63)))
  const { quotient, remainder } = divideWide(f, { high, low }, ys)
  const distance = f.i32('sub', x.exponent.get(), y.exponent.get())
  const exponent = f.i32('sub', f.i32('add', distance, f.n(format.bias)), fits)
  finishWide(op, sign, exponent, quotient, belowUnit(op, remainder, f.i64('sub', ys, remainder)))
}

/** What follows a truncated quotient or root: 0, less than half, half, or more, of a remainder and what is missing to the next. */
function belowUnit(op: Operation, remainder: Value, missing: Value): Value {
  const { f } = op
  const half = f.i64('shl', f.extend(f.i64('ge_u', remainder, missing)), f.w(63))
  const more = f.and(f.some(remainder), f.i64('ne', remainder, missing))
  return f.i64('or', half, f.extend(more))
}

export function squareRoot(op: Operation, x: Parts): void {
  const { f, format } = op
  const number = () => {
    op.raiseIf(isDenormal(f, x), EXCEPTIONS.denormal)
    f.b.if(isSpecial(f, format, x), () => op.infinity(x.sign))
    normalize(f, x)
  }
  const negative = f.and(x.sign, f.some(x.significand.get()))
  f.b.if(f.or(isUnusual(f, format, x), x.sign), () =>
    f.b.if(
      op.unsupported(x),
      () => op.invalid(),
      () =>
        f.b.if(
          isNan(f, format, x),
          () => op.quietNan(x),
          () =>
            f.b.if(
              negative,
              () => op.invalid(),
              () => f.b.if(isZero(f, x), () => op.zero(x.sign), number),
            ),
        ),
    ),
  )
  f.b.if(f.not(op.done.get()), () => rootOfMagnitude(op, x))
}

function rootOfMagnitude(op: Operation, x: Parts): void {
  const { f, format } = op
  const s = x.significand.get()
  const unbiased = f.i32('sub', x.exponent.get(), f.n(format.bias))
  const isOdd = f.and(unbiased, f.n(1))
  // The radicand is significand * 2^63, or * 2^64 for odd exponents: its root has bit 63 in both cases.
  const radicand = {
    high: f.select(isOdd, s, f.i64('shr_u', s, f.w(1))),
    low: f.select(isOdd, f.w(0), f.i64('shl', s, f.w(63))),
  }
  const { root, remainder } = rootWide(f, radicand)
  const exponent = f.i32('add', f.i32('shr_s', unbiased, f.n(1)), f.n(format.bias))
  const isMore = f.or(f.some(remainder.high), f.i64('gt_u', remainder.low, root))
  const some = f.or(f.some(remainder.high), f.some(remainder.low))
  const low = f.i64('or', f.i64('shl', f.extend(isMore), f.w(63)), f.extend(some))
  finishWide(op, f.n(0), exponent, root, low)
}
