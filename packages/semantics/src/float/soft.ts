/** What soft-float is written with: short names over the IR builder, and variables. */
import type { IrBuilder } from '../ir/builder.ts'
import { type Value, ValueType } from '../ir/types.ts'

/** A variable that branches can set. */
export interface Variable {
  get(): Value
  set(v: Value): void
}

/** Integer ops by name. Truth values are i32, 0 or 1. */
export class Soft {
  readonly b: IrBuilder

  constructor(b: IrBuilder) {
    this.b = b
  }

  i32(name: string, x: Value, y?: Value): Value {
    return this.b.pure(`i32.${name}`, x, y)
  }

  i64(name: string, x: Value, y?: Value): Value {
    return this.b.pure(`i64.${name}`, x, y)
  }

  /** An i32 constant. */
  n(value: number): Value {
    return this.b.i32(value)
  }

  /** An i64 constant. */
  w(value: bigint | number): Value {
    return this.b.big(BigInt(value))
  }

  and(...all: Value[]): Value {
    return all.reduce((x, y) => this.i32('and', x, y))
  }

  or(...all: Value[]): Value {
    return all.reduce((x, y) => this.i32('or', x, y))
  }

  not(x: Value): Value {
    return this.i32('eqz', x)
  }

  /** Whether i32 `x` equals a constant. */
  is(x: Value, constant: number): Value {
    return this.i32('eq', x, this.n(constant))
  }

  /** Bit `bit` of i32 `x`. */
  bit(x: Value, bit: number): Value {
    return this.i32('and', this.i32('shr_u', x, this.n(bit)), this.n(1))
  }

  /** Bit `bit` of i64 `x`, as i32. */
  bit64(x: Value, bit: number): Value {
    return this.wrap(this.i64('and', this.i64('shr_u', x, this.w(bit)), this.w(1)))
  }

  wrap(x: Value): Value {
    return this.i32('wrap_i64', x)
  }

  extend(x: Value): Value {
    return this.i64('extend_i32_u', x)
  }

  extendSigned(x: Value): Value {
    return this.i64('extend_i32_s', x)
  }

  /** Whether i64 `x` is not 0. */
  some(x: Value): Value {
    return this.i64('ne', x, this.w(0))
  }

  select(condition: Value, x: Value, y: Value): Value {
    return this.b.select(condition, x, y)
  }

  variable32(initial: Value): Variable {
    return this.#variable(ValueType.i32, initial)
  }

  variable64(initial: Value): Variable {
    return this.#variable(ValueType.i64, initial)
  }

  #variable(type: ValueType, initial: Value): Variable {
    const local = this.b.local(type, initial)
    return { get: () => this.b.getLocal(local), set: (v) => this.b.setLocal(local, v) }
  }

  /** ORs bits into an i32 variable. */
  add(flags: Variable, bits: Value): void {
    flags.set(this.i32('or', flags.get(), bits))
  }
}
