/** Lifting of decoded instructions. */
import type { Instruction } from '@ringfold/isa/decoder'
import { formName, mnemonicOf } from '@ringfold/isa/decoder'
import type { IrCode } from '../ir/builder.ts'
import { ConcreteSource } from './concrete.ts'
import { Lifter } from './lifter.ts'
import { type Lifting, liftingOf } from './registry.ts'

export interface LiftOptions {
  /** SS.B: whether the stack pointer is 32 bits wide outside 64-bit code. Default true. */
  readonly stackBig?: boolean
  /** Mnemonics that are executed as others: what a processor without TZCNT makes of its encoding is BSF. */
  readonly replaced?: Readonly<Record<string, string>>
}

/** By form: names are searched once. */
const KNOWN: (Lifting | null)[] = []

function liftingOfForm(i: Instruction): Lifting | null {
  const known = KNOWN[i.form]
  if (known !== undefined) return known
  const found = liftingOf(mnemonicOf(i), formName(i.form)) ?? null
  KNOWN[i.form] = found
  return found
}

/** Whether there is a lifting for the instruction's form. */
export const isLifted = (i: Instruction): boolean => liftingOfForm(i) !== null

/**
 * Appends the IR of a decoded instruction to `code`.
 * @returns false where the form has no lifting: the processor has no such instruction (#UD).
 */
export function liftInstruction(i: Instruction, code: IrCode, options: LiftOptions = {}): boolean {
  const replacement = options.replaced?.[mnemonicOf(i)]
  const lifting = replacement === undefined ? liftingOfForm(i) : liftingOf(replacement, formName(i.form))
  if (lifting === undefined || lifting === null) return false
  lifting(new Lifter((b) => new ConcreteSource(b, i, options.stackBig ?? true), code))
  return true
}
