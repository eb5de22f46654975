/** Shuffles, interleaving, packing, widening and blends (SDM vol. 2), as operations on v128. */
import type { Value } from '../ir/types.ts'
import { blend, bytesBy, constant, join, maskOfBits, splatByte, zeros } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import {
  binary,
  binaryImmediate,
  byteImmediate,
  readVector,
  unary,
  type VectorOperation,
  vectorInstruction,
  writeVector,
} from './simd-operands.ts'

/** PUNPCKL and PUNPCKH: lanes of `bytes` of both operands in turn, from their low or high halves. */
const interleave =
  (bytes: number, high: boolean): VectorOperation =>
  (l, a, b, width) => {
    const start = high ? width / 16 : 0
    return l.shuffle(
      a,
      b,
      bytesBy((n) => {
        const lane = Math.floor(n / bytes)
        const within = start + (lane >> 1) * bytes + (n % bytes)
        return (lane & 1 ? 16 : 0) + (within & 15)
      }),
    )
  }

/** PACK: both operands to lanes half as wide. */
const pack =
  (op: string): VectorOperation =>
  (l, a, b, width) => {
    if (width === 128) return l.pure(op, a, b)
    const both = join(l, a, b)
    return l.pure(op, both, both)
  }

/** The lanes that `imm` selects, two bits each from the lowest: byte numbers of four lanes of 4 bytes, or of 2 in each half. */
function selectedLanes(l: Lifter, imm: Value, bytes: 2 | 4): Value {
  const shape = bytes === 2 ? 'i16x8' : 'i32x4'
  const lane = (of: (n: number) => number) =>
    constant(
      l,
      bytesBy((n) => (of(Math.floor(n / bytes) & 3) >> (8 * (n % bytes))) & 0xff),
    )
  // Bits 2n+1:2n go to bits 7:6 of lane n, then down.
  const raised = l.pure(
    `${shape}.mul`,
    l.pure(`${shape}.splat`, imm),
    lane((n) => 64 >> (2 * n)),
  )
  const selected = l.pure(
    'v128.and',
    l.pure(`${shape}.shr_u`, raised, l.i32(6)),
    lane(() => 3),
  )
  const spread = bytes === 2 ? [0x0202, 0x0100] : [0x04040404, 0x03020100]
  const scaled = l.pure(
    `${shape}.mul`,
    selected,
    lane(() => spread[0] as number),
  )
  return l.pure(
    'i8x16.add',
    scaled,
    lane(() => spread[1] as number),
  )
}

/** PSHUFD and PSHUFW: each lane from the source. */
const shuffleLanes = (bytes: 2 | 4): Lifting =>
  vectorInstruction((l) => {
    const v = readVector(l, 1)
    writeVector(l, 0, l.pure('i8x16.swizzle', v, selectedLanes(l, byteImmediate(l, 2), bytes)))
  })

/** PSHUFLW and PSHUFHW: the words of one half; the other half is copied. */
const shuffleHalf = (high: boolean): Lifting =>
  vectorInstruction((l) => {
    const v = readVector(l, 1)
    const words = selectedLanes(l, byteImmediate(l, 2), 2)
    const identity = constant(
      l,
      bytesBy((n) => n),
    )
    const places = high
      ? l.shuffle(
          identity,
          l.pure('i8x16.add', words, splatByte(l, l.i32(8))),
          bytesBy((n) => (n < 8 ? n : n + 16)),
        )
      : l.shuffle(
          words,
          identity,
          bytesBy((n) => (n < 8 ? n : n + 16)),
        )
    writeVector(l, 0, l.pure('i8x16.swizzle', v, places))
  })

/** Low half of the first, high half of the second. */
const halves = (l: Lifter, low: Value, high: Value): Value =>
  l.shuffle(
    low,
    high,
    bytesBy((n) => (n < 8 ? n : n + 16)),
  )

/** SHUFPS: two lanes of the destination, then two of the source. */
const shuffleSingles: Lifting = binaryImmediate((l, { a, b, imm }) => {
  const places = selectedLanes(l, imm, 4)
  return halves(l, l.pure('i8x16.swizzle', a, places), l.pure('i8x16.swizzle', b, places))
})

/** SHUFPD: imm8[0] selects of the destination, imm8[1] of the source; which is a SHUFPS of pairs. */
const shuffleDoubles: Lifting = binaryImmediate((l, { a, b, imm }) => {
  const highOf = (bit: number) => {
    const wanted = l.pure('i32.shl', l.pure('i32.and', imm, l.i32(1 << bit)), l.i32(3 - bit))
    return l.pure(
      'i8x16.add',
      splatByte(l, wanted),
      constant(
        l,
        bytesBy((n) => n % 8),
      ),
    )
  }
  return halves(l, l.pure('i8x16.swizzle', a, highOf(0)), l.pure('i8x16.swizzle', b, highOf(1)))
})

