/**
 * Instruction fields to bytes. The fields are those of a decoded {@link Instruction}; everything that the form fixes is taken
 * from the table, everything else from the fields. Order of the bytes: SDM vol. 2, figure 2-1.
 */
import { FormBit, ImmKind } from '../decoder/form-bits.ts'
import { BASE_IP, type Instruction, Prefix } from '../decoder/instruction.ts'
import { OperandPlace } from '../decoder/places.ts'
import { FORM_BITS } from '../generated/decode.ts'
import { FORM_RULES, FORM_SHAPE } from '../generated/encode.ts'
import { FORM_OPERANDS, OPERAND_COUNT, SPEC_PLACE, SPEC_REG } from '../generated/operands.ts'
import { formAddressSize, formField, formMandatoryPrefix, formMod, formOperandSize } from './form-access.ts'
import { MandatoryPrefix, Mod, Rule, Shape } from './form-shape.ts'

/** Why fields cannot be encoded. */
export type EncodeProblem =
  | 'noSuchForm'
  | 'mode'
  | 'rexWithHighByte'
  | 'extendedRegister'
  | 'addressSize'
  | 'addressing'
  | 'displacement'
  | 'tooLong'

const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]
const R8 = 1

/** Collects bytes of one instruction; reused. */
export class ByteSink {
  readonly bytes: Uint8Array = new Uint8Array(32)
  length = 0

  u8(value: number): void {
    this.bytes[this.length++] = value
  }

  u16(value: number): void {
    this.u8(value & 255)
    this.u8((value >> 8) & 255)
  }

  u32(value: number): void {
    this.u16(value)
    this.u16(value >>> 16)
  }
}

/** What the fields ask of REX or VEX. */
interface Extension {
  r: number
  x: number
  b: number
  w: number
  /** SPL, BPL, SIL or DIL: a REX prefix must stand. */
  lowByte: boolean
  /** AH, CH, DH or BH: no REX prefix may stand. */
  highByte: boolean
}

function byteRegister(i: Instruction, number: number, e: Extension): void {
  if (number < 4 || number > 7) return
  if (i.prefixes & (Prefix.rex | Prefix.vex)) e.lowByte = true
  else e.highByte = true
}

function extensionOf(i: Instruction, shape: number): Extension {
  const e: Extension = { r: 0, x: 0, b: 0, w: 0, lowByte: false, highByte: false }
  for (let n = 0; n < (OPERAND_COUNT[i.form] as number); n++) {
    const spec = FORM_OPERANDS[i.form * 4 + n] as number
    const byte = SPEC_REG[spec] === R8
    switch (SPEC_PLACE[spec]) {
      case OperandPlace.reg:
        // LOCK stands for REX.R where it makes CR8 of CR0 (APM vol. 3, MOV CRn: AltMovCr8).
        e.r = (FORM_BITS[i.form] as number) & FormBit.cr && i.prefixes & Prefix.lock ? 0 : i.reg >> 3
        if (byte) byteRegister(i, i.reg, e)
        break
      case OperandPlace.rm:
        if (i.mod === 3) {
          e.b = i.rm >> 3
          if (byte) byteRegister(i, i.rm, e)
        }
        break
      case OperandPlace.opcode:
        e.b = i.opcodeReg >> 3
        if (byte) byteRegister(i, i.opcodeReg, e)
        break
    }
  }
  if (i.mod !== 3) {
    e.b = i.base > 0 && i.base !== BASE_IP ? i.base >> 3 : 0
    e.x = i.index > 0 ? i.index >> 3 : 0
  }
  e.w = ((shape >> Shape.wShift) & Shape.bitMask) === 2 ? 1 : 0
  return e
}

/** Operand size that the form has without prefix in this mode. */
function defaultOperandSize(form: number, bits: number): number {
  if (bits !== 64) return bits
  return (FORM_BITS[form] as number) & (FormBit.d64 | FormBit.f64) ? 64 : 32
}

/** 66 and W of the operand size. */
function sizePrefix(i: Instruction, bits: number, e: Extension): boolean {
  const kind = formMandatoryPrefix(i.form)
  if (kind === MandatoryPrefix.x66) return true
  const rules = FORM_RULES[i.form] as number
  const declared = formOperandSize(i.form)
  if ((rules & Rule.sizeByW) !== 0) {
    if (declared === 64) e.w = 1
    return false
  }
  // A form without sizes keeps the size that the fields have, where 66 can change it.
  if (declared === 0 && kind !== MandatoryPrefix.none) return false
  const size = declared || i.operandSize
  const usual = defaultOperandSize(i.form, bits)
  if (size === usual) return false
  if (size === 64) {
    e.w = 1
    return false
  }
  return bits === 64 ? size === 16 : true
}

