/** Does a form take these operands, and with which fields? */
import { CONTROL_REGISTERS, FormBit } from '../decoder/form-bits.ts'
import { BASE_IP, type Instruction, Prefix } from '../decoder/instruction.ts'
import { OperandPlace } from '../decoder/places.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_RULES, SPEC_MEMORY, SPEC_TYPE } from '../generated/encode.ts'
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
import { MemoryUse, Rule } from './form-shape.ts'
import type { FarValue, ImmediateValue, MemoryValue, OperandValue, RegisterValue } from './operands.ts'

const R8 = 1
const R16 = 2
const R32 = 3
const R64 = 4
const SREG = 5
const CR = 6
const DR = 7
const CS = 1
const IP = 16

/** Whether a register is XMM, YMM or ZMM: an index of VSIB. */
export const isVector = (register: number): boolean => register >> 5 >= 10 && register >> 5 <= 12

/** Specification numbers of a form's operands. */
export const specsOf = (form: number): number[] =>
  Array.from({ length: OPERAND_COUNT[form] as number }, (_, n) => FORM_OPERANDS[form * 4 + n] as number)

const isImplied = (s: number): boolean => {
  const place = SPEC_PLACE[s] as number
  return (
    place === OperandPlace.fixed ||
    place === OperandPlace.si ||
    place === OperandPlace.di ||
    place === OperandPlace.memFixed
  )
}

/**
 * Specifications of the operands that `count` operands stand for; null where the count is wrong. What the form itself names can be
 * left out: all of it (MOVSB, XLATB), a last XMM0 (BLENDVPS), or the memory at rDI of MASKMOVDQU.
 */
export function writtenSpecs(form: number, count: number): number[] | null {
  const specs = specsOf(form)
  if (specs.length === count) return specs
  if (count === 0 && specs.every(isImplied)) return []
  if (specs.length !== count + 1 || count === 0) return null
  const [first, last] = [specs[0] as number, specs.at(-1) as number]
  if (SPEC_PLACE[last] === OperandPlace.fixed && (SPEC_REG[last] as number) === 10) return specs.slice(0, -1)
  return SPEC_PLACE[first] === OperandPlace.memFixed ? specs.slice(1) : null
}

/** The operands of a form in the manual's letters: `r/m32, r32`. */
export const operandLetters = (form: number): string[] => specsOf(form).map((s) => SPEC_TYPE[s] ?? '')

/** True where a value of a quantity of `bits` bits can be written as `value`: signed or unsigned. */
export const fits = (value: bigint, bits: number): boolean =>
  value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits)

/** True where `value`, as a number of `bits` bits, is the sign extension of its low `from` bits. */
const fitsExtended = (value: bigint, from: number, bits: number): boolean =>
  fits(value, bits) && BigInt.asIntN(bits, value) === BigInt.asIntN(from, value)

function setImmediate(i: Instruction, value: bigint): void {
  i.immLo = Number(BigInt.asIntN(32, value))
  i.immHi = Number(BigInt.asIntN(32, value >> 32n))
}

/** AH, CH, DH or BH, which no instruction with a REX prefix can name (SDM vol. 2, 2.2.1.2). */
export const isHighByte = (o: OperandValue): boolean =>
  o.kind === 'register' && o.register >> 5 === R8 && (o.register & 31) >= 20

/** Whether code of `bits` can name a register: 8 to 15, and SPL to DIL, need REX or VEX of 64-bit mode. */
export function existsInMode(register: number, bits: number): boolean {
  const [cls, number] = [register >> 5, register & 31]
  if (bits === 64 || (cls === R8 && number >= 20)) return true
  return cls !== R64 && number < (cls === R8 ? 4 : 8)
}

/** What no processor has, or allows there: CR1, DR8, CS as a destination of MOV (the rules of the decoder's check). */
export function isReserved(form: number, s: number, number: number): boolean {
  const word = FORM_BITS[form] as number
  if (SPEC_PLACE[s] !== OperandPlace.reg) return false
  if ((word & FormBit.cr) !== 0 && SPEC_REG[s] === CR) return ((CONTROL_REGISTERS >> number) & 1) === 0
  if ((word & FormBit.dr) !== 0 && SPEC_REG[s] === DR) return number > 7
  return (word & FormBit.sregWrite) !== 0 && SPEC_REG[s] === SREG && number === CS
}

