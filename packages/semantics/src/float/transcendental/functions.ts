/**
 * The functions of the x87's transcendental instructions on finite numbers that are not zero. Results have at least 120 bits, and
 * are rounded once by the caller. Trigonometric arguments are reduced by pi of 66 bits, as the manual says (SDM vol. 1, 8.3.8).
 */
import { arctangent, exponentialMinusOne, ln2, logOfQuotient, pi, sineAndCosine } from './fixed.ts'
import { divideReal, fixedOf, multiplyReal, nudge, type Real, realOf, scaleOf } from './real.ts'

/** Bits of a result, and of what lies between it and the argument. */
const BITS = 192
/** Below this scale a function is its first term to the last bit that counts. */
const TINY = -160

const ln2Real = (): Real => realOf(ln2(BITS), BITS)

/** 2^x - 1, |x| <= 1. */
export function powerMinusOne(x: Real): Real {
  const scale = scaleOf(x)
  if (scale < TINY) return multiplyReal(x, ln2Real())
  const bits = BITS - scale
  return realOf(exponentialMinusOne(fixedOf(multiplyReal(x, ln2Real()), bits), bits), bits)
}

/** log2((1 + z) / (1 - z)) for a z with full relative precision, |z| < 1/2. */
function binaryLogOfQuotient(z: Real): Real {
  const scale = scaleOf(z)
  const bits = BITS - scale
  return divideReal(realOf(logOfQuotient(fixedOf(z, bits), bits), bits), ln2Real(), BITS)
}

const ONE: Real = { isNegative: false, magnitude: 1n, exponent: 0 }

/** x + y exactly. */
function sum(x: Real, y: Real): Real {
  const exponent = Math.min(x.exponent, y.exponent)
  return realOf(fixedOf(x, -exponent) + fixedOf(y, -exponent), -exponent)
}

/** log2(x), x > 0 and not 1. */
export function binaryLog(x: Real): Real {
  const scale = scaleOf(x)
  const mantissa: Real = { ...x, exponent: x.exponent - scale }
  // Into [3/4, 3/2), so that what is near 1 needs no exponent to cancel.
  const isUpper = fixedOf(mantissa, 2) >= 6n
  const m: Real = isUpper ? { ...mantissa, exponent: mantissa.exponent - 1 } : mantissa
  const whole = scale + (isUpper ? 1 : 0)
  const above = sum(m, { ...ONE, isNegative: true })
  if (above.magnitude === 0n) return realOf(BigInt(whole), 0)
  const log = binaryLogOfQuotient(divideReal(above, sum(m, ONE), BITS + 8))
  return whole === 0 ? log : sum(log, realOf(BigInt(whole), 0))
}

/** log2(1 + x), x > -1 and not 0. */
export function binaryLogPlusOne(x: Real): Real {
  const scale = scaleOf(x)
  if (scale < TINY) return divideReal(x, ln2Real(), BITS)
  const plusOne = sum(x, ONE)
  // Beyond a half the argument of the logarithm is not near 1.
  if (scale >= -1) return binaryLog(plusOne)
  return binaryLogOfQuotient(divideReal(x, sum(plusOne, ONE), BITS + 8))
}

/** The arctangent of y / x, both positive, in the first quadrant. */
function firstQuadrant(y: Real, x: Real): Real {
  const isSteep = fixedOf(y, -Math.min(x.exponent, y.exponent)) > fixedOf(x, -Math.min(x.exponent, y.exponent))
  const ratio = isSteep ? divideReal(x, y, BITS + 8) : divideReal(y, x, BITS + 8)
  const scale = scaleOf(ratio)
  if (scale < TINY) return isSteep ? nudge(realOf(pi(BITS), BITS, -1), -1, 8) : nudge(ratio, -1, 8)
  const bits = BITS - scale
  const angle = arctangent(fixedOf(ratio, bits), bits)
  return realOf(isSteep ? (pi(bits) >> 1n) - angle : angle, bits)
}

/** The angle of (x, y), in (-pi, pi]. */
export function angleOf(y: Real, x: Real): Real {
  // Magnitudes too far apart for their exponents to be brought together: the smaller one is as good as nothing.
  const distance = scaleOf(y) - scaleOf(x)
  const far = 400
  const flat = distance < -far
  const steep = distance > far
  const positive = (v: Real): Real => ({ ...v, isNegative: false })
  const [py, px] = [positive(y), positive(x)]
  const angle = steep
    ? nudge(realOf(pi(BITS), BITS, -1), -1, 8)
    : flat
      ? nudge(divideReal(py, px, BITS), -1, 8)
      : firstQuadrant(py, px)
  if (!x.isNegative) return { ...angle, isNegative: y.isNegative }
  const bits = 2 * BITS + far
  const rest = pi(bits) - fixedOf(angle, bits)
  return { ...realOf(rest, bits), isNegative: y.isNegative }
}

/** pi of 66 bits: C90FDAA2 2168C234 C, in units of 2^-66 (SDM vol. 1, 8.3.8). */
const PI66 = 0xc90fdaa22168c234cn
const PI66_BITS = 66

/** An angle as quarter turns and a rest of at most half a quarter. */
function reduce(x: Real): { quarter: number; rest: bigint; bits: number } {
  const bits = BITS + 200
  const fixed = fixedOf({ ...x, isNegative: false }, bits)
  // In units of 2^-bits: a quarter turn is pi/2.
  const quarterTurn = PI66 << BigInt(bits - PI66_BITS - 1)
  const n = (2n * fixed + quarterTurn) / (2n * quarterTurn)
  const rest = fixed - n * quarterTurn
  return { quarter: Number(n & 3n), rest, bits }
}

export interface Angle {
  readonly sine: Real
  readonly cosine: Real
}

/** Sine and cosine of x, |x| < 2^63. */
export function sineCosine(x: Real): Angle {
  if (scaleOf(x) < TINY) return { sine: nudge(x, -1, BITS), cosine: nudge(ONE, -1, BITS) }
  const { quarter, rest, bits } = reduce(x)
  const { sine, cosine } = sineAndCosine(rest, bits)
  const turned = [
    [sine, cosine],
    [cosine, -sine],
    [-sine, -cosine],
    [-cosine, sine],
  ][quarter] as [bigint, bigint]
  const real = realOf(turned[0], bits)
  return { sine: { ...real, isNegative: real.isNegative !== x.isNegative }, cosine: realOf(turned[1], bits) }
}

/** Tangent of x, |x| < 2^63. */
export function tangent(x: Real): Real {
  if (scaleOf(x) < TINY) return nudge(x, 1, BITS)
  const { sine, cosine } = sineCosine(x)
  return divideReal(sine, cosine, BITS)
}
