/**
 * AES-NI, PCLMULQDQ, SHA and CRC32: operands here, arithmetic in routines (helpers/crypto).
 *
 * Memory operands are to be aligned, those of SHA too (SDM vol. 2B: exceptions of type 4). An AMD EPYC (family 17h, model 1) was
 * seen to take unaligned operands of SHA instructions; code cannot count on either.
 */
import { helperNumber } from '../helpers/index.ts'
import type { Value } from '../ir/types.ts'
import { bytesBy, zeros } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import {
  binary,
  byteImmediate,
  readVector,
  unary,
  type VectorOperation,
  vectorInstruction,
  writeVector,
} from './simd-operands.ts'

/** A routine of destination and source; `imm` is its first word. */
function callRoutine(l: Lifter, name: string, vectors: readonly Value[], imm?: Value): Value {
  for (const [n, v] of vectors.entries()) l.argument(2 * n, v, 128)
  l.call(helperNumber(name), imm)
  return l.result(0, 128)
}

const rounds = (name: string): Lifting => binary((l, a, b) => callRoutine(l, name, [a, b]))

/** PCLMULQDQ: imm8[0] and imm8[4] choose the quadwords. */
const multiplyCarryless: Lifting = vectorInstruction((l) => {
  const b = readVector(l, 1)
  const imm = byteImmediate(l, 2)
  const chosen = (v: Value, bit: number) => {
    const quad = (n: number) => l.lane('i64x2.extract_lane', v, n)
    return l.select(l.pure('i32.and', imm, l.i32(bit)), quad(1), quad(0))
  }
  l.argument(0, chosen(readVector(l, 0), 1))
  l.argument(1, chosen(b, 16))
  l.call(helperNumber('pclmulqdq'))
  writeVector(l, 0, l.result(0, 128))
})

const generateKey: Lifting = vectorInstruction((l) =>
  writeVector(l, 0, callRoutine(l, 'aeskeygenassist', [readVector(l, 1)], byteImmediate(l, 2))),
)

const fourRounds: Lifting = vectorInstruction((l) => {
  const b = readVector(l, 1)
  writeVector(l, 0, callRoutine(l, 'sha1rnds4', [readVector(l, 0), b], byteImmediate(l, 2)))
})

const twoRounds: Lifting = vectorInstruction((l) => {
  const b = readVector(l, 1)
  writeVector(l, 0, callRoutine(l, 'sha256rnds2', [readVector(l, 0), b, readVector(l, 2)]))
})

const right = (l: Lifter, v: Value, n: number): Value =>
  l.pure('v128.or', l.pure('i32x4.shr_u', v, l.i32(n)), l.pure('i32x4.shl', v, l.i32(32 - n)))

const xor = (l: Lifter, ...values: readonly Value[]): Value => values.reduce((x, y) => l.pure('v128.xor', x, y))

/** Doublewords by number: 0 to 3 of `a`, 4 to 7 of `b`. */
const doublewords = (l: Lifter, a: Value, b: Value, numbers: readonly [number, number, number, number]): Value =>
  l.shuffle(
    a,
    b,
    bytesBy((n) => (numbers[n >> 2] as number) * 4 + (n & 3)),
  )

/** E of four rounds later is A turned by 30: added to the highest doubleword (SDM vol. 2B, SHA1NEXTE). */
const nextState: VectorOperation = (l, a, b) => {
  const turned = doublewords(l, right(l, a, 2), zeros(l), [4, 4, 4, 3])
  return l.pure('i32x4.add', b, turned)
}

const schedule1: VectorOperation = (l, a, b) => xor(l, a, doublewords(l, a, b, [6, 7, 0, 1]))

/** The lowest doubleword needs the highest of the result. */
const schedule2: VectorOperation = (l, a, b) => {
  const partial = right(l, xor(l, a, doublewords(l, b, zeros(l), [4, 0, 1, 2])), 31)
  return xor(l, partial, doublewords(l, right(l, partial, 31), zeros(l), [3, 4, 4, 4]))
}

const schedule256First: VectorOperation = (l, a, b) => {
  const next = doublewords(l, a, b, [1, 2, 3, 4])
  const sigma = xor(l, right(l, next, 7), right(l, next, 18), l.pure('i32x4.shr_u', next, l.i32(3)))
  return l.pure('i32x4.add', a, sigma)
}

/** The upper two doublewords need the lower two of the result. */
const schedule256Second: VectorOperation = (l, a, b) => {
  const sigma = (v: Value) => xor(l, right(l, v, 17), right(l, v, 19), l.pure('i32x4.shr_u', v, l.i32(10)))
  const low = l.pure('i32x4.add', a, sigma(doublewords(l, b, zeros(l), [2, 3, 4, 4])))
  return l.pure('i32x4.add', low, sigma(doublewords(l, low, zeros(l), [4, 4, 0, 1])))
}

/**
 * CRC32: the low bits of checksum and source go through as many steps as the source has bits; the rest of the checksum moves
 * down. The routine does 64 steps, of which those with zeros at the bottom do nothing but move.
 */
const checksum: Lifting = (l) => {
  const bits = l.bits(1)
  const source = l.get(1)
  const crc = l.get(0, 32)
  if (bits === 64) {
    const high = l.pure('i32.wrap_i64', l.pure('i64.shr_u', source, l.i64(32)))
    l.call(helperNumber('crc32'), l.pure('i32.xor', crc, l.pure('i32.wrap_i64', source)), high)
    l.set(0, l.result(0, 32), 32)
    return
  }
  const low = l.pure('i32.shl', l.pure('i32.xor', crc, source), l.i32(32 - bits))
  l.call(helperNumber('crc32'), l.zero, low)
  const rest = bits === 32 ? l.i32(0) : l.pure('i32.shr_u', crc, l.i32(bits))
  l.set(0, l.pure('i32.xor', l.result(0, 32), rest), 32)
}

export const CRYPTO: Readonly<Record<string, Lifting>> = {
  aesenc: rounds('aesenc'),
  aesenclast: rounds('aesenclast'),
  aesdec: rounds('aesdec'),
  aesdeclast: rounds('aesdeclast'),
  aesimc: unary((l, v) => callRoutine(l, 'aesimc', [v])),
  aeskeygenassist: generateKey,
  pclmulqdq: multiplyCarryless,
  sha1rnds4: fourRounds,
  sha1nexte: binary(nextState),
  sha1msg1: binary(schedule1),
  sha1msg2: binary(schedule2),
  sha256rnds2: twoRounds,
  sha256msg1: binary(schedule256First),
  sha256msg2: binary(schedule256Second),
  crc32: checksum,
}
