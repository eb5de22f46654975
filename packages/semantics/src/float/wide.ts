/** Integers of 128 bits as pairs, for significands longer than 64 bits on the way. "Jam": what is shifted out remains as a 1 in bit 0. */
import type { Value } from '../ir/types.ts'
import type { Soft } from './soft.ts'

export interface Wide {
  readonly high: Value
  readonly low: Value
}

/** An i64 shifted right by `distance` (i32, any that is not negative), jammed. */
export function shiftRightJam(f: Soft, x: Value, distance: Value): Value {
  const n = f.extend(distance)
  const lost = f.i64('and', x, f.i64('sub', f.i64('shl', f.w(1), n), f.w(1)))
  const near = f.i64('or', f.i64('shr_u', x, n), f.extend(f.some(lost)))
  return f.select(f.i32('lt_u', distance, f.n(64)), near, f.extend(f.some(x)))
}

/** A pair shifted right by `distance` (i32, any that is not negative), jammed. */
export function shiftRightJamWide(f: Soft, x: Wide, distance: Value): Wide {
  const n = f.extend(distance)
  const back = f.i64('sub', f.w(0), n)
  const isShort = f.i32('lt_u', distance, f.n(64))
  const moves = f.i32('ne', distance, f.n(0))
  // Below 64: the high word moves into the low one, which is jammed; a distance of 0 must not see its own shift by 64.
  const into = f.select(moves, f.i64('shl', x.high, back), f.w(0))
  const near = f.i64('or', into, shiftRightJam(f, x.low, distance))
  const beyond = f.i32('sub', distance, f.n(64))
  const far = f.i64('or', shiftRightJam(f, x.high, beyond), f.extend(f.some(x.low)))
  return {
    high: f.select(isShort, f.i64('shr_u', x.high, n), f.w(0)),
    low: f.select(isShort, near, far),
  }
}

/** A pair shifted left by `distance` (i32, 0 to 63). */
export function shiftLeftWide(f: Soft, x: Wide, distance: Value): Wide {
  const n = f.extend(distance)
  // Two steps, so that a distance of 0 moves nothing up.
  const up = f.i64('shr_u', f.i64('shr_u', x.low, f.w(1)), f.i64('sub', f.w(63), n))
  return { high: f.i64('or', f.i64('shl', x.high, n), up), low: f.i64('shl', x.low, n) }
}

/** The product of two i64, unsigned: schoolbook on 32-bit halves. */
export function multiplyWide(f: Soft, x: Value, y: Value): Wide {
  const mask = f.w(0xffffffffn)
  const low = (v: Value) => f.i64('and', v, mask)
  const high = (v: Value) => f.i64('shr_u', v, f.w(32))
  const [xl, xh, yl, yh] = [low(x), high(x), low(y), high(y)]
  const ll = f.i64('mul', xl, yl)
  const mid = f.i64('add', f.i64('mul', xh, yl), high(ll))
  const cross = f.i64('add', f.i64('mul', xl, yh), low(mid))
  const top = f.i64('add', f.i64('add', f.i64('mul', xh, yh), high(mid)), high(cross))
  return { high: top, low: f.i64('or', f.i64('shl', cross, f.w(32)), low(ll)) }
}

export function addWide(f: Soft, x: Wide, y: Wide): Wide {
  const low = f.i64('add', x.low, y.low)
  const carry = f.extend(f.i64('lt_u', low, x.low))
  return { high: f.i64('add', f.i64('add', x.high, y.high), carry), low }
}

export function subtractWide(f: Soft, x: Wide, y: Wide): Wide {
  const borrow = f.extend(f.i64('lt_u', x.low, y.low))
  return { high: f.i64('sub', f.i64('sub', x.high, y.high), borrow), low: f.i64('sub', x.low, y.low) }
}

export const isLessWide = (f: Soft, x: Wide, y: Wide): Value =>
  f.or(f.i64('lt_u', x.high, y.high), f.and(f.i64('eq', x.high, y.high), f.i64('lt_u', x.low, y.low)))

