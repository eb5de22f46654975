/** Random floating-point operands that reach the corners, from a seed. */

import { generator } from '../random.ts'

export type Random = () => number

export { generator as seeded }

const pick = <T>(next: Random, of: readonly T[]): T => of[next() % of.length] as T
const wide = (next: Random): bigint => (BigInt(next()) << 32n) | BigInt(next())

/** A significand field of `bits`: random, sparse, or a run of ones at its top or bottom. */
function fraction(next: Random, bits: number): bigint {
  const mask = (1n << BigInt(bits)) - 1n
  const n = BigInt(next() % (bits + 1))
  switch (next() % 6) {
    case 0:
      return 0n
    case 1:
      return (1n << n) & mask
    case 2:
      return (mask << n) & mask
    case 3:
      return mask >> n
    case 4:
      return wide(next) & (mask << n) & mask
    default:
      return wide(next) & mask
  }
}

/** An exponent field: the ends, near the bias (`near`: another exponent to be near to), or any. */
function exponent(next: Random, bits: number, near: number): number {
  const special = (1 << bits) - 1
  const bias = special >> 1
  switch (next() % 8) {
    case 0:
      return pick(next, [0, 0, 1, 2, special, special - 1, special - 2])
    case 1:
      return next() & special
    case 2:
      return Math.max(0, Math.min(special, bias + (next() % 140) - 70))
    default:
      return Math.max(0, Math.min(special, near + (next() % 11) - 5))
  }
}

export interface Layout {
  readonly exponentBits: number
  readonly fractionBits: number
}

export const F32: Layout = { exponentBits: 8, fractionBits: 23 }
export const F64: Layout = { exponentBits: 11, fractionBits: 52 }

/** Raw bits of a number, and its exponent field. */
export function number(
  next: Random,
  { exponentBits, fractionBits }: Layout,
  near = (1 << (exponentBits - 1)) - 1,
): bigint {
  const e = exponent(next, exponentBits, near)
  const sign = BigInt(next() & 1)
  return (((sign << BigInt(exponentBits)) | BigInt(e)) << BigInt(fractionBits)) | fraction(next, fractionBits)
}

/** An x87 register: 80 bits. Few of them are encodings that are not supported. */
export function extended(next: Random, near = 16383): bigint {
  const e = exponent(next, 15, near)
  const integer = e === 0 ? next() % 8 === 0 : next() % 16 !== 0
  const significand = (BigInt(integer) << 63n) | fraction(next, 63)
  return (((BigInt(next() & 1) << 15n) | BigInt(e)) << 64n) | significand
}
