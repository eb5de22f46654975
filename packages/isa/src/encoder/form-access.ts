/** Reading the encoder's words of a form. */
import { FORM_RULES, FORM_SHAPE } from '../generated/encode.ts'
import { Rule, Shape } from './form-shape.ts'

const SIZES = [0, 16, 32, 64]

/** Operand size that a form stands for, 0 where it has none. */
export const formOperandSize = (form: number): number =>
  SIZES[(FORM_RULES[form] as number) & Rule.operandSizeMask] as number

/** Address size that a form demands, 0 where it takes any. */
export const formAddressSize = (form: number): number =>
  SIZES[((FORM_RULES[form] as number) >> Rule.addressSizeShift) & Rule.addressSizeMask] as number

/** Whether processors in a mode of `bits` have the form. */
export const formInMode = (form: number, bits: number): boolean =>
  (((FORM_RULES[form] as number) >> Rule.modesShift) & (bits >> 4) & 7) !== 0

/** ModRM.reg or ModRM.rm that a form fixes, or 8. */
export const formField = (form: number, shift: number): number =>
  ((FORM_SHAPE[form] as number) >> shift) & Shape.fieldMask

export const formMod = (form: number): number => ((FORM_SHAPE[form] as number) >> Shape.modShift) & Shape.modMask

export const formMandatoryPrefix = (form: number): number =>
  ((FORM_SHAPE[form] as number) >> Shape.prefixShift) & Shape.prefixMask
