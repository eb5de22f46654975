/** Shapes: what instructions have in common that one handler executes; the rest stands in their slots. */
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
  Prefix,
} from '@ringfold/isa/decoder'
import {
  type Bits,
  type IrBuilder,
  Op,
  type OperandClass,
  type OperandSource,
  stateOffset,
  type Value,
  x87Opcode,
} from '@ringfold/semantics'
import { SlotField } from '../emit/guest-effects.ts'
import { SLOT } from '../layout.ts'

/** A register slot of the state that nothing uses: always 0. */
const ZERO_REGISTER = FIELD.gpr.offset + 31 * FIELD.gpr.strideBytes

const CLASSES: readonly OperandClass[] = ['immediate', 'register', 'memory', 'immediate', 'relative', 'far']
const CLASS_BITS = [0, 8, 16, 32, 64, 16, 64, 64, 80, 64, 128, 256, 512, 64, 0, 128, 64]
const REPEATS = Prefix.rep | Prefix.repne

/** How the address of a ModRM operand is made: relative to RIP, an absolute offset, base and displacement, or with an index. */
type Addressing = 'rip' | 'base' | 'index'

const addressingOf = (i: Instruction): Addressing => (i.base === BASE_IP ? 'rip' : i.index >= 0 ? 'index' : 'base')

const isMemory = (i: Instruction): boolean => {
  for (let n = 0; n < operandCount(i); n++) if (operandKind(i, n) === OperandKind.memory) return true
  return false
}

/** The key of an instruction's shape; `stackBits` is the width of the stack pointer. */
export function shapeKey(i: Instruction, stackBits: number): string {
  const sizes = `${i.form}.${i.operandSize}.${i.addressSize}.${stackBits}.${i.prefixes & REPEATS}`
  if (!isMemory(i)) return sizes
  const segments = [0, 1, 2].map((n) => (operandKind(i, n) === OperandKind.memory ? memorySegment(i, n) : '')).join('')
  return `${sizes}.${i.mod === 3 ? 'f' : addressingOf(i)}.${segments}${isBasedOnStack(i) && mnemonicOf(i) === 'pop' ? '.s' : ''}`
}

/** Whether the address begins with rSP, which POP counts as already incremented. */
const isBasedOnStack = (i: Instruction): boolean => i.base === 4 && i.addressSize !== 16

/** Operands of a shape: read from the slot. */
export class TemplateSource implements OperandSource {
  readonly form: number
  readonly mnemonic: string
  readonly formName: string
  readonly mode: 32 | 64
  readonly operandSize: 16 | 32 | 64
  readonly addressSize: 16 | 32 | 64
  readonly stackSize: 16 | 32 | 64
  readonly prefixes: number
  readonly operandCount: number
  readonly #b: IrBuilder
  readonly #kinds: readonly OperandClass[]
  readonly #bits: readonly number[]
  readonly #classes: readonly number[]
  readonly #places: readonly number[]
  readonly #segments: readonly number[]
  readonly #constants: readonly number[]
  readonly #addressing: Addressing
  readonly #baseIsStack: boolean

  constructor(b: IrBuilder, i: Instruction, stackBits: 16 | 32 | 64) {
    this.#b = b
    this.form = i.form
    this.mnemonic = mnemonicOf(i)
    this.formName = formName(i.form)
    this.mode = i.mode === 64 ? 64 : 32
    this.operandSize = i.operandSize as 16 | 32 | 64
    this.addressSize = i.addressSize as 16 | 32 | 64
    this.stackSize = stackBits
    this.prefixes = i.prefixes & REPEATS
    this.operandCount = operandCount(i)
    const each = <T>(of: (n: number) => T): T[] => Array.from({ length: this.operandCount }, (_, n) => of(n))
    this.#kinds = each((n) => CLASSES[operandKind(i, n)] as OperandClass)
    this.#classes = each((n) => operandRegister(i, n) >> 5)
    this.#bits = each((n) => bitsOf(i, n))
    this.#places = each((n) => operandPlace(i, n))
    this.#segments = each((n) => memorySegment(i, n))
    this.#constants = each((n) => fixedNumber(i, n))
    this.#addressing = addressingOf(i)
    this.#baseIsStack = isBasedOnStack(i)
  }

