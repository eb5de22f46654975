/**
 * RCPPS and RSQRTPS (SDM vol. 2B): relative error at most 1.5 * 2^-12, no exceptions, MXCSR without effect.
 *
 * Processors differ in the bits of the result. Ours are what a table gives: the reciprocal (of the square root) of the middle of an
 * interval, rounded to 12 bits. The interval is a 2^-11 of the binade; for RSQRT, of those with even exponents a 2^-10. Interval and
 * rounding contribute at most 2^-12 each, and where one does, the other has half of it.
 */
import { Soft } from '../../float/soft.ts'
import type { StateBuilder } from '../../ir/state-builder.ts'
import { type Value, ValueType } from '../../ir/types.ts'
import type { Routine } from '../types.ts'
import { FIRST, SECOND } from './operands.ts'

const SIGN = -0x80000000
const INFINITY = 0x7f800000
const QUIET = 0x00400000
const DEFAULT_NAN = -0x400000
const MIN_NORMAL = 0x00800000
const FRACTION_BITS = 23
const BIAS = 127

interface Lane {
  readonly f: Soft
  /** In its place. */
  readonly sign: Value
  readonly magnitude: Value
}

const biasedExponent = ({ f, magnitude }: Lane): Value => f.i32('shr_u', magnitude, f.n(FRACTION_BITS))

/** The interval that a number is in: its significand without `cut` bits, and half of an interval more. In halves of intervals. */
function middleOf({ f, magnitude }: Lane, cut: Value): Value {
  const integerBit = 1 << FRACTION_BITS
  const significand = f.or(f.and(magnitude, f.n(integerBit - 1)), f.n(integerBit))
  return f.or(f.i32('shl', f.i32('shr_u', significand, cut), f.n(1)), f.n(1))
}

/** A number of 12 bits with its top bit set becomes the significand. */
function assemble(f: Soft, sign: Value, biased: Value, twelveBits: Value): Value {
  const fraction = f.i32('shl', f.i32('sub', twelveBits, f.n(0x800)), f.n(FRACTION_BITS - 11))
  return f.or(sign, f.i32('shl', biased, f.n(FRACTION_BITS)), fraction)
}

/** What a value that is no NaN, infinity, zero or denormal becomes. */
function reciprocal(lane: Lane): Value {
  const { f, sign } = lane
  // In [4096, 8192): 2^24 divided by it, rounded.
  const middle = middleOf(lane, f.n(FRACTION_BITS - 11))
  const rounded = f.i32('div_u', f.i32('add', middle, f.n(1 << 25)), f.i32('shl', middle, f.n(1)))
  const biased = f.i32('sub', f.n(2 * BIAS - 1), biasedExponent(lane))
  // Tiny results are zeros.
  return f.select(f.i32('gt_s', biased, f.n(0)), assemble(f, sign, biased, rounded), sign)
}

function reciprocalRoot(lane: Lane): Value {
  const { f, sign } = lane
  const { b } = f
  const exponent = f.i32('sub', biasedExponent(lane), f.n(BIAS))
  const odd = f.and(exponent, f.n(1))
  // In [2048, 8192) for a number in [1, 4).
  const middle = middleOf(lane, f.i32('sub', f.n(FRACTION_BITS - 10), odd))
  const root = b.pure('f64.sqrt', b.pure('f64.mul', b.pure('f64.convert_i32_u', middle), double(f, 2 ** -11)))
  const rounded = b.pure('i32.trunc_sat_f64_u', b.pure('f64.nearest', b.pure('f64.div', double(f, 4096), root)))
  const half = f.i32('shr_s', f.i32('sub', exponent, odd), f.n(1))
  const positive = assemble(f, f.n(0), f.i32('sub', f.n(BIAS - 1), half), rounded)
  return f.select(sign, f.n(DEFAULT_NAN), positive)
}

function double(f: Soft, value: number): Value {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return f.b.pure('f64.reinterpret_i64', f.b.big(view.getBigInt64(0)))
}

interface Approximation {
  usual(lane: Lane): Value
  infinity(lane: Lane): Value
}

const RECIPROCAL: Approximation = { usual: reciprocal, infinity: ({ sign }) => sign }
const RECIPROCAL_ROOT: Approximation = {
  usual: reciprocalRoot,
  infinity: ({ f, sign }) => f.select(sign, f.n(DEFAULT_NAN), f.n(0)),
}

function approximate(b: StateBuilder, bits: Value, { usual, infinity }: Approximation): Value {
  const f = new Soft(b)
  const magnitude = f.and(bits, f.n(~SIGN))
  const lane: Lane = { f, sign: f.and(bits, f.n(SIGN)), magnitude }
  const atZero = f.or(lane.sign, f.n(INFINITY))
  const finite = f.select(f.i32('lt_u', magnitude, f.n(MIN_NORMAL)), atZero, usual(lane))
  const number = f.select(f.is(magnitude, INFINITY), infinity(lane), finite)
  return f.select(f.i32('gt_u', magnitude, f.n(INFINITY)), f.or(bits, f.n(QUIET)), number)
}

/** All four lanes; operands as in lanes.ts. */
const lanes =
  (approximation: Approximation): Routine =>
  (b) => {
    const at = b.local(ValueType.i32, b.i32(12))
    b.loop(() => {
      const offset = b.getLocal(at)
      b.storeState(FIRST, 32, approximate(b, b.loadState(SECOND, 32, offset), approximation), offset)
      const next = b.pure('i32.sub', b.getLocal(at), b.i32(4))
      b.setLocal(at, next)
      return b.pure('i32.ge_s', next, b.i32(0))
    })
  }

export const APPROXIMATE_ROUTINES: Readonly<Record<string, Routine>> = {
  'sse.rcpps': lanes(RECIPROCAL),
  'sse.rsqrtps': lanes(RECIPROCAL_ROOT),
}
