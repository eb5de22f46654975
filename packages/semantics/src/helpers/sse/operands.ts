/** Where routines of SSE find the operands of packed instructions: soft-float leaves elements 4 to 7 of `helperArgument` alone. */
import { FIELD } from '@ringfold/arch'

/** Element of the first operand, which the result replaces, and of the second or only one. */
export const FIRST_ELEMENT = 4
export const SECOND_ELEMENT = 6

/** Bytes of the state: of the elements, and of element 0, by which lanes travel. */
export const ELEMENT: number = FIELD.helperArgument.offset
export const FIRST: number = ELEMENT + FIRST_ELEMENT * 8
export const SECOND: number = ELEMENT + SECOND_ELEMENT * 8

export type LaneBits = 32 | 64
