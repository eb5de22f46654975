/** Single elements of vectors to and from general registers and memory; sign masks (SDM vol. 2). */
import type { Value } from '../ir/types.ts'
import { blend, broadcast, laneMask, lowDoubleword, lowQuad, maskOfBits, zeros } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import {
  binaryImmediate,
  byteImmediate,
  readVector,
  vectorInstruction,
  type Width,
  writeVector,
} from './simd-operands.ts'
import type { Bits } from './source.ts'

type ElementBytes = 1 | 2 | 4 | 8

const SHAPE: Readonly<Record<ElementBytes, string>> = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' }

/** The element's number: of imm8 those bits count that number the elements of the vector. */
const elementNumber = (l: Lifter, n: number, bytes: ElementBytes, width: Width): Value =>
  l.pure('i32.and', byteImmediate(l, n), l.i32(width / 8 / bytes - 1))

function lowElement(l: Lifter, v: Value, bytes: ElementBytes): Value {
  if (bytes === 8) return lowQuad(l, v)
  return bytes === 4 ? lowDoubleword(l, v) : l.lane(`${SHAPE[bytes]}.extract_lane_u`, v, 0)
}

/** PEXTR and EXTRACTPS: to memory of the element's size, or zero-extended to a register. */
const extract = (bytes: ElementBytes): Lifting =>
  vectorInstruction((l, width) => {
    const v = broadcast(l, bytes, readVector(l, 1), elementNumber(l, 2, bytes, width))
    const bits: Bits = bytes === 8 ? 64 : l.isMemory(0) ? ((bytes * 8) as Bits) : 32
    l.set(0, lowElement(l, v, bytes), bits)
  })

/** PINSR: from memory of the element's size, or the low bits of a register. */
const insert = (bytes: ElementBytes): Lifting =>
  vectorInstruction((l, width) => {
    const element = l.pure(`${SHAPE[bytes]}.splat`, l.get(1, (bytes * 8) as Bits))
    const mask = laneMask(l, bytes, elementNumber(l, 2, bytes, width))
    writeVector(l, 0, blend(l, mask, element, readVector(l, 0)))
  })

/** INSERTPS: of a register imm8[7:6] chooses the doubleword; imm8[5:4] is its place; imm8[3:0] clears. */
const insertSingle: Lifting = binaryImmediate((l, { a, b, imm }) => {
  const field = (at: number) => l.pure('i32.and', l.pure('i32.shr_u', imm, l.i32(at)), l.i32(3))
  const element = l.isMemory(1) ? b : broadcast(l, 4, b, field(6))
  const inserted = blend(l, laneMask(l, 4, field(4)), element, a)
  return l.pure('v128.andnot', inserted, maskOfBits(l, 4, imm))
})

/** PMOVMSKB, MOVMSKPS, MOVMSKPD. */
const signMask = (shape: string): Lifting =>
  vectorInstruction((l, width) => {
    const mask = l.pure(`${shape}.bitmask`, readVector(l, 1))
    l.set(0, width === 64 ? l.pure('i32.and', mask, l.i32(0xff)) : mask, 32)
  })

export const SIMD_ELEMENTS: Readonly<Record<string, Lifting>> = {
  pextrb: extract(1),
  pextrw: extract(2),
  pextrd: extract(4),
  pextrq: extract(8),
  extractps: extract(4),
  pinsrb: insert(1),
  pinsrw: insert(2),
  pinsrd: insert(4),
  pinsrq: insert(8),
  insertps: insertSingle,
  pmovmskb: signMask('i8x16'),
  movmskps: signMask('i32x4'),
  movmskpd: signMask('i64x2'),
}

/** A field of a quadword by length and index, each of 6 bits; a length of 0 is 64 (APM vol. 4, EXTRQ). */
interface Field {
  readonly length: Value
  readonly index: Value
}

const sixBits = (l: Lifter, v: Value): Value => l.pure('i64.extend_i32_u', l.pure('i32.and', v, l.i32(0x3f)))

/** The field that two immediates name, or bits of a doubleword of the second operand. */
function fieldOf(l: Lifter, doubleword: number): Field {
  const { operandCount } = l.source
  if (l.source.kind(operandCount - 1) === 'immediate') {
    const [length, index] = [byteImmediate(l, operandCount - 2), byteImmediate(l, operandCount - 1)]
    return { length: sixBits(l, length), index: sixBits(l, index) }
  }
  const control = l.lane('i32x4.extract_lane', readVector(l, 1), doubleword)
  return { length: sixBits(l, control), index: sixBits(l, l.pure('i32.shr_u', control, l.i32(8))) }
}

/** As many ones as the length says: a shift by 64 - length, modulo 64, makes 64 of 0. */
const ones = (l: Lifter, length: Value): Value => l.pure('i64.shr_u', l.i64(-1), l.pure('i64.sub', l.i64(0), length))

const writeLowQuad = (l: Lifter, v: Value): void => writeVector(l, 0, l.replaceLane('i64x2', zeros(l), 0, v))

/** EXTRQ. Undefined where the field leaves the quadword, and above it: here bits beyond 63 count as zeros. */
const extractField: Lifting = vectorInstruction((l) => {
  const { length, index } = fieldOf(l, 0)
  const v = lowQuad(l, readVector(l, 0))
  writeLowQuad(l, l.pure('i64.and', l.pure('i64.shr_u', v, index), ones(l, length)))
})

const insertField: Lifting = vectorInstruction((l) => {
  const { length, index } = fieldOf(l, 2)
  const mask = l.pure('i64.shl', ones(l, length), index)
  const field = l.pure('i64.and', l.pure('i64.shl', lowQuad(l, readVector(l, 1)), index), mask)
  const rest = l.pure('i64.and', lowQuad(l, readVector(l, 0)), l.pure('i64.xor', mask, l.i64(-1)))
  writeLowQuad(l, l.pure('i64.or', rest, field))
})

/** SSE4a, of AMD's processors. */
export const SSE4A: Readonly<Record<string, Lifting>> = { extrq: extractField, insertq: insertField }
