/** Which flags the manuals leave undefined at the end of a program: by the facts of its forms, and by the counts of its shifts. */
import { RFLAGS } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import {
  type FormFacts,
  flagsCleared,
  flagsConditional,
  flagsSet,
  flagsUndefined,
  flagsWritten,
  formFacts,
} from '@ringfold/isa/facts'
import type { Bits } from '../numbers.ts'

const { CF, OF } = RFLAGS.lo

/** The masked count of a shift or rotation that changes flags, and the width it works on; nothing of other instructions. */
function shiftOf(i: Instruction, facts: FormFacts, cl: number): { count: number; width: number } | undefined {
  if (facts.family.group !== 'shift' || flagsConditional(i.form) === 0) return undefined
  const width = facts.operands[0]?.type.endsWith('m8') ? 8 : i.operandSize
  const counts: Record<string, number> = { '1': 1, CL: cl, imm8: i.immLo }
  const count = counts[facts.operands.at(-1)?.type ?? '']
  return count === undefined ? undefined : { count: count & (width === 64 ? 63 : 31), width }
}

/** SDM vol. 2B, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD: "Flags Affected". */
function undefinedByShift(i: Instruction, mnemonic: string, count: number, width: number): number {
  const mask = count === 1 ? flagsUndefined(i.form) & ~OF : flagsUndefined(i.form)
  if (/^sh[lr]d$/.test(mnemonic)) return count > width ? flagsConditional(i.form) : mask
  return /^(sh[lr]|sal)$/.test(mnemonic) && count >= width ? mask | CF : mask
}

/** Flags that nothing has defined since an instruction left them undefined. */
export class UndefinedFlags {
  mask = 0
  readonly #instruction = new Instruction()
  readonly #decoder: Decoder

  constructor(bits: Bits) {
    this.#decoder = new Decoder(bits)
  }

  /** After the instruction at the start of `bytes` retired; `cl` is what CL was before it. */
  note(bytes: Uint8Array, cl: number): void {
    const i = this.#instruction
    if (this.#decoder.decode(i, bytes) !== Status.ok) return
    const { form } = i
    const facts = formFacts(form)
    const changed = flagsWritten(form) | flagsCleared(form) | flagsSet(form)
    const shift = facts === undefined ? undefined : shiftOf(i, facts, cl)
    if (facts === undefined || shift === undefined) {
      this.mask = (this.mask & ~(changed & ~flagsConditional(form))) | flagsUndefined(form)
    } else if (shift.count !== 0) {
      const undefinedNow = undefinedByShift(i, facts.mnemonic, shift.count, shift.width)
      this.mask = (this.mask & ~(changed | flagsConditional(form))) | undefinedNow
    }
  }
}
