/** The x87 register stack in the state, and what every x87 operation begins and ends with (SDM vol. 1, chapter 8). */
import { FCW, FIELD, FSW } from '@ringfold/arch'
import type { StateBuilder } from '../ir/state-builder.ts'
import type { Value } from '../ir/types.ts'
import { EXTENDED, type Format, INTEGER_BIT, type Parts, QUIET_BIT } from './format.ts'
import { EXCEPTIONS, Operation } from './operation.ts'
import { Soft, type Variable } from './soft.ts'

const FPR = FIELD.fpr.offset
/** Bytes of a register's slot, and where sign and exponent stand in it. */
const SLOT_SHIFT = 4
const TOP_HALF = 8

const EXCEPTION_MASK = 0x3f
const { SF, ES, B, C0, C1, C2, C3 } = FSW.lo
const STACK_FAULT = EXCEPTIONS.invalid | SF
const FOUND_BEFORE = EXCEPTIONS.invalid | EXCEPTIONS.denormal | EXCEPTIONS.zeroDivide

const RANGE = EXCEPTIONS.overflow | EXCEPTIONS.underflow

/** The default NaN of the x87 (SDM vol. 1, table 4-3). */
export const DEFAULT_NAN = { significand: INTEGER_BIT | QUIET_BIT, top: 0xffff } as const

/** Where a result goes decides which unmasked exceptions leave it unwritten (SDM vol. 1, 8.5). */
export const DESTINATION = {
  register: FOUND_BEFORE,
  memory: FOUND_BEFORE | RANGE,
} as const

/** An x87 operation: the arithmetic, and C1 where the stack decides it. */
export class FpuOperation extends Operation {
  /** i32 truth: C1 whatever rounding says (stack overflow, sign of FXAM). */
  readonly stackC1: Variable

  constructor(f: Soft, format: Format, fpu: Fpu, cut: Value | number, wraps: boolean) {
    super(f, format, {
      rounding: fpu.rounding(),
      masks: fpu.control(),
      cut,
      wraps,
      largerNan: true,
    })
    this.stackC1 = f.variable32(f.n(0))
  }

  /** An empty register is read, or (C1) a full one is pushed upon: the default NaN where masked. */
  stackFault(c1: 0 | 1): void {
    const { f } = this
    this.raise(STACK_FAULT)
    this.stackC1.set(f.n(c1))
    this.finish(f.n(1), f.n(this.format.special), f.w(DEFAULT_NAN.significand))
  }
}

export class Fpu {
  readonly b: StateBuilder
  readonly f: Soft

  constructor(b: StateBuilder) {
    this.b = b
    this.f = new Soft(b)
  }

  control(): Value {
    return this.b.loadState(FIELD.fpuControl.offset, 32)
  }

  rounding(): Value {
    return this.f.and(this.f.i32('shr_u', this.control(), this.f.n(FCW.shift.RC)), this.f.n(3))
  }

  /** Bits that precision control cuts off a significand (SDM vol. 1, 8.1.5.2); the reserved value counts as 64 bits. */
  precisionCut(): Value {
    const { f } = this
    const pc = f.and(f.i32('shr_u', this.control(), f.n(FCW.shift.PC)), f.n(3))
    return f.select(pc, f.select(f.is(pc, 2), f.w(11), f.w(0)), f.w(40))
  }

  /** An operation whose result goes to a register: rounded by precision control, or to 64 bits whatever it says. */
  operation(usesPrecisionControl = false): FpuOperation {
    return new FpuOperation(this.f, EXTENDED, this, usesPrecisionControl ? this.precisionCut() : this.f.w(0), true)
  }

  /** An operation whose result goes to memory. */
  storing(format: Format): FpuOperation {
    return new FpuOperation(this.f, format, this, 64 - format.precision, false)
  }

  top(): Value {
    return this.b.loadState(FIELD.fpuTop.offset, 32)
  }

  tags(): Value {
    return this.b.loadState(FIELD.fpuTag.offset, 32)
  }

  /** Physical number of ST(i). */
  physical(i: Value): Value {
    return this.f.and(this.f.i32('add', this.top(), i), this.f.n(7))
  }

  isEmpty(physical: Value): Value {
    return this.f.not(this.f.and(this.f.i32('shr_u', this.tags(), physical), this.f.n(1)))
  }

