/** Flag ops as Wasm: an operation is noted lazily, its flags are computed when somebody asks (flags.ts). */
import { FIELD, RFLAGS } from '@ringfold/arch'
import { FlagKind, type IrCode, Op, STATUS } from '@ringfold/semantics'
import { Wasm } from '../wasm/opcodes.ts'
import type { IrEmitter } from './emitter.ts'
import type { RuntimeFunctions } from './guest-effects.ts'

/** Kinds up to this one have a carry of their own. */
const CARRY_KINDS = FlagKind.logic
const CARRY_ADJUST_OVERFLOW = RFLAGS.lo.CF | RFLAGS.lo.AF | RFLAGS.lo.OF

export class FlagEffects {
  readonly #functions: Pick<RuntimeFunctions, 'settle' | 'carry' | 'conditions'>

  constructor(functions: Pick<RuntimeFunctions, 'settle' | 'carry' | 'conditions'>) {
    this.#functions = functions
  }

  /** Emits a flag op. @returns false for any other */
  emit(e: IrEmitter, n: number, op: number): boolean {
    const imm = e.code.imm[n] as number
    switch (op) {
      case Op['flags.set']:
        this.#setFlags(e, n, (imm >> 2) as FlagKind, 8 << (imm & 3))
        return true
      case Op['flags.bits']:
        this.#setBits(e, n, imm)
        return true
      case Op['flags.get']:
        this.#getFlag(e, imm)
        e.result(n)
        return true
      case Op['flags.all']:
        e.call(this.#functions.settle)
        e.result(n)
        return true
      case Op['flags.condition']:
        e.call(this.#functions.conditions[imm >> 1] as number)
        if (imm & 1) e.op(Wasm.i32Eqz)
        e.result(n)
        return true
      default:
        return false
    }
  }

  /** Pushes a value sign-extended to 64 bits. */
  #signed(e: IrEmitter, value: number, bits: number): void {
    e.push(value)
    if (bits === 64) return
    e.op(Wasm.i64ExtendI32U)
    e.op(bits === 8 ? 0xc2 : bits === 16 ? 0xc3 : 0xc4)
  }

  #setFlags(e: IrEmitter, n: number, kind: FlagKind, bits: number): void {
    const { code } = e
    const [a, b, r] = [code.a[n], code.b[n], code.c[n]] as [number, number, number]
    if (kind === FlagKind.inc || kind === FlagKind.dec) this.#keepCarry(e)
    if (kind === FlagKind.result && !overwritesCarryAdjustOverflow(code, n)) {
      e.call(this.#functions.settle)
      e.op(Wasm.drop)
    }
    const store = (offset: number, push: () => void) => {
      e.i32(0)
      push()
      e.memory(Wasm.i64Store, 1, offset, 3)
    }
    store(FIELD.lazyResult.offset, () => this.#signed(e, r, bits))
    // A logical operation is the addition of 0 to its result; an increment, of 1.
    if (kind !== FlagKind.result) {
      store(FIELD.lazySrc1.offset, () => this.#signed(e, kind === FlagKind.logic ? r : a, bits))
      if (kind === FlagKind.add || kind === FlagKind.sub) store(FIELD.lazySrc2.offset, () => this.#signed(e, b, bits))
      else store(FIELD.lazySrc2.offset, () => e.i64(kind === FlagKind.logic ? 0 : 1))
    }
    e.i32(0)
    e.i32(kind)
    e.memory(Wasm.i32Store, 1, FIELD.lazyOp.offset, 2)
  }

  /** Puts CF into `statusFlags` where a lazy operation has it: INC and DEC leave it alone. */
  #keepCarry(e: IrEmitter): void {
    e.i32(0)
    e.memory(Wasm.i32Load, 1, FIELD.lazyOp.offset, 2)
    e.i32(1)
    e.op(Wasm.i32Sub)
    e.i32(CARRY_KINDS)
    e.op(Wasm.i32LtU)
    e.open(Wasm.if)
    e.i32(0)
    e.call(this.#functions.carry)
    e.memory(Wasm.i32Store, 1, FIELD.statusFlags.offset, 2)
    e.close()
  }

  #setBits(e: IrEmitter, n: number, mask: number): void {
    const { code } = e
    if (mask === STATUS) {
      this.#setAllBits(e, code.a[n] as number)
      return
    }
    if (!followsResultFlags(code, n) || (mask & ~CARRY_ADJUST_OVERFLOW) !== 0) {
      e.call(this.#functions.settle)
      e.op(Wasm.drop)
    }
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i32Load, 1, FIELD.statusFlags.offset, 2)
    e.i32(~mask)
    e.op(Wasm.i32And)
    e.push(code.a[n] as number)
    e.i32(mask)
    e.op(Wasm.i32And, Wasm.i32Or)
    e.memory(Wasm.i32Store, 1, FIELD.statusFlags.offset, 2)
  }

  /** No flag of a lazy operation survives. */
  #setAllBits(e: IrEmitter, value: number): void {
    e.i32(0)
    e.push(value)
    e.i32(STATUS)
    e.op(Wasm.i32And)
    e.memory(Wasm.i32Store, 1, FIELD.statusFlags.offset, 2)
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i32Store, 1, FIELD.lazyOp.offset, 2)
  }

  #getFlag(e: IrEmitter, bit: number): void {
    if (bit === 0) e.call(this.#functions.carry)
    else {
      e.call(this.#functions.settle)
      e.i32(bit)
      e.op(Wasm.i32ShrU)
      e.i32(1)
      e.op(Wasm.i32And)
    }
  }
}

const isFlagOp = (op: number | undefined): boolean =>
  op === Op['flags.set'] ||
  op === Op['flags.bits'] ||
  op === Op['flags.get'] ||
  op === Op['flags.all'] ||
  op === Op['flags.condition']

/** Whether the next flag op sets CF, AF and OF, so that a `result` operation need not save the old ones. */
function overwritesCarryAdjustOverflow(code: IrCode, n: number): boolean {
  for (let i = n + 1; i < code.length; i++) {
    const op = code.op[i]
    if (op === Op.if || op === Op.else || op === Op.end || op === Op.loop) return false
    if (isFlagOp(op))
      return op === Op['flags.bits'] && ((code.imm[i] as number) & CARRY_ADJUST_OVERFLOW) === CARRY_ADJUST_OVERFLOW
  }
  return false
}

/** Whether the flag op before, in the same straight piece, was a `result` operation. */
function followsResultFlags(code: IrCode, n: number): boolean {
  for (let i = n - 1; i >= 0; i--) {
    const op = code.op[i]
    if (op === Op.if || op === Op.else || op === Op.end || op === Op.loop) return false
    if (isFlagOp(op)) return op === Op['flags.set'] && (code.imm[i] as number) >> 2 === FlagKind.result
  }
  return false
}
