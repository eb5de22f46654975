/** The x87 register stack of a state, for helpers: operands, exceptions, results (as `fpu.ts` for routines). */
import { type CpuState, FCW, FIELD, FSW } from '@ringfold/arch'
import { EXCEPTIONS } from '../operation.ts'
import { type Extended, type Real, type Rounded, roundReal } from './real.ts'

const { SF, ES, B, C1, C2 } = FSW.lo
const MASK = 0x3f
const FOUND_BEFORE = EXCEPTIONS.invalid | EXCEPTIONS.denormal | EXCEPTIONS.zeroDivide
const SPECIAL = 0x7fff
const INTEGER_BIT = 1n << 63n
const QUIET_BIT = 1n << 62n

export type Kind = 'unsupported' | 'nan' | 'infinity' | 'zero' | 'number'

export const DEFAULT_NAN: Extended = { isNegative: true, exponent: SPECIAL, significand: INTEGER_BIT | QUIET_BIT }
export const zero = (isNegative: boolean): Extended => ({ isNegative, exponent: 0, significand: 0n })
export const infinity = (isNegative: boolean): Extended => ({ isNegative, exponent: SPECIAL, significand: INTEGER_BIT })
export const ONE: Extended = { isNegative: false, exponent: 0x3fff, significand: INTEGER_BIT }

export function kindOf({ exponent, significand }: Extended): Kind {
  if (exponent !== 0 && (significand & INTEGER_BIT) === 0n) return 'unsupported'
  if (exponent === SPECIAL) return significand === INTEGER_BIT ? 'infinity' : 'nan'
  return significand === 0n ? 'zero' : 'number'
}

export const isDenormal = (x: Extended): boolean => x.exponent === 0 && x.significand !== 0n
const isSignaling = (x: Extended): boolean => kindOf(x) === 'nan' && (x.significand & QUIET_BIT) === 0n
const quiet = (x: Extended): Extended => ({ ...x, significand: x.significand | QUIET_BIT })

/** What an instruction gives: exceptions, and values for the registers that it writes. */
export interface Outcome {
  readonly exceptions: number
  /** For the destination; the second one is pushed then. */
  readonly values: readonly Extended[]
  readonly isUp?: boolean
}

export const invalid = (values = 1): Outcome => ({
  exceptions: EXCEPTIONS.invalid,
  values: Array<Extended>(values).fill(DEFAULT_NAN),
})

export const exactly = (value: Extended, exceptions = 0): Outcome => ({ exceptions, values: [value] })

/** A quiet NaN before a signaling one; of two alike that with the larger significand; of equals the positive one. */
function largerNan(x: Extended, y: Extended): Extended {
  if (kindOf(y) !== 'nan') return x
  if (kindOf(x) !== 'nan') return y
  if (isSignaling(x) !== isSignaling(y)) return isSignaling(x) ? y : x
  if (x.significand !== y.significand) return x.significand > y.significand ? x : y
  return x.isNegative ? y : x
}

/** What comes of operands that are no numbers, or `null`. */
export function ofNans(operands: readonly Extended[]): Outcome | null {
  if (operands.some((x) => kindOf(x) === 'unsupported')) return invalid()
  if (!operands.some((x) => kindOf(x) === 'nan')) return null
  const exceptions = operands.some(isSignaling) ? EXCEPTIONS.invalid : 0
  return { exceptions, values: [quiet(operands.reduce(largerNan))] }
}

export class Registers {
  readonly #state: CpuState

  constructor(state: CpuState) {
    this.#state = state
  }

  #physical(i: number): number {
    return (this.#state.lo(FIELD.fpuTop) + i) & 7
  }

