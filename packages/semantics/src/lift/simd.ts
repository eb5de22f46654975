/** MMX and SSE without floating-point arithmetic: what registers and memory exchange, and integers. */
import { CRYPTO } from './crypto.ts'
import type { Lifting } from './registry.ts'
import { SIMD_ARITHMETIC } from './simd-arithmetic.ts'
import { SIMD_ELEMENTS, SSE4A } from './simd-elements.ts'
import { SIMD_MOVES } from './simd-moves.ts'
import { SIMD_SHIFT } from './simd-shift.ts'
import { SIMD_SHUFFLE } from './simd-shuffle.ts'
import { SIMD_STRINGS } from './simd-strings.ts'

/** By mnemonic. MOVSD and CMPSD are string instructions too, which the registry takes out before by the name of the form. */
export const SIMD: Readonly<Record<string, Lifting>> = {
  ...SIMD_MOVES,
  ...SIMD_ARITHMETIC,
  ...SIMD_SHIFT,
  ...SIMD_SHUFFLE,
  ...SIMD_ELEMENTS,
  ...SSE4A,
  ...SIMD_STRINGS,
  ...CRYPTO,
}
