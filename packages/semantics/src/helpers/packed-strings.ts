/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2B, 4.1 "Imm8 Control Byte Operation"). */
import { RFLAGS } from '@ringfold/arch'
import type { StateBuilder } from '../ir/state-builder.ts'
import { type Value, ValueType } from '../ir/types.ts'
import { broadcast, zeros } from '../ir/vectors.ts'
import type { Routine } from './types.ts'

const { CF, ZF, SF, OF } = RFLAGS.shift

/** What a comparison of one element size and aggregation starts from; masks have a bit for each element. */
interface Operands {
  readonly bytes: 1 | 2
  readonly shape: 'i8x16' | 'i16x8'
  readonly count: number
  readonly all: number
  readonly a: Value
  readonly b: Value
  /** Elements of the first operand that are valid, as a number; of both, as masks. */
  readonly lengthA: Value
  readonly validA: Value
  readonly validB: Value
}

const and = (b: StateBuilder, x: Value, y: Value): Value => b.pure('i32.and', x, y)
const not = (b: StateBuilder, o: Operands, v: Value): Value => b.pure('i32.xor', v, b.i32(o.all))
const comparison = (b: StateBuilder, o: Operands, op: string, x: Value, y: Value): Value =>
  b.pure(`${o.shape}.bitmask`, b.pure(`${o.shape}.${op}`, x, y))

/** Once for each valid element of the first operand, from the lowest by `step`: its number. */
function forEachElement(b: StateBuilder, o: Operands, step: number, body: (n: Value) => void): void {
  const at = b.local(ValueType.i32, b.i32(0))
  // An element without a partner is no range.
  const more = (n: Value) => b.pure('i32.lt_u', b.pure('i32.add', n, b.i32(step - 1)), o.lengthA)
  b.if(more(b.getLocal(at)), () =>
    b.loop(() => {
      body(b.getLocal(at))
      const next = b.pure('i32.add', b.getLocal(at), b.i32(step))
      b.setLocal(at, next)
      return more(next)
    }),
  )
}

type Aggregation = (b: StateBuilder, o: Operands, isSigned: Value) => Value

const equalAny: Aggregation = (b, o) => {
  const found = b.local(ValueType.i32, b.i32(0))
  forEachElement(b, o, 1, (n) => {
    const equal = comparison(b, o, 'eq', o.b, broadcast(b, o.bytes, o.a, n))
    b.setLocal(found, b.pure('i32.or', b.getLocal(found), equal))
  })
  return and(b, b.getLocal(found), o.validB)
}

/** Pairs of the first operand are ranges, both ends included; unsigned elements compare as signed ones with their tops turned. */
const ranges: Aggregation = (b, o, isSigned) => {
  const top = b.select(isSigned, b.i32(0), b.i32(o.bytes === 1 ? 0x80 : 0x8000))
  const turned = (v: Value) => b.pure('v128.xor', v, b.pure(`${o.shape}.splat`, top))
  const [ends, elements] = [turned(o.a), turned(o.b)]
  const found = b.local(ValueType.i32, b.i32(0))
  forEachElement(b, o, 2, (n) => {
    const end = (k: number) => broadcast(b, o.bytes, ends, b.pure('i32.add', n, b.i32(k)))
    const within = and(b, comparison(b, o, 'ge_s', elements, end(0)), comparison(b, o, 'le_s', elements, end(1)))
    b.setLocal(found, b.pure('i32.or', b.getLocal(found), within))
  })
  return and(b, b.getLocal(found), o.validB)
}

/** Elements that are both beyond the ends count as equal. */
const equalEach: Aggregation = (b, o) => {
  const equal = and(b, comparison(b, o, 'eq', o.a, o.b), and(b, o.validA, o.validB))
  return b.pure('i32.or', equal, not(b, o, b.pure('i32.or', o.validA, o.validB)))
}

/** Places at which the first operand stands in the second, also where it is cut off by the end of the vector. */
const equalOrdered: Aggregation = (b, o) => {
  const places = b.local(ValueType.i32, b.i32(o.all))
  forEachElement(b, o, 1, (n) => {
    const equal = and(b, comparison(b, o, 'eq', o.b, broadcast(b, o.bytes, o.a, n)), o.validB)
    const beyond = b.pure('i32.xor', b.pure('i32.shr_u', b.i32(o.all), n), b.i32(o.all))
    const fits = b.pure('i32.or', b.pure('i32.shr_u', equal, n), beyond)
    b.setLocal(places, and(b, b.getLocal(places), fits))
  })
  return b.getLocal(places)
}

