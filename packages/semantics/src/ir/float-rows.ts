/** f32 and f64 ops (WebAssembly core specification 2.0, 4.3.3): round to nearest; NaN payloads are not determined. */
import { bigToSingle, nearest, truncateSaturated, truncateSaturated64 } from './float-functions.ts'
import type { PureRow } from './rows.ts'
import { type Datum, ValueType } from './types.ts'

const { i32, i64, f32, f64 } = ValueType

/** First opcode of unary, binary and comparing ops of each width; a single's result is rounded once more, which is exact here. */
const WIDTHS = [
  { name: 'f32', type: f32, unary: 0x8b, binary: 0x92, compare: 0x5b, round: Math.fround },
  { name: 'f64', type: f64, unary: 0x99, binary: 0xa0, compare: 0x61, round: (v: number) => v },
] as const

const UNARY: readonly (readonly [string, (a: number) => number])[] = [
  ['abs', Math.abs],
  ['neg', (a) => -a],
  ['ceil', Math.ceil],
  ['floor', Math.floor],
  ['trunc', Math.trunc],
  ['nearest', nearest],
  ['sqrt', Math.sqrt],
]

/** Without copysign, which reads the sign of a NaN: a number of the evaluator has none. */
const BINARY: readonly (readonly [string, (a: number, b: number) => number])[] = [
  ['add', (a, b) => a + b],
  ['sub', (a, b) => a - b],
  ['mul', (a, b) => a * b],
  ['div', (a, b) => a / b],
  ['min', Math.min],
  ['max', Math.max],
]

const COMPARE: readonly (readonly [string, (a: number, b: number) => boolean])[] = [
  ['eq', (a, b) => a === b],
  ['ne', (a, b) => a !== b],
  ['lt', (a, b) => a < b],
  ['gt', (a, b) => a > b],
  ['le', (a, b) => a <= b],
  ['ge', (a, b) => a >= b],
]

const arithmetic = (): PureRow[] =>
  WIDTHS.flatMap(({ name, type, unary, binary, compare, round }): PureRow[] => [
    ...UNARY.map(
      ([op, f], n): PureRow => ({
        name: `${name}.${op}`,
        args: [type],
        result: type,
        wasm: [unary + n],
        evaluate: (a: number) => round(f(a)),
      }),
    ),
    ...BINARY.map(
      ([op, f], n): PureRow => ({
        name: `${name}.${op}`,
        args: [type, type],
        result: type,
        wasm: [binary + n],
        evaluate: (a: number, b: number) => round(f(a, b)),
      }),
    ),
    ...COMPARE.map(
      ([op, f], n): PureRow => ({
        name: `${name}.${op}`,
        args: [type, type],
        result: i32,
        wasm: [compare + n],
        evaluate: (a: number, b: number) => (f(a, b) ? 1 : 0),
      }),
    ),
  ])

const conversion = (
  name: string,
  [from, to]: readonly [ValueType, ValueType],
  wasm: readonly number[],
  evaluate: (a: never) => Datum,
): PureRow => ({ name, args: [from], result: to, wasm, evaluate })

const u64 = (v: bigint): bigint => BigInt.asUintN(64, v)

// biome-ignore format: a table
const CONVERSIONS: readonly PureRow[] = [
  conversion('f32.demote_f64', [f64, f32], [0xb6], Math.fround),
  conversion('f64.promote_f32', [f32, f64], [0xbb], (a: number) => a),
  conversion('f32.convert_i32_s', [i32, f32], [0xb2], Math.fround),
  conversion('f32.convert_i32_u', [i32, f32], [0xb3], (a: number) => Math.fround(a >>> 0)),
  conversion('f32.convert_i64_s', [i64, f32], [0xb4], bigToSingle),
  conversion('f32.convert_i64_u', [i64, f32], [0xb5], (a: bigint) => bigToSingle(u64(a))),
  conversion('f64.convert_i32_s', [i32, f64], [0xb7], (a: number) => a),
  conversion('f64.convert_i32_u', [i32, f64], [0xb8], (a: number) => a >>> 0),
  conversion('f64.convert_i64_s', [i64, f64], [0xb9], Number),
  conversion('f64.convert_i64_u', [i64, f64], [0xba], (a: bigint) => Number(u64(a))),
  ...([[f32, 'f32', 0], [f64, 'f64', 2]] as const).flatMap(([from, name, n]) => [
    conversion(`i32.trunc_sat_${name}_s`, [from, i32], [0xfc, n], (a: number) => truncateSaturated(a, 32, true)),
    conversion(`i32.trunc_sat_${name}_u`, [from, i32], [0xfc, n + 1], (a: number) => truncateSaturated(a, 32, false)),
    conversion(`i64.trunc_sat_${name}_s`, [from, i64], [0xfc, n + 4], (a: number) => truncateSaturated64(a, true)),
    conversion(`i64.trunc_sat_${name}_u`, [from, i64], [0xfc, n + 5], (a: number) => truncateSaturated64(a, false)),
  ]),
]

export const FLOAT_ROWS: readonly PureRow[] = [...arithmetic(), ...CONVERSIONS]
