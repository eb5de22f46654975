/** Packed shifts, by imm8 or by the low quadword of a vector (SDM vol. 2B, PSLLW to PSRLDQ). */
import type { Value } from '../ir/types.ts'
import { bytesBy, constant, lowQuad, splatByte, zeros } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { byteImmediate, readVector, vectorInstruction, writeVector } from './simd-operands.ts'

/** The count as an i32 that is at most `limit`: of a vector all 64 bits count. */
function shiftCount(l: Lifter, limit: number): Value {
  if (l.source.kind(1) === 'immediate') {
    const imm = byteImmediate(l, 1)
    return l.select(l.pure('i32.lt_u', imm, l.i32(limit)), imm, l.i32(limit))
  }
  const count = lowQuad(l, readVector(l, 1))
  return l.select(l.pure('i64.lt_u', count, l.i64(limit)), l.pure('i32.wrap_i64', count), l.i32(limit))
}

/** Counts beyond the lane leave zeros; Wasm would take them modulo the lane's width. */
const shiftLogical = (op: string, bits: number): Lifting =>
  vectorInstruction((l) => {
    const count = shiftCount(l, bits)
    const shifted = l.pure(op, readVector(l, 0), count)
    writeVector(l, 0, l.select(l.pure('i32.lt_u', count, l.i32(bits)), shifted, zeros(l)))
  })

/** Counts beyond the lane leave signs. */
const shiftArithmetic = (op: string, bits: number): Lifting =>
  vectorInstruction((l) => {
    const count = shiftCount(l, bits - 1)
    writeVector(l, 0, l.pure(op, readVector(l, 0), count))
  })

/** PSLLDQ and PSRLDQ: by bytes. Lane numbers outside of 0 to 15 give zeros. */
const shiftBytes = (op: 'i8x16.sub' | 'i8x16.add'): Lifting =>
  vectorInstruction((l) => {
    const places = l.pure(
      op,
      constant(
        l,
        bytesBy((n) => n),
      ),
      splatByte(l, shiftCount(l, 16)),
    )
    writeVector(l, 0, l.pure('i8x16.swizzle', readVector(l, 0), places))
  })

export const SIMD_SHIFT: Readonly<Record<string, Lifting>> = {
  psllw: shiftLogical('i16x8.shl', 16),
  pslld: shiftLogical('i32x4.shl', 32),
  psllq: shiftLogical('i64x2.shl', 64),
  psrlw: shiftLogical('i16x8.shr_u', 16),
  psrld: shiftLogical('i32x4.shr_u', 32),
  psrlq: shiftLogical('i64x2.shr_u', 64),
  psraw: shiftArithmetic('i16x8.shr_s', 16),
  psrad: shiftArithmetic('i32x4.shr_s', 32),
  pslldq: shiftBytes('i8x16.sub'),
  psrldq: shiftBytes('i8x16.add'),
}
