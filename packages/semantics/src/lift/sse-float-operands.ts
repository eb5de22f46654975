/**
 * What SSE floating point is lifted with: operands as raw bits, and two ways to a result. The fast way is one Wasm instruction, and
 * holds where that gives the same bits and sets no flag that is not set already; the other is soft-float (`float/index.ts`).
 *
 * Wasm rounds to nearest and tells no flags. Where a result may be inexact, the fast way therefore wants rounding to nearest, FTZ
 * and DAZ off, all exceptions masked and PE already set ({@link isFastMode}); it never wants a denormal operand (DE), a NaN, an
 * infinite result (OE, ZE) or one that may be tiny (UE). Operations that round nothing do without the mode.
 */
import { FIELD, MXCSR } from '@ringfold/arch'
import { helperNumber } from '../helpers/index.ts'
import { FIRST_ELEMENT, type LaneBits, SECOND_ELEMENT } from '../helpers/sse/operands.ts'
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'

const { DAZ, FTZ, RC, IM, DM, ZM, OM, UM, PM, PE } = MXCSR.lo
const MASKS = IM | DM | ZM | OM | UM | PM

/** One format, as scalars and as lanes. */
export interface Width {
  readonly bits: LaneBits
  readonly int: 'i32' | 'i64'
  readonly float: 'f32' | 'f64'
  readonly vector: 'f32x4' | 'f64x2'
  readonly integers: 'i32x4' | 'i64x2'
  readonly type: ValueType
  /** Bits of an infinity and of the least normal number: everything between is usual. */
  readonly infinity: bigint
  readonly minNormal: bigint
}

export const SINGLE: Width = {
  bits: 32,
  int: 'i32',
  float: 'f32',
  vector: 'f32x4',
  integers: 'i32x4',
  type: ValueType.i32,
  infinity: 0x7f800000n,
  minNormal: 0x00800000n,
}

export const DOUBLE: Width = {
  bits: 64,
  int: 'i64',
  float: 'f64',
  vector: 'f64x2',
  integers: 'i64x2',
  type: ValueType.i64,
  infinity: 0x7ff0000000000000n,
  minNormal: 0x0010000000000000n,
}

export const mxcsr = (l: Lifter): Value => l.loadState(FIELD.mxcsr.offset, 32)

/** Whether the bits of `mask` in MXCSR are those of `value`: i32, 0 or 1. */
const mxcsrIs = (l: Lifter, mask: number, value: number): Value =>
  l.pure('i32.eq', l.pure('i32.and', mxcsr(l), l.i32(mask)), l.i32(value))

/** Rounding to nearest, denormals as they are, all masked, and PE set already. */
export const isFastMode = (l: Lifter): Value => mxcsrIs(l, DAZ | FTZ | RC | MASKS | PE, MASKS | PE)

/** An inexact result sets no new flag, and raises nothing. */
export const isInexactSilent = (l: Lifter): Value => mxcsrIs(l, PM | PE, PM | PE)

/** The same, and rounding is to nearest. */
export const isNearestSilent = (l: Lifter): Value => mxcsrIs(l, RC | PM | PE, PM | PE)

export const allOf = (l: Lifter, ...truths: Value[]): Value => truths.reduce((x, y) => l.pure('i32.and', x, y))
export const anyOf = (l: Lifter, ...truths: Value[]): Value => truths.reduce((x, y) => l.pure('i32.or', x, y))

export const integer = (l: Lifter, { int }: Width, value: bigint): Value =>
  int === 'i32' ? l.i32(Number(BigInt.asIntN(32, value))) : l.big(BigInt.asIntN(64, value))

export const toFloat = (l: Lifter, { float, int }: Width, raw: Value): Value =>
  l.pure(`${float}.reinterpret_${int}`, raw)

export const toBits = (l: Lifter, { float, int }: Width, v: Value): Value => l.pure(`${int}.reinterpret_${float}`, v)

/** A floating-point constant. */
export function floatConstant(l: Lifter, width: Width, value: number): Value {
  const view = new DataView(new ArrayBuffer(8))
  if (width.bits === 32) view.setFloat32(4, value)
  else view.setFloat64(0, value)
  return toFloat(l, width, integer(l, width, view.getBigInt64(0)))
}

/** The same constant in all lanes. */
export function floatVector(l: Lifter, width: Width, value: number): Value {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 16; at += width.bits / 8)
    if (width.bits === 32) view.setFloat32(at, value, true)
    else view.setFloat64(at, value, true)
  return l.v128(bytes)
}

