/** Integer v128 ops whose lanes keep their width (WebAssembly core specification 2.0, 4.3.2 and 4.3.4). */
import type { PureRow } from '../rows.ts'
import {
  bytesOf,
  bytesOfQuads,
  compare,
  I8X16,
  I16X8,
  I32X4,
  lanesOf,
  map1,
  map2,
  maskBytes,
  quadsOf,
  type Shape,
  shift,
  test,
  unsigned,
  vector1,
  vector2,
} from './lanes.ts'

const SHAPES: readonly Shape[] = [I8X16, I16X8, I32X4]

/** Opcodes for i8x16, i16x8 and i32x4; -1 where a shape has no such op. */
type Codes = readonly [number, number, number]
type Lane1 = (a: number, bits: number) => number
type Lane2 = (a: number, b: number, bits: number) => number

const clampSigned = (bits: number, v: number): number => Math.max(-(2 ** (bits - 1)), Math.min(2 ** (bits - 1) - 1, v))
const clampUnsigned = (bits: number, v: number): number => Math.max(0, Math.min(2 ** bits - 1, v))

const popcount8 = (v: number): number => {
  let n = 0
  for (let x = v & 0xff; x !== 0; x &= x - 1) n++
  return n
}

// biome-ignore format: a table
const UNARY: Readonly<Record<string, readonly [Codes, Lane1]>> = {
  abs: [[0x60, 0x80, 0xa0], (a) => Math.abs(a)],
  neg: [[0x61, 0x81, 0xa1], (a) => -a],
  popcnt: [[0x62, -1, -1], popcount8],
}

// biome-ignore format: a table
const BINARY: Readonly<Record<string, readonly [Codes, Lane2]>> = {
  add: [[0x6e, 0x8e, 0xae], (a, b) => a + b],
  add_sat_s: [[0x6f, 0x8f, -1], (a, b, n) => clampSigned(n, a + b)],
  add_sat_u: [[0x70, 0x90, -1], (a, b, n) => clampUnsigned(n, unsigned(n, a) + unsigned(n, b))],
  sub: [[0x71, 0x91, 0xb1], (a, b) => a - b],
  sub_sat_s: [[0x72, 0x92, -1], (a, b, n) => clampSigned(n, a - b)],
  sub_sat_u: [[0x73, 0x93, -1], (a, b, n) => clampUnsigned(n, unsigned(n, a) - unsigned(n, b))],
  mul: [[-1, 0x95, 0xb5], (a, b) => Math.imul(a, b)],
  min_s: [[0x76, 0x96, 0xb6], (a, b) => Math.min(a, b)],
  min_u: [[0x77, 0x97, 0xb7], (a, b, n) => Math.min(unsigned(n, a), unsigned(n, b))],
  max_s: [[0x78, 0x98, 0xb8], (a, b) => Math.max(a, b)],
  max_u: [[0x79, 0x99, 0xb9], (a, b, n) => Math.max(unsigned(n, a), unsigned(n, b))],
  avgr_u: [[0x7b, 0x9b, -1], (a, b, n) => (unsigned(n, a) + unsigned(n, b) + 1) >> 1],
  q15mulr_sat_s: [[-1, 0x82, -1], (a, b) => clampSigned(16, (a * b + 0x4000) >> 15)],
}

// biome-ignore format: a table
const COMPARE: Readonly<Record<string, readonly [Codes, (a: number, b: number, bits: number) => boolean]>> = {
  eq: [[0x23, 0x2d, 0x37], (a, b) => a === b],
  ne: [[0x24, 0x2e, 0x38], (a, b) => a !== b],
  lt_s: [[0x25, 0x2f, 0x39], (a, b) => a < b],
  lt_u: [[0x26, 0x30, 0x3a], (a, b, n) => unsigned(n, a) < unsigned(n, b)],
  gt_s: [[0x27, 0x31, 0x3b], (a, b) => a > b],
  gt_u: [[0x28, 0x32, 0x3c], (a, b, n) => unsigned(n, a) > unsigned(n, b)],
  le_s: [[0x29, 0x33, 0x3d], (a, b) => a <= b],
  le_u: [[0x2a, 0x34, 0x3e], (a, b, n) => unsigned(n, a) <= unsigned(n, b)],
  ge_s: [[0x2b, 0x35, 0x3f], (a, b) => a >= b],
  ge_u: [[0x2c, 0x36, 0x40], (a, b, n) => unsigned(n, a) >= unsigned(n, b)],
}

/** Counts are taken modulo the lane's width. */
// biome-ignore format: a table
const SHIFT: Readonly<Record<string, readonly [Codes, Lane2]>> = {
  shl: [[0x6b, 0x8b, 0xab], (a, n) => a << n],
  shr_s: [[0x6c, 0x8c, 0xac], (a, n) => a >> n],
  shr_u: [[0x6d, 0x8d, 0xad], (a, n, bits) => unsigned(bits, a) >>> n],
}