/** PSHUFB: bit 7 of a mask byte gives zero, the bits between it and the lane number are ignored. */
const shuffleBytes: VectorOperation = (l, a, b, width) => {
  const kept = width === 64 ? 0x87 : 0x8f
  return l.pure(
    'i8x16.swizzle',
    a,
    l.pure(
      'v128.and',
      b,
      constant(
        l,
        bytesBy(() => kept),
      ),
    ),
  )
}

const least = (l: Lifter, v: Value, limit: number): Value =>
  l.select(l.pure('i32.lt_u', v, l.i32(limit)), v, l.i32(limit))

/** PALIGNR: the destination above the source, down by imm8 bytes. Lane numbers outside of 0 to 15 give zeros. */
const alignRight: Lifting = binaryImmediate((l, { a, b, imm }, width) => {
  const from = (v: Value, first: number, count: Value) =>
    l.pure(
      'i8x16.swizzle',
      v,
      l.pure(
        'i8x16.add',
        splatByte(l, count),
        constant(
          l,
          bytesBy((n) => (n + first) & 0xff),
        ),
      ),
    )
  if (width === 64) return from(join(l, b, a), 0, least(l, imm, 16))
  const count = least(l, imm, 32)
  return l.pure('v128.or', from(b, 0, count), from(a, -16, count))
})

/** PMOVSX and PMOVZX, one doubling of the lanes after another. */
const widen = (ops: readonly string[]): Lifting => unary((l, v) => ops.reduce((x, op) => l.pure(op, x), v))

const DOUBLING = ['i16x8.extend_low_i8x16', 'i32x4.extend_low_i16x8', 'i64x2.extend_low_i32x4']
const LETTERS = ['b', 'w', 'd', 'q']

const widenings = (sign: 's' | 'u'): [string, Lifting][] =>
  LETTERS.flatMap((from, i) =>
    LETTERS.slice(i + 1).map((to, j): [string, Lifting] => [
      `pmov${sign === 's' ? 's' : 'z'}x${from}${to}`,
      widen(DOUBLING.slice(i, i + 1 + j).map((op) => `${op}_${sign}`)),
    ]),
  )

/** BLENDPS, BLENDPD, PBLENDW: lanes of the source where imm8 has ones. */
const blendImmediate = (bytes: 2 | 4 | 8): Lifting =>
  binaryImmediate((l, { a, b, imm }) => blend(l, maskOfBits(l, bytes, imm), b, a))

/** PBLENDVB, BLENDVPS, BLENDVPD: lanes of the source where XMM0 has a sign. */
const blendVariable = (shape: string): Lifting =>
  vectorInstruction((l) => {
    const b = readVector(l, 1)
    const mask = l.pure(`${shape}.lt_s`, readVector(l, 2), zeros(l))
    writeVector(l, 0, blend(l, mask, b, readVector(l, 0)))
  })

const places = (lanes: (n: number) => number): Lifting => unary((l, v) => l.shuffle(v, v, bytesBy(lanes)))

export const SIMD_SHUFFLE: Readonly<Record<string, Lifting>> = {
  punpcklbw: binary(interleave(1, false)),
  punpcklwd: binary(interleave(2, false)),
  punpckldq: binary(interleave(4, false)),
  punpcklqdq: binary(interleave(8, false)),
  punpckhbw: binary(interleave(1, true)),
  punpckhwd: binary(interleave(2, true)),
  punpckhdq: binary(interleave(4, true)),
  punpckhqdq: binary(interleave(8, true)),
  unpcklps: binary(interleave(4, false)),
  unpcklpd: binary(interleave(8, false)),
  unpckhps: binary(interleave(4, true)),
  unpckhpd: binary(interleave(8, true)),
  packsswb: binary(pack('i8x16.narrow_i16x8_s')),
  packuswb: binary(pack('i8x16.narrow_i16x8_u')),
  packssdw: binary(pack('i16x8.narrow_i32x4_s')),
  packusdw: binary(pack('i16x8.narrow_i32x4_u')),
  pshufd: shuffleLanes(4),
  pshufw: shuffleLanes(2),
  pshuflw: shuffleHalf(false),
  pshufhw: shuffleHalf(true),
  pshufb: binary(shuffleBytes),
  shufps: shuffleSingles,
  shufpd: shuffleDoubles,
  palignr: alignRight,
  movddup: places((n) => n & 7),
  movsldup: places((n) => n & ~4),
  movshdup: places((n) => n | 4),
  blendps: blendImmediate(4),
  blendpd: blendImmediate(8),
  pblendw: blendImmediate(2),
  pblendvb: blendVariable('i8x16'),
  blendvps: blendVariable('i32x4'),
  blendvpd: blendVariable('i64x2'),
  ...Object.fromEntries([...widenings('s'), ...widenings('u')]),
}