  isEmpty(i: number): boolean {
    return ((this.#state.lo(FIELD.fpuTag) >> this.#physical(i)) & 1) === 0
  }

  read(i: number): Extended {
    const r = this.#physical(i)
    const lo = BigInt(this.#state.lo(FIELD.fpr, r))
    const hi = BigInt(this.#state.hi(FIELD.fpr, r))
    const top = this.#state.word(FIELD.fpr, 2, r)
    return { isNegative: (top & 0x8000) !== 0, exponent: top & SPECIAL, significand: (hi << 32n) | lo }
  }

  #write(i: number, { isNegative, exponent, significand }: Extended): void {
    const r = this.#physical(i)
    this.#state.setWord(FIELD.fpr, 0, Number(significand & 0xffffffffn), r)
    this.#state.setWord(FIELD.fpr, 1, Number(significand >> 32n), r)
    this.#state.setWord(FIELD.fpr, 2, (isNegative ? 0x8000 : 0) | exponent, r)
    this.#state.setLo(FIELD.fpuTag, this.#state.lo(FIELD.fpuTag) | (1 << r))
  }

  pop(): void {
    const r = this.#physical(0)
    this.#state.setLo(FIELD.fpuTag, this.#state.lo(FIELD.fpuTag) & ~(1 << r))
    this.#state.setLo(FIELD.fpuTop, (r + 1) & 7)
  }

  push(value: Extended): void {
    this.#state.setLo(FIELD.fpuTop, this.#physical(7))
    this.#write(0, value)
  }

  /** Rounds to 64 bits whatever precision control says. */
  round(x: Real): Rounded {
    const control = this.#state.lo(FIELD.fpuControl)
    return roundReal(x, (control >> FCW.shift.RC) & 3, control & MASK)
  }

  /**
   * The outcome of one rounded result of `operands`, of which a denormal is reported. A result that is exact by chance (the
   * logarithm of a power of 2) counts as inexact, as on the silicon that was tried (AMD).
   */
  rounded(x: Real, operands: readonly Extended[]): Outcome {
    const { value, exceptions, isUp } = this.round(x)
    const before = operands.some(isDenormal) ? EXCEPTIONS.denormal : 0
    const inexact = EXCEPTIONS.precision | (value.exponent === 0 ? EXCEPTIONS.underflow : 0)
    return { exceptions: exceptions | before | inexact, values: [value], isUp }
  }

  /** Sets or clears C2. */
  setIncomplete(isIncomplete: boolean): void {
    const status = this.#state.lo(FIELD.fpuStatus) & ~C2
    this.#state.setLo(FIELD.fpuStatus, status | (isIncomplete ? C2 : 0))
  }

  /** Clears C1. */
  clearC1(): void {
    this.#state.setLo(FIELD.fpuStatus, this.#state.lo(FIELD.fpuStatus) & ~C1)
  }

  stackFault(c1: boolean, values: number, write: (outcome: Outcome) => void): void {
    const fault: Outcome = { ...invalid(values), exceptions: EXCEPTIONS.invalid | SF }
    this.commit(fault, write)
    if (c1) this.#state.setLo(FIELD.fpuStatus, this.#state.lo(FIELD.fpuStatus) | C1)
  }

  /** Notes exceptions, and writes unless an unmasked one was found before the operation. */
  commit(outcome: Outcome, write: (outcome: Outcome) => void): void {
    const state = this.#state
    const unmasked = outcome.exceptions & ~state.lo(FIELD.fpuControl) & MASK
    const flags = unmasked & FOUND_BEFORE ? outcome.exceptions & (FOUND_BEFORE | SF) : outcome.exceptions
    const c1 = outcome.isUp === true && (flags & EXCEPTIONS.precision) !== 0 ? C1 : 0
    const kept = state.lo(FIELD.fpuStatus) & ~C1
    state.setLo(FIELD.fpuStatus, kept | flags | c1 | (unmasked !== 0 ? ES | B : 0))
    if ((unmasked & FOUND_BEFORE) === 0) write(outcome)
  }

  /** Writes ST(i). */
  set(i: number, value: Extended | undefined): void {
    if (value !== undefined) this.#write(i, value)
  }
}
