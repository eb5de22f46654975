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

/** A short branch at the end of its reach: a shorter encoding would not reach its target any more. */
function outOfReach(i: Instruction, change: number): boolean {
  const kind = (FORM_BITS[i.form] as number) & FormBit.immMask
  const moved = i.immLo + change
  return kind === ImmKind.rel8 ? moved > 127 : kind === ImmKind.rel16 ? moved > 32767 : false
}

/** Keeps the length by prefixes without meaning: an ES override before a branch (SDM vol. 2, 2.1.1). */
function padded(out: ByteSink, count: number): Uint8Array {
  const bytes = new Uint8Array(out.length + count).fill(0x26, 0, count)
  bytes.set(out.bytes.subarray(0, out.length), count)
  return bytes
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
    if (change > 0 && outOfReach(copy, change)) return padded(out, change)
    if (change === 0 || copy.length === 0) break
    moveTarget(copy, change)
    copy.length = out.length
  }
  return out.bytes.slice(0, out.length)
}
