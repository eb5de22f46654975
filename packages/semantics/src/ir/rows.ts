/**
 * The pure ops of the IR, a row each: its evaluation and its Wasm sequence stand side by side. Semantics are those of the
 * WebAssembly instruction of the same name (WebAssembly core specification 2.0, 4.3 "Numerics"); what differs says so.
 */
import { FLOAT_ROWS } from './float-rows.ts'
import { type Datum, ValueType } from './types.ts'

export interface PureRow {
  readonly name: string
  readonly args: readonly ValueType[]
  readonly result: ValueType
  /** Bytes of the Wasm instructions that follow the operands. */
  readonly wasm: readonly number[]
  /** Whether a lane number, or 16 lane numbers (an entry of the constants), stand in the instruction behind its opcode. */
  readonly immediate?: 'lane' | 'shuffle'
  /** `imm`: the lane number, or the 16 of a shuffle. */
  readonly evaluate: (a: never, b: never, c: never, imm: never) => Datum
}

const { i32, i64, f32, f64 } = ValueType

type Unary32 = (a: number) => number
type Binary32 = (a: number, b: number) => number
type Unary64 = (a: bigint) => bigint
type Binary64 = (a: bigint, b: bigint) => bigint

const s64 = (v: bigint): bigint => BigInt.asIntN(64, v)
const u64 = (v: bigint): bigint => BigInt.asUintN(64, v)
const bool = (v: boolean): number => (v ? 1 : 0)

const popcount32 = (v: number): number => {
  let n = 0
  for (let x = v >>> 0; x !== 0; x = (x & (x - 1)) >>> 0) n++
  return n
}
const ctz32 = (v: number): number => (v === 0 ? 32 : 31 - Math.clz32(v & -v))
const clz64 = (v: bigint): bigint => {
  const hi = Number(u64(v) >> 32n)
  return BigInt(hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(Number(u64(v) & 0xffffffffn)))
}
const ctz64 = (v: bigint): bigint => {
  const lo = Number(BigInt.asIntN(32, v))
  return BigInt(lo !== 0 ? ctz32(lo) : 32 + ctz32(Number(BigInt.asIntN(32, v >> 32n))))
}
const popcount64 = (v: bigint): bigint =>
  BigInt(popcount32(Number(BigInt.asIntN(32, v))) + popcount32(Number(BigInt.asIntN(32, v >> 32n))))

const UNARY_32: Readonly<Record<string, readonly [readonly number[], Unary32]>> = {
  clz: [[0x67], (a) => Math.clz32(a)],
  ctz: [[0x68], ctz32],
  popcnt: [[0x69], popcount32],
  extend8_s: [[0xc0], (a) => (a << 24) >> 24],
  extend16_s: [[0xc1], (a) => (a << 16) >> 16],
  eqz: [[0x45], (a) => bool(a === 0)],
}

/** Division by zero and overflow are the lifting's to exclude: an IR op never traps. */
const BINARY_32: Readonly<Record<string, readonly [number, Binary32]>> = {
  eq: [0x46, (a, b) => bool(a === b)],
  ne: [0x47, (a, b) => bool(a !== b)],
  lt_s: [0x48, (a, b) => bool(a < b)],
  lt_u: [0x49, (a, b) => bool(a >>> 0 < b >>> 0)],
  gt_s: [0x4a, (a, b) => bool(a > b)],
  gt_u: [0x4b, (a, b) => bool(a >>> 0 > b >>> 0)],
  le_s: [0x4c, (a, b) => bool(a <= b)],
  le_u: [0x4d, (a, b) => bool(a >>> 0 <= b >>> 0)],
  ge_s: [0x4e, (a, b) => bool(a >= b)],
  ge_u: [0x4f, (a, b) => bool(a >>> 0 >= b >>> 0)],
  add: [0x6a, (a, b) => (a + b) | 0],
  sub: [0x6b, (a, b) => (a - b) | 0],
  mul: [0x6c, (a, b) => Math.imul(a, b)],
  div_s: [0x6d, (a, b) => (a / b) | 0],
  div_u: [0x6e, (a, b) => ((a >>> 0) / (b >>> 0)) | 0],
  rem_s: [0x6f, (a, b) => (a % b) | 0],
  rem_u: [0x70, (a, b) => ((a >>> 0) % (b >>> 0)) | 0],
  and: [0x71, (a, b) => a & b],
  or: [0x72, (a, b) => a | b],
  xor: [0x73, (a, b) => a ^ b],
  shl: [0x74, (a, b) => a << b],
  shr_s: [0x75, (a, b) => a >> b],
  shr_u: [0x76, (a, b) => (a >>> b) | 0],
  rotl: [0x77, (a, b) => ((b & 31) === 0 ? a : (a << b) | (a >>> (32 - (b & 31))))],
  rotr: [0x78, (a, b) => ((b & 31) === 0 ? a : (a >>> b) | (a << (32 - (b & 31))))],
}

const UNARY_64: Readonly<Record<string, readonly [readonly number[], Unary64]>> = {
  clz: [[0x79], clz64],
  ctz: [[0x7a], ctz64],
  popcnt: [[0x7b], popcount64],
  extend8_s: [[0xc2], (a) => BigInt.asIntN(8, a)],
  extend16_s: [[0xc3], (a) => BigInt.asIntN(16, a)],
  extend32_s: [[0xc4], (a) => BigInt.asIntN(32, a)],
}

