/** Functions of floating-point numbers as WebAssembly defines them (core specification 2.0, 4.3.3), where JavaScript's differ. */

/** To the nearest integer, halves to the even one. */
export function nearest(v: number): number {
  // Beyond 2^52 every number is an integer; below it, an addition that rounds in doubles does the work.
  if (!(Math.abs(v) < 2 ** 52)) return v
  const magnitude = Math.abs(v) + 2 ** 52 - 2 ** 52
  return v < 0 || Object.is(v, -0) ? -magnitude : magnitude
}

/** Truncated, NaN to 0, and clamped to `bits` bits. */
export function truncateSaturated(v: number, bits: 32, isSigned: boolean): number {
  const [least, most] = isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
  return Number.isNaN(v) ? 0 : Math.max(least, Math.min(most, Math.trunc(v))) | 0
}

/** As {@link truncateSaturated}, to 64 bits, as a signed bigint. */
export function truncateSaturated64(v: number, isSigned: boolean): bigint {
  if (Number.isNaN(v)) return 0n
  const [least, most] = isSigned ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n]
  if (!Number.isFinite(v)) return BigInt.asIntN(64, v < 0 ? least : most)
  const whole = BigInt(Math.trunc(v))
  return BigInt.asIntN(64, whole < least ? least : whole > most ? most : whole)
}

/** An integer to the nearest single-precision number: in one rounding, which `Math.fround(Number(v))` is not. */
export function bigToSingle(v: bigint): number {
  const magnitude = v < 0n ? -v : v
  const excess = magnitude.toString(2).length - 53
  if (excess <= 0) return Math.fround(Number(v))
  // Bits that a double drops become a sticky bit, which lies far below what a single keeps.
  const kept = magnitude >> BigInt(excess)
  const sticky = kept << BigInt(excess) === magnitude ? 0n : 1n
  const rounded = Math.fround(Number(kept | sticky)) * 2 ** excess
  return v < 0n ? -rounded : rounded
}