function takeRegister(i: Instruction, s: number, place: number, o: RegisterValue, bits: number): boolean {
  const cls = o.register >> 5
  const number = o.register & 31
  // Of a selector in a register only the low 16 bits count, whichever name it is given by.
  const isSelector = place === OperandPlace.rm && ((FORM_RULES[i.form] as number) & Rule.selectorSource) !== 0
  if (!existsInMode(o.register, bits) || isReserved(i.form, s, number)) return false
  if (cls !== SPEC_REG[s] && !(isSelector && cls >= R16 && cls <= R64)) return false
  if (place === OperandPlace.fixed) return number === SPEC_FIXED[s]
  let n = number
  if (cls === R8) {
    if (n >= 20) n -= 16
    else if (n >= 4 && n <= 7) i.prefixes |= Prefix.rex
  }
  switch (place) {
    case OperandPlace.reg:
      i.reg = n
      return true
    case OperandPlace.rm:
      i.mod = 3
      i.rm = n
      return true
    case OperandPlace.vvvv:
      i.vvvv = n
      return true
    case OperandPlace.opcode:
      i.opcodeReg = n
      return true
    case OperandPlace.is4:
      i.immLo = n << 4
      return true
    default:
      return false
  }
}

export const addressBits = (register: number): number => ({ [R16]: 16, [R32]: 32, [R64]: 64 })[register >> 5] ?? 0

/** Address size that base, index or displacement ask for; 0 where they say nothing; -1 where they contradict each other. */
export function addressSizeOf(o: MemoryValue, vsib: boolean): number {
  const base = o.base === 0 ? 0 : o.base >> 5 === IP ? ((o.base & 31) === 2 ? 64 : 32) : addressBits(o.base)
  const index = o.index === 0 || vsib ? 0 : addressBits(o.index)
  if ((o.base !== 0 && base === 0) || (o.index !== 0 && !vsib && index === 0)) return -1
  if (base !== 0 && index !== 0 && base !== index) return -1
  return base || index
}

/** Address size of memory whose registers leave it open: the mode's, or 32 bits where the address fits only there. */
function openAddressSize(o: MemoryValue, vsib: boolean, bits: number): number {
  if (bits === 16) return vsib || !fits(o.displacement, 16) ? 32 : 16
  if (bits === 32 || o.ripTarget || vsib || o.index !== 0) return bits
  return o.displacement >= 1n << 31n && o.displacement < 1n << 32n ? 32 : 64
}

/** 32-bit displacement of a 64-bit address: sign-extended, or not at all. */
function setAddress(i: Instruction, o: MemoryValue): boolean {
  const size = i.addressSize
  if (size === 16 && i.index >= 0 && i.scale !== 0) return false
  if (!fits(o.displacement, size)) return false
  const value = BigInt.asIntN(size === 16 ? 16 : size, o.displacement)
  i.dispLo = Number(BigInt.asIntN(32, value))
  i.dispHi = Number(BigInt.asIntN(32, value >> 32n))
  return size !== 64 || i.dispHi === i.dispLo >> 31
}

function setRegisters(i: Instruction, o: MemoryValue, vsib: boolean): void {
  let [base, index, scale] = [o.base, o.index, o.scale as number]
  // rSP cannot be an index; a base of rSP and an index of scale 1 can change places. A lone index of scale 1 is better a base.
  if (!vsib && scale === 1 && (index & 31) === 4 && index !== 0 && (base & 31) !== 4) [base, index] = [index, base]
  // A base of rBP would change the segment, but for 16-bit addresses, where BP alone is no index.
  const isBpIndex = index !== 0 && (index & 31) === 5 && i.addressSize !== 16
  if (!vsib && scale === 1 && base === 0 && !isBpIndex) [base, index] = [index, 0]
  // [rax*2] is [rax+rax*1], which needs no 32-bit displacement.
  if (!vsib && scale === 2 && base === 0 && index !== 0 && !isBpIndex) [base, scale] = [index, 1]
  i.base = base === 0 ? -1 : base >> 5 === IP ? BASE_IP : base & 31
  i.index = index === 0 ? -1 : index & 31
  i.scale = 31 - Math.clz32(scale)
}

