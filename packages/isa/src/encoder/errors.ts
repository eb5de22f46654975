/** Errors of the encoder are values: a program that generates code decides what to do with them. */
import type { EncodeProblem } from './emit.ts'

export type EncodeErrorCode =
  | EncodeProblem
  | 'notDecoded'
  | 'unknownMnemonic'
  | 'unknownForm'
  | 'operands'
  | 'ambiguousSize'
  | 'range'
  | 'prefix'

/** Why nothing was encoded. */
export interface EncodeError {
  readonly kind: 'error'
  readonly code: EncodeErrorCode
  readonly message: string
  /** Position of the operand that does not fit, from 1; 0 where it is not one operand. */
  readonly operand: number
  /** What would be accepted there, in the manual's letters. */
  readonly accepted: readonly string[]
}

export const encodeError = (
  code: EncodeErrorCode,
  message: string,
  operand = 0,
  accepted: readonly string[] = [],
): EncodeError => ({
  kind: 'error',
  code,
  message,
  operand,
  accepted,
})

export const isEncodeError = (value: Uint8Array | EncodeError): value is EncodeError => !(value instanceof Uint8Array)
