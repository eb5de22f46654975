/** IR over the processor's state: what liftings and routines have in common. */
import { FIELD } from '@ringfold/arch'
import { IrBuilder, type IrCode } from './builder.ts'
import { Op } from './ops.ts'
import type { Value } from './types.ts'

const LOG2_BYTES: Readonly<Record<number, number>> = { 8: 0, 16: 1, 32: 2, 64: 3, 128: 4 }
const STATE_LOAD = ['state.load8', 'state.load16', 'state.load32', 'state.load64', 'state.load128'] as const

export class StateBuilder extends IrBuilder {
  readonly zero: Value

  constructor(code?: IrCode) {
    super(code)
    this.zero = this.i32(0)
  }

  /** Reads `bits` at a byte offset in the state, to which `base` (i32) is added; 8 and 16 bits are zero-extended. */
  loadState(offset: number, bits: number, base: Value = this.zero): Value {
    return this.effect(Op[STATE_LOAD[LOG2_BYTES[bits] as number] as (typeof STATE_LOAD)[number]], base, -1, -1, offset)
  }

  storeState(offset: number, bits: number, v: Value, base: Value = this.zero): void {
    const name = `state.store${bits}` as 'state.store32'
    this.effect(Op[name], base, v, -1, offset)
  }

  fault(vector: number, errorCode = 0): void {
    this.effect(Op.fault, this.i32(errorCode), -1, -1, vector)
  }

  /** Calls a helper or routine by number (`helperNumber`). Operands beyond three words travel in `helperArgument`. */
  call(helper: number, a: Value = this.zero, b: Value = this.zero, c: Value = this.zero): void {
    this.effect(Op.call, a, b, c, helper)
  }

  /** Puts a value into element `index` of `helperArgument`, where helpers find it. */
  argument(index: number, v: Value, bits: 64 | 128 = 64): void {
    this.storeState(FIELD.helperArgument.offset + index * 8, bits, v)
  }

  /** Element `index` of `helperArgument`: what a helper left, or what a routine was given. */
  result(index: number, bits: 8 | 16 | 32 | 64 | 128 = 64): Value {
    return this.loadState(FIELD.helperArgument.offset + index * 8, bits)
  }

  /** In a routine: word `n` (0 to 2) of the call, i32. */
  argumentWord(n: number): Value {
    return this.effect(Op['argument.i32'], -1, -1, -1, n)
  }
}
