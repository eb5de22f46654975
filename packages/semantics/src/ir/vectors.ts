/** Vectors in IR: what liftings and routines say often. */
import type { IrBuilder } from './builder.ts'
import type { Value } from './types.ts'

/** The low 32 or 64 bits of a vector, as integers. */
export const lowDoubleword = (b: IrBuilder, v: Value): Value => b.lane('i32x4.extract_lane', v, 0)
export const lowQuad = (b: IrBuilder, v: Value): Value => b.lane('i64x2.extract_lane', v, 0)

export const constant = (b: IrBuilder, bytes: readonly number[]): Value => b.v128(Uint8Array.from(bytes))
export const zeros = (b: IrBuilder): Value => b.v128(new Uint8Array(16))
export const splatByte = (b: IrBuilder, v: Value): Value => b.pure('i8x16.splat', v)

/** 16 bytes by index: tables of lane numbers. */
export const bytesBy = (byte: (n: number) => number): number[] => Array.from({ length: 16 }, (_, n) => byte(n))

/** Two MMX values as one vector: `low` below `high`. */
export const join = (b: IrBuilder, low: Value, high: Value): Value =>
  b.shuffle(
    low,
    high,
    bytesBy((n) => (n < 8 ? n : n + 8)),
  )

/** Lane `index` (i32) of lanes of `bytes`, in every lane. */
export function broadcast(b: IrBuilder, bytes: 1 | 2 | 4 | 8, v: Value, index: Value): Value {
  const first = bytes === 1 ? index : b.pure('i32.mul', index, b.i32(bytes))
  const within = constant(
    b,
    bytesBy((n) => n % bytes),
  )
  return b.pure('i8x16.swizzle', v, b.pure('i8x16.add', splatByte(b, first), within))
}

/** Ones in lane `index` (i32) of lanes of `bytes`, zeros elsewhere. */
export function laneMask(b: IrBuilder, bytes: 1 | 2 | 4 | 8, index: Value): Value {
  const numbers = constant(
    b,
    bytesBy((n) => Math.floor(n / bytes)),
  )
  return b.pure('i8x16.eq', numbers, splatByte(b, index))
}

/** Ones in the lanes of `bytes` whose bit is set in the low byte of `bits` (i32): bit n for lane n. */
export function maskOfBits(b: IrBuilder, bytes: 2 | 4 | 8, bits: Value): Value {
  const places = constant(
    b,
    bytesBy((n) => 1 << Math.floor(n / bytes)),
  )
  return b.pure('i8x16.ne', b.pure('v128.and', splatByte(b, bits), places), zeros(b))
}

/** From `x` where the mask has ones, from `y` where it has zeros. */
export const blend = (b: IrBuilder, mask: Value, x: Value, y: Value): Value => b.pure('v128.bitselect', x, y, mask)
