/**
 * The v128 ops, a row each: evaluation by lanes, and the Wasm SIMD instruction of the same name (WebAssembly core
 * specification 2.0, 4.3.4 "Vector operations"). All of the fixed-width instructions that touch no memory stand here. A v128 is
 * 16 bytes; evaluation never changes its operands.
 */
import type { PureRow } from './rows.ts'
import { BITS_ROWS } from './simd/bits-rows.ts'
import { FLOAT_LANE_ROWS } from './simd/float-lane-rows.ts'
import { INTEGER_LANE_ROWS } from './simd/integer-rows.ts'
import { WIDENING_ROWS } from './simd/widening-rows.ts'

export const SIMD_ROWS: readonly PureRow[] = [...BITS_ROWS, ...INTEGER_LANE_ROWS, ...WIDENING_ROWS, ...FLOAT_LANE_ROWS]
