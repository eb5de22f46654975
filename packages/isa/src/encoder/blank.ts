/** The fields that an instruction has before its operands are known. */
import { FormBit } from '../decoder/form-bits.ts'
import { Instruction } from '../decoder/instruction.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_RULES } from '../generated/encode.ts'
import { formAddressSize, formField, formOperandSize } from './form-access.ts'
import { Rule, Shape } from './form-shape.ts'

/** Operand size that a form has in code of `bits` without prefixes. */
export function defaultSize(form: number, bits: number): number {
  return bits === 64 ? ((FORM_BITS[form] as number) & (FormBit.d64 | FormBit.f64) ? 64 : 32) : bits
}

/** Blank fields for a form. */
export function blank(form: number, bits: 16 | 32 | 64): Instruction {
  const i = new Instruction()
  i.form = form
  i.mode = bits
  i.operandSize = formOperandSize(form) || defaultSize(form, bits)
  i.addressSize = formAddressSize(form) || bits
  // Hint-NOPs take every ModRM.reg that no instruction has: 5 is free in all of them.
  if (formField(form, Shape.regShift) === Shape.fieldFree && (FORM_RULES[form] as number) & Rule.undocumented) i.reg = 5
  return i
}
