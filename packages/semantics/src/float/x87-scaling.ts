/** Routines of FSCALE, FXTRACT, FPREM and FPREM1 (SDM vol. 2A). */
import { FSW } from '@ringfold/arch'
import type { Routine } from '../helpers/types.ts'
import type { Value } from '../ir/types.ts'
import { EXTENDED, isDenormal, isNan, isSpecial, isZero, normalize, type Parts } from './format.ts'
import { DEFAULT_NAN, DESTINATION, Fpu, type FpuOperation, resultTop } from './fpu.ts'
import { EXCEPTIONS } from './operation.ts'
import { round } from './round.ts'
import type { Soft, Variable } from './soft.ts'

const { C0, C1, C2, C3 } = FSW.lo

/** NaNs and encodings that are not supported; then `special` on infinities, zeros and denormals, which reports the latter. */
function prepare(op: FpuOperation, x: Parts, y: Parts, special: () => void): void {
  const { f, format } = op
  const numbers = () => {
    special()
    const isValid = f.not(f.and(op.flags.get(), f.n(EXCEPTIONS.invalid)))
    op.raiseIf(f.and(isValid, op.denormal(x, y)), EXCEPTIONS.denormal)
    normalize(f, x)
    normalize(f, y)
  }
  f.b.if(op.unusual(x, y), () =>
    f.b.if(
      op.unsupported(x, y),
      () => op.invalid(),
      () => f.b.if(f.or(isNan(f, format, x), isNan(f, format, y)), () => op.propagateNan(x, y), numbers),
    ),
  )
}

/** Gives a number back as it is: rounding restores a denormal. */
const giveBack = (op: FpuOperation, x: Parts): void =>
  round(op, { sign: x.sign, exponent: x.exponent.get(), high: x.significand.get(), low: op.f.w(0) })

/** More than any exponent can make up for. */
const FAR = 1 << 17

/** The integer part of y, cut to +-{@link FAR}. */
function truncated(f: Soft, y: Parts): Value {
  const unbiased = f.i32('sub', y.exponent.get(), f.n(EXTENDED.bias))
  const inRange = f.wrap(f.i64('shr_u', y.significand.get(), f.extend(f.i32('sub', f.n(63), unbiased))))
  const far = f.select(f.i32('gt_s', unbiased, f.n(16)), f.n(FAR), inRange)
  const magnitude = f.select(f.i32('lt_s', unbiased, f.n(0)), f.n(0), far)
  return f.select(y.sign, f.i32('sub', f.n(0), magnitude), magnitude)
}

function scale(op: FpuOperation, x: Parts, y: Parts): void {
  const { f, format } = op
  const infinite = isSpecial(f, format, x)
  const byInfinity = () =>
    f.b.if(
      y.sign,
      () =>
        f.b.if(
          infinite,
          () => op.invalid(),
          () => op.zero(x.sign),
        ),
      () =>
        f.b.if(
          isZero(f, x),
          () => op.invalid(),
          () => op.infinity(x.sign),
        ),
    )
  prepare(op, x, y, () =>
    f.b.if(isSpecial(f, format, y), byInfinity, () =>
      f.b.if(f.or(infinite, isZero(f, x)), () => op.finish(x.sign, x.exponent.get(), x.significand.get())),
    ),
  )
  f.b.if(f.not(op.done.get()), () => {
    const exponent = f.i32('add', x.exponent.get(), truncated(f, y))
    round(op, { sign: x.sign, exponent, high: x.significand.get(), low: f.w(0) })
  })
}

/** An operation on ST(0) and ST(1) whose result replaces ST(0). */
const onTwo =
  (
    work: (op: FpuOperation, x: Parts, y: Parts, fpu: Fpu) => void,
    finish: (fpu: Fpu) => void,
    start: (fpu: Fpu) => void = () => undefined,
  ): Routine =>
  (b) => {
    const fpu = new Fpu(b)
    const { f } = fpu
    start(fpu)
    b.argument(0, f.w(NO_CODES))
    const op = fpu.operation()
    const [top, second] = [fpu.top(), fpu.physical(f.n(1))]
    const [x, y] = [fpu.parts(top), fpu.parts(second)]
    b.if(
      f.or(fpu.isEmpty(top), fpu.isEmpty(second)),
      () => op.stackFault(0),
      () => work(op, x, y, fpu),
    )
    fpu.commit(op, DESTINATION.register, () => {
      fpu.write(top, op.significand.get(), resultTop(op))
      fpu.markFull(top)
      finish(fpu)
    })
  }

