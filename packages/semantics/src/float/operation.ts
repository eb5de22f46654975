/** One operation on its way: control, exceptions, result. */
import type { Value } from '../ir/types.ts'
import {
  type Format,
  INTEGER_BIT,
  isDenormal,
  isNan,
  isSignaling,
  isUnsupported,
  isUnusual,
  type Parts,
  QUIET_BIT,
} from './format.ts'
import type { Soft, Variable } from './soft.ts'

/** Exceptions, in the places of MXCSR and of the x87 status word. */
export const EXCEPTIONS = { invalid: 1, denormal: 2, zeroDivide: 4, overflow: 8, underflow: 16, precision: 32 } as const

/** Rounding control (SDM vol. 1, table 4-8). */
export const ROUNDING = { nearest: 0, down: 1, up: 2, zero: 3 } as const

export interface Control {
  /** RC: i32. */
  readonly rounding: Value
  /** i32: a bit in the place of each exception that is masked. */
  readonly masks: Value
  /** i32, truth: FTZ is set (SSE). */
  readonly flush?: Value
  /** How many low bits of a significand of 64 bits the destination has not: i64; a number where the format says it. */
  readonly cut: Value | number
  /** Whether an unmasked overflow or underflow gives a result with another exponent (x87 registers). */
  readonly wraps: boolean
  /** Which of two NaNs is the result: the first (SSE), or by their significands (x87). */
  readonly largerNan: boolean
}

export class Operation {
  readonly f: Soft
  readonly format: Format
  readonly control: Control
  readonly flags: Variable
  /** Truth: the result is decided. */
  readonly done: Variable
  readonly sign: Variable
  readonly exponent: Variable
  readonly significand: Variable
  /** Truth: an operand was a denormal in memory, and is none in the format of registers (x87). */
  narrowDenormal: Value | undefined
  /** Truth: the significand was rounded away from zero (C1 of the x87). */
  readonly up: Variable

  constructor(f: Soft, format: Format, control: Control) {
    this.f = f
    this.format = format
    this.control = control
    this.flags = f.variable32(f.n(0))
    this.done = f.variable32(f.n(0))
    this.sign = f.variable32(f.n(0))
    this.exponent = f.variable32(f.n(0))
    this.significand = f.variable64(f.w(0))
    this.up = f.variable32(f.n(0))
  }

  raise(exceptions: number): void {
    this.f.add(this.flags, this.f.n(exceptions))
  }

  /** Raises an exception where a truth value is 1. */
  raiseIf(condition: Value, exception: number): void {
    this.f.add(this.flags, this.f.i32('mul', condition, this.f.n(exception)))
  }

  isMasked(exception: number): Value {
    return this.f.i32('ne', this.f.and(this.control.masks, this.f.n(exception)), this.f.n(0))
  }

  finish(sign: Value, exponent: Value, significand: Value): void {
    this.sign.set(sign)
    this.exponent.set(exponent)
    this.significand.set(significand)
    this.done.set(this.f.n(1))
  }

  zero(sign: Value): void {
    this.finish(sign, this.f.n(0), this.f.w(0))
  }

  infinity(sign: Value): void {
    this.finish(sign, this.f.n(this.format.special), this.f.w(INTEGER_BIT))
  }

  /** The default NaN, with IE. */
  invalid(): void {
    this.raise(EXCEPTIONS.invalid)
    this.finish(this.f.n(1), this.f.n(this.format.special), this.f.w(INTEGER_BIT | QUIET_BIT))
  }

  /** Whether an operand of two is an encoding that the x87 does not support. */
  unsupported(...operands: Parts[]): Value {
    return this.f.or(...operands.map((x) => isUnsupported(this.f, this.format, x)))
  }

  /** Whether one of two operands was a denormal. Before they are normalized. */
  denormal(...operands: Parts[]): Value {
    const found = this.f.or(...operands.map((x) => isDenormal(this.f, x)))
    return this.narrowDenormal === undefined ? found : this.f.or(found, this.narrowDenormal)
  }

  /** Whether operands need more than arithmetic on numbers. */
  unusual(...operands: Parts[]): Value {
    const found = this.f.or(...operands.map((x) => isUnusual(this.f, this.format, x)))
    return this.narrowDenormal === undefined ? found : this.f.or(found, this.narrowDenormal)
  }

  /** What comes of one NaN. */
  quietNan(x: Parts): void {
    const { f } = this
    this.raiseIf(isSignaling(f, this.format, x), EXCEPTIONS.invalid)
    this.finish(x.sign, f.n(this.format.special), f.i64('or', x.significand.get(), f.w(QUIET_BIT)))
  }

  /** What comes of two operands of which at least one is a NaN (SDM vol. 1, table 4-7). */
  propagateNan(x: Parts, y: Parts): void {
    const { f, format } = this
    const signals = f.or(isSignaling(f, format, x), isSignaling(f, format, y))
    this.raiseIf(signals, EXCEPTIONS.invalid)
    const first = this.control.largerNan ? this.#isLargerNan(x, y) : isNan(f, format, x)
    const significand = f.select(first, x.significand.get(), y.significand.get())
    this.finish(f.select(first, x.sign, y.sign), f.n(format.special), f.i64('or', significand, f.w(QUIET_BIT)))
  }

  /** A quiet NaN before a signaling one; of two alike that with the larger significand; of equals the positive one. */
  #isLargerNan(x: Parts, y: Parts): Value {
    const { f, format } = this
    const [xIs, yIs] = [isNan(f, format, x), isNan(f, format, y)]
    const [xSignals, ySignals] = [isSignaling(f, format, x), isSignaling(f, format, y)]
    const isLarger = f.i64('gt_u', x.significand.get(), y.significand.get())
    const isSame = f.i64('eq', x.significand.get(), y.significand.get())
    const bySize = f.or(isLarger, f.and(isSame, f.i32('le_u', x.sign, y.sign)))
    const both = f.select(f.i32('eq', xSignals, ySignals), bySize, ySignals)
    return f.select(f.and(xIs, yIs), both, xIs)
  }
}
