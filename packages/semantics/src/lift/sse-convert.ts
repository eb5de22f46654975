/** Conversions of scalars (SDM vol. 2A: CVTSI2SS ... CVTTSD2SI). Fast and slow way as in sse-float-operands.ts. */
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifting } from './registry.ts'
import { isOrdered } from './sse-float-checks.ts'
import {
  allOf,
  anyOf,
  DOUBLE,
  either,
  floatConstant,
  isFastMode,
  isInexactSilent,
  isNearestSilent,
  isZero,
  magnitude,
  readDestination,
  readLow,
  SINGLE,
  soft,
  toFloat,
  type Width,
  writeNumber,
  writeWhole,
} from './sse-float-operands.ts'

type IntegerBits = 32 | 64

const precisionOf = ({ bits }: Width): number => (bits === 32 ? 24 : 53)

/** CVTSI2SS, CVTSI2SD. Exact up to 2^precision; 32 bits fit into double precision always. */
const fromInteger =
  (width: Width): Lifting =>
  (l) => {
    const bits = l.bits(1) as IntegerBits
    const int = bits === 32 ? 'i32' : 'i64'
    const v = l.get(1, bits)
    const { whole } = readDestination(l, width)
    const result = l.pure(`${width.float}.convert_${int}_s`, v)
    if (bits === 32 && width.bits === 64) {
      writeWhole(l, l.replaceLane(width.vector, whole, 0, result))
      return
    }
    const number = (value: bigint) => (bits === 32 ? l.i32(Number(value)) : l.big(value))
    const limit = 1n << BigInt(precisionOf(width))
    const isExact = l.pure(`${int}.le_u`, l.pure(`${int}.add`, v, number(limit)), number(2n * limit))
    writeNumber(l, width, whole, result, anyOf(l, isExact, isFastMode(l)), () =>
      soft(l, `${int}.toF${width.bits}`, [v], [bits, width.bits]),
    )
  }

/** CVTSS2SI, CVTSD2SI, and with truncation. A denormal raises no DE, but is inexact. */
const toInteger =
  (width: Width, truncates: boolean): Lifting =>
  (l) => {
    const bits = l.bits(0) as IntegerBits
    const int = bits === 32 ? 'i32' : 'i64'
    const raw = readLow(l, 1, width)
    const v = toFloat(l, width, raw)
    const rounded = l.pure(`${width.float}.${truncates ? 'trunc' : 'nearest'}`, v)
    const r = l.pure(`${int}.trunc_sat_${width.float}_s`, rounded)
    const size = l.pure(`${width.float}.abs`, rounded)
    const fits = l.pure(`${width.float}.lt`, size, floatConstant(l, width, 2 ** (bits - 1)))
    const isExact = l.pure(`${width.float}.eq`, rounded, v)
    const holds = allOf(l, fits, anyOf(l, isExact, truncates ? isInexactSilent(l) : isNearestSilent(l)))
    const type = bits === 32 ? ValueType.i32 : ValueType.i64
    const slow = () => soft(l, `${width.float}.toI${bits}`, [raw], [width.bits, bits], l.i32(truncates ? 1 : 0))
    l.set(0, either(l, type, holds, r, slow), bits)
  }

/** CVTSS2SD: exact. */
const widen: Lifting = (l) => {
  const raw = readLow(l, 1, SINGLE)
  const { whole } = readDestination(l, DOUBLE)
  const result = l.pure('f64.promote_f32', toFloat(l, SINGLE, raw))
  writeNumber(l, DOUBLE, whole, result, isOrdered(l, SINGLE, [raw]), () => soft(l, 'f32.toF64', [raw], [32, 64]))
}

/** Magnitudes that single precision holds with room on both sides: no result of them is tiny or infinite. */
export const SINGLE_RANGE = { least: 2 ** -125, end: 2 ** 127 } as const

/** CVTSD2SS. */
const narrow: Lifting = (l) => {
  const raw = readLow(l, 1, DOUBLE)
  const { whole } = readDestination(l, SINGLE)
  const v = toFloat(l, DOUBLE, raw)
  const size = l.pure('f64.abs', v)
  const is = (op: string, value: number): Value => l.pure(`f64.${op}`, size, floatConstant(l, DOUBLE, value))
  const fits = allOf(l, is('ge', SINGLE_RANGE.least), is('lt', SINGLE_RANGE.end))
  const holds = allOf(l, isFastMode(l), anyOf(l, fits, isZero(l, DOUBLE, magnitude(l, DOUBLE, raw))))
  writeNumber(l, SINGLE, whole, l.pure('f32.demote_f64', v), holds, () => soft(l, 'f64.toF32', [raw], [64, 32]))
}

export const SSE_CONVERT: Readonly<Record<string, Lifting>> = {
  cvtsi2ss: fromInteger(SINGLE),
  cvtsi2sd: fromInteger(DOUBLE),
  cvtss2si: toInteger(SINGLE, false),
  cvtsd2si: toInteger(DOUBLE, false),
  cvttss2si: toInteger(SINGLE, true),
  cvttsd2si: toInteger(DOUBLE, true),
  cvtss2sd: widen,
  cvtsd2ss: narrow,
}
