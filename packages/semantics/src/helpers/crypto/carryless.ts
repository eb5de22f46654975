/** Products of polynomials over GF(2): PCLMULQDQ, and CRC32 by reduction (SDM vol. 2A, CRC32; vol. 2B, PCLMULQDQ). */
import type { StateBuilder } from '../../ir/state-builder.ts'
import type { Value } from '../../ir/types.ts'
import { bytesBy, constant, lowQuad } from '../../ir/vectors.ts'
import type { Routine } from '../types.ts'

/** Every fourth bit: sums of up to 15 such products carry only into bits that are masked out, those of 16 out of the quadword. */
const MASKS = [0x1111111111111111n, 0x2222222222222222n, 0x4444444444444444n, 0x8888888888888888n] as const

/** The low 64 bits of a product without carries: 16 multiplications of bits that stand four places apart. */
function productLow(b: StateBuilder, x: Value, y: Value): Value {
  const masks = MASKS.map((mask) => b.big(mask))
  const parts = (v: Value) => masks.map((mask) => b.pure('i64.and', v, mask))
  const [left, right] = [parts(x), parts(y)]
  const sums = masks.map((mask, place) => {
    const products = left.map((part, n) => b.pure('i64.mul', part, right[(place - n) & 3] as Value))
    return b.pure(
      'i64.and',
      products.reduce((p, q) => b.pure('i64.xor', p, q)),
      mask,
    )
  })
  return sums.reduce((p, q) => b.pure('i64.or', p, q))
}

const reversedNibble = (n: number): number => [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15][n] as number

/** Both quadwords with their bits in reverse order. */
function reversed(b: StateBuilder, v: Value): Value {
  const bytes = b.shuffle(
    v,
    v,
    bytesBy((n) => (n & 8) + 7 - (n & 7)),
  )
  const low = b.pure(
    'v128.and',
    bytes,
    constant(
      b,
      bytesBy(() => 15),
    ),
  )
  const high = b.pure('i8x16.shr_u', bytes, b.i32(4))
  const toHigh = b.pure(
    'i8x16.swizzle',
    constant(
      b,
      bytesBy((n) => reversedNibble(n) << 4),
    ),
    low,
  )
  return b.pure('v128.or', toHigh, b.pure('i8x16.swizzle', constant(b, bytesBy(reversedNibble)), high))
}

const highQuad = (b: StateBuilder, v: Value): Value => b.lane('i64x2.extract_lane', v, 1)

/** The product of `helperArgument` 0 and 1 goes there. The high half is the low half of the reversed factors, reversed. */
const multiply: Routine = (b) => {
  const factors = b.result(0, 128)
  const turned = reversed(b, factors)
  const low = productLow(b, lowQuad(b, factors), highQuad(b, factors))
  const above = productLow(b, lowQuad(b, turned), highQuad(b, turned))
  const high = b.pure('i64.shr_u', lowQuad(b, reversed(b, b.pure('i64x2.splat', above))), b.i64(1))
  b.argument(0, low)
  b.argument(1, high)
}

/** The polynomial 11EDC6F41H of CRC32 without its highest term, bits in reverse order. */
const POLYNOMIAL = 0x82f63b78n

/** The inverse of 2 * POLYNOMIAL + 1 modulo x^64. */
function inverse(): bigint {
  const modulus = (POLYNOMIAL << 1n) | 1n
  let [result, product] = [0n, 0n]
  for (let n = 0n; n < 64n; n++) {
    // The product is to be 1: bit n is mended by one more multiple.
    if (((product >> n) & 1n) === (n === 0n ? 1n : 0n)) continue
    result |= 1n << n
    product ^= modulus << n
  }
  return BigInt.asIntN(64, result)
}

/**
 * 64 steps of a CRC at once, of the two words: each step of `v = v >> 1 ^ (v & 1 ? POLYNOMIAL : 0)` adds a multiple of M =
 * 2 POLYNOMIAL + 1 that clears bit 0, and shifts. Together they add q M with q = v / M modulo x^64, and shift by 64 (the
 * reduction of Montgomery). As M has 33 bits, what is left is q's upper half times POLYNOMIAL, without 31 bits.
 */
const crc: Routine = (b) => {
  const word = (n: number) => b.pure('i64.extend_i32_u', b.argumentWord(n))
  const v = b.pure('i64.or', word(0), b.pure('i64.shl', word(1), b.i64(32)))
  const quotient = productLow(b, v, b.big(inverse()))
  const upper = b.pure('i64.shr_u', quotient, b.i64(32))
  b.argument(0, b.pure('i64.shr_u', productLow(b, upper, b.big(POLYNOMIAL)), b.i64(31)))
}

export const CARRYLESS_ROUTINES: Readonly<Record<string, Routine>> = { pclmulqdq: multiply, crc32: crc }