  kind(n: number): OperandClass {
    return this.#kinds[n] as OperandClass
  }

  bits(n: number): number {
    return this.#bits[n] as number
  }

  registerClass(n: number): number {
    return this.#classes[n] as number
  }

  sameRegister(): boolean {
    return false
  }

  baseIsStackPointer(n: number): boolean {
    return this.#places[n] === OperandPlace.rm && this.#baseIsStack
  }

  segment(n: number): number {
    return this.#segments[n] as number
  }

  #slot(field: number): Value {
    return this.#b.effect(field === SlotField.immediate64 ? Op['slot.i64'] : Op['slot.i32'], -1, -1, -1, field)
  }

  registerOffset(n: number): Value {
    if (this.#places[n] === OperandPlace.fixed) return this.#b.i32(this.#constants[n] as number)
    return this.#slot(SlotField.register0 + registerPosition(this.#kinds, this.#places, n))
  }

  immediate(n: number, bits: Bits): Value {
    const b = this.#b
    if (this.#places[n] === OperandPlace.constant) {
      const value = this.#constants[n] as number
      return bits === 64 ? b.i64(value) : b.i32(value)
    }
    if (this.#places[n] === OperandPlace.imm2) return this.#cut(bits, this.#slot(SlotField.immediate2))
    if (bits === 64) return this.#slot(SlotField.immediate64)
    return this.#cut(bits, this.#slot(SlotField.immediate))
  }

  #cut(bits: Bits, v: Value): Value {
    if (bits >= 32) return v
    return this.#b.pure('i32.and', v, this.#b.i32(bits === 8 ? 0xff : 0xffff))
  }

  target(): Value {
    const b = this.#b
    const sum = b.pure('i64.add', b.effect(Op['rip.next']), this.#slot(SlotField.immediate64))
    if (this.operandSize === 64) return sum
    return b.pure('i64.and', sum, b.i64(this.operandSize === 32 ? -1 : 0xffff, 0))
  }

  farSelector(): Value {
    return this.#slot(SlotField.immediate2)
  }

  farOffset(): Value {
    return this.#slot(SlotField.immediate)
  }

  x87Opcode(): Value {
    return this.#slot(SlotField.immediate)
  }

  effectiveAddress(n: number): Value {
    const b = this.#b
    switch (this.#places[n]) {
      case OperandPlace.moffs:
        return this.mode === 64 ? this.#slot(SlotField.immediate64) : this.#slot(SlotField.immediate)
      case OperandPlace.memFixed: {
        const base = this.#register(b.i32(this.#constants[n] as number))
        if (this.mnemonic !== 'xlatb') return base
        const al = b.effect(Op['state.load8'], b.i32(0), -1, -1, FIELD.gpr.offset)
        return this.#wrap(this.#add(base, this.mode === 64 ? b.pure('i64.extend_i32_u', al) : al))
      }
      default:
        return this.#modrmAddress()
    }
  }

  #add(a: Value, v: Value): Value {
    return this.#b.pure(this.mode === 64 ? 'i64.add' : 'i32.add', a, v)
  }

  #register(offset: Value): Value {
    const b = this.#b
    if (this.addressSize === 64) return b.effect(Op['state.load64'], offset)
    const narrow = b.effect(this.addressSize === 32 ? Op['state.load32'] : Op['state.load16'], offset)
    return this.mode === 64 ? b.pure('i64.extend_i32_u', narrow) : narrow
  }

  #modrmAddress(): Value {
    const b = this.#b
    const narrow = this.#slot(SlotField.displacement)
    const displacement = this.mode === 64 ? b.pure('i64.extend_i32_s', narrow) : narrow
    if (this.#addressing === 'rip') return this.#wrap(this.#add(b.effect(Op['rip.next']), displacement))
    const base = this.#add(this.#register(this.#slot(SlotField.base)), displacement)
    if (this.#addressing === 'base') return this.#wrap(base)
    const scale = this.#slot(SlotField.scale)
    const index = this.#register(this.#slot(SlotField.index))
    const scaled =
      this.mode === 64 ? b.pure('i64.shl', index, b.pure('i64.extend_i32_u', scale)) : b.pure('i32.shl', index, scale)
    return this.#wrap(this.#add(base, scaled))
  }

  #wrap(ea: Value): Value {
    if (this.addressSize === 64 || (this.mode === 32 && this.addressSize === 32)) return ea
    if (this.mode === 64) return this.#b.pure('i64.and', ea, this.#b.i64(-1, 0))
    return this.#b.pure('i32.and', ea, this.#b.i32(0xffff))
  }
}

