/** What liftings are written with: operands, widths and flags over the IR builder. */
import { FIELD, RFLAGS } from '@ringfold/arch'
import type { IrBuilder, IrCode } from '../ir/builder.ts'
import { FlagKind, MemoryImm, Op } from '../ir/ops.ts'
import { StateBuilder } from '../ir/state-builder.ts'
import type { Value, ValueType } from '../ir/types.ts'
import type { Bits, OperandSource } from './source.ts'

const LOG2_BYTES: Readonly<Record<number, number>> = { 8: 0, 16: 1, 32: 2, 64: 3, 128: 4 }
const LOAD = ['mem.load8', 'mem.load16', 'mem.load32', 'mem.load64', 'mem.load128'] as const
const STORE = ['mem.store8', 'mem.store16', 'mem.store32', 'mem.store64', 'mem.store128'] as const

/** Byte offset of a general register in the state. */
export const gprOffset = (number: number): number => FIELD.gpr.offset + number * 8

export const RAX = 0
export const RCX = 1
export const RDX = 2
export const RBX = 3
export const RSP = 4
export const RBP = 5
export const RSI = 6
export const RDI = 7

/** Lifts one instruction (or one shape): appends its ops to `code`. */
export class Lifter extends StateBuilder {
  readonly source: OperandSource
  readonly #addresses: (Value | undefined)[] = []

  constructor(makeSource: (b: IrBuilder) => OperandSource, code?: IrCode) {
    super(code)
    this.source = makeSource(this)
  }

  /** Widths. An integer of 8 or 16 bits is an i32 whose upper bits are 0. */
  bits(n: number): Bits {
    return this.source.bits(n) as Bits
  }

  isMemory(n: number): boolean {
    return this.source.kind(n) === 'memory'
  }

  /** `add`, `shl` ... on integers of `bits`; the result is cut to them. */
  int(name: string, bits: Bits, a: Value, b?: Value): Value {
    const v = this.pure(`${bits === 64 ? 'i64' : 'i32'}.${name}`, a, b)
    return bits >= 32 ? v : this.cut(bits, v)
  }

  /** As {@link int}, for ops whose result cannot have bits that the operands have not (and, or, shr_u) or is a truth value. */
  exact(name: string, bits: Bits, a: Value, b?: Value): Value {
    return this.pure(`${bits === 64 ? 'i64' : 'i32'}.${name}`, a, b)
  }

  cut(bits: Bits, v: Value): Value {
    return bits >= 32 ? v : this.pure('i32.and', v, this.i32(bits === 8 ? 0xff : 0xffff))
  }

  /** Sign-extends an integer of `bits` to the i32 or i64 that holds it. */
  signed(bits: Bits, v: Value): Value {
    return bits >= 32 ? v : this.pure(bits === 8 ? 'i32.extend8_s' : 'i32.extend16_s', v)
  }

  number(bits: Bits, value: number): Value {
    return bits === 64 ? this.i64(value) : this.i32(bits === 32 ? value : value & (bits === 8 ? 0xff : 0xffff))
  }

  /** Zero- or sign-extends between widths, or cuts. */
  resize(v: Value, from: Bits, to: Bits, isSigned = false): Value {
    const extended = isSigned && from < to ? this.signed(from, v) : v
    if (to === 64) return from === 64 ? v : this.pure(isSigned ? 'i64.extend_i32_s' : 'i64.extend_i32_u', extended)
    const narrow = from === 64 ? this.pure('i32.wrap_i64', v) : extended
    return from > to || isSigned ? this.cut(to, narrow) : narrow
  }

  bool(v: Value, bits: Bits): Value {
    return bits === 64 ? this.pure('i64.extend_i32_u', v) : v
  }

  /** A general register by number. */
  gpr(number: number, bits: Bits): Value {
    return this.loadState(gprOffset(number), bits)
  }

  setGpr(number: number, bits: Bits, v: Value): void {
    this.#storeRegister(this.zero, gprOffset(number), bits, v)
  }