// biome-ignore format: a table
const TEST: Readonly<Record<string, readonly [Codes, (lanes: readonly number[]) => number]>> = {
  all_true: [[0x63, 0x83, 0xa3], (lanes) => (lanes.every((v) => v !== 0) ? 1 : 0)],
  bitmask: [[0x64, 0x84, 0xa4], (lanes) => lanes.reduce((mask, v, n) => mask | (v < 0 ? 1 << n : 0), 0)],
}

/** A row for each shape that has the op. */
function each<Entry extends readonly [Codes, unknown]>(
  table: Readonly<Record<string, Entry>>,
  row: (shape: Shape, name: string, opcode: number, f: Entry[1]) => PureRow,
): PureRow[] {
  return Object.entries(table).flatMap(([name, [codes, f]]) =>
    SHAPES.flatMap((shape, n) => ((codes[n] as number) < 0 ? [] : [row(shape, name, codes[n] as number, f)])),
  )
}

const s64 = (v: bigint): bigint => BigInt.asIntN(64, v)

const quads2 = (name: string, opcode: number, f: (a: bigint, b: bigint) => bigint): PureRow =>
  vector2(`i64x2.${name}`, opcode, (a, b) => {
    const right = quadsOf(b)
    return bytesOfQuads(quadsOf(a).map((x, n) => s64(f(x, right[n] as bigint))))
  })

const compareQuads = (name: string, opcode: number, f: (a: bigint, b: bigint) => boolean): PureRow =>
  vector2(`i64x2.${name}`, opcode, (a, b) => {
    const right = quadsOf(b)
    return maskBytes(
      { bits: 64 },
      quadsOf(a).map((x, n) => f(x, right[n] as bigint)),
    )
  })

const quads1 = (name: string, opcode: number, f: (a: bigint) => bigint): PureRow =>
  vector1(`i64x2.${name}`, opcode, (a) => bytesOfQuads(quadsOf(a).map((x) => s64(f(x)))))

const shiftQuads = (name: string, opcode: number, f: (a: bigint, n: bigint) => bigint): PureRow =>
  shift(`i64x2.${name}`, opcode, (a, n) => bytesOfQuads(quadsOf(a).map((x) => s64(f(x, BigInt(n & 63))))))

const QUADS: readonly PureRow[] = [
  quads1('abs', 0xc0, (a) => (a < 0n ? -a : a)),
  quads1('neg', 0xc1, (a) => -a),
  quads2('add', 0xce, (a, b) => a + b),
  quads2('sub', 0xd1, (a, b) => a - b),
  quads2('mul', 0xd5, (a, b) => a * b),
  compareQuads('eq', 0xd6, (a, b) => a === b),
  compareQuads('ne', 0xd7, (a, b) => a !== b),
  compareQuads('lt_s', 0xd8, (a, b) => a < b),
  compareQuads('gt_s', 0xd9, (a, b) => a > b),
  compareQuads('le_s', 0xda, (a, b) => a <= b),
  compareQuads('ge_s', 0xdb, (a, b) => a >= b),
  shiftQuads('shl', 0xcb, (a, n) => a << n),
  shiftQuads('shr_s', 0xcc, (a, n) => a >> n),
  shiftQuads('shr_u', 0xcd, (a, n) => BigInt.asUintN(64, a) >> n),
  test('i64x2.all_true', 0xc3, (a) => (quadsOf(a).every((v) => v !== 0n) ? 1 : 0)),
  test('i64x2.bitmask', 0xc4, (a) => quadsOf(a).reduce((mask, v, n) => mask | (v < 0n ? 1 << n : 0), 0)),
]

export const INTEGER_LANE_ROWS: readonly PureRow[] = [
  ...each(UNARY, (shape, name, opcode, f) => map1(shape, name, opcode, (a) => f(a, shape.bits))),
  ...each(BINARY, (shape, name, opcode, f) => map2(shape, name, opcode, (a, b) => f(a, b, shape.bits))),
  ...each(COMPARE, (shape, name, opcode, f) => compare(shape, shape, name, opcode, (a, b) => f(a, b, shape.bits))),
  ...each(SHIFT, (shape, name, opcode, f) =>
    shift(`${shape.name}.${name}`, opcode, (a, count) =>
      bytesOf(
        shape,
        lanesOf(shape, a).map((x) => f(x, count & (shape.bits - 1), shape.bits)),
      ),
    ),
  ),
  ...each(TEST, (shape, name, opcode, f) => test(`${shape.name}.${name}`, opcode, (a) => f(lanesOf(shape, a)))),
  ...QUADS,
]
