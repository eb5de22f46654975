/** Types of IR values: those of WebAssembly, so that an op's Wasm sequence is short. */
export const ValueType = { i32: 0, i64: 1, f32: 2, f64: 3, v128: 4, none: 5 } as const
export type ValueType = (typeof ValueType)[keyof typeof ValueType]

export const VALUE_TYPE_NAMES = ['i32', 'i64', 'f32', 'f64', 'v128', '-'] as const

/** A value: the number of the op that makes it. */
export type Value = number

/** What an evaluator holds of a value: i32 as int32, i64 as signed bigint, f32 and f64 as numbers, v128 as 16 bytes. */
export type Datum = number | bigint | Uint8Array
