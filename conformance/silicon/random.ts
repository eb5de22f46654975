/** The generator of random numbers of vectors, and values that reach the corners. README of the vectors, "Random numbers" and "Values". */
import { WINDOW, WINDOW_BYTES } from './layout.ts'

/** 32 random bits at each call. */
export type Random = () => number

/** mulberry32. */
export function seeded(seed: number): Random {
  let a = seed | 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** The seed of vector `n` of a form. */
export const vectorSeed = (seed: number, n: number): number => (seed + Math.imul(n, 0x9e3779b9)) >>> 0

/** FNV-1a of a name: what makes the seeds of forms differ. */
export function hashOf(name: string, start: number): number {
  let h = (start ^ 0x811c9dc5) >>> 0
  for (let n = 0; n < name.length; n++) h = Math.imul(h ^ name.charCodeAt(n), 0x01000193) >>> 0
  return h
}

const M64 = 0xffffffffffffffffn
const EDGES = [
  ...[0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn],
  ...[0x7fffffffffffffffn, 0x8000000000000000n, M64, 0xfffffffffffffffen],
]

const wide = (next: Random): bigint => {
  const lo = next()
  return (BigInt(next()) << 32n) | BigInt(lo)
}

/** An integer of 64 bits. */
export function integer64(next: Random): bigint {
  switch (next() % 8) {
    case 0:
      return EDGES[next() % 16] as bigint
    case 1:
      return BigInt(next() % 70)
    case 2:
      return BigInt(WINDOW + (next() % WINDOW_BYTES))
    case 3:
      return M64 - BigInt(next() % 300)
    case 4:
      return 1n << BigInt(next() % 64)
    case 5:
      return (1n << BigInt(next() % 64)) - 1n
    case 6:
      return BigInt.asUintN(64, BigInt(next() | 0))
    default:
      return wide(next)
  }
}

interface Format {
  readonly exponentBits: number
  readonly fractionBits: number
}
const SINGLE: Format = { exponentBits: 8, fractionBits: 23 }
const DOUBLE: Format = { exponentBits: 11, fractionBits: 52 }

/** A binary floating-point number of a format as an integer: sign, exponent, fraction. */
function float(next: Random, { exponentBits, fractionBits }: Format): bigint {
  const kind = next() % 16
  const sign = BigInt(next() & 1)
  const bits = wide(next)
  const fraction = bits & ((1n << BigInt(fractionBits)) - 1n)
  const top = (1 << exponentBits) - 1
  const bias = top >> 1
  const quiet = 1n << BigInt(fractionBits - 1)
  const make = (exponent: number, f: bigint): bigint =>
    (sign << BigInt(exponentBits + fractionBits)) | (BigInt(exponent) << BigInt(fractionBits)) | f
  const small = Number(bits & 0xffffn)
  switch (kind) {
    case 0:
      return make(0, 0n)
    case 1:
      return make(top, 0n)
    case 2:
      return make(top, fraction | quiet)
    case 3:
      return make(top, (fraction & (quiet - 1n)) | 1n)
    case 4:
      return make(0, fraction)
    case 5:
      return make(0, 1n << BigInt(small % fractionBits))
    case 6:
      return make(small & 1 ? 1 : top - 1, small & 2 ? 0n : fraction | (small & 4 ? quiet : 0n))
    case 7:
      return make(bias + (small % 64) - 32, 0n)
    case 8:
      return make(bias + (small % 40), fraction & ~((1n << BigInt(fractionBits - (small % 8))) - 1n))
    case 9:
      return make(1 + (small % 30), fraction)
    case 10:
      return make(top - 1 - (small % 30), fraction)
    case 15:
      return make(small % (top + 1), fraction)
    default:
      return make(bias + (small % 24) - 12, fraction)
  }
}

/** An 80-bit number as sign and exponent, and significand. */
export function extended(next: Random): { readonly signExponent: number; readonly significand: bigint } {
  const kind = next() % 16
  const sign = (next() & 1) << 15
  const bits = wide(next)
  const small = next() & 0xffff
  const integerBit = 1n << 63n
  const make = (exponent: number, significand: bigint) => ({ signExponent: sign | exponent, significand })
  switch (kind) {
    case 0:
      return make(0, 0n)
    case 1:
      return make(0x7fff, integerBit)
    case 2:
      return make(0x7fff, bits | (3n << 62n))
    case 3:
      return make(0x7fff, (bits >> 2n) | 1n | integerBit)
    case 4:
      return make(0, bits & (integerBit - 1n))
    case 5:
      return make(small & 1 ? 1 : 0x7ffe, bits | integerBit)
    case 6:
      return make(0x3fff + (small % 64), integerBit | (bits & ~((1n << BigInt(63 - (small % 64))) - 1n)))
    case 7:
      return make(0x3fff + (small % 130) - 65, integerBit)
    // Encodings that no operation makes: pseudo-denormals, unnormals, pseudo-NaNs and pseudo-infinities (SDM vol. 1, table 8-3).
    case 8:
      return make(small % 4 === 0 ? 0 : small % 4 === 1 ? 0x7fff : small % 0x7fff, small & 16 ? bits >> 1n : bits)
    case 9:
      return make(small % 0x8000, bits | integerBit)
    // Numbers that singles and doubles hold.
    case 10:
      return make(0x3fff + (small % 200) - 100, (bits | integerBit) & (M64 << 40n) & M64)
    case 11:
      return make(0x3fff + (small % 2000) - 1000, (bits | integerBit) & (M64 << 11n) & M64)
    default:
      return make(0x3fff + (small % 40) - 20, bits | integerBit)
  }
}

const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x40]

/** 16 bytes: singles, doubles, bytes, integers, or anything. Writes them at `at`. */
export function sixteen(next: Random, view: DataView, at: number): void {
  const kind = next() % 8
  for (let n = 0; n < 16; ) {
    if (kind < 2) view.setUint32(at + n, Number(float(next, SINGLE)), true)
    else if (kind < 4) view.setBigUint64(at + n, float(next, DOUBLE), true)
    else if (kind === 4) {
      const c = next()
      view.setUint8(at + n, BYTES[c % 8] ?? c >>> 24)
    } else if (kind === 5) view.setBigUint64(at + n, integer64(next), true)
    else view.setUint32(at + n, next(), true)
    n += kind === 4 ? 1 : kind < 2 || kind > 5 ? 4 : 8
  }
}