/** 66 of a hint-NOP stays also where REX.W overrides it: without, 0F 1C /0 is CLDEMOTE (SDM vol. 2A, CLDEMOTE: NP). */
const keepsOperandSize = (i: Instruction): boolean =>
  (i.prefixes & Prefix.operandSize) !== 0 &&
  ((FORM_RULES[i.form] as number) & Rule.undocumented) !== 0 &&
  formField(i.form, Shape.regShift) === Shape.fieldFree

function prefixes(i: Instruction, bits: number, e: Extension, out: ByteSink): void {
  if (i.segment >= 0) out.u8(SEGMENT_PREFIX[i.segment] as number)
  if (i.addressSize !== bits) out.u8(0x67)
  if (sizePrefix(i, bits, e) || keepsOperandSize(i)) out.u8(0x66)
  if (i.prefixes & Prefix.lock) out.u8(0xf0)
  const kind = formMandatoryPrefix(i.form)
  if (kind === MandatoryPrefix.f3) out.u8(0xf3)
  else if (kind === MandatoryPrefix.f2) out.u8(0xf2)
  else if (kind === MandatoryPrefix.none && (i.prefixes & (Prefix.rep | Prefix.repne)) !== 0)
    out.u8(i.prefixes & Prefix.rep ? 0xf3 : 0xf2)
}

/** REX before the opcode of a legacy form. */
function rexAndOpcode(i: Instruction, e: Extension, shape: number, bits: number, out: ByteSink): EncodeProblem | null {
  const rex = (e.w << 3) | (e.r << 2) | (e.x << 1) | e.b
  if (rex !== 0 || e.lowByte) {
    if (bits !== 64) return 'extendedRegister'
    if (e.highByte) return 'rexWithHighByte'
    out.u8(0x40 | rex)
  }
  const map = (shape >> Shape.mapShift) & Shape.mapMask
  if (map > 0) out.u8(0x0f)
  if (map > 1) out.u8(map === 2 ? 0x38 : 0x3a)
  out.u8((shape & Shape.opcodeMask) | (shape & Shape.plusR ? i.opcodeReg & 7 : 0))
  return null
}

const VEX_PP: Readonly<Record<number, number>> = {
  [MandatoryPrefix.np]: 0,
  [MandatoryPrefix.x66]: 1,
  [MandatoryPrefix.f3]: 2,
  [MandatoryPrefix.f2]: 3,
}

/** VEX in two bytes where X, B and W are 0 and the map is 0F, else in three (SDM vol. 2, 2.3.5). */
function vexAndOpcode(i: Instruction, e: Extension, shape: number, bits: number, out: ByteSink): EncodeProblem | null {
  const map = (shape >> Shape.mapShift) & Shape.mapMask
  const l = (shape >> Shape.lShift) & Shape.bitMask
  const w = (shape >> Shape.wShift) & Shape.bitMask ? e.w : 0
  const length = l === 0 ? i.vectorLength : l - 1
  if (bits !== 64 && (e.r | e.x | e.b | (i.vvvv >> 3)) !== 0) return 'extendedRegister'
  const tail = ((~i.vvvv & 15) << 3) | (length << 2) | (VEX_PP[formMandatoryPrefix(i.form)] ?? 0)
  if (map === 1 && e.x === 0 && e.b === 0 && w === 0) {
    out.u8(0xc5)
    out.u8(((e.r ^ 1) << 7) | tail)
  } else {
    out.u8(0xc4)
    out.u8(((e.r ^ 1) << 7) | ((e.x ^ 1) << 6) | ((e.b ^ 1) << 5) | map)
    out.u8((w << 7) | tail)
  }
  out.u8(shape & Shape.opcodeMask)
  return null
}

const RM16: Readonly<Record<string, number>> = {
  '3,6': 0,
  '3,7': 1,
  '5,6': 2,
  '5,7': 3,
  '6,-1': 4,
  '7,-1': 5,
  '5,-1': 6,
  '3,-1': 7,
}

const fitsInt8 = (lo: number, hi: number): boolean => lo >= -128 && lo <= 127 && hi === lo >> 31

function memory16(i: Instruction, reg: number, out: ByteSink): EncodeProblem | null {
  if (i.base < 0 && i.index < 0) {
    out.u8((reg << 3) | 6)
    out.u16(i.dispLo)
    return null
  }
  const rm = RM16[`${i.base},${i.index}`] ?? RM16[`${i.index},${i.base}`]
  if (rm === undefined) return 'addressing'
  const disp = (i.dispLo << 16) >> 16
  const mod = disp === 0 && rm !== 6 ? 0 : disp >= -128 && disp <= 127 ? 1 : 2
  out.u8((mod << 6) | (reg << 3) | rm)
  if (mod === 1) out.u8(disp & 255)
  else if (mod === 2) out.u16(disp)
  return null
}

