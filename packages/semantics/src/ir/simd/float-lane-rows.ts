/**
 * Floating-point v128 ops (WebAssembly core specification 2.0, 4.3.3 and 4.3.4): round to nearest, no exception flags. The
 * payload of a NaN result is not determined: liftings look for NaNs as integers.
 */
import { nearest, truncateSaturated } from '../float-functions.ts'
import type { PureRow } from '../rows.ts'
import {
  bytesOf,
  compare,
  F32X4,
  F64X2,
  I32X4,
  lanesOf,
  map1,
  map2,
  type Shape,
  unsigned,
  vector1,
  vector2,
} from './lanes.ts'

/** Opcodes for f32x4 and f64x2. */
type Codes = readonly [number, number]

// biome-ignore format: a table
const UNARY: Readonly<Record<string, readonly [Codes, (a: number) => number]>> = {
  sqrt: [[0xe3, 0xef], Math.sqrt],
  ceil: [[0x67, 0x74], Math.ceil],
  floor: [[0x68, 0x75], Math.floor],
  trunc: [[0x69, 0x7a], Math.trunc],
  nearest: [[0x6a, 0x94], nearest],
}

// biome-ignore format: a table
const BINARY: Readonly<Record<string, readonly [Codes, (a: number, b: number) => number]>> = {
  add: [[0xe4, 0xf0], (a, b) => a + b],
  sub: [[0xe5, 0xf1], (a, b) => a - b],
  mul: [[0xe6, 0xf2], (a, b) => a * b],
  div: [[0xe7, 0xf3], (a, b) => a / b],
  min: [[0xe8, 0xf4], Math.min],
  max: [[0xe9, 0xf5], Math.max],
}

// biome-ignore format: a table
const COMPARE: Readonly<Record<string, readonly [Codes, (a: number, b: number) => boolean]>> = {
  eq: [[0x41, 0x47], (a, b) => a === b],
  ne: [[0x42, 0x48], (a, b) => a !== b],
  lt: [[0x43, 0x49], (a, b) => a < b],
  gt: [[0x44, 0x4a], (a, b) => a > b],
  le: [[0x45, 0x4b], (a, b) => a <= b],
  ge: [[0x46, 0x4c], (a, b) => a >= b],
}

const SHAPES: readonly Shape[] = [F32X4, F64X2]

function each<Entry extends readonly [Codes, unknown]>(
  table: Readonly<Record<string, Entry>>,
  row: (shape: Shape, name: string, opcode: number, f: Entry[1]) => PureRow,
): PureRow[] {
  return Object.entries(table).flatMap(([name, [codes, f]]) =>
    SHAPES.map((shape, n) => row(shape, name, codes[n] as number, f)),
  )
}

/** abs and neg change the sign bit only: they carry NaNs exactly. pmin and pmax choose an operand bit for bit. */
const signs = (shape: Shape, name: string, opcode: number, f: (top: number) => number): PureRow =>
  vector1(`${shape.name}.${name}`, opcode, (a) => {
    const size = shape.bits / 8
    return a.map((x, n) => (n % size === size - 1 ? f(x) : x))
  })

/** `takesSecond` chooses between whole lanes. */
const choice = (shape: Shape, name: string, opcode: number, takesSecond: (a: number, b: number) => boolean): PureRow =>
  vector2(`${shape.name}.${name}`, opcode, (a, b) => {
    const [left, right] = [lanesOf(shape, a), lanesOf(shape, b)]
    const second = left.map((x, n) => takesSecond(x, right[n] as number))
    return a.map((x, n) => (second[Math.floor((n * 8) / shape.bits)] ? (b[n] as number) : x))
  })

const low = (lanes: readonly number[]): number[] => lanes.slice(0, 2)

const CONVERSIONS: readonly PureRow[] = [
  vector1('f32x4.demote_f64x2_zero', 0x5e, (a) => bytesOf(F32X4, [...lanesOf(F64X2, a), 0, 0])),
  vector1('f64x2.promote_low_f32x4', 0x5f, (a) => bytesOf(F64X2, low(lanesOf(F32X4, a)))),
  ...[true, false].flatMap((isSigned): PureRow[] => {
    const n = isSigned ? 0 : 1
    const sign = isSigned ? 's' : 'u'
    const integers = (v: Uint8Array) => lanesOf(I32X4, v).map((x) => (isSigned ? x : unsigned(32, x)))
    const truncated = (lanes: readonly number[]) => lanes.map((v) => truncateSaturated(v, 32, isSigned))
    return [
      vector1(`i32x4.trunc_sat_f32x4_${sign}`, 0xf8 + n, (a) => bytesOf(I32X4, truncated(lanesOf(F32X4, a)))),
      vector1(`f32x4.convert_i32x4_${sign}`, 0xfa + n, (a) => bytesOf(F32X4, integers(a))),
      vector1(`i32x4.trunc_sat_f64x2_${sign}_zero`, 0xfc + n, (a) =>
        bytesOf(I32X4, [...truncated(lanesOf(F64X2, a)), 0, 0]),
      ),
      vector1(`f64x2.convert_low_i32x4_${sign}`, 0xfe + n, (a) => bytesOf(F64X2, low(integers(a)))),
    ]
  }),
]

export const FLOAT_LANE_ROWS: readonly PureRow[] = [
  ...each(UNARY, map1),
  ...each(BINARY, map2),
  ...each(COMPARE, (shape, name, opcode, f) => compare(shape, shape.bits === 32 ? I32X4 : shape, name, opcode, f)),
  signs(F32X4, 'abs', 0xe0, (x) => x & 0x7f),
  signs(F32X4, 'neg', 0xe1, (x) => x ^ 0x80),
  signs(F64X2, 'abs', 0xec, (x) => x & 0x7f),
  signs(F64X2, 'neg', 0xed, (x) => x ^ 0x80),
  choice(F32X4, 'pmin', 0xea, (a, b) => b < a),
  choice(F32X4, 'pmax', 0xeb, (a, b) => a < b),
  choice(F64X2, 'pmin', 0xf6, (a, b) => b < a),
  choice(F64X2, 'pmax', 0xf7, (a, b) => a < b),
  ...CONVERSIONS,
]