/** One 32-bit digit of a quotient: (rest:next) / divisor, where rest < divisor and the divisor has bit 63 (Knuth 4.3.1, D3). */
function quotientDigit(f: Soft, rest: Value, next: Value, divisor: Value): { digit: Value; rest: Value } {
  const top = f.i64('shr_u', divisor, f.w(32))
  const bottom = f.i64('and', divisor, f.w(0xffffffffn))
  const digit = f.variable64(f.i64('div_u', rest, top))
  const left = f.variable64(f.i64('sub', rest, f.i64('mul', digit.get(), top)))
  const correct = () => {
    const [q, r] = [digit.get(), left.get()]
    const isWide = f.i64('ge_u', q, f.w(1n << 32n))
    const exceeds = f.i64('gt_u', f.i64('mul', q, bottom), f.i64('or', f.i64('shl', r, f.w(32)), next))
    const fits = f.i64('lt_u', r, f.w(1n << 32n))
    const one = f.extend(f.and(fits, f.or(isWide, exceeds)))
    digit.set(f.i64('sub', q, one))
    left.set(f.i64('add', r, f.i64('mul', one, top)))
  }
  correct()
  correct()
  const q = digit.get()
  const both = f.i64('or', f.i64('shl', rest, f.w(32)), next)
  return { digit: q, rest: f.i64('sub', both, f.i64('mul', q, divisor)) }
}

/** Divides a pair by a divisor that has bit 63 and is greater than the high word, unsigned. */
export function divideWide(f: Soft, x: Wide, divisor: Value): { quotient: Value; remainder: Value } {
  const first = quotientDigit(f, x.high, f.i64('shr_u', x.low, f.w(32)), divisor)
  const second = quotientDigit(f, first.rest, f.i64('and', x.low, f.w(0xffffffffn)), divisor)
  return { quotient: f.i64('or', f.i64('shl', first.digit, f.w(32)), second.digit), remainder: second.rest }
}

/** The integer root of an i64 of at least 2^62: a chord, and three steps of Newton's from above. */
function rootOf64(f: Soft, x: Value): Value {
  // The chord from (2^62, 2^31) to (2^64, 2^32) has slope 2^-31 / 3; 1431655765 / 2^32 is a third.
  const above = f.i64('mul', f.i64('shr_u', f.i64('sub', x, f.w(1n << 62n)), f.w(32)), f.w(1431655765))
  const root = f.variable64(f.i64('add', f.w(1n << 31n), f.i64('shr_u', above, f.w(31))))
  for (let step = 0; step < 3; step++) {
    const r = root.get()
    root.set(f.i64('shr_u', f.i64('add', r, f.i64('div_u', x, r)), f.w(1)))
  }
  const cut = f.select(f.i64('gt_u', root.get(), f.w(0xffffffffn)), f.w(0xffffffffn), root.get())
  const tooBig = f.i64('gt_u', f.i64('mul', cut, cut), x)
  return f.i64('sub', cut, f.extend(tooBig))
}

/**
 * The integer root of a pair whose high word is at least 2^62, and the remainder, of which the high word is 0 or 1: the root of the
 * upper half, and one division for the lower half of the root (Zimmermann, "Karatsuba Square Root", INRIA RR-3805).
 */
export function rootWide(f: Soft, x: Wide): { root: Value; remainder: Wide } {
  const upper = rootOf64(f, x.high)
  const rest = f.i64('sub', x.high, f.i64('mul', upper, upper))
  // floor((rest * 2^32 + next) / (2 * upper)), whose dividend may have 65 bits: halves of both.
  const half = f.i64('or', f.i64('shl', rest, f.w(31)), f.i64('shr_u', x.low, f.w(33)))
  const lower = f.i64('div_u', half, upper)
  const cut = f.select(f.i64('gt_u', lower, f.w(0xffffffffn)), f.w(0xffffffffn), lower)
  const guess = f.i64('or', f.i64('shl', upper, f.w(32)), cut)
  const tooBig = isLessWide(f, x, multiplyWide(f, guess, guess))
  const root = f.i64('sub', guess, f.extend(tooBig))
  return { root, remainder: subtractWide(f, x, multiplyWide(f, root, root)) }
}
