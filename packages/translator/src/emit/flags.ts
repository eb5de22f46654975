/**
 * Lazy flags: `lazyResult`, `lazySrc1`, `lazySrc2` hold the operands and the result of the last operation, sign-extended to 64
 * bits, so that every flag follows without knowing the operand size; `lazyOp` holds its kind, and `statusFlags` what the kind
 * leaves alone. Functions of the interpreter's base module, written in IR.
 */
import { FIELD, RFLAGS } from '@ringfold/arch'
import { FlagKind, IrBuilder, type IrCode, KEPT, Op, STATUS, type Value, ValueType } from '@ringfold/semantics'

const { AF } = RFLAGS.lo

class FlagBuilder extends IrBuilder {
  readonly zero: Value = this.i32(0)

  load32(offset: number): Value {
    return this.effect(Op['state.load32'], this.zero, -1, -1, offset)
  }

  load64(offset: number): Value {
    return this.effect(Op['state.load64'], this.zero, -1, -1, offset)
  }

  kind(): Value {
    return this.load32(FIELD.lazyOp.offset)
  }

  status(): Value {
    return this.load32(FIELD.statusFlags.offset)
  }

  result(): Value {
    return this.load64(FIELD.lazyResult.offset)
  }

  first(): Value {
    return this.load64(FIELD.lazySrc1.offset)
  }

  second(): Value {
    return this.load64(FIELD.lazySrc2.offset)
  }

  top(v: Value): Value {
    return this.pure('i64.lt_s', v, this.i64(0))
  }

  /** 1 for subtractions and decrements: their second operand counts inverted, and their carry too. */
  subtracts(kind: Value): Value {
    const isSub = this.pure('i32.eq', kind, this.i32(FlagKind.sub))
    return this.pure('i32.or', isSub, this.pure('i32.eq', kind, this.i32(FlagKind.dec)))
  }

  /** The second operand as an addend: inverted for subtractions. */
  addend(kind: Value): Value {
    const mask = this.pure('i64.sub', this.i64(0), this.pure('i64.extend_i32_u', this.subtracts(kind)))
    return this.pure('i64.xor', this.second(), mask)
  }

  carry(kind: Value): Value {
    const [a, x, r] = [this.first(), this.addend(kind), this.result()]
    const notR = this.pure('i64.xor', r, this.i64(-1))
    const both = this.pure('i64.and', a, x)
    const either = this.pure('i64.and', this.pure('i64.or', a, x), notR)
    return this.pure('i32.xor', this.top(this.pure('i64.or', both, either)), this.subtracts(kind))
  }

  overflow(kind: Value): Value {
    const [a, x, r] = [this.first(), this.addend(kind), this.result()]
    return this.top(this.pure('i64.and', this.pure('i64.xor', a, r), this.pure('i64.xor', x, r)))
  }

  adjust(): Value {
    const sum = this.pure('i64.xor', this.pure('i64.xor', this.first(), this.second()), this.result())
    return this.pure('i32.and', this.pure('i32.wrap_i64', sum), this.i32(AF))
  }

  isZero(): Value {
    return this.pure('i64.eqz', this.result())
  }

  parity(): Value {
    const low = this.pure('i32.and', this.pure('i32.wrap_i64', this.result()), this.i32(0xff))
    return this.pure('i32.and', this.pure('i32.xor', this.pure('i32.popcnt', low), this.i32(1)), this.i32(1))
  }

  at(bit: number, v: Value): Value {
    return bit === 0 ? v : this.pure('i32.shl', v, this.i32(bit))
  }

  /** Flags of `statusFlags` that the kind leaves alone. */
  kept(kind: Value): Value {
    const isStep = this.pure('i32.ge_u', kind, this.i32(FlagKind.inc))
    const keepsThree = this.pure('i32.eq', kind, this.i32(FlagKind.result))
    const some = this.select(keepsThree, this.i32(KEPT[FlagKind.result]), this.i32(KEPT[FlagKind.inc]))
    return this.select(isStep, some, this.i32(0))
  }
}

/** A function of the base module: no parameters, one i32 result, which is its last value. */
export interface FlagFunction {
  readonly code: IrCode
  readonly result: number
}

/** Builds a function whose value depends on whether a lazy operation is outstanding. */
function build(lazy: (b: FlagBuilder, kind: Value) => Value, settled: (b: FlagBuilder) => Value): FlagFunction {
  const b = new FlagBuilder()
  const kind = b.kind()
  const result = b.local(ValueType.i32)
  b.if(
    kind,
    () => b.setLocal(result, lazy(b, kind)),
    () => b.setLocal(result, settled(b)),
  )
  return { code: b.code, result: b.getLocal(result) }
}