  #slot(physical: Value): Value {
    return this.f.i32('shl', physical, this.f.n(SLOT_SHIFT))
  }

  significand(physical: Value): Value {
    return this.b.loadState(FPR, 64, this.#slot(physical))
  }

  /** Sign and exponent: 16 bits. */
  topHalf(physical: Value): Value {
    return this.b.loadState(FPR + TOP_HALF, 16, this.#slot(physical))
  }

  /** A register taken apart. */
  parts(physical: Value): Parts {
    return partsOf(this.f, this.significand(physical), this.topHalf(physical))
  }

  write(physical: Value, significand: Value, topHalf: Value): void {
    const slot = this.#slot(physical)
    this.b.storeState(FPR, 64, significand, slot)
    this.b.storeState(FPR + TOP_HALF, 32, topHalf, slot)
  }

  markFull(physical: Value): void {
    const { f } = this
    this.b.storeState(FIELD.fpuTag.offset, 32, f.or(this.tags(), f.i32('shl', f.n(1), physical)))
  }

  markEmpty(physical: Value): void {
    const { f } = this
    const others = f.i32('xor', f.i32('shl', f.n(1), physical), f.n(0xff))
    this.b.storeState(FIELD.fpuTag.offset, 32, f.and(this.tags(), others))
  }

  setTop(top: Value): void {
    this.b.storeState(FIELD.fpuTop.offset, 32, this.f.and(top, this.f.n(7)))
  }

  /** Moves TOP and fills the register that is ST(0) then. */
  push(significand: Value, topHalf: Value): void {
    const { f } = this
    const next = this.physical(f.n(7))
    this.write(next, significand, topHalf)
    this.markFull(next)
    this.setTop(next)
  }

  pop(): void {
    const top = this.top()
    this.markEmpty(top)
    this.setTop(this.f.i32('add', top, this.f.n(1)))
  }

  popIf(condition: Value): void {
    this.b.if(condition, () => this.pop())
  }

  status(): Value {
    return this.b.loadState(FIELD.fpuStatus.offset, 32)
  }

  setStatus(status: Value): void {
    this.b.storeState(FIELD.fpuStatus.offset, 32, status)
  }

  /**
   * Puts an operation's exceptions into the status word, and does `act` unless an unmasked one keeps the destination as it is. What
   * is found before the operation suppresses, unmasked, what is found after it (SDM vol. 1, 8.6).
   */
  commit(op: FpuOperation, destination: number, act: () => void): void {
    const { f } = this
    const found = op.flags.get()
    const unmasked = f.and(found, f.i32('xor', this.control(), f.n(EXCEPTION_MASK)), f.n(EXCEPTION_MASK))
    const early = f.and(unmasked, f.n(FOUND_BEFORE))
    // A store that does not happen reports neither inexactness nor its direction.
    const withheld = f.and(unmasked, f.n(destination & RANGE))
    const late = f.select(withheld, f.n((EXCEPTION_MASK | SF) & ~EXCEPTIONS.precision), f.n(EXCEPTION_MASK | SF))
    const flags = f.and(found, f.select(early, f.n(FOUND_BEFORE | SF), late))
    const roundedUp = f.and(op.up.get(), f.bit(flags, FSW.shift.PE))
    const c1 = f.i32('shl', f.or(roundedUp, op.stackC1.get()), f.n(FSW.shift.C1))
    const summary = f.select(unmasked, f.n(ES | B), f.n(0))
    const kept = f.and(this.status(), f.n(~C1))
    this.setStatus(f.or(kept, flags, c1, summary))
    f.b.if(f.not(f.and(unmasked, f.n(destination))), act)
  }

  /** Sets condition codes to bits in their places. */
  setCodes(codes: Value, which: number = C0 | C2 | C3): void {
    this.setStatus(this.f.or(this.f.and(this.status(), this.f.n(~which)), codes))
  }
}

/** A register image taken apart. */
export function partsOf(f: Soft, significand: Value, topHalf: Value): Parts {
  return {
    sign: f.i32('shr_u', topHalf, f.n(15)),
    exponent: f.variable32(f.and(topHalf, f.n(0x7fff))),
    significand: f.variable64(significand),
  }
}

/** Sign and exponent of an operation's result. */
export const resultTop = (op: Operation): Value =>
  op.f.or(op.f.i32('shl', op.sign.get(), op.f.n(15)), op.exponent.get())