/** Least normal number, as a number. */
export const leastNormal = ({ bits }: Width): number => (bits === 32 ? 2 ** -126 : 2 ** -1022)

/** The bits without the sign. */
export const magnitude = (l: Lifter, width: Width, raw: Value): Value =>
  l.pure(`${width.int}.and`, raw, integer(l, width, width.bits === 32 ? 0x7fffffffn : 0x7fffffffffffffffn))

export const isZero = (l: Lifter, { int }: Width, magnitude: Value): Value => l.pure(`${int}.eqz`, magnitude)

/** A zero wraps to the greatest number, and so is no denormal. */
export const isNoDenormal = (l: Lifter, width: Width, magnitude: Value): Value =>
  l.pure(
    `${width.int}.ge_u`,
    l.pure(`${width.int}.sub`, magnitude, integer(l, width, 1n)),
    integer(l, width, width.minNormal - 1n),
  )

export const isBelowInfinity = (l: Lifter, width: Width, magnitude: Value): Value =>
  l.pure(`${width.int}.lt_u`, magnitude, integer(l, width, width.infinity))

export const isNoNan = (l: Lifter, width: Width, magnitude: Value): Value =>
  l.pure(`${width.int}.le_u`, magnitude, integer(l, width, width.infinity))

/** Above the least normal number: tininess is detected after rounding, so that number itself may have been tiny. */
export const isNotTiny = (l: Lifter, width: Width, magnitude: Value): Value =>
  l.pure(`${width.int}.gt_u`, magnitude, integer(l, width, width.minNormal))

/** Raw bits of the low lane of operand `n`, XMM register or memory. Memory need not be aligned. */
export const readLow = (l: Lifter, n: number, { bits }: Width): Value =>
  l.isMemory(n) ? l.load(n, bits) : l.loadState(0, bits, l.source.registerOffset(n))

/** The destination, and its low lane as raw bits and as a number. */
export function readDestination(l: Lifter, width: Width): { whole: Value; low: Value; number: Value } {
  const whole = l.loadState(0, 128, l.source.registerOffset(0))
  return {
    whole,
    low: l.lane(`${width.integers}.extract_lane`, whole, 0),
    number: l.lane(`${width.vector}.extract_lane`, whole, 0),
  }
}

/** Replaces the low lane of the destination. The register is written whole: a narrow store would stall the next load. */
export function writeLow(l: Lifter, whole: Value, low: Value, { integers }: Width): void {
  l.storeState(0, 128, l.replaceLane(integers, whole, 0, low), l.source.registerOffset(0))
}

/**
 * Replaces the low lane of the destination by a number where `holds`, else by the bits that `slow` computes. The number stays a
 * floating-point value all the way: the next instruction waits for it.
 */
export function writeNumber(
  l: Lifter,
  width: Width,
  whole: Value,
  number: Value,
  holds: Value,
  slow: () => Value,
): void {
  const fast = l.replaceLane(width.vector, whole, 0, number)
  writeWhole(
    l,
    either(l, ValueType.v128, holds, fast, () => l.replaceLane(width.integers, whole, 0, slow())),
  )
}

export const writeWhole = (l: Lifter, v: Value): void => l.storeState(0, 128, v, l.source.registerOffset(0))

/** `fast` where `holds`, else what `slow` computes. */
export function either(l: Lifter, type: ValueType, holds: Value, fast: Value, slow: () => Value): Value {
  const result = l.local(type, fast)
  l.if(l.pure('i32.eqz', holds), () => l.setLocal(result, slow()))
  return l.getLocal(result)
}

/** A scalar operation by soft-float. `from`: bits of the operands, `to`: of the result. A fault ends the instruction. */
export function soft(
  l: Lifter,
  name: string,
  operands: readonly Value[],
  [from, to]: readonly [LaneBits, LaneBits],
  option: Value = l.zero,
): Value {
  const at = FIELD.helperArgument.offset
  operands.forEach((v, n) => {
    l.storeState(at + n * 8, from, v)
  })
  l.argument(3, l.i64(0))
  l.call(helperNumber(name), mxcsr(l), option)
  l.call(helperNumber('sse.exceptions'))
  return l.result(0, to)
}

/** A packed operation by a routine of `helpers/sse`. The first operand may be missing. */
export function softPacked(l: Lifter, name: string, first: Value | null, second: Value, word: Value = l.zero): Value {
  if (first !== null) l.argument(FIRST_ELEMENT, first, 128)
  l.argument(SECOND_ELEMENT, second, 128)
  l.call(helperNumber(name), word)
  return l.result(FIRST_ELEMENT, 128)
}
