/** The v128 ops, a row each: evaluation by lanes, and the Wasm SIMD instruction of the same name. */
import type { PureRow } from './rows.ts'

export const SIMD_ROWS: readonly PureRow[] = []
