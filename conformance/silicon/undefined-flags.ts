/** What the manuals leave undefined after a piece of code, by the facts of its forms. */
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import {
  controlFlow,
  flagsCleared,
  flagsConditional,
  flagsSet,
  flagsUndefined,
  flagsWritten,
} from '@ringfold/isa/facts'
import { REACHED_END, type SiliconCase } from './case.ts'

const DECODERS = { 32: new Decoder(32), 64: new Decoder(64) } as const
const instruction = new Instruction()

/** The forms of a case, in the order of its bytes. */
export function formsOf(c: SiliconCase): number[] {
  const forms: number[] = []
  for (let at = 0; at < c.code.length; at += instruction.length) {
    if (DECODERS[c.bits].decode(instruction, c.code.subarray(at)) !== Status.ok) break
    forms.push(instruction.form)
  }
  return forms
}

/**
 * Flags that are undefined at the end: RFLAGS, and C0 to C3 of the x87 status word in bits 24 to 27. One instruction that faults
 * leaves all as they were; of a sequence that faults it is not known how far it came.
 */
export function undefinedFlags(c: SiliconCase, trap: number): number {
  const forms = formsOf(c)
  if (trap !== REACHED_END && forms.length === 1) return 0
  // Behind a branch not all that defines flags was executed.
  const isStraight =
    trap === REACHED_END && !forms.some((form) => controlFlow(form) === 'jcc' || controlFlow(form) === 'jmp')
  let mask = 0
  for (const form of forms) {
    const sure = (flagsWritten(form) | flagsCleared(form) | flagsSet(form)) & ~flagsConditional(form)
    mask = (isStraight ? mask & ~sure : mask) | flagsUndefined(form)
  }
  return mask
}
