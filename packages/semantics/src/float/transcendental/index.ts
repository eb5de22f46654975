/**
 * F2XM1, FYL2X, FYL2XP1, FPATAN, FSIN, FCOS, FSINCOS, FPTAN (SDM vol. 2A, by mnemonic; vol. 1, 8.3.8 to 8.3.10).
 *
 * Accuracy: each result is computed to at least 120 bits and rounded once, as RC says: it is the correctly rounded one of the
 * function, with pi of 66 bits in the reduction of trigonometric arguments. Processors promise an error below 1 ulp, and their last
 * bit differs between them; so may ours from theirs, by one unit.
 */
import type { Helper } from '../../helpers/types.ts'
import { EXCEPTIONS } from '../operation.ts'
import { angleOf, binaryLog, binaryLogPlusOne, powerMinusOne, sineCosine, tangent } from './functions.ts'
import { type Extended, multiplyReal, type Real, realOfExtended } from './real.ts'
import {
  DEFAULT_NAN,
  exactly,
  infinity,
  invalid,
  isDenormal,
  kindOf,
  ONE,
  type Outcome,
  ofNans,
  Registers,
  zero,
} from './registers.ts'

const BIAS = 16383
/** 2^63: where reduction ends. */
const LIMIT_EXPONENT = BIAS + 63

const isOne = (x: Extended): boolean => x.exponent === ONE.exponent && x.significand === ONE.significand
const minusHalf: Extended = { isNegative: true, exponent: BIAS - 1, significand: ONE.significand }
const isBeyondOne = (x: Extended): boolean => x.exponent > BIAS || (x.exponent === BIAS && !isOne(x))

function powerOutcome(registers: Registers, x: Extended): Outcome {
  const nans = ofNans([x])
  if (nans !== null) return nans
  if (kindOf(x) === 'zero') return exactly(x)
  if (kindOf(x) === 'infinity') return exactly(x.isNegative ? { ...ONE, isNegative: true } : x)
  if (isOne(x)) return exactly(x.isNegative ? minusHalf : x, EXCEPTIONS.precision)
  // Undefined by the manual.
  if (isBeyondOne(x)) return exactly(x, EXCEPTIONS.precision)
  return registers.rounded(powerMinusOne(realOfExtended(x)), [x])
}

/** A function of ST(0) into ST(0). */
const unary =
  (work: (registers: Registers, x: Extended) => Outcome): Helper =>
  ({ state }) => {
    const registers = new Registers(state)
    const write = ({ values }: Outcome) => registers.set(0, values[0])
    if (registers.isEmpty(0)) registers.stackFault(false, 1, write)
    else registers.commit(work(registers, registers.read(0)), write)
    return 0
  }

/** A function of ST(0) and ST(1) into ST(1), and a pop. */
const binary =
  (work: (registers: Registers, x: Extended, y: Extended) => Outcome): Helper =>
  ({ state }) => {
    const registers = new Registers(state)
    const write = ({ values }: Outcome) => {
      registers.set(1, values[0])
      registers.pop()
    }
    if (registers.isEmpty(0) || registers.isEmpty(1)) registers.stackFault(false, 1, write)
    else registers.commit(work(registers, registers.read(0), registers.read(1)), write)
    return 0
  }

/** y times a logarithm that is not a number between zero and infinity, or whose factor is none: `log` is -1, 0 or 1 by its sign. */
function specialProduct(y: Extended, log: { readonly sign: -1 | 0 | 1; readonly isInfinite: boolean }): Outcome | null {
  const isNegative = y.isNegative !== log.sign < 0
  const yKind = kindOf(y)
  if (log.isInfinite) return yKind === 'zero' ? invalid() : exactly(infinity(isNegative))
  if (log.sign === 0) return yKind === 'infinity' ? invalid() : exactly(zero(y.isNegative))
  if (yKind === 'infinity') return exactly(infinity(isNegative))
  return yKind === 'zero' ? exactly(zero(isNegative)) : null
}

const withDenormals = (outcome: Outcome, operands: readonly Extended[]): Outcome =>
  outcome.exceptions !== 0 || !operands.some(isDenormal) ? outcome : { ...outcome, exceptions: EXCEPTIONS.denormal }

function logOutcome(registers: Registers, x: Extended, y: Extended): Outcome {
  const nans = ofNans([x, y])
  if (nans !== null) return nans
  if (kindOf(x) === 'zero') {
    const divides = kindOf(y) === 'number'
    const outcome = specialProduct(y, { sign: -1, isInfinite: true }) as Outcome
    return divides ? { ...outcome, exceptions: EXCEPTIONS.zeroDivide } : outcome
  }
  if (x.isNegative) return invalid()
  const isInfinite = kindOf(x) === 'infinity'
  const sign = isOne(x) ? 0 : x.exponent < BIAS ? -1 : 1
  const special = specialProduct(y, { sign, isInfinite })
  if (special !== null) return withDenormals(special, [x, y])
  return registers.rounded(multiplyReal(binaryLog(realOfExtended(x)), realOfExtended(y)), [x, y])
}

