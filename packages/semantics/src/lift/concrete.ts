/** Operands of one decoded instruction: everything is a constant of the IR. */
import { FIELD } from '@ringfold/arch'
import {
  BASE_IP,
  formName,
  type Instruction,
  memoryBase,
  memorySegment,
  mnemonicOf,
  OperandKind,
  OperandPlace,
  operandCount,
  operandImmediateBits,
  operandImmediateHi,
  operandImmediateLo,
  operandKind,
  operandMemoryBytes,
  operandPlace,
  operandRegister,
} from '@ringfold/isa/decoder'
import { RegisterClassId } from '@ringfold/isa/registers'
import type { IrBuilder } from '../ir/builder.ts'
import { Op } from '../ir/ops.ts'
import type { Value } from '../ir/types.ts'
import type { Bits, OperandClass, OperandSource } from './source.ts'

const KINDS: readonly OperandClass[] = ['immediate', 'register', 'memory', 'immediate', 'relative', 'far']

/** Bits of a register by class: index as in isa's REGISTER_CLASSES. */
const CLASS_BITS = [0, 8, 16, 32, 64, 16, 64, 64, 80, 64, 128, 256, 512, 64, 0, 128, 64]

/** Byte offset in the state of a register (class * 32 + number). */
export function stateOffset(register: number): number {
  const number = register & 31
  switch (register >> 5) {
    case RegisterClassId.r8:
      // AH, CH, DH, BH are numbers 20 to 23.
      return number >= 20 ? FIELD.gpr.offset + (number - 20) * 8 + 1 : FIELD.gpr.offset + number * 8
    case RegisterClassId.sreg:
      return FIELD.segSelector.offset + number * FIELD.segSelector.strideBytes
    case RegisterClassId.mm:
      return FIELD.fpr.offset + (number & 7) * FIELD.fpr.strideBytes
    case RegisterClassId.xmm:
    case RegisterClassId.ymm:
      return FIELD.zmm.offset + number * FIELD.zmm.strideBytes
    case RegisterClassId.dr:
      return FIELD.dr.offset + number * 8
    default:
      return FIELD.gpr.offset + number * 8
  }
}

/** FOP of an x87 instruction (SDM vol. 1, 8.1.9). */
export const x87Opcode = (i: Instruction): number =>
  ((i.opcodeReg & 7) << 8) | (i.mod << 6) | ((i.reg & 7) << 3) | (i.rm & 7)

export class ConcreteSource implements OperandSource {
  readonly form: number
  readonly mnemonic: string
  readonly formName: string
  readonly mode: 32 | 64
  readonly operandSize: 16 | 32 | 64
  readonly addressSize: 16 | 32 | 64
  readonly stackSize: 16 | 32 | 64
  readonly prefixes: number
  readonly operandCount: number
  readonly #i: Instruction
  readonly #b: IrBuilder

  /** `stackBig`: SS.B, of no effect in 64-bit code. */
  constructor(b: IrBuilder, i: Instruction, stackBig: boolean) {
    this.#b = b
    this.#i = i
    this.form = i.form
    this.mnemonic = mnemonicOf(i)
    this.formName = formName(i.form)
    this.mode = i.mode === 64 ? 64 : 32
    this.operandSize = i.operandSize as 16 | 32 | 64
    this.addressSize = i.addressSize as 16 | 32 | 64
    this.stackSize = i.mode === 64 ? 64 : stackBig ? 32 : 16
    this.prefixes = i.prefixes
    this.operandCount = operandCount(i)
  }

