/** Reading the operands of a decoded instruction: kinds, registers, memory parts, immediates. Allocation-free; each is a few table look-ups. */
import {
  FORM_OPERANDS,
  OPERAND_COUNT,
  SPEC_FIXED,
  SPEC_IMM_BITS,
  SPEC_IMM_SIGNED,
  SPEC_MEM_BYTES,
  SPEC_PLACE,
  SPEC_REG,
  SPEC_VSIB,
} from '../generated/operands.ts'
import { BASE_IP, type Instruction, Prefix } from './instruction.ts'
import { OperandPlace } from './places.ts'

/** What an operand is. */
export const OperandKind = {
  none: 0,
  register: 1,
  memory: 2,
  immediate: 3,
  /** Branch target relative to the next instruction. */
  relative: 4,
  /** Far pointer selector:offset in the instruction. */
  far: 5,
} as const
export type OperandKind = (typeof OperandKind)[keyof typeof OperandKind]

const R8 = 1
const R16 = 2
const IP = 16

/** Kind by place; ModRM.rm is asked separately. */
const KIND_OF_PLACE = /* @__PURE__ */ Uint8Array.from([0, 1, 1, 1, 1, 3, 3, 4, 5, 2, 1, 1, 3, 2, 2, 2])

const spec = (i: Instruction, operand: number): number => FORM_OPERANDS[i.form * 4 + operand] as number

/** Number of operands (0..4). */
export const operandCount = (i: Instruction): number => OPERAND_COUNT[i.form] as number

/** Kind of operand 0..3. */
export function operandKind(i: Instruction, operand: number): OperandKind {
  const place = SPEC_PLACE[spec(i, operand)] as number
  if (place === OperandPlace.rm && i.mod !== 3) return OperandKind.memory
  return KIND_OF_PLACE[place] as OperandKind
}

/** Place of the operand in the encoding: see {@link OperandPlace}. */
export const operandPlace = (i: Instruction, operand: number): number => SPEC_PLACE[spec(i, operand)] as number

/** The register of a register operand (see registers.ts), 0 where the operand is none. */
export function operandRegister(i: Instruction, operand: number): number {
  const s = spec(i, operand)
  let n: number
  switch (SPEC_PLACE[s]) {
    case OperandPlace.reg:
      n = i.reg
      break
    case OperandPlace.rm:
      if (i.mod !== 3) return 0
      n = i.rm
      break
    case OperandPlace.vvvv:
      n = i.vvvv
      break
    case OperandPlace.opcode:
      n = i.opcodeReg
      break
    case OperandPlace.is4:
      n = (i.immLo >> 4) & (i.mode === 64 ? 15 : 7)
      break
    case OperandPlace.fixed:
      return ((SPEC_REG[s] as number) << 5) | (SPEC_FIXED[s] as number)
    default:
      return 0
  }
  const c = SPEC_REG[s] as number
  // Without REX (or VEX) numbers 4..7 of the byte registers are AH, CH, DH, BH (SDM vol. 2, 2.2.1.2).
  if (c === R8 && n > 3 && n < 8 && (i.prefixes & (Prefix.rex | Prefix.vex)) === 0) return (R8 << 5) | (n + 16)
  // MMX, opmask, ST and segment registers ignore the extension bits.
  if (c === 8 || c === 9 || c === 13) n &= 7
  return (c << 5) | n
}

/** Bytes that a memory operand accesses; 0 where it has no size (LEA, INVLPG). */
export const operandMemoryBytes = (i: Instruction, operand: number): number =>
  SPEC_MEM_BYTES[spec(i, operand)] as number

/** Width in bits in which an immediate counts (what it is extended to). */
export function operandImmediateBits(i: Instruction, operand: number): number {
  const s = spec(i, operand)
  const bits = SPEC_IMM_BITS[s] as number
  return bits === 0 && SPEC_IMM_SIGNED[s] === 1 ? i.operandSize : bits
}

/** True where an immediate is sign-extended to {@link operandImmediateBits}. */
export const operandImmediateSigned = (i: Instruction, operand: number): boolean =>
  SPEC_IMM_SIGNED[spec(i, operand)] === 1

/** Low half of an immediate operand, int32. */
export function operandImmediateLo(i: Instruction, operand: number): number {
  const s = spec(i, operand)
  switch (SPEC_PLACE[s]) {
    case OperandPlace.imm2:
      return i.imm2
    case OperandPlace.constant:
      return SPEC_FIXED[s] as number
    default:
      return i.immLo
  }
}

/** High half of an immediate operand, int32. */
export function operandImmediateHi(i: Instruction, operand: number): number {
  const place = SPEC_PLACE[spec(i, operand)] as number
  return place === OperandPlace.imm ? i.immHi : 0
}

const addressClass = (i: Instruction): number => R16 + (i.addressSize === 64 ? 2 : i.addressSize === 32 ? 1 : 0)

/** Base register of a memory operand, 0 none. RIP-relative operands give `rip` (`eip`). */
export function memoryBase(i: Instruction, operand: number): number {
  const s = spec(i, operand)
  switch (SPEC_PLACE[s]) {
    case OperandPlace.si:
      return (addressClass(i) << 5) | 6
    case OperandPlace.di:
      return (addressClass(i) << 5) | 7
    case OperandPlace.memFixed:
      return (addressClass(i) << 5) | (SPEC_FIXED[s] as number)
    case OperandPlace.rm:
      break
    default:
      return 0
  }
  const base = i.base
  if (base < 0) return 0
  if (base === BASE_IP) return (IP << 5) | (i.addressSize === 64 ? 2 : 1)
  return (addressClass(i) << 5) | base
}

/** Index register of a memory operand, 0 none; a vector register for VSIB. */
export function memoryIndex(i: Instruction, operand: number): number {
  const s = spec(i, operand)
  if (SPEC_PLACE[s] !== OperandPlace.rm || i.index < 0) return 0
  const vsib = SPEC_VSIB[s] as number
  return ((vsib !== 0 ? vsib : addressClass(i)) << 5) | i.index
}

/** Scale of the index: 1, 2, 4, 8. */
export const memoryScale = (i: Instruction): number => 1 << i.scale

/** Segment register number (0..5) that a memory operand goes through: override, or the default (SDM vol. 1, table 3-5). */
export function memorySegment(i: Instruction, operand: number): number {
  const place = SPEC_PLACE[spec(i, operand)] as number
  if (place === OperandPlace.di) return 0
  if (i.segment >= 0 && (i.mode !== 64 || i.segment >= 4)) return i.segment
  // rSP and rBP as base go through SS; in 16-bit addressing BP (number 5) does too.
  return place === OperandPlace.rm && (i.base === 5 || i.base === 4) ? 2 : 3
}