const COMPARE_64: Readonly<Record<string, readonly [number, (a: bigint, b: bigint) => boolean]>> = {
  eq: [0x51, (a, b) => a === b],
  ne: [0x52, (a, b) => a !== b],
  lt_s: [0x53, (a, b) => a < b],
  lt_u: [0x54, (a, b) => u64(a) < u64(b)],
  gt_s: [0x55, (a, b) => a > b],
  gt_u: [0x56, (a, b) => u64(a) > u64(b)],
  le_s: [0x57, (a, b) => a <= b],
  le_u: [0x58, (a, b) => u64(a) <= u64(b)],
  ge_s: [0x59, (a, b) => a >= b],
  ge_u: [0x5a, (a, b) => u64(a) >= u64(b)],
}

const BINARY_64: Readonly<Record<string, readonly [number, Binary64]>> = {
  add: [0x7c, (a, b) => s64(a + b)],
  sub: [0x7d, (a, b) => s64(a - b)],
  mul: [0x7e, (a, b) => s64(a * b)],
  div_s: [0x7f, (a, b) => s64(a / b)],
  div_u: [0x80, (a, b) => s64(u64(a) / u64(b))],
  rem_s: [0x81, (a, b) => s64(a % b)],
  rem_u: [0x82, (a, b) => s64(u64(a) % u64(b))],
  and: [0x83, (a, b) => a & b],
  or: [0x84, (a, b) => a | b],
  xor: [0x85, (a, b) => a ^ b],
  shl: [0x86, (a, b) => s64(a << (b & 63n))],
  shr_s: [0x87, (a, b) => a >> (b & 63n)],
  shr_u: [0x88, (a, b) => s64(u64(a) >> (b & 63n))],
  rotl: [0x89, (a, b) => s64((u64(a) << (b & 63n)) | (u64(a) >> (64n - (b & 63n))))],
  rotr: [0x8a, (a, b) => s64((u64(a) >> (b & 63n)) | (u64(a) << (64n - (b & 63n))))],
}

const scalarRows = (): PureRow[] => [
  ...Object.entries(UNARY_32).map(
    ([n, [wasm, evaluate]]): PureRow => ({ name: `i32.${n}`, args: [i32], result: i32, wasm, evaluate }),
  ),
  ...Object.entries(BINARY_32).map(
    ([n, [code, evaluate]]): PureRow => ({ name: `i32.${n}`, args: [i32, i32], result: i32, wasm: [code], evaluate }),
  ),
  ...Object.entries(UNARY_64).map(
    ([n, [wasm, evaluate]]): PureRow => ({ name: `i64.${n}`, args: [i64], result: i64, wasm, evaluate }),
  ),
  {
    name: 'i64.eqz',
    args: [i64],
    result: i32,
    wasm: [0x50],
    evaluate: (a: bigint) => bool(a === 0n),
  } satisfies PureRow,
  ...Object.entries(COMPARE_64).map(
    ([n, [code, compare]]): PureRow => ({
      name: `i64.${n}`,
      args: [i64, i64],
      result: i32,
      wasm: [code],
      evaluate: (a: bigint, b: bigint) => bool(compare(a, b)),
    }),
  ),
  ...Object.entries(BINARY_64).map(
    ([n, [code, evaluate]]): PureRow => ({ name: `i64.${n}`, args: [i64, i64], result: i64, wasm: [code], evaluate }),
  ),
]

const view = new DataView(new ArrayBuffer(8))
const bitsOfF64 = (v: number): bigint => {
  view.setFloat64(0, v)
  return view.getBigInt64(0)
}
const f64OfBits = (v: bigint): number => {
  view.setBigInt64(0, v)
  return view.getFloat64(0)
}
const bitsOfF32 = (v: number): number => {
  view.setFloat32(0, v)
  return view.getInt32(0)
}
const f32OfBits = (v: number): number => {
  view.setInt32(0, v)
  return view.getFloat32(0)
}

const CONVERSIONS: readonly PureRow[] = [
  {
    name: 'i32.wrap_i64',
    args: [i64],
    result: i32,
    wasm: [0xa7],
    evaluate: (a: bigint) => Number(BigInt.asIntN(32, a)),
  },
  { name: 'i64.extend_i32_s', args: [i32], result: i64, wasm: [0xac], evaluate: (a: number) => BigInt(a) },
  { name: 'i64.extend_i32_u', args: [i32], result: i64, wasm: [0xad], evaluate: (a: number) => BigInt(a >>> 0) },
  { name: 'i32.reinterpret_f32', args: [f32], result: i32, wasm: [0xbc], evaluate: bitsOfF32 },
  { name: 'i64.reinterpret_f64', args: [f64], result: i64, wasm: [0xbd], evaluate: bitsOfF64 },
  { name: 'f32.reinterpret_i32', args: [i32], result: f32, wasm: [0xbe], evaluate: f32OfBits },
  { name: 'f64.reinterpret_i64', args: [i64], result: f64, wasm: [0xbf], evaluate: f64OfBits },
]

/** The scalar ops. A NaN's bits are never carried through f32 and f64 values: the lifting handles NaNs as integers. */
export const SCALAR_ROWS: readonly PureRow[] = [...scalarRows(), ...CONVERSIONS, ...FLOAT_ROWS]
