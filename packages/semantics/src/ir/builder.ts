/** Builds IR: struct of arrays, in the order of execution; constants are folded on the way. */
import { FIRST_EFFECT, OP_ROWS, Op, opNumber } from './ops.ts'
import type { PureRow } from './rows.ts'
import { type Datum, type Value, ValueType } from './types.ts'

const NONE = -1

/** A sequence of ops. Op `n` makes value `n`; arguments are numbers of earlier ops, or -1. */
export class IrCode {
  op: Uint16Array = new Uint16Array(64)
  a: Int32Array = new Int32Array(64)
  b: Int32Array = new Int32Array(64)
  c: Int32Array = new Int32Array(64)
  imm: Int32Array = new Int32Array(64)
  /** High halves of i64 constants. */
  immHi: Int32Array = new Int32Array(64)
  length = 0
  /** Types of the variables. */
  readonly locals: ValueType[] = []
  readonly vectors: Uint8Array[] = []

  clear(): void {
    this.length = 0
    this.locals.length = 0
    this.vectors.length = 0
  }

  push(op: number, a: number, b: number, c: number, imm: number, immHi: number): Value {
    const n = this.length++
    if (n === this.op.length) this.#grow()
    this.op[n] = op
    this.a[n] = a
    this.b[n] = b
    this.c[n] = c
    this.imm[n] = imm
    this.immHi[n] = immHi
    return n
  }

  #grow(): void {
    const size = this.op.length * 2
    const grown = <T extends Int32Array | Uint16Array>(make: new (n: number) => T, old: T): T => {
      const next = new make(size)
      next.set(old)
      return next
    }
    this.op = grown(Uint16Array, this.op)
    this.a = grown(Int32Array, this.a)
    this.b = grown(Int32Array, this.b)
    this.c = grown(Int32Array, this.c)
    this.imm = grown(Int32Array, this.imm)
    this.immHi = grown(Int32Array, this.immHi)
  }

  typeOf(value: Value): ValueType {
    return (OP_ROWS[this.op[value] as number] as { result: ValueType }).result
  }

  isConstant(value: Value): boolean {
    const op = this.op[value]
    return op === Op['const.i32'] || op === Op['const.i64']
  }

  /** The value of a constant: int32 or signed bigint. */
  constant(value: Value): number | bigint {
    const lo = this.imm[value] as number
    if (this.op[value] === Op['const.i32']) return lo
    return (BigInt(this.immHi[value] as number) << 32n) | BigInt(lo >>> 0)
  }

  /** The value of a constant of any type; `undefined` for other values. */
  datum(value: Value): Datum | undefined {
    if (this.op[value] === Op['const.v128']) return this.vectors[this.imm[value] as number]
    return this.isConstant(value) ? this.constant(value) : undefined
  }
}

/** Appends ops to an {@link IrCode}. */
export class IrBuilder {
  readonly code: IrCode

  constructor(code: IrCode = new IrCode()) {
    this.code = code
  }

  i32(value: number): Value {
    return this.code.push(Op['const.i32'], NONE, NONE, NONE, value | 0, 0)
  }

  i64(lo: number, hi = lo >> 31): Value {
    return this.code.push(Op['const.i64'], NONE, NONE, NONE, lo | 0, hi | 0)
  }

  big(value: bigint): Value {
    return this.i64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
  }

  v128(bytes: Uint8Array): Value {
    const at = this.code.vectors.push(bytes) - 1
    return this.code.push(Op['const.v128'], NONE, NONE, NONE, at, 0)
  }

  /** A pure op by name; folded where all its arguments are constants. */
  pure(name: string, a: Value, b: Value = NONE, c: Value = NONE, imm = 0): Value {
    const op = opNumber(name)
    const folded = this.#fold(op, [a, b, c], imm)
    return folded >= 0 ? folded : this.code.push(op, a, b, c, imm, 0)
  }

  /** Lanes of `a` (0 to 15) and `b` (16 to 31), by bytes. */
  shuffle(a: Value, b: Value, lanes: readonly number[]): Value {
    return this.pure('i8x16.shuffle', a, b, NONE, this.code.vectors.push(Uint8Array.from(lanes)) - 1)
  }

  /** Lane `n` of a vector, and a vector with lane `n` replaced. `shape` carries `_s` or `_u` for lanes of 8 and 16 bits. */
  lane(op: `${string}.extract_lane${'' | '_s' | '_u'}`, v: Value, n: number): Value {
    return this.pure(op, v, NONE, NONE, n)
  }

  replaceLane(shape: string, v: Value, n: number, lane: Value): Value {
    return this.pure(`${shape}.replace_lane`, v, lane, NONE, n)
  }

  /** An op with an effect. */
  effect(op: number, a: Value = NONE, b: Value = NONE, c: Value = NONE, imm = 0): Value {
    return this.code.push(op, a, b, c, imm, 0)
  }

  #fold(op: number, args: readonly Value[], imm: number): Value {
    const { code } = this
    const row = OP_ROWS[op] as PureRow
    if (op >= FIRST_EFFECT || row.result === ValueType.f32 || row.result === ValueType.f64) return NONE
    const data: (Datum | undefined)[] = []
    for (const arg of args) {
      const datum = arg < 0 ? undefined : code.datum(arg)
      if (arg >= 0 && datum === undefined) return NONE
      data.push(datum)
    }
    const evaluate = row.evaluate as (...args: (Datum | undefined)[]) => Datum
    const result = evaluate(...data, row.immediate === 'shuffle' ? code.vectors[imm] : imm)
    if (typeof result === 'object') return this.v128(result)
    return typeof result === 'bigint' ? this.big(result) : this.i32(result)
  }

  /** `x` where the condition is not 0, `y` where it is. */
  select(condition: Value, x: Value, y: Value): Value {
    const { code } = this
    if (code.isConstant(condition)) return code.constant(condition) !== 0 ? x : y
    const type = code.typeOf(x)
    const op = type === ValueType.i32 ? Op['select.i32'] : type === ValueType.i64 ? Op['select.i64'] : Op['select.v128']
    return code.push(op, x, y, condition, 0, 0)
  }

  /** A variable that branches can set. */
  local(type: ValueType, initial?: Value): number {
    const local = this.code.locals.push(type) - 1
    if (initial !== undefined) this.setLocal(local, initial)
    return local
  }

  getLocal(local: number): Value {
    const type = this.code.locals[local]
    const op =
      type === ValueType.i32 ? Op['local.get.i32'] : type === ValueType.i64 ? Op['local.get.i64'] : Op['local.get.v128']
    return this.code.push(op, NONE, NONE, NONE, local, 0)
  }

  setLocal(local: number, value: Value): void {
    const type = this.code.locals[local]
    const op =
      type === ValueType.i32 ? Op['local.set.i32'] : type === ValueType.i64 ? Op['local.set.i64'] : Op['local.set.v128']
    this.code.push(op, value, NONE, NONE, local, 0)
  }

  /** Builds one branch, or both; a constant condition builds only the branch that is taken. */
  if(condition: Value, then: () => void, otherwise?: () => void): void {
    if (this.code.isConstant(condition)) {
      if (this.code.constant(condition) !== 0) then()
      else otherwise?.()
      return
    }
    this.effect(Op.if, condition)
    then()
    if (otherwise !== undefined) {
      this.effect(Op.else)
      otherwise()
    }
    this.effect(Op.end)
  }

  /** Builds a loop; `body` gives the condition under which it goes round once more. */
  loop(body: () => Value): void {
    this.effect(Op.loop)
    this.effect(Op['continue.if'], body())
    this.effect(Op.end)
  }
}
