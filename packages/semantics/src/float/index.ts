/**
 * Floating point in integers: the core of x87 and SSE arithmetic, written in IR (SDM vol. 1, 4.8, 4.9 and chapter 8, 11.5).
 *
 * Routines by name, and how they are called:
 *
 *     l.argument(0, a); l.argument(1, b)            // operands: raw bits, i64; of 32-bit ones the upper half is ignored
 *     l.argument(3, l.i64(0))                       // exceptions, once before the first lane
 *     l.call(helperNumber('f64.add'), mxcsr, option)
 *     const r = l.result(0); const e = l.result(3, 32)
 *
 * - Element 0, 1 and 2 of `helperArgument` hold the operands, element 0 the result (zero-extended where it has 32 bits). Operands
 *   other than element 0 stay as they are; elements 4 to 7 are never touched.
 * - Word 0 of the call is the control, in the form of MXCSR: RC, FTZ, DAZ and the masks count, the rest is ignored. (Masks
 *   count because an unmasked underflow is reported where a masked one is not, and because FTZ works only where it is masked.)
 * - Word 1 is the option, below; 0 where a routine has none.
 * - Exceptions IE, DE, ZE, OE, UE, PE are ORed into element 3 in the places of MXCSR: several calls (lanes) accumulate. Nothing is
 *   raised and MXCSR is not written: that is the caller's. Where an exception of a lane is unmasked the result is unspecified; of
 *   IE, DE and ZE, which are found before the operation, an unmasked one suppresses OE, UE and PE *of its lane* only; for a packed
 *   instruction the caller drops OE, UE and PE of all lanes (SDM vol. 1, 11.5.3.2: no lane is computed then).
 * - Routines never fault.
 *
 * | name (F: f32, f64)            | operands | option, result                                                                     |
 * |-------------------------------|----------|------------------------------------------------------------------------------------|
 * | `F.add F.sub F.mul F.div`     | 0, 1     | 0 op 1                                                                             |
 * | `F.sqrt`                      | 0        |                                                                                    |
 * | `F.min F.max`                 | 0, 1     | as MINSS, MAXSS: the second operand where one is a NaN (IE) or both are zeros      |
 * | `F.compare`                   | 0, 1     | option 1: a quiet NaN is invalid too (COMIS, CMPLT, CMPLE ...); element 0 is one of |
 * |                               |          | 1 less, 2 equal, 4 greater, 8 unordered (`RELATION`)                               |
 * | `F.round`                     | 0        | option: the immediate of ROUNDSS (bits 1:0 RC, bit 2 RC of MXCSR, bit 3 no PE)     |
 * | `F.toI32 F.toI64`             | 0        | option 1: truncates; the integer indefinite (8000...) with IE where it does not fit |
 * | `i32.toF32 i64.toF32 i64.toF64` | 0      | element 0 is signed; `i32.toF64` is exact: no exceptions                           |
 * | `i32.toF64`                   |          |                                                                                    |
 * | `f32.toF64 f64.toF32`         | 0        |                                                                                    |
 * | `F.fma`                       | 0, 1, 2  | 0 * 1 + 2, rounded once; option bit 0: the product negated, bit 1: the addend negated |
 *
 * A NaN result is the first operand if that is a NaN, else the second (then the third), made quiet; a default NaN where none is
 * (SDM vol. 1, table 4-7). Tininess is detected after rounding (4.9.1.5). DAZ turns denormal operands into zeros before all else.
 */
import type { Helper, Routine } from '../helpers/types.ts'
import { SSE_ROUTINES } from './sse.ts'
import { TRANSCENDENTAL_HELPERS } from './transcendental/index.ts'
import { X87_ARITHMETIC } from './x87-arithmetic.ts'
import { X87_REGISTERS } from './x87-registers.ts'
import { X87_SCALING } from './x87-scaling.ts'
import { X87_TRANSFER } from './x87-transfer.ts'

export { RELATION } from './compare.ts'

/** The helpers in TypeScript, by name. */
export const FLOAT_HELPERS: Readonly<Record<string, Helper>> = TRANSCENDENTAL_HELPERS

/** All routines of floating point, by name. */
export const FLOAT_ROUTINES: Readonly<Record<string, Routine>> = {
  ...SSE_ROUTINES,
  ...X87_ARITHMETIC,
  ...X87_TRANSFER,
  ...X87_REGISTERS,
  ...X87_SCALING,
}