/** FXTRACT: the exponent into ST(0), and the significand pushed. */
const extract: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const op = fpu.operation()
  const [top, next] = [fpu.top(), fpu.physical(f.n(7))]
  const x = fpu.parts(top)
  const significandTop = f.variable32(f.n(DEFAULT_NAN.top))
  const significand = f.variable64(f.w(DEFAULT_NAN.significand))
  b.if(
    fpu.isEmpty(top),
    () => op.stackFault(0),
    () =>
      b.if(
        fpu.isEmpty(next),
        () => extractParts(op, x, significandTop, significand),
        () => op.stackFault(1),
      ),
  )
  fpu.commit(op, DESTINATION.register, () => {
    fpu.write(top, op.significand.get(), resultTop(op))
    fpu.markFull(top)
    fpu.push(significand.get(), significandTop.get())
  })
}

function extractParts(op: FpuOperation, x: Parts, significandTop: Variable, significand: Variable): void {
  const { f, format } = op
  const sign = f.i32('shl', x.sign, f.n(15))
  /** What is not split: both are the result. */
  const both = () => {
    significandTop.set(resultTop(op))
    significand.set(op.significand.get())
  }
  const keep = () => {
    significandTop.set(f.or(sign, x.exponent.get()))
    significand.set(x.significand.get())
  }
  const special = () =>
    f.b.if(
      isNan(f, format, x),
      () => {
        op.quietNan(x)
        both()
      },
      () => {
        keep()
        op.infinity(f.n(0))
      },
    )
  const zero = () => {
    keep()
    op.raise(EXCEPTIONS.zeroDivide)
    op.infinity(f.n(1))
  }
  const number = () => {
    op.raiseIf(isDenormal(f, x), EXCEPTIONS.denormal)
    normalize(f, x)
    significandTop.set(f.or(sign, f.n(EXTENDED.bias)))
    significand.set(x.significand.get())
    giveInteger(op, f.i32('sub', x.exponent.get(), f.n(EXTENDED.bias)))
  }
  f.b.if(
    op.unsupported(x),
    () => {
      op.invalid()
      both()
    },
    () => f.b.if(isSpecial(f, format, x), special, () => f.b.if(isZero(f, x), zero, number)),
  )
}

/** A small signed integer as the result. */
function giveInteger(op: FpuOperation, integer: Value): void {
  const { f } = op
  const sign = f.i32('lt_s', integer, f.n(0))
  const magnitude = f.extend(f.select(sign, f.i32('sub', f.n(0), integer), integer))
  const n = f.i64('clz', magnitude)
  const exponent = f.i32('sub', f.n(EXTENDED.bias + 63), f.wrap(n))
  f.b.if(
    integer,
    () => op.finish(sign, exponent, f.i64('shl', magnitude, n)),
    () => op.zero(f.n(0)),
  )
}

/** Remainder on its way: of significands, with the exponent of its bit 63, and the quotient's last bits. */
interface Division {
  readonly remainder: Variable
  readonly exponent: Variable
  readonly quotient: Variable
}

/** Subtracts the divisor where it goes into the remainder; then shifts and does so again `rounds` times. */
function reduce(f: Soft, d: Division, divisor: Value, rounds: Value): void {
  const start = d.remainder.get()
  const goes = f.i64('ge_u', start, divisor)
  d.remainder.set(f.select(goes, f.i64('sub', start, divisor), start))
  d.quotient.set(goes)
  const left = f.variable32(rounds)
  f.b.if(left.get(), () =>
    f.b.loop(() => {
      const r = d.remainder.get()
      const shifted = f.i64('shl', r, f.w(1))
      // A bit that leaves the word makes the remainder greater than any divisor.
      const fits = f.or(f.i64('lt_s', r, f.w(0)), f.i64('ge_u', shifted, divisor))
      d.remainder.set(f.select(fits, f.i64('sub', shifted, divisor), shifted))
      d.quotient.set(f.or(f.i32('shl', d.quotient.get(), f.n(1)), fits))
      left.set(f.i32('sub', left.get(), f.n(1)))
      return left.get()
    }),
  )
}

/** How much of a difference of exponents of 64 or more is reduced at once: an implementation may choose 32 to 63 (SDM vol. 2A, FPREM). */
const partialRounds = (f: Soft, distance: Value): Value => f.or(f.and(distance, f.n(31)), f.n(32))