  kind(n: number): OperandClass {
    return KINDS[operandKind(this.#i, n)] as OperandClass
  }

  bits(n: number): number {
    switch (operandKind(this.#i, n)) {
      case OperandKind.register:
        return CLASS_BITS[operandRegister(this.#i, n) >> 5] as number
      case OperandKind.memory:
        return operandMemoryBytes(this.#i, n) * 8
      default:
        return operandImmediateBits(this.#i, n)
    }
  }

  registerClass(n: number): number {
    return operandRegister(this.#i, n) >> 5
  }

  sameRegister(a: number, b: number): boolean {
    const register = operandRegister(this.#i, a)
    return register !== 0 && register === operandRegister(this.#i, b)
  }

  baseIsStackPointer(n: number): boolean {
    return operandPlace(this.#i, n) === OperandPlace.rm && this.#i.base === 4 && this.#i.addressSize !== 16
  }

  segment(n: number): number {
    return memorySegment(this.#i, n)
  }

  registerOffset(n: number): Value {
    return this.#b.i32(stateOffset(operandRegister(this.#i, n)))
  }

  immediate(n: number, bits: Bits): Value {
    const lo = operandImmediateLo(this.#i, n)
    if (bits === 64) return this.#b.i64(lo, operandImmediateHi(this.#i, n))
    return this.#b.i32(bits === 32 ? lo : lo & (bits === 8 ? 0xff : 0xffff))
  }

  target(): Value {
    const { immLo, immHi, operandSize } = this.#i
    const sum = this.#b.pure('i64.add', this.#b.effect(Op['rip.next']), this.#b.i64(immLo, immHi))
    if (operandSize === 64) return sum
    return this.#b.pure('i64.and', sum, this.#b.i64(operandSize === 32 ? -1 : 0xffff, 0))
  }

  farSelector(): Value {
    return this.#b.i32(this.#i.imm2)
  }

  farOffset(): Value {
    return this.#b.i32(this.#i.immLo)
  }

  x87Opcode(): Value {
    return this.#b.i32(x87Opcode(this.#i))
  }

  effectiveAddress(n: number): Value {
    const fixed = this.#fixedAddress(n)
    if (fixed !== null) return fixed
    return this.mode === 64 ? this.#address64() : this.#address32()
  }

  /** Memory at a register or an absolute offset that the form names. */
  #fixedAddress(n: number): Value | null {
    const i = this.#i
    const b = this.#b
    switch (operandPlace(i, n)) {
      case OperandPlace.moffs:
        return this.mode === 64 ? b.i64(i.dispLo, i.dispHi) : b.i32(i.dispLo)
      case OperandPlace.memFixed: {
        const number = this.#fixedRegister(n)
        // XLATB: rBX + AL.
        const base = this.#register(number)
        if (this.mnemonic !== 'xlatb') return base
        const al = b.effect(Op['state.load8'], b.i32(0), -1, -1, FIELD.gpr.offset)
        return this.#cut(
          this.mode === 64 ? b.pure('i64.add', base, b.pure('i64.extend_i32_u', al)) : b.pure('i32.add', base, al),
        )
      }
      default:
        return null
    }
  }

  /** The base register that the table fixes (XLATB, MASKMOVQ, MONITOR ...). */
  #fixedRegister(n: number): number {
    return memoryBase(this.#i, n) & 31
  }

  /** A general register as part of an address: i64 in 64-bit code, else i32, of the address size. */
  #register(number: number): Value {
    const b = this.#b
    const offset = FIELD.gpr.offset + number * 8
    const load = (name: 'state.load16' | 'state.load32' | 'state.load64') =>
      b.effect(Op[name], b.i32(0), -1, -1, offset)
    if (this.addressSize === 64) return load('state.load64')
    const narrow = load(this.addressSize === 32 ? 'state.load32' : 'state.load16')
    return this.mode === 64 ? b.pure('i64.extend_i32_u', narrow) : narrow
  }

  #cut(ea: Value): Value {
    if (this.addressSize === 64 || (this.mode === 32 && this.addressSize === 32)) return ea
    if (this.mode === 64) return this.#b.pure('i64.and', ea, this.#b.i64(-1, 0))
    return this.#b.pure('i32.and', ea, this.#b.i32(0xffff))
  }

  #address64(): Value {
    const i = this.#i
    const b = this.#b
    let sum: Value | null = null
    const add = (v: Value) => {
      sum = sum === null ? v : b.pure('i64.add', sum, v)
    }
    if (i.base === BASE_IP) add(b.effect(Op['rip.next']))
    else if (i.base >= 0) add(this.#register(i.base))
    if (i.index >= 0) {
      const index = this.#register(i.index)
      add(i.scale === 0 ? index : b.pure('i64.shl', index, b.i64(i.scale)))
    }
    if (sum === null || i.dispLo !== 0 || i.dispHi !== 0) add(b.i64(i.dispLo, i.dispHi))
    return this.#cut(sum as unknown as Value)
  }

  #address32(): Value {
    const i = this.#i
    const b = this.#b
    let sum: Value | null = null
    const add = (v: Value) => {
      sum = sum === null ? v : b.pure('i32.add', sum, v)
    }
    if (i.base >= 0) add(this.#register(i.base))
    if (i.index >= 0) {
      const index = this.#register(i.index)
      add(i.scale === 0 ? index : b.pure('i32.shl', index, b.i32(i.scale)))
    }
    if (sum === null || i.dispLo !== 0) add(b.i32(i.dispLo))
    return this.#cut(sum as unknown as Value)
  }
}