  /** 32-bit writes clear the upper half (SDM vol. 1, 3.4.1.1). */
  #storeRegister(base: Value, offset: number, bits: Bits, v: Value): void {
    if (bits === 32) this.storeState(offset, 64, this.pure('i64.extend_i32_u', v), base)
    else this.storeState(offset, bits, v, base)
  }

  /** Operand `n` as it is: register, memory or immediate (of `bits`, for immediates). */
  get(n: number, bits: Bits = this.bits(n)): Value {
    switch (this.source.kind(n)) {
      case 'register':
        return this.loadState(0, bits, this.source.registerOffset(n))
      case 'memory':
        return this.load(n, bits)
      default:
        return this.source.immediate(n, bits)
    }
  }

  /** Writes operand `n`. A write to memory can fault: it comes before anything else that changes. */
  set(n: number, v: Value, bits: Bits = this.bits(n)): void {
    if (this.isMemory(n)) this.store(n, v, bits)
    else this.#storeRegister(this.source.registerOffset(n), 0, bits, v)
  }

  /** Reads operand `n`, and writes what `change` makes of it; memory is probed for the write first. */
  modify(n: number, change: (old: Value) => Value): void {
    const bits = this.bits(n)
    if (this.isMemory(n)) this.probe(n, bits)
    this.set(n, change(this.get(n)), bits)
  }

  address(n: number): Value {
    this.#addresses[n] ??= this.source.effectiveAddress(n)
    return this.#addresses[n] as Value
  }

  /** Memory by operand. `offset` is added to the effective address. */
  load(n: number, bits: number, offset = 0, flags = 0): Value {
    return this.loadAt(this.#plus(this.address(n), offset), bits, this.source.segment(n), flags)
  }

  store(n: number, v: Value, bits: number, offset = 0, flags = 0): void {
    this.storeAt(this.#plus(this.address(n), offset), v, bits, this.source.segment(n), flags)
  }

  probe(n: number, bits: number, offset = 0): void {
    this.probeAt(this.#plus(this.address(n), offset), bits, this.source.segment(n))
  }

  #plus(ea: Value, offset: number): Value {
    if (offset === 0) return ea
    const { addressSize, mode } = this.source
    if (mode === 64 && addressSize === 64) return this.pure('i64.add', ea, this.i64(offset))
    if (mode === 64) return this.resize(this.pure('i32.add', this.resize(ea, 64, 32), this.i32(offset)), 32, 64)
    return this.cut(addressSize as Bits, this.pure('i32.add', ea, this.i32(offset)))
  }

  /** Memory at an effective address (i64 in 64-bit code, else i32). */
  loadAt(ea: Value, bits: number, segment: number, flags = 0): Value {
    const name = LOAD[LOG2_BYTES[bits] as number] as (typeof LOAD)[number]
    return this.effect(Op[name], ea, -1, -1, segment | flags)
  }

  storeAt(ea: Value, v: Value, bits: number, segment: number, flags = 0): void {
    const name = STORE[LOG2_BYTES[bits] as number] as (typeof STORE)[number]
    this.effect(Op[name], ea, v, -1, segment | flags)
  }

  probeAt(ea: Value, bits: number, segment: number): void {
    this.effect(Op['mem.probe'], ea, -1, -1, segment | ((bits / 8) << MemoryImm.sizeShift))
  }

  /** Flags of an operation on integers of `bits`. */
  setFlags(kind: FlagKind, bits: Bits, a: Value, b: Value, r: Value): void {
    this.effect(Op['flags.set'], a, b, r, (kind << 2) | (LOG2_BYTES[bits] as number))
  }

  /** ZF, SF and PF of a result; CF, OF and AF as given (0 or 1, or left alone). */
  setResultFlags(bits: Bits, r: Value): void {
    this.setFlags(FlagKind.result, bits, r, r, r)
  }

  /** Sets the status flags of `mask` from a value that has them in their places. */
  setFlagBits(mask: number, v: Value): void {
    this.effect(Op['flags.bits'], v, -1, -1, mask)
  }

  flag(bit: number): Value {
    return this.effect(Op['flags.get'], -1, -1, -1, bit)
  }

  allFlags(): Value {
    return this.effect(Op['flags.all'])
  }

  condition(code: number): Value {
    return this.effect(Op['flags.condition'], -1, -1, -1, code)
  }

  /** A truth value in the place of a flag. */
  inPlace(bit: number, v: Value): Value {
    return bit === 0 ? v : this.pure('i32.shl', v, this.i32(bit))
  }

  /** RIP of the next instruction: i64. */
  nextRip(): Value {
    return this.effect(Op['rip.next'])
  }

  jump(target: Value): void {
    this.effect(Op.jump, target)
  }

  /** The instruction once more: an iteration of a repeated string instruction. */
  repeat(condition: Value): void {
    this.effect(Op.repeat, condition)
  }

  leave(): void {
    this.effect(Op.leave)
  }

  /** A rule has set RIP. */
  transfer(): void {
    this.effect(Op.transfer)
  }

  /** Stands first in an instruction that reads the clock, uses ports, or waits. */
  external(): void {
    this.effect(Op.external)
  }

  /** The top half of a product, and other ops that are made of others, are in arithmetic.ts. */
  variable(type: ValueType, initial: Value): number {
    return this.local(type, initial)
  }
}

export const CF = RFLAGS.lo.CF
export const PF = RFLAGS.lo.PF
export const AF = RFLAGS.lo.AF
export const ZF = RFLAGS.lo.ZF
export const SF = RFLAGS.lo.SF
export const OF = RFLAGS.lo.OF
export const CF_BIT = RFLAGS.shift.CF
export const AF_BIT = RFLAGS.shift.AF
export const ZF_BIT = RFLAGS.shift.ZF
export const SF_BIT = RFLAGS.shift.SF
export const OF_BIT = RFLAGS.shift.OF
