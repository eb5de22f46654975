/** Operands of x87 routines: registers by number, or what the lifting has loaded from memory. */
import type { Value } from '../ir/types.ts'
import { BINARY32, BINARY64, EXTENDED, type Format, normalize, type Parts, takeApart } from './format.ts'
import type { Fpu } from './fpu.ts'

/** Sources by number: 0 to 7 are ST(0) to ST(7); the others stand in element 0 of `helperArgument`, a zero nowhere. */
export const SOURCE = { m32: 8, m64: 9, integer: 10, zero: 11 } as const

export interface Source {
  readonly parts: Parts
  /** Truth: it is an empty register. */
  readonly isEmpty: Value
  /** Truth: it was a denormal in memory. */
  readonly isDenormal: Value
}

/** An operand in the format of registers; a signaling NaN of memory stays one. */
export function operand(fpu: Fpu, source: Value): Source {
  const { f } = fpu
  const { b } = f
  const physical = fpu.physical(source)
  const isMemory = f.i32('ge_u', source, f.n(SOURCE.m32))
  const image = fpu.topHalf(physical)
  const sign = f.variable32(f.i32('shr_u', image, f.n(15)))
  const parts: Parts = {
    get sign() {
      return sign.get()
    },
    exponent: f.variable32(f.and(image, f.n(0x7fff))),
    significand: f.variable64(fpu.significand(physical)),
  }
  const denormal = f.variable32(f.n(0))
  const take = (from: Parts, isDenormal: Value) => {
    sign.set(from.sign)
    parts.exponent.set(from.exponent.get())
    parts.significand.set(from.significand.get())
    denormal.set(isDenormal)
  }
  b.if(isMemory, () =>
    b.if(
      f.is(source, SOURCE.m32),
      () => takeNarrow(fpu, BINARY32, take),
      () =>
        b.if(
          f.is(source, SOURCE.m64),
          () => takeNarrow(fpu, BINARY64, take),
          () => takeInteger(fpu, source, take),
        ),
    ),
  )
  return { parts, isEmpty: f.and(f.not(isMemory), fpu.isEmpty(physical)), isDenormal: denormal.get() }
}

type Take = (from: Parts, isDenormal: Value) => void

function takeNarrow(fpu: Fpu, format: Format, take: Take): void {
  const { f, b } = fpu
  const raw = format.bits === 32 ? f.extend(b.result(0, 32)) : b.result(0)
  const x = takeApart(f, format, raw)
  const field = x.exponent.get()
  const isSmall = f.not(field)
  const isZero = f.i64('eqz', x.significand.get())
  normalize(f, x)
  const moved = f.i32('add', x.exponent.get(), f.n(EXTENDED.bias - format.bias))
  const special = f.select(f.is(field, format.special), f.n(EXTENDED.special), moved)
  x.exponent.set(f.select(isZero, f.n(0), special))
  take(x, f.and(isSmall, f.not(isZero)))
}

/** A signed integer of 64 bits, or zero. */
function takeInteger(fpu: Fpu, source: Value, take: Take): void {
  const { f, b } = fpu
  const integer = f.select(f.is(source, SOURCE.zero), f.w(0), b.result(0))
  const sign = f.i64('lt_s', integer, f.w(0))
  const magnitude = f.select(sign, f.i64('sub', f.w(0), integer), integer)
  const n = f.i64('clz', magnitude)
  const exponent = f.i32('sub', f.n(EXTENDED.bias + 63), f.wrap(n))
  const isZero = f.i64('eqz', magnitude)
  take(
    {
      sign,
      exponent: f.variable32(f.select(isZero, f.n(0), exponent)),
      significand: f.variable64(f.i64('shl', magnitude, n)),
    },
    f.n(0),
  )
}