/** The length of a vector: as given, or up to the first zero where it is negative. */
function length(b: StateBuilder, shape: string, count: number, [v, given]: readonly [Value, Value]): Value {
  const zerosAt = b.pure(`${shape}.bitmask`, b.pure(`${shape}.eq`, v, zeros(b)))
  const implicit = b.pure('i32.ctz', b.pure('i32.or', zerosAt, b.i32(1 << count)))
  const explicit = b.select(b.pure('i32.lt_u', given, b.i32(count)), given, b.i32(count))
  return b.select(b.pure('i32.lt_s', given, b.i32(0)), implicit, explicit)
}

/** Everything for one element size: the result mask, flags and index. */
function compare(b: StateBuilder, bytes: 1 | 2, imm: Value): void {
  const shape = bytes === 1 ? 'i8x16' : 'i16x8'
  const count = 16 / bytes
  const [x, y] = [b.result(0, 128), b.result(2, 128)]
  const lengthA = length(b, shape, count, [x, b.argumentWord(1)])
  const lengthB = length(b, shape, count, [y, b.argumentWord(2)])
  const valid = (n: Value) => b.pure('i32.sub', b.pure('i32.shl', b.i32(1), n), b.i32(1))
  const [validA, validB] = [valid(lengthA), valid(lengthB)]
  const o: Operands = { bytes, shape, count, all: 2 ** count - 1, a: x, b: y, lengthA, validA, validB }
  const found = b.local(ValueType.i32, b.i32(0))
  const mode = and(b, b.pure('i32.shr_u', imm, b.i32(2)), b.i32(3))
  const isSigned = and(b, imm, b.i32(2))
  for (const [n, aggregate] of [equalAny, ranges, equalEach, equalOrdered].entries())
    b.if(b.pure('i32.eq', mode, b.i32(n)), () => b.setLocal(found, aggregate(b, o, isSigned)))
  // Polarity: bit 4 inverts, with bit 5 only what is valid in the second operand.
  const inverted = b.select(and(b, imm, b.i32(0x20)), validB, b.i32(o.all))
  const result = b.pure('i32.xor', b.getLocal(found), b.select(and(b, imm, b.i32(0x10)), inverted, b.i32(0)))
  store(b, o, { result, lengthB, imm })
}

/** Mask, flags and index: in `helperArgument` 4 to 6. */
function store(b: StateBuilder, o: Operands, r: { result: Value; lengthB: Value; imm: Value }): void {
  const isShort = (n: Value) => b.pure('i32.lt_u', n, b.i32(o.count))
  const bit = (place: number, v: Value) => b.pure('i32.shl', v, b.i32(place))
  const any = b.pure('i32.ne', r.result, b.i32(0))
  const flags = [
    bit(CF, any),
    bit(ZF, isShort(r.lengthB)),
    bit(SF, isShort(o.lengthA)),
    bit(OF, and(b, r.result, b.i32(1))),
  ].reduce((x, y) => b.pure('i32.or', x, y))
  const lowest = b.pure('i32.ctz', r.result)
  const highest = b.pure('i32.sub', b.i32(31), b.pure('i32.clz', r.result))
  const index = b.select(and(b, r.imm, b.i32(0x40)), highest, lowest)
  const word = (n: number, v: Value) => b.argument(n, b.pure('i64.extend_i32_u', v))
  word(4, r.result)
  word(5, flags)
  word(6, b.select(any, index, b.i32(o.count)))
}

/** The operands stand in `helperArgument` 0 and 2; words: imm8, and both lengths, negative where zeros end the strings. */
const compareStrings: Routine = (b) => {
  const imm = b.argumentWord(0)
  b.if(
    and(b, imm, b.i32(1)),
    () => compare(b, 2, imm),
    () => compare(b, 1, imm),
  )
}

export const STRING_ROUTINES: Readonly<Record<string, Routine>> = { pcmpstr: compareStrings }
