/** A decoded instruction back to bytes. */
import { FormBit, ImmKind } from '../decoder/form-bits.ts'
import { BASE_IP, Instruction, Status } from '../decoder/instruction.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { ByteSink, emit } from './emit.ts'
import { type EncodeError, encodeError } from './errors.ts'

const isRelative = (form: number): boolean => {
  const kind = (FORM_BITS[form] as number) & FormBit.immMask
  return kind === ImmKind.rel8 || kind === ImmKind.rel16 || kind === ImmKind.rel32
}

/** Keeps the target of a branch or of a RIP-relative operand where the new encoding has another length. */
function moveTarget(i: Instruction, change: number): void {
  if (isRelative(i.form)) i.immLo = (i.immLo + change) | 0
  else if (i.mod !== 3 && i.base === BASE_IP) i.dispLo = (i.dispLo + change) | 0
}

/**
 * Encodes a decoded instruction: the same form, operands and prefixes that matter, in the shortest way (redundant prefixes,
 * displacement zeros and long VEX prefixes go). Branch and RIP-relative targets stay as they are seen from the same address.
 * @returns the bytes, or a typed error for what was not decoded.
 */
export function encodeInstruction(insn: Instruction): Uint8Array | EncodeError {
  if (insn.status !== Status.ok)
    return encodeError('notDecoded', 'the instruction was not decoded: its status is not ok')
  const copy = Object.assign(new Instruction(), insn)
  const out = new ByteSink()
  for (let attempt = 0; attempt < 4; attempt++) {
    const problem = emit(copy, insn.mode, out)
    if (problem !== null) return encodeError(problem, `form ${insn.form} cannot be encoded with these fields`)
    const change = copy.length - out.length
    if (change === 0 || copy.length === 0) break
    moveTarget(copy, change)
    copy.length = out.length
  }
  return out.bytes.slice(0, out.length)
}