const bit = (b: FlagBuilder, position: number): Value =>
  b.pure('i32.and', b.pure('i32.shr_u', b.status(), b.i32(position)), b.i32(1))

/** CF, which increments, decrements and shifts leave in `statusFlags`. */
function carryFunction(): FlagFunction {
  const b = new FlagBuilder()
  const kind = b.kind()
  const result = b.local(ValueType.i32)
  // add and sub are 1 and 2; kinds from inc on, and none, have CF in statusFlags; logic is an addition of 0.
  b.if(
    b.pure('i32.lt_u', b.pure('i32.sub', kind, b.i32(1)), b.i32(FlagKind.logic)),
    () => b.setLocal(result, b.carry(kind)),
    () => b.setLocal(result, bit(b, 0)),
  )
  return { code: b.code, result: b.getLocal(result) }
}

function all(b: FlagBuilder, kind: Value): Value {
  const parts: readonly [number, Value][] = [
    [RFLAGS.shift.CF, b.carry(kind)],
    [RFLAGS.shift.PF, b.parity()],
    [0, b.adjust()],
    [RFLAGS.shift.ZF, b.isZero()],
    [RFLAGS.shift.SF, b.top(b.result())],
    [RFLAGS.shift.OF, b.overflow(kind)],
  ]
  const computed = parts.map(([position, v]) => b.at(position, v)).reduce((x, y) => b.pure('i32.or', x, y))
  const kept = b.kept(kind)
  const fresh = b.pure('i32.and', computed, b.pure('i32.xor', kept, b.i32(-1)))
  return b.pure('i32.or', fresh, b.pure('i32.and', b.status(), kept))
}

/** All six, put into `statusFlags`; no lazy operation is left. */
function settleFunction(): FlagFunction {
  const b = new FlagBuilder()
  const kind = b.kind()
  b.if(kind, () => {
    const flags = all(b, kind)
    b.effect(Op['state.store32'], b.zero, flags, -1, FIELD.statusFlags.offset)
    b.effect(Op['state.store32'], b.zero, b.i32(0), -1, FIELD.lazyOp.offset)
  })
  return { code: b.code, result: b.pure('i32.and', b.status(), b.i32(STATUS)) }
}

/** OF of any state of the flags. */
const overflowOf = (b: FlagBuilder, kind: Value): Value =>
  b.select(b.pure('i32.eq', kind, b.i32(FlagKind.result)), bit(b, RFLAGS.shift.OF), b.overflow(kind))

const less = (b: FlagBuilder, kind: Value): Value => b.pure('i32.xor', b.top(b.result()), overflowOf(b, kind))
const lessBits = (b: FlagBuilder): Value => b.pure('i32.xor', bit(b, RFLAGS.shift.SF), bit(b, RFLAGS.shift.OF))

/** CF within another function: by kind. */
const carryOf = (b: FlagBuilder, kind: Value): Value =>
  b.select(b.pure('i32.ge_u', kind, b.i32(FlagKind.inc)), bit(b, 0), b.carry(kind))

/** The base conditions in the order of their codes: O, B, E, BE, S, P, L, LE. */
function conditionFunctions(): FlagFunction[] {
  const or = (b: FlagBuilder, x: Value, y: Value) => b.pure('i32.or', x, y)
  const zeroBit = (b: FlagBuilder) => bit(b, RFLAGS.shift.ZF)
  return [
    build(overflowOf, (b) => bit(b, RFLAGS.shift.OF)),
    build(carryOf, (b) => bit(b, RFLAGS.shift.CF)),
    build((b) => b.isZero(), zeroBit),
    build(
      (b, kind) => or(b, b.isZero(), carryOf(b, kind)),
      (b) => or(b, zeroBit(b), bit(b, 0)),
    ),
    build(
      (b) => b.top(b.result()),
      (b) => bit(b, RFLAGS.shift.SF),
    ),
    build(
      (b) => b.parity(),
      (b) => bit(b, RFLAGS.shift.PF),
    ),
    build(less, lessBits),
    build(
      (b, kind) => or(b, b.isZero(), less(b, kind)),
      (b) => or(b, zeroBit(b), lessBits(b)),
    ),
  ]
}

/** The functions by name. */
export function flagFunctions(): ReadonlyMap<string, FlagFunction> {
  return new Map([
    ['settle', settleFunction()],
    ['carry', carryFunction()],
    ...conditionFunctions().map((f, n): [string, FlagFunction] => [`condition${n}`, f]),
  ])
}