function bitsOf(i: Instruction, n: number): number {
  switch (operandKind(i, n)) {
    case OperandKind.register:
      return CLASS_BITS[operandRegister(i, n) >> 5] as number
    case OperandKind.memory:
      return operandMemoryBytes(i, n) * 8
    default:
      return operandImmediateBits(i, n)
  }
}

/** What a form fixes of an operand: the state offset of a register (also as base of memory), or a constant. */
function fixedNumber(i: Instruction, n: number): number {
  switch (operandPlace(i, n)) {
    case OperandPlace.fixed:
      return stateOffset(operandRegister(i, n))
    case OperandPlace.memFixed:
      return FIELD.gpr.offset + (memoryBase(i, n) & 31) * FIELD.gpr.strideBytes
    case OperandPlace.constant:
      return operandImmediateLo(i, n)
    default:
      return 0
  }
}

/** Registers that encodings name take the register fields in the order of their operands. */
function registerPosition(kinds: readonly OperandClass[], places: readonly number[], n: number): number {
  let position = 0
  for (let k = 0; k < n; k++) if (kinds[k] === 'register' && places[k] !== OperandPlace.fixed) position++
  return position
}

/** Writes the slot of an instruction into memory 1. `endOffset`: page offset of the next instruction. */
export function writeSlot(view: DataView, at: number, i: Instruction, handler: number, endOffset: number): void {
  view.setUint16(at + SLOT.handler, handler, true)
  view.setUint8(at + SLOT.length, i.length)
  view.setUint8(at + SLOT.scale, i.scale)
  view.setUint16(at + SLOT.end, endOffset, true)
  let position = 0
  for (let n = 0; n < operandCount(i); n++) {
    if (operandKind(i, n) !== OperandKind.register || operandPlace(i, n) === OperandPlace.fixed) continue
    if (position > 2) break
    view.setUint16(at + SLOT.register0 + 2 * position++, stateOffset(operandRegister(i, n)), true)
  }
  const offset = (number: number): number =>
    number >= 0 && number < 16 ? FIELD.gpr.offset + number * 8 : ZERO_REGISTER
  view.setUint16(at + SLOT.base, offset(i.base), true)
  view.setUint16(at + SLOT.index, offset(i.index), true)
  view.setInt32(at + SLOT.displacement, i.dispLo, true)
  view.setInt32(at + SLOT.link, 0, true)
  writeImmediate(view, at, i)
}

/** An escape opcode. WAIT is none. */
const isX87 = (i: Instruction): boolean => i.immBytes === 0 && mnemonicOf(i).startsWith('f')

function writeImmediate(view: DataView, at: number, i: Instruction): void {
  // Instructions of the x87 have no immediate: the field holds what they put into FOP.
  let [lo, hi] = [isX87(i) ? x87Opcode(i) : i.immLo, i.immHi]
  for (let n = 0; n < operandCount(i); n++) {
    const place = operandPlace(i, n)
    if (place === OperandPlace.moffs) [lo, hi] = [i.dispLo, i.dispHi]
    else if (place === OperandPlace.imm) hi = operandImmediateHi(i, n)
    else if (place === OperandPlace.imm2 || place === OperandPlace.far) hi = i.imm2
  }
  view.setInt32(at + SLOT.immediate, lo, true)
  view.setInt32(at + SLOT.immediate2, hi, true)
}