function logPlusOneOutcome(registers: Registers, x: Extended, y: Extended): Outcome {
  const nans = ofNans([x, y])
  if (nans !== null) return nans
  if (kindOf(x) === 'infinity' && x.isNegative) return invalid()
  const isInfinite = kindOf(x) === 'infinity'
  if (kindOf(x) === 'zero') {
    if (kindOf(y) === 'infinity') return invalid()
    return withDenormals(exactly(zero(x.isNegative !== y.isNegative)), [y])
  }
  const special = specialProduct(y, { sign: x.isNegative ? -1 : 1, isInfinite })
  if (special !== null) return withDenormals(special, [x, y])
  // Undefined by the manual.
  if (x.isNegative && x.exponent >= BIAS)
    return exactly(x, EXCEPTIONS.precision | (isDenormal(y) ? EXCEPTIONS.denormal : 0))
  return registers.rounded(multiplyReal(binaryLogPlusOne(realOfExtended(x)), realOfExtended(y)), [x, y])
}

const real = (magnitude: bigint, isNegative = false): Real => ({ isNegative, magnitude, exponent: 0 })

/** The angle of (x, y): infinities and zeros stand for directions. */
function angleOutcome(registers: Registers, x: Extended, y: Extended): Outcome {
  const nans = ofNans([x, y])
  if (nans !== null) return nans
  const [xKind, yKind] = [kindOf(x), kindOf(y)]
  if (yKind === 'zero' && !x.isNegative) return withDenormals(exactly(y), [x])
  if (yKind !== 'infinity' && xKind === 'infinity' && !x.isNegative)
    return withDenormals(exactly(zero(y.isNegative)), [y])
  if (xKind === 'number' && yKind === 'number')
    return registers.rounded(angleOf(realOfExtended(y), realOfExtended(x)), [x, y])
  return registers.rounded(directionOf(x, y), [x, y])
}

/** A multiple of pi/4, as the angle of small numbers; a tiny ordinate stands for none. */
function directionOf(x: Extended, y: Extended): Real {
  const [xKind, yKind] = [kindOf(x), kindOf(y)]
  const tiny: Real = { isNegative: y.isNegative, magnitude: 1n, exponent: -1000 }
  if (yKind === 'infinity' && xKind === 'infinity') return angleOf(real(1n, y.isNegative), real(1n, x.isNegative))
  const isVertical = yKind === 'infinity' || (xKind === 'zero' && yKind !== 'zero')
  if (isVertical) return angleOf(real(1n, y.isNegative), { ...tiny, isNegative: false })
  return angleOf(tiny, real(1n, true))
}

/** The functions of an angle: `results` of sine and cosine, of which the second is pushed. C2: the angle is out of range. */
const trigonometric =
  (count: 1 | 2, results: (registers: Registers, x: Extended) => Outcome): Helper =>
  ({ state }) => {
    const registers = new Registers(state)
    const write = ({ values }: Outcome) => {
      registers.set(0, values[0])
      if (count === 2) registers.push(values[1] ?? DEFAULT_NAN)
    }
    registers.setIncomplete(false)
    if (registers.isEmpty(0)) registers.stackFault(false, count, write)
    else if (count === 2 && !registers.isEmpty(7)) registers.stackFault(true, count, write)
    else if (isOutOfRange(registers.read(0))) {
      registers.clearC1()
      registers.setIncomplete(true)
    } else registers.commit(angleFunction(registers, registers.read(0), count, results), write)
    return 0
  }

const isOutOfRange = (x: Extended): boolean => x.exponent >= LIMIT_EXPONENT && kindOf(x) === 'number'

function angleFunction(
  registers: Registers,
  x: Extended,
  count: 1 | 2,
  results: (registers: Registers, x: Extended) => Outcome,
): Outcome {
  const nans = ofNans([x])
  const both = (o: Outcome): Outcome => (count === 2 ? { ...o, values: [...o.values, ...o.values] } : o)
  if (nans !== null) return both(nans)
  return kindOf(x) === 'infinity' ? both(invalid()) : results(registers, x)
}

const sine = (registers: Registers, x: Extended): Outcome =>
  kindOf(x) === 'zero' ? exactly(x) : registers.rounded(sineCosine(realOfExtended(x)).sine, [x])

const cosine = (registers: Registers, x: Extended): Outcome =>
  kindOf(x) === 'zero' ? exactly(ONE) : registers.rounded(sineCosine(realOfExtended(x)).cosine, [x])

function sineAndCosine(registers: Registers, x: Extended): Outcome {
  const [s, c] = [sine(registers, x), cosine(registers, x)]
  return { exceptions: s.exceptions | c.exceptions, values: [...s.values, ...c.values], isUp: s.isUp === true }
}

function tangentAndOne(registers: Registers, x: Extended): Outcome {
  const t = kindOf(x) === 'zero' ? exactly(x) : registers.rounded(tangent(realOfExtended(x)), [x])
  return { ...t, values: [...t.values, ONE] }
}

export const TRANSCENDENTAL_HELPERS: Readonly<Record<string, Helper>> = {
  'x87.f2xm1': unary(powerOutcome),
  'x87.fyl2x': binary(logOutcome),
  'x87.fyl2xp1': binary(logPlusOneOutcome),
  'x87.fpatan': binary(angleOutcome),
  'x87.fsin': trigonometric(1, sine),
  'x87.fcos': trigonometric(1, cosine),
  'x87.fsincos': trigonometric(2, sineAndCosine),
  'x87.fptan': trigonometric(2, tangentAndOne),
}