/** ModRM, SIB and displacement with 32- and 64-bit addresses (SDM vol. 2, tables 2-2 and 2-3). */
function memory32(i: Instruction, reg: number, bits: number, needsSib: boolean, out: ByteSink): EncodeProblem | null {
  if (i.base === BASE_IP) {
    if (bits !== 64 || i.index >= 0) return 'addressing'
    out.u8((reg << 3) | 5)
    out.u32(i.dispLo)
    return null
  }
  if (i.addressSize === 64 && i.dispHi !== i.dispLo >> 31) return 'displacement'
  const noBase = i.base < 0
  const sib = needsSib || i.index >= 0 || (noBase ? bits === 64 : (i.base & 7) === 4)
  const mod =
    noBase || (i.dispLo === 0 && i.dispHi === 0 && (i.base & 7) !== 5) ? 0 : fitsInt8(i.dispLo, i.dispLo >> 31) ? 1 : 2
  out.u8((mod << 6) | (reg << 3) | (sib ? 4 : noBase ? 5 : i.base & 7))
  if (sib)
    out.u8(((i.index >= 0 ? i.scale : 0) << 6) | ((i.index >= 0 ? i.index & 7 : 4) << 3) | (noBase ? 5 : i.base & 7))
  if (noBase || mod === 2) out.u32(i.dispLo)
  else if (mod === 1) out.u8(i.dispLo & 255)
  return null
}

function modrm(i: Instruction, bits: number, out: ByteSink): EncodeProblem | null {
  const fixedReg = formField(i.form, Shape.regShift)
  const fixedRm = formField(i.form, Shape.rmShift)
  const reg = fixedReg === Shape.fieldFree ? i.reg & 7 : fixedReg
  if (i.mod === 3 || fixedRm !== Shape.fieldFree || formMod(i.form) === Mod.register) {
    out.u8(0xc0 | (reg << 3) | (fixedRm === Shape.fieldFree ? i.rm & 7 : fixedRm))
    return null
  }
  const vsib = ((FORM_BITS[i.form] as number) & FormBit.vsib) !== 0
  if (i.addressSize === 16) return vsib ? 'addressing' : memory16(i, reg, out)
  if (i.index === 4 && !vsib) return 'addressing'
  return memory32(i, reg, bits, vsib, out)
}

function immediates(i: Instruction, out: ByteSink): void {
  const word = FORM_BITS[i.form] as number
  switch (word & FormBit.immMask) {
    case ImmKind.u8:
    case ImmKind.s8:
    case ImmKind.rel8:
    case ImmKind.is4:
      out.u8(i.immLo & 255)
      break
    case ImmKind.u16:
    case ImmKind.rel16:
      out.u16(i.immLo)
      break
    case ImmKind.u32:
    case ImmKind.s32:
    case ImmKind.rel32:
      out.u32(i.immLo)
      break
    case ImmKind.u64:
      out.u32(i.immLo)
      out.u32(i.immHi)
      break
    case ImmKind.far16:
      out.u16(i.immLo)
      out.u16(i.imm2)
      break
    case ImmKind.far32:
      out.u32(i.immLo)
      out.u16(i.imm2)
      break
    case ImmKind.moffs:
      out.u16(i.dispLo)
      if (i.addressSize > 16) out.u16(i.dispLo >>> 16)
      if (i.addressSize === 64) out.u32(i.dispHi)
      break
  }
  const second = (word >> FormBit.imm2Shift) & FormBit.imm2Mask
  if (second === 1) out.u8(i.imm2 & 255)
  else if (second === 2) out.u16(i.imm2)
}

/** Bytes of the fields in code of `bits`, into `out` from its start. @returns null, or why not. */
export function emit(i: Instruction, bits: number, out: ByteSink): EncodeProblem | null {
  out.length = 0
  const shape = FORM_SHAPE[i.form] as number
  if (i.form === 0 || shape === undefined) return 'noSuchForm'
  const demanded = formAddressSize(i.form)
  if (demanded !== 0 && demanded !== i.addressSize) return 'addressSize'
  if (bits === 64 ? i.addressSize === 16 : i.addressSize === 64) return 'addressSize'
  const e = extensionOf(i, shape)
  const vex = (shape & Shape.vex) !== 0
  if (vex) {
    if ((FORM_RULES[i.form] as number) & Rule.sizeByW && formOperandSize(i.form) === 64) e.w = 1
    if (i.segment >= 0) out.u8(SEGMENT_PREFIX[i.segment] as number)
    if (i.addressSize !== bits) out.u8(0x67)
  } else prefixes(i, bits, e, out)
  const problem = vex ? vexAndOpcode(i, e, shape, bits, out) : rexAndOpcode(i, e, shape, bits, out)
  if (problem !== null) return problem
  if ((FORM_BITS[i.form] as number) & FormBit.modrm) {
    const inModrm = modrm(i, bits, out)
    if (inModrm !== null) return inModrm
  }
  immediates(i, out)
  return out.length > 15 ? 'tooLong' : null
}
