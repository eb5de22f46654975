/** Lanes of a v128, and rows made of functions of lanes. */
import type { PureRow } from '../rows.ts'
import { ValueType } from '../types.ts'

const { i32, v128 } = ValueType

type TypedLanes = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array

/** How 16 bytes are cut: signed integers or floating-point numbers of `bits`. */
export interface Shape {
  readonly name: string
  readonly bits: 8 | 16 | 32 | 64
  readonly make: new (source: ArrayBuffer | number) => TypedLanes
}

export const I8X16: Shape = { name: 'i8x16', bits: 8, make: Int8Array }
export const I16X8: Shape = { name: 'i16x8', bits: 16, make: Int16Array }
export const I32X4: Shape = { name: 'i32x4', bits: 32, make: Int32Array }
export const F32X4: Shape = { name: 'f32x4', bits: 32, make: Float32Array }
export const F64X2: Shape = { name: 'f64x2', bits: 64, make: Float64Array }

/** The instruction behind its operands: prefix and opcode in LEB128 (core specification 2.0, 5.4.8). */
export const simdCode = (opcode: number): readonly number[] =>
  opcode < 0x80 ? [0xfd, opcode] : [0xfd, (opcode & 0x7f) | 0x80, opcode >> 7]

/** A copy of the lanes: rows never change their operands. */
export const lanesOf = (shape: Shape, v: Uint8Array): number[] => [...new shape.make(v.slice().buffer)]

/** The bytes of lanes, each cut to its width. */
export function bytesOf(shape: Shape, lanes: readonly number[]): Uint8Array {
  const typed = new shape.make(lanes.length)
  typed.set(lanes)
  return new Uint8Array(typed.buffer)
}

export const quadsOf = (v: Uint8Array): bigint[] => [...new BigInt64Array(v.slice().buffer)]
export const bytesOfQuads = (quads: readonly bigint[]): Uint8Array => new Uint8Array(new BigInt64Array(quads).buffer)

/** A lane of `bits` as an unsigned number. */
export const unsigned = (bits: number, v: number): number => (bits === 32 ? v >>> 0 : v & (2 ** bits - 1))

export const vector1 = (name: string, opcode: number, evaluate: (a: Uint8Array) => Uint8Array): PureRow => ({
  name,
  args: [v128],
  result: v128,
  wasm: simdCode(opcode),
  evaluate,
})

export const vector2 = (
  name: string,
  opcode: number,
  evaluate: (a: Uint8Array, b: Uint8Array) => Uint8Array,
): PureRow => ({ name, args: [v128, v128], result: v128, wasm: simdCode(opcode), evaluate })

/** A vector and an i32 count. */
export const shift = (
  name: string,
  opcode: number,
  evaluate: (a: Uint8Array, count: number) => Uint8Array,
): PureRow => ({ name, args: [v128, i32], result: v128, wasm: simdCode(opcode), evaluate })

/** A vector to an i32. */
export const test = (name: string, opcode: number, evaluate: (a: Uint8Array) => number): PureRow => ({
  name,
  args: [v128],
  result: i32,
  wasm: simdCode(opcode),
  evaluate,
})

/** Lane by lane. */
export const map1 = (shape: Shape, name: string, opcode: number, f: (a: number) => number): PureRow =>
  vector1(`${shape.name}.${name}`, opcode, (a) => bytesOf(shape, lanesOf(shape, a).map(f)))

export const map2 = (shape: Shape, name: string, opcode: number, f: (a: number, b: number) => number): PureRow =>
  vector2(`${shape.name}.${name}`, opcode, (a, b) => {
    const right = lanesOf(shape, b)
    return bytesOf(
      shape,
      lanesOf(shape, a).map((x, n) => f(x, right[n] as number)),
    )
  })

/** Lane by lane of one shape to truth values of an integer shape of the same width: all ones, or zeros. */
export const compare = (
  shape: Shape,
  mask: Shape,
  name: string,
  opcode: number,
  f: (a: number, b: number) => boolean,
): PureRow =>
  vector2(`${shape.name}.${name}`, opcode, (a, b) => {
    const right = lanesOf(shape, b)
    return maskBytes(
      mask,
      lanesOf(shape, a).map((x, n) => f(x, right[n] as number)),
    )
  })

/** Truth values as lanes of ones or zeros, also for 64 bits. */
export function maskBytes(shape: { readonly bits: number }, truths: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(16)
  const size = shape.bits / 8
  for (const [n, isTrue] of truths.entries()) if (isTrue) bytes.fill(0xff, n * size, (n + 1) * size)
  return bytes
}
