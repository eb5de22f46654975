/** Packed integer arithmetic, comparison and logic (SDM vol. 2; APM vol. 4 and 5), as operations on v128. */
import type { Value } from '../ir/types.ts'
import { broadcast, bytesBy, constant, zeros } from '../ir/vectors.ts'
import { CF, type Lifter, ZF, ZF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import {
  binary,
  binaryImmediate,
  readVector,
  unary,
  type VectorOperation,
  vectorInstruction,
  type Width,
} from './simd-operands.ts'

/** Instructions that are one op, lane by lane: what they do to 128 bits they do to 64. */
// biome-ignore format: a table
const LANEWISE: Readonly<Record<string, string>> = {
  paddb: 'i8x16.add', paddw: 'i16x8.add', paddd: 'i32x4.add', paddq: 'i64x2.add',
  paddsb: 'i8x16.add_sat_s', paddsw: 'i16x8.add_sat_s', paddusb: 'i8x16.add_sat_u', paddusw: 'i16x8.add_sat_u',
  psubb: 'i8x16.sub', psubw: 'i16x8.sub', psubd: 'i32x4.sub', psubq: 'i64x2.sub',
  psubsb: 'i8x16.sub_sat_s', psubsw: 'i16x8.sub_sat_s', psubusb: 'i8x16.sub_sat_u', psubusw: 'i16x8.sub_sat_u',
  pminsb: 'i8x16.min_s', pminsw: 'i16x8.min_s', pminsd: 'i32x4.min_s',
  pminub: 'i8x16.min_u', pminuw: 'i16x8.min_u', pminud: 'i32x4.min_u',
  pmaxsb: 'i8x16.max_s', pmaxsw: 'i16x8.max_s', pmaxsd: 'i32x4.max_s',
  pmaxub: 'i8x16.max_u', pmaxuw: 'i16x8.max_u', pmaxud: 'i32x4.max_u',
  pavgb: 'i8x16.avgr_u', pavgw: 'i16x8.avgr_u',
  pmullw: 'i16x8.mul', pmulld: 'i32x4.mul', pmaddwd: 'i32x4.dot_i16x8_s',
  pcmpeqb: 'i8x16.eq', pcmpeqw: 'i16x8.eq', pcmpeqd: 'i32x4.eq', pcmpeqq: 'i64x2.eq',
  pcmpgtb: 'i8x16.gt_s', pcmpgtw: 'i16x8.gt_s', pcmpgtd: 'i32x4.gt_s', pcmpgtq: 'i64x2.gt_s',
  pand: 'v128.and', andps: 'v128.and', andpd: 'v128.and', por: 'v128.or', orps: 'v128.or', orpd: 'v128.or',
  pxor: 'v128.xor', xorps: 'v128.xor', xorpd: 'v128.xor',
}

const UNARY: Readonly<Record<string, string>> = { pabsb: 'i8x16.abs', pabsw: 'i16x8.abs', pabsd: 'i32x4.abs' }

/** The source, where the destination has zeros. */
const andNot: VectorOperation = (l, a, b) => l.pure('v128.andnot', b, a)

/** High halves of the products of words. */
const multiplyHigh =
  (sign: 's' | 'u'): VectorOperation =>
  (l, a, b) =>
    l.shuffle(
      l.pure(`i32x4.extmul_low_i16x8_${sign}`, a, b),
      l.pure(`i32x4.extmul_high_i16x8_${sign}`, a, b),
      bytesBy((n) => (n >> 1) * 4 + 2 + (n & 1)),
    )

/** Wasm saturates the one product that does not fit, -1 times -1; x86 lets it wrap to -1. */
const multiplyRounded: VectorOperation = (l, a, b) => {
  const least = constant(
    l,
    bytesBy((n) => (n & 1 ? 0x80 : 0)),
  )
  const wraps = l.pure('v128.and', l.pure('i16x8.eq', a, least), l.pure('i16x8.eq', b, least))
  return l.pure('v128.xor', l.pure('i16x8.q15mulr_sat_s', a, b), wraps)
}

/** Products of the even doublewords. */
const multiplyEven =
  (sign: 's' | 'u'): VectorOperation =>
  (l, a, b) => {
    const even = (v: Value) =>
      l.shuffle(
        v,
        v,
        bytesBy((n) => (n & 3) + ((n >> 2) & 1) * 8),
      )
    return l.pure(`i64x2.extmul_low_i32x4_${sign}`, even(a), even(b))
  }

/** PMADDUBSW: unsigned bytes of the destination by signed ones of the source; the sum of two products saturates. */
const multiplyAddBytes: VectorOperation = (l, a, b) => {
  const eight = l.i32(8)
  const low = l.pure(
    'v128.and',
    a,
    constant(
      l,
      bytesBy((n) => (n & 1 ? 0 : 0xff)),
    ),
  )
  const even = l.pure('i16x8.mul', low, l.pure('i16x8.shr_s', l.pure('i16x8.shl', b, eight), eight))
  const odd = l.pure('i16x8.mul', l.pure('i16x8.shr_u', a, eight), l.pure('i16x8.shr_s', b, eight))
  return l.pure('i16x8.add_sat_s', even, odd)
}

/** Absolute differences of unsigned lanes. */
const distance = (l: Lifter, shape: string, a: Value, b: Value): Value =>
  l.pure(`${shape}.sub`, l.pure(`${shape}.max_u`, a, b), l.pure(`${shape}.min_u`, a, b))

/** Sums the four doublewords of each half, whose upper ones fit beside the lower. */
const sumAbsoluteDifferences: VectorOperation = (l, a, b) => {
  const words = l.pure('i16x8.extadd_pairwise_i8x16_u', distance(l, 'i8x16', a, b))
  const doublewords = l.pure('i32x4.extadd_pairwise_i16x8_u', words)
  const sums = l.pure('i64x2.add', doublewords, l.pure('i64x2.shr_u', doublewords, l.i32(32)))
  return l.pure(
    'v128.and',
    sums,
    constant(
      l,
      bytesBy((n) => (n % 8 < 2 ? 0xff : 0)),
    ),
  )
}

/** MPSADBW: four bytes of the source against the eight windows that begin at byte 0 or 4 of the destination. */
const multipleSums: Lifting = binaryImmediate((l, { a, b, imm }) => {
  const block = broadcast(l, 4, b, l.pure('i32.and', imm, l.i32(3)))
  const start = l.pure('i32.and', imm, l.i32(4))
  let sum = zeros(l)
  for (let n = 0; n < 4; n++) {
    const places = l.pure(
      'i8x16.add',
      l.pure('i8x16.splat', start),
      constant(
        l,
        bytesBy((k) => k + n),
      ),
    )
    const window = l.pure('i16x8.extend_low_i8x16_u', l.pure('i8x16.swizzle', a, places))
    const byte = l.shuffle(
      block,
      zeros(l),
      bytesBy((k) => (k & 1 ? 16 : n)),
    )
    sum = l.pure('i16x8.add', sum, distance(l, 'i16x8', window, byte))
  }
  return sum
})

/** The even or odd lanes of both operands, those of the destination below. */
function half(l: Lifter, bytes: 2 | 4, odd: 0 | 1, [a, b, width]: readonly [Value, Value, Width]): Value {
  const perOperand = width / 16
  return l.shuffle(
    a,
    b,
    bytesBy((n) => {
      const k = n % (2 * perOperand)
      const lane = Math.floor((k % perOperand) / bytes)
      return (k < perOperand ? 0 : 16) + (2 * lane + odd) * bytes + (k % bytes)
    }),
  )
}

/** PHADD, PHSUB: horizontal neighbours. */
const horizontal =
  (op: string, bytes: 2 | 4): VectorOperation =>
  (l, a, b, width) =>
    l.pure(op, half(l, bytes, 0, [a, b, width]), half(l, bytes, 1, [a, b, width]))

/** PSIGN: by the sign of the source's lanes. */
const bySign =
  (shape: string): VectorOperation =>
  (l, a, b) => {
    const negative = l.pure(`${shape}.lt_s`, b, zeros(l))
    const signed = l.pure(`${shape}.sub`, l.pure('v128.xor', a, negative), negative)
    return l.pure('v128.andnot', signed, l.pure(`${shape}.eq`, b, zeros(l)))
  }

/** PHMINPOSUW: the least word below, its number above it. */
const leastWord = (l: Lifter, v: Value): Value => {
  let least = v
  for (const distanceBytes of [8, 4, 2]) {
    const turned = l.shuffle(
      least,
      least,
      bytesBy((n) => (n + distanceBytes) % 16),
    )
    least = l.pure('i16x8.min_u', least, turned)
  }
  const position = l.pure('i32.ctz', l.pure('i16x8.bitmask', l.pure('i16x8.eq', v, least)))
  const word = l.lane('i16x8.extract_lane_u', least, 0)
  const both = l.pure('i32.or', word, l.pure('i32.shl', position, l.i32(16)))
  return l.replaceLane('i32x4', zeros(l), 0, both)
}

/** PTEST: ZF of source AND destination, CF of source AND NOT destination; other status flags are cleared. */
const testBits: Lifting = vectorInstruction((l) => {
  const b = readVector(l, 1)
  const a = readVector(l, 0)
  const isZero = (v: Value) => l.pure('i32.eqz', l.pure('v128.any_true', v))
  const zero = l.inPlace(ZF_BIT, isZero(l.pure('v128.and', a, b)))
  const carry = isZero(l.pure('v128.andnot', b, a))
  l.setFlagBits(STATUS_FLAGS, l.pure('i32.and', l.pure('i32.or', zero, carry), l.i32(ZF | CF)))
})

/** CF, PF, AF, ZF, SF and OF. */
const STATUS_FLAGS = 0x8d5

export const SIMD_ARITHMETIC: Readonly<Record<string, Lifting>> = {
  ...Object.fromEntries(Object.entries(LANEWISE).map(([n, op]) => [n, binary((l, a, b) => l.pure(op, a, b))])),
  ...Object.fromEntries(Object.entries(UNARY).map(([n, op]) => [n, unary((l, v) => l.pure(op, v))])),
  pandn: binary(andNot),
  andnps: binary(andNot),
  andnpd: binary(andNot),
  pmulhw: binary(multiplyHigh('s')),
  pmulhuw: binary(multiplyHigh('u')),
  pmulhrsw: binary(multiplyRounded),
  pmuludq: binary(multiplyEven('u')),
  pmuldq: binary(multiplyEven('s')),
  pmaddubsw: binary(multiplyAddBytes),
  psadbw: binary(sumAbsoluteDifferences),
  mpsadbw: multipleSums,
  phaddw: binary(horizontal('i16x8.add', 2)),
  phaddd: binary(horizontal('i32x4.add', 4)),
  phaddsw: binary(horizontal('i16x8.add_sat_s', 2)),
  phsubw: binary(horizontal('i16x8.sub', 2)),
  phsubd: binary(horizontal('i32x4.sub', 4)),
  phsubsw: binary(horizontal('i16x8.sub_sat_s', 2)),
  psignb: binary(bySign('i8x16')),
  psignw: binary(bySign('i16x8')),
  psignd: binary(bySign('i32x4')),
  phminposuw: unary(leastWord),
  ptest: testBits,
}
