/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: the comparison is a routine, its operands and results are here. */
import { helperNumber } from '../helpers/index.ts'
import { STATUS } from '../ir/flags.ts'
import type { Value } from '../ir/types.ts'
import { bytesBy, constant, zeros } from '../ir/vectors.ts'
import { type Lifter, RAX, RCX, RDX } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { byteImmediate, readVector, vectorInstruction, xmmOffset } from './simd-operands.ts'

/** |EAX| or |EDX|, with REX.W |RAX| or |RDX|, as far as it counts: 16 at most. */
function explicitLength(l: Lifter, register: number): Value {
  const bits = l.source.formName.endsWith('_w1') ? 64 : 32
  const v = l.gpr(register, bits)
  const negative = l.pure(`i${bits}.lt_s`, v, l.number(bits, 0))
  // The least integer is its own magnitude, which is large as an unsigned one.
  const magnitude = l.select(negative, l.pure(`i${bits}.sub`, l.number(bits, 0), v), v)
  const isSmall = l.pure(`i${bits}.lt_u`, magnitude, l.number(bits, 16))
  return l.select(isSmall, l.resize(magnitude, bits, 32), l.i32(16))
}

/** The mask as bits of the low quadword, or with imm8[6] as ones in bytes or words. */
function maskVector(l: Lifter, imm: Value): Value {
  const mask = l.result(4, 32)
  const words = l.pure('i16x8.splat', mask)
  const spread = l.shuffle(
    words,
    words,
    bytesBy((n) => n >> 3),
  )
  const ones = (v: Value, bit: (n: number) => number) =>
    l.pure('i8x16.ne', l.pure('v128.and', v, constant(l, bytesBy(bit))), zeros(l))
  const bytes = ones(spread, (n) => 1 << (n & 7))
  const wide = ones(l.pure('i8x16.splat', mask), (n) => 1 << (n >> 1))
  const expanded = l.select(l.pure('i32.and', imm, l.i32(1)), wide, bytes)
  const bits = l.replaceLane('i32x4', zeros(l), 0, mask)
  return l.select(l.pure('i32.and', imm, l.i32(0x40)), expanded, bits)
}

/** AF and PF are cleared; the other flags come from the routine. */
const compareStrings = (explicit: boolean, finish: (l: Lifter, imm: Value) => void): Lifting =>
  vectorInstruction((l) => {
    const b = readVector(l, 1, 0)
    const imm = byteImmediate(l, 2)
    l.argument(0, readVector(l, 0), 128)
    l.argument(2, b, 128)
    const length = (register: number) => (explicit ? explicitLength(l, register) : l.i32(-1))
    l.call(helperNumber('pcmpstr'), imm, length(RAX), length(RDX))
    finish(l, imm)
    l.setFlagBits(STATUS, l.result(5, 32))
  })

const index = (l: Lifter): void => l.setGpr(RCX, 32, l.result(6, 32))
const mask = (l: Lifter, imm: Value): void => l.storeState(xmmOffset(0), 128, maskVector(l, imm))

export const SIMD_STRINGS: Readonly<Record<string, Lifting>> = {
  pcmpestri: compareStrings(true, index),
  pcmpestrm: compareStrings(true, mask),
  pcmpistri: compareStrings(false, index),
  pcmpistrm: compareStrings(false, mask),
}