function takeMemory(i: Instruction, s: number, place: number, o: MemoryValue, bits: number): boolean {
  const vsib = SPEC_VSIB[s] as number
  if (vsib !== 0 ? o.index >> 5 !== vsib : isVector(o.index)) return false
  if (SPEC_MEMORY[s] === MemoryUse.none) return false
  const bytes = SPEC_MEM_BYTES[s] as number
  if (o.bytes !== 0 && bytes !== 0 && o.bytes !== bytes) return false
  const isFar = (SPEC_TYPE[s] ?? '').startsWith('m16:')
  if (o.far && !isFar) return false
  // JMP and CALL are near, unless `far` is said, or a size that only far pointers have.
  if (isFar && !o.far && OPERAND_COUNT[i.form] === 1 && o.bytes !== 6 && o.bytes !== 10) return false
  const asked = addressSizeOf(o, vsib !== 0)
  if (asked < 0) return false
  i.addressSize = asked || openAddressSize(o, vsib !== 0, bits)
  if (place === OperandPlace.moffs) {
    if (o.base !== 0 || o.index !== 0 || o.ripTarget || !fits(o.displacement, i.addressSize)) return false
    i.dispLo = Number(BigInt.asIntN(32, o.displacement))
    i.dispHi = Number(BigInt.asIntN(32, o.displacement >> 32n))
    i.dispBytes = i.addressSize / 8
    return overrideSegment(i, o, 3)
  }
  if (place !== OperandPlace.rm) return takeFixedMemory(i, s, place, o)
  i.mod = 0
  setRegisters(i, o, vsib !== 0)
  if (o.ripTarget && bits === 64) {
    i.base = BASE_IP
    return overrideSegment(i, o, 3)
  }
  return setAddress(i, o) && overrideSegment(i, o, i.base === 4 || i.base === 5 ? 2 : 3)
}

/** String operands and memory at a register that the form names. */
function takeFixedMemory(i: Instruction, s: number, place: number, o: MemoryValue): boolean {
  const number = place === OperandPlace.si ? 6 : place === OperandPlace.di ? 7 : (SPEC_FIXED[s] as number)
  if (o.ripTarget || o.base === 0 || o.base >> 5 === IP) return false
  if (o.index !== 0 || o.displacement !== 0n || (o.base & 31) !== number) return false
  if (place === OperandPlace.di) return o.segment <= 0
  return overrideSegment(i, o, 3)
}

function overrideSegment(i: Instruction, o: MemoryValue, usual: number): boolean {
  if (o.segment >= 0 && o.segment !== usual) i.segment = o.segment
  return true
}

function takeImmediate(i: Instruction, s: number, place: number, o: ImmediateValue): boolean {
  if (place === OperandPlace.constant) return o.value === BigInt(SPEC_FIXED[s] as number)
  if (place === OperandPlace.rel) {
    setImmediate(i, o.value)
    return true
  }
  const type = SPEC_TYPE[s] ?? ''
  const encoded = Number(/\d+/.exec(type)?.[0] ?? 0)
  if (!type.startsWith('imm') || (o.wide && encoded === 8)) return false
  const bits = (SPEC_IMM_BITS[s] as number) || i.operandSize
  if (SPEC_IMM_SIGNED[s] === 1 ? !fitsExtended(o.value, encoded, bits) : !fits(o.value, encoded)) return false
  if (place === OperandPlace.imm2) i.imm2 = Number(BigInt.asUintN(16, o.value))
  else if (place === OperandPlace.imm && /^is4/.test(type)) return false
  else setImmediate(i, SPEC_IMM_SIGNED[s] === 1 ? BigInt.asIntN(encoded, o.value) : o.value)
  return true
}

function takeFar(i: Instruction, s: number, o: FarValue): boolean {
  const offsetBits = (SPEC_TYPE[s] ?? '').endsWith('16') ? 16 : 32
  if (o.offsetBytes !== undefined && o.offsetBytes * 8 !== offsetBits) return false
  if (!fits(BigInt(o.offset), offsetBits)) return false
  i.immLo = o.offset | 0
  i.imm2 = o.selector & 0xffff
  return true
}

/** Puts operand `o` into the fields where the specification has it. @returns false where it does not fit. */
export function takeOperand(i: Instruction, s: number, o: OperandValue, bits: number): boolean {
  const place = SPEC_PLACE[s] as number
  switch (o.kind) {
    case 'register':
      return takeRegister(i, s, place, o, bits)
    case 'memory':
      return takeMemory(i, s, place, o, bits)
    case 'immediate':
      return takeImmediate(i, s, place, o)
    case 'far':
      return place === OperandPlace.far && takeFar(i, s, o)
  }
}
