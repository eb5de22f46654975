/** Positive and negative reals of arbitrary magnitude, and how they are rounded to the x87 format. */
import { EXCEPTIONS, ROUNDING } from '../operation.ts'

/** magnitude * 2^exponent. What is below `magnitude`'s last bit is lost: it has far more bits than a result. */
export interface Real {
  readonly isNegative: boolean
  readonly magnitude: bigint
  readonly exponent: number
}

/** A value in the x87 format. */
export interface Extended {
  readonly isNegative: boolean
  /** Biased. */
  readonly exponent: number
  readonly significand: bigint
}

const BIAS = 16383
const SPECIAL = 0x7fff
const WRAP = 24576
const PRECISION = 64

export const bitLength = (v: bigint): number => v.toString(2).length

/** A fixed-point number with a sign as a real. */
export const realOf = (fixed: bigint, bits: number, scale = 0): Real => ({
  isNegative: fixed < 0n,
  magnitude: fixed < 0n ? -fixed : fixed,
  exponent: scale - bits,
})

export interface Rounded {
  readonly value: Extended
  readonly exceptions: number
  /** The significand was rounded away from zero. */
  readonly isUp: boolean
}

/** Drops low bits of a magnitude, and rounds by them. */
function drop(magnitude: bigint, count: number, rounding: number, isNegative: boolean) {
  if (count <= 0) return { kept: magnitude << BigInt(-count), isInexact: false, isUp: false }
  const kept = magnitude >> BigInt(count)
  const rest = magnitude - (kept << BigInt(count))
  const half = 1n << BigInt(count - 1)
  const away = rounding === (isNegative ? ROUNDING.down : ROUNDING.up)
  const nearest = rest > half || (rest === half && (kept & 1n) === 1n)
  const isUp = rest !== 0n && (rounding === ROUNDING.nearest ? nearest : away)
  return { kept: isUp ? kept + 1n : kept, isInexact: rest !== 0n, isUp }
}

/** Rounds a real that is not 0, with masked or unmasked overflow and underflow (SDM vol. 1, 8.5.4, 8.5.5). */
export function roundReal(x: Real, rounding: number, masks: number): Rounded {
  const { isNegative, magnitude } = x
  const length = bitLength(magnitude)
  const biased = x.exponent + length - 1 + BIAS
  const normal = drop(magnitude, length - PRECISION, rounding, isNegative)
  const carries = normal.kept >> 64n !== 0n
  const significand = carries ? normal.kept >> 1n : normal.kept
  const exceptions = normal.isInexact ? EXCEPTIONS.precision : 0
  const isTiny = biased < 1 && !(biased === 0 && carries)
  const give = (exponent: number, more = 0): Rounded => ({
    value: { isNegative, exponent, significand },
    exceptions: exceptions | more,
    isUp: normal.isUp,
  })
  if (biased < 1 && !(isTiny && (masks & EXCEPTIONS.underflow) === 0)) {
    return denormal(x, length - PRECISION + 1 - biased, rounding, isTiny)
  }
  const exponent = biased + (carries ? 1 : 0)
  if (isTiny) return give(exponent + WRAP, EXCEPTIONS.underflow)
  if (exponent < SPECIAL) return give(exponent)
  if ((masks & EXCEPTIONS.overflow) === 0) return give(exponent - WRAP, EXCEPTIONS.overflow)
  return tooLarge(isNegative, rounding)
}

function denormal({ isNegative, magnitude }: Real, count: number, rounding: number, isTiny: boolean): Rounded {
  const { kept, isInexact, isUp } = drop(magnitude, count, rounding, isNegative)
  const underflows = isTiny && isInexact
  return {
    value: { isNegative, exponent: Number(kept >> 63n), significand: kept },
    exceptions: (isInexact ? EXCEPTIONS.precision : 0) | (underflows ? EXCEPTIONS.underflow : 0),
    isUp,
  }
}

function tooLarge(isNegative: boolean, rounding: number): Rounded {
  const away = rounding === (isNegative ? ROUNDING.down : ROUNDING.up)
  const isInfinite = rounding === ROUNDING.nearest || away
  const value: Extended = isInfinite
    ? { isNegative, exponent: SPECIAL, significand: 1n << 63n }
    : { isNegative, exponent: SPECIAL - 1, significand: (1n << 64n) - 1n }
  return { value, exceptions: EXCEPTIONS.overflow | EXCEPTIONS.precision, isUp: isInfinite }
}

/** A number of the x87 format that is neither zero nor special, exactly. */
export const realOfExtended = ({ isNegative, exponent, significand }: Extended): Real => ({
  isNegative,
  magnitude: significand,
  exponent: Math.max(exponent, 1) - BIAS - 63,
})

/** Exponent of the leading bit. */
export const scaleOf = ({ magnitude, exponent }: Real): number => exponent + bitLength(magnitude) - 1

export const multiplyReal = (x: Real, y: Real): Real => ({
  isNegative: x.isNegative !== y.isNegative,
  magnitude: x.magnitude * y.magnitude,
  exponent: x.exponent + y.exponent,
})

/** A quotient of at least `bits` bits. */
export function divideReal(x: Real, y: Real, bits: number): Real {
  const shift = Math.max(0, bits + bitLength(y.magnitude) - bitLength(x.magnitude))
  const quotient = (x.magnitude << BigInt(shift)) / y.magnitude
  return { isNegative: x.isNegative !== y.isNegative, magnitude: quotient, exponent: x.exponent - y.exponent - shift }
}

/** A number in units of 2^-bits. */
export function fixedOf({ isNegative, magnitude, exponent }: Real, bits: number): bigint {
  const shift = bits + exponent
  const v = shift >= 0 ? magnitude << BigInt(shift) : magnitude >> BigInt(-shift)
  return isNegative ? -v : v
}

/** Moves a number a little towards zero (`by` -1) or away from it (1): where a correction is too small for any fixed point. */
export function nudge({ isNegative, magnitude, exponent }: Real, by: -1 | 1, bits: number): Real {
  return { isNegative, magnitude: (magnitude << BigInt(bits)) + BigInt(by), exponent: exponent - bits }
}