const remainder = (toNearest: boolean): Routine =>
  onTwo(
    (op, x, y, fpu) => {
      const { f, format } = op
      const codes = f.variable32(f.n(NO_CODES))
      prepare(op, x, y, () =>
        f.b.if(
          f.or(isSpecial(f, format, x), isZero(f, y)),
          () => op.invalid(),
          () =>
            f.b.if(isZero(f, x), () => {
              op.zero(x.sign)
              codes.set(f.n(0))
            }),
        ),
      )
      f.b.if(f.not(op.done.get()), () => divide(op, x, y, toNearest, codes))
      // C1 is a bit of the quotient, not of rounding.
      op.up.set(f.n(0))
      fpu.b.argument(0, f.extend(codes.get()))
    },
    (fpu) => {
      const { f } = fpu
      const codes = fpu.b.result(0, 32)
      f.b.if(
        f.is(codes, NO_CODES),
        () => undefined,
        () => fpu.setCodes(codes, C0 | C1 | C2 | C3),
      )
    },
    // C2 says that nothing is left to reduce, also where there is no quotient.
    (fpu) => fpu.setCodes(fpu.f.n(0), C2),
  )

/** What the routine has instead of codes where there is no quotient: C0 and C3 stay then. */
const NO_CODES = 1

function divide(op: FpuOperation, x: Parts, y: Parts, toNearest: boolean, codes: Variable): void {
  const { f } = op
  const distance = f.i32('sub', x.exponent.get(), y.exponent.get())
  const isSmall = f.i32('lt_s', distance, f.n(toNearest ? -1 : 0))
  f.b.if(
    f.or(isSmall, isSpecial(f, op.format, y)),
    () => {
      giveBack(op, x)
      codes.set(f.n(0))
    },
    () => divideLarge(op, x, y, distance, toNearest, codes),
  )
}

function divideLarge(op: FpuOperation, x: Parts, y: Parts, distance: Value, toNearest: boolean, codes: Variable): void {
  const { f } = op
  const isPartial = f.i32('ge_s', distance, f.n(64))
  const isBelow = f.i32('lt_s', distance, f.n(0))
  const full = f.select(isBelow, f.n(0), distance)
  const rounds = f.select(isPartial, partialRounds(f, distance), full)
  const divisor = y.significand.get()
  const d: Division = {
    remainder: f.variable64(x.significand.get()),
    exponent: f.variable32(f.i32('sub', x.exponent.get(), rounds)),
    quotient: f.variable32(f.n(0)),
  }
  // One exponent below the divisor's the truncated quotient is 0.
  f.b.if(f.not(isBelow), () => reduce(f, d, divisor, rounds))
  const sign = f.variable32(x.sign)
  if (toNearest) f.b.if(f.not(isPartial), () => nearest(f, d, sign, divisor, isBelow))
  codes.set(f.select(isPartial, f.n(C2), quotientCodes(f, d.quotient.get())))
  const r = d.remainder.get()
  const n = f.i64('clz', r)
  f.b.if(
    f.i64('eqz', r),
    () => op.zero(x.sign),
    () =>
      round(op, {
        sign: sign.get(),
        exponent: f.i32('sub', d.exponent.get(), f.wrap(n)),
        high: f.i64('shl', r, n),
        low: f.w(0),
      }),
  )
}

/** Takes the remainder to the other side of zero where that is nearer, or as near and the quotient odd. */
function nearest(f: Soft, d: Division, sign: Variable, divisor: Value, isBelow: Value): void {
  const r = d.remainder.get()
  // Where the remainder counts in half units (isBelow), what is missing is twice the divisor minus it.
  const missing = f.i64('sub', f.select(isBelow, f.i64('shl', divisor, f.w(1)), divisor), r)
  const isNearer = f.select(isBelow, f.i64('gt_u', r, divisor), f.i64('gt_u', r, missing))
  const isTie = f.and(f.not(isBelow), f.i64('eq', r, missing), f.and(d.quotient.get(), f.n(1)))
  f.b.if(f.or(isNearer, isTie), () => {
    d.remainder.set(missing)
    d.quotient.set(f.i32('add', d.quotient.get(), f.n(1)))
    sign.set(f.i32('xor', sign.get(), f.n(1)))
  })
}

/** C0, C3 and C1 are bits 2, 1 and 0 of the quotient. */
function quotientCodes(f: Soft, quotient: Value): Value {
  const at = (bit: number, shift: number) => f.i32('shl', f.bit(quotient, bit), f.n(shift))
  return f.or(at(2, FSW.shift.C0), at(1, FSW.shift.C3), at(0, FSW.shift.C1))
}

export const X87_SCALING: Readonly<Record<string, Routine>> = {
  'x87.scale': onTwo(scale, () => undefined),
  'x87.extract': extract,
  'x87.remainder': remainder(false),
  'x87.remainderNearest': remainder(true),
}
