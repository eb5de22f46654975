/** The formats, and values taken apart. */
import type { Value } from '../ir/types.ts'
import type { Soft, Variable } from './soft.ts'

export interface Format {
  readonly bits: 32 | 64 | 80
  /** Bits of the significand with its integer bit. */
  readonly precision: 24 | 53 | 64
  readonly bias: number
  /** The exponent of infinities and NaNs. */
  readonly special: number
}

/** SDM vol. 1, table 4-3. */
export const BINARY32: Format = { bits: 32, precision: 24, bias: 127, special: 0xff }
export const BINARY64: Format = { bits: 64, precision: 53, bias: 1023, special: 0x7ff }
export const EXTENDED: Format = { bits: 80, precision: 64, bias: 16383, special: 0x7fff }

export const INTEGER_BIT = 1n << 63n
export const QUIET_BIT = 1n << 62n

/**
 * A value taken apart in its format's own bias. The significand has its integer bit at bit 63, explicit as in the x87 format, and is
 * 0 there for denormals and zeros (and for the x87 encodings that are not supported).
 */
export interface Parts {
  readonly sign: Value
  readonly exponent: Variable
  readonly significand: Variable
}

/** Takes a binary32 or binary64 apart: raw bits in an i64, of which those above the format are 0. */
export function takeApart(f: Soft, format: Format, raw: Value): Parts {
  const fractionBits = format.precision - 1
  const exponent = f.i32('and', f.wrap(f.i64('shr_u', raw, f.w(fractionBits))), f.n(format.special))
  const fraction = f.i64('shr_u', f.i64('shl', raw, f.w(64 - fractionBits)), f.w(1))
  const integer = f.i64('shl', f.extend(f.i32('ne', exponent, f.n(0))), f.w(63))
  return {
    sign: f.wrap(f.i64('shr_u', raw, f.w(format.bits - 1))),
    exponent: f.variable32(exponent),
    significand: f.variable64(f.i64('or', fraction, integer)),
  }
}

/** Puts a binary32 or binary64 together: of the significand only the fraction counts. */
export function putTogether(f: Soft, format: Format, sign: Value, exponent: Value, significand: Value): Value {
  const fractionBits = format.precision - 1
  const fraction = f.i64('shr_u', f.i64('shl', significand, f.w(1)), f.w(64 - fractionBits))
  const top = f.i64('shl', f.extend(sign), f.w(format.bits - 1))
  return f.i64('or', f.i64('or', fraction, top), f.i64('shl', f.extend(exponent), f.w(fractionBits)))
}

/** Zero, denormal, infinity, NaN, and what the x87 does not support: whatever arithmetic cannot take as it is. */
export const isUnusual = (f: Soft, format: Format, x: Parts): Value => {
  const byExponent = f.i32('ge_u', f.i32('sub', x.exponent.get(), f.n(1)), f.n(format.special - 1))
  return format.bits === 80 ? f.or(byExponent, hasNoInteger(f, x)) : byExponent
}

const hasNoInteger = (f: Soft, x: Parts): Value => f.i64('ge_s', x.significand.get(), f.w(0))

/** Unnormals, pseudo-infinities, pseudo-NaNs (SDM vol. 1, 8.2.2): invalid operands since the 387. Constant 0 for other formats. */
export const isUnsupported = (f: Soft, format: Format, x: Parts): Value =>
  format.bits === 80 ? f.and(f.i32('ne', x.exponent.get(), f.n(0)), hasNoInteger(f, x)) : f.n(0)

export const isSpecial = (f: Soft, format: Format, x: Parts): Value => f.is(x.exponent.get(), format.special)

const hasFraction = (f: Soft, x: Parts): Value => f.some(f.i64('shl', x.significand.get(), f.w(1)))

export const isNan = (f: Soft, format: Format, x: Parts): Value => f.and(isSpecial(f, format, x), hasFraction(f, x))

export const isInfinite = (f: Soft, format: Format, x: Parts): Value =>
  f.and(isSpecial(f, format, x), f.not(hasFraction(f, x)))

export const isSignaling = (f: Soft, format: Format, x: Parts): Value =>
  f.and(isNan(f, format, x), f.not(f.bit64(x.significand.get(), 62)))

/** Before or after {@link normalize}, which leaves zeros as they are. */
export const isZero = (f: Soft, x: Parts): Value => f.i64('eqz', x.significand.get())

/** Before {@link normalize}. */
export const isDenormal = (f: Soft, x: Parts): Value => f.and(f.not(x.exponent.get()), f.some(x.significand.get()))

/** Gives a denormal its integer bit and the exponent that belongs to it; a zero gets an exponent below all others (-63). */
export function normalize(f: Soft, x: Parts): void {
  f.b.if(f.not(x.exponent.get()), () => {
    const n = f.i64('clz', x.significand.get())
    x.significand.set(f.i64('shl', x.significand.get(), n))
    x.exponent.set(f.i32('sub', f.n(1), f.wrap(n)))
  })
}
