/** Addresses that an instruction names relative to the next one, as pairs of int32. `ipLo` and `ipHi` of the instruction must be set. */
import { FORM_OPERANDS, SPEC_PLACE } from '../generated/operands.ts'
import { BASE_IP, type Instruction } from './instruction.ts'
import { OperandPlace } from './places.ts'

const carry = (a: number, b: number): number => ((a >>> 0) + (b >>> 0) > 0xffffffff ? 1 : 0)

/** True for direct near branches (operand 0 is `rel8`, `rel16` or `rel32`). */
export const hasBranchTarget = (i: Instruction): boolean =>
  (SPEC_PLACE[FORM_OPERANDS[i.form * 4] as number] as number) === OperandPlace.rel

/** Low half of the address of the next instruction plus an offset. */
const sumLo = (i: Instruction, offsetLo: number): number => (i.ipLo + i.length + offsetLo) | 0

function sumHi(i: Instruction, offsetLo: number, offsetHi: number): number {
  const next = (i.ipLo + i.length) | 0
  return (i.ipHi + offsetHi + carry(i.ipLo, i.length) + carry(next, offsetLo)) | 0
}

/** Low half of a direct near branch's target, cut to the operand size (SDM vol. 2, Jcc, JMP: "EIP AND 0000FFFFH"). */
export function branchTargetLo(i: Instruction): number {
  const lo = sumLo(i, i.immLo)
  return i.operandSize === 16 ? lo & 0xffff : lo
}

/** High half of a direct near branch's target: 0 below 64-bit operand size. */
export const branchTargetHi = (i: Instruction): number => (i.operandSize === 64 ? sumHi(i, i.immLo, i.immHi) : 0)

/** Low half of the address of a RIP- or EIP-relative memory operand (SDM vol. 2, 2.2.1.6). */
export const ripAddressLo = (i: Instruction): number => sumLo(i, i.dispLo)

/** High half; 0 with 32-bit addresses. */
export const ripAddressHi = (i: Instruction): number => (i.addressSize === 64 ? sumHi(i, i.dispLo, i.dispHi) : 0)

/** True where the address of the memory operand is relative to the next instruction. */
export const isRipRelative = (i: Instruction): boolean => i.mod !== 3 && i.base === BASE_IP
