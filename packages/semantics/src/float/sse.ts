/** Routines of binary32 and binary64 for SSE: see index.ts for how they are called. */
import { FIELD, MXCSR } from '@ringfold/arch'
import type { Routine } from '../helpers/types.ts'
import type { StateBuilder } from '../ir/state-builder.ts'
import type { Value } from '../ir/types.ts'
import { add, divide, multiply, squareRoot } from './arithmetic.ts'
import { compare, RELATION } from './compare.ts'
import { convert, fromInteger, toInteger, toIntegral } from './convert.ts'
import { BINARY32, BINARY64, type Format, isZero, type Parts, putTogether, takeApart } from './format.ts'
import { multiplyAdd } from './fused.ts'
import { Operation, ROUNDING } from './operation.ts'
import { Soft } from './soft.ts'

const EXCEPTION_ELEMENT = 3

/** A routine on its way: what it was called with, and where its result goes. */
class Call {
  readonly b: StateBuilder
  readonly f: Soft
  readonly mxcsr: Value
  readonly option: Value
  readonly op: Operation

  constructor(b: StateBuilder, destination: Format) {
    this.b = b
    this.f = new Soft(b)
    const { f } = this
    this.mxcsr = b.argumentWord(0)
    this.option = b.argumentWord(1)
    this.op = new Operation(f, destination, {
      rounding: this.rounding(),
      masks: f.i32('shr_u', this.mxcsr, f.n(MXCSR.shift.IM)),
      flush: f.bit(this.mxcsr, MXCSR.shift.FTZ),
      cut: 64 - destination.precision,
      wraps: false,
      largerNan: false,
    })
  }

  rounding(): Value {
    return this.f.and(this.f.i32('shr_u', this.mxcsr, this.f.n(MXCSR.shift.RC)), this.f.n(3))
  }

  /** RC, or truncation where the option says so. */
  truncating(): Value {
    return this.f.select(this.option, this.f.n(ROUNDING.zero), this.rounding())
  }

  raw(format: Format, n: number): Value {
    return format.bits === 32 ? this.f.extend(this.b.result(n, 32)) : this.b.result(n)
  }

  /** Operand `n`; DAZ makes zeros of denormals. */
  operand(format: Format, n: number): Parts {
    const { f } = this
    const x = takeApart(f, format, this.raw(format, n))
    f.b.if(f.and(f.not(x.exponent.get()), f.bit(this.mxcsr, MXCSR.shift.DAZ)), () => x.significand.set(f.w(0)))
    return x
  }

  give(raw: Value): void {
    this.b.argument(0, raw)
    const at = FIELD.helperArgument.offset + EXCEPTION_ELEMENT * 8
    this.b.storeState(at, 32, this.f.or(this.b.loadState(at, 32), this.op.flags.get()))
  }

  giveResult(): void {
    const { op, f } = this
    this.give(putTogether(f, op.format, op.sign.get(), op.exponent.get(), op.significand.get()))
  }
}

type Build = (call: Call, format: Format) => void

const routine =
  (format: Format, build: Build): Routine =>
  (b) => {
    const call = new Call(b, format)
    build(call, format)
    call.giveResult()
  }

const binary =
  (work: (op: Operation, x: Parts, y: Parts) => void): Build =>
  (call, format) =>
    work(call.op, call.operand(format, 0), call.operand(format, 1))

const addition = (negate: 0 | 1): Build => binary((op, x, y) => add(op, x, y, op.f.n(negate)))

/** MINSS, MAXSS: the second operand where either is a NaN, and of two zeros. */
const extreme =
  (relation: number): Build =>
  (call, format) => {
    const { op, f } = call
    const [x, y] = [call.operand(format, 0), call.operand(format, 1)]
    const found = f.variable32(f.n(0))
    compare(op, x, y, f.n(1), found)
    const first = f.and(f.is(found.get(), relation), f.not(f.and(isZero(f, x), isZero(f, y))))
    const pick = (of: (v: Parts) => Value) => f.select(first, of(x), of(y))
    op.finish(
      pick((v) => v.sign),
      pick((v) => v.exponent.get()),
      pick((v) => v.significand.get()),
    )
  }

const comparison =
  (format: Format): Routine =>
  (b) => {
    const call = new Call(b, format)
    const found = call.f.variable32(call.f.n(0))
    compare(call.op, call.operand(format, 0), call.operand(format, 1), call.option, found)
    call.give(call.f.extend(found.get()))
  }

/** The immediate of ROUNDSS (SDM vol. 2B, ROUNDPD, figure 4-24). */
const roundToIntegral: Build = (call, format) => {
  const { f, option } = call
  const rounding = f.select(f.bit(option, 2), call.rounding(), f.and(option, f.n(3)))
  toIntegral(call.op, call.operand(format, 0), rounding, f.bit(option, 3), false)
}

const integer =
  (format: Format, bits: 32 | 64): Routine =>
  (b) => {
    const call = new Call(b, format)
    const { f, op } = call
    toInteger(op, call.operand(format, 0), call.truncating(), bits)
    const value = op.significand.get()
    call.give(bits === 32 ? f.i64('and', value, f.w(0xffffffffn)) : value)
  }

const ofInteger =
  (bits: 32 | 64): Build =>
  (call) =>
    fromInteger(call.op, bits === 32 ? call.f.extendSigned(call.b.result(0, 32)) : call.b.result(0))

const ofFormat =
  (from: Format): Build =>
  (call) =>
    convert(call.op, from, call.operand(from, 0), true)

const fused: Build = (call, format) => {
  const { f, option } = call
  const [x, y, z] = [call.operand(format, 0), call.operand(format, 1), call.operand(format, 2)]
  multiplyAdd(call.op, [x, y, z], f.bit(option, 0), f.bit(option, 1))
}

const ofBothFormats = (name: string, format: Format): Record<string, Routine> => ({
  [`${name}.add`]: routine(format, addition(0)),
  [`${name}.sub`]: routine(format, addition(1)),
  [`${name}.mul`]: routine(format, binary(multiply)),
  [`${name}.div`]: routine(format, binary(divide)),
  [`${name}.sqrt`]: routine(format, (call) => squareRoot(call.op, call.operand(format, 0))),
  [`${name}.min`]: routine(format, extreme(RELATION.less)),
  [`${name}.max`]: routine(format, extreme(RELATION.greater)),
  [`${name}.compare`]: comparison(format),
  [`${name}.round`]: routine(format, roundToIntegral),
  [`${name}.toI32`]: integer(format, 32),
  [`${name}.toI64`]: integer(format, 64),
  [`${name}.fma`]: routine(format, fused),
})

export const SSE_ROUTINES: Readonly<Record<string, Routine>> = {
  ...ofBothFormats('f32', BINARY32),
  ...ofBothFormats('f64', BINARY64),
  'i32.toF32': routine(BINARY32, ofInteger(32)),
  'i64.toF32': routine(BINARY32, ofInteger(64)),
  'i32.toF64': routine(BINARY64, ofInteger(32)),
  'i64.toF64': routine(BINARY64, ofInteger(64)),
  'f32.toF64': routine(BINARY64, ofFormat(BINARY32)),
  'f64.toF32': routine(BINARY32, ofFormat(BINARY64)),
}
