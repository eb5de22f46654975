/**
 * Elementary functions in fixed point: a number is a bigint in units of 2^-bits. Series are cut where their terms vanish, so that
 * results are off by a few hundred units at most; callers ask for far more bits than they round to.
 */

/** The natural logarithm of (1 + z) / (1 - z), |z| < 1/2: twice the inverse hyperbolic tangent. */
export function logOfQuotient(z: bigint, bits: number): bigint {
  const n = BigInt(bits)
  const square = (z * z) >> n
  let power = z
  let sum = 0n
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k
    power = (power * square) >> n
  }
  return sum << 1n
}

/** The arctangent of z, |z| < 1/2. */
function arctangentSeries(z: bigint, bits: number): bigint {
  const n = BigInt(bits)
  const square = (z * z) >> n
  let power = z
  let sum = 0n
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += (k & 2n) === 0n ? power / k : -(power / k)
    power = (power * square) >> n
  }
  return sum
}

/** The arctangent of z, 0 <= z <= 1: its argument is halved twice before the series. */
export function arctangent(z: bigint, bits: number): bigint {
  const n = BigInt(bits)
  const one = 1n << n
  let reduced = z
  for (let step = 0; step < 2; step++) {
    const root = squareRoot((one << n) + reduced * reduced)
    reduced = (reduced << n) / (one + root)
  }
  return arctangentSeries(reduced, bits) << 2n
}

/** exp(t) - 1, |t| < 1. */
export function exponentialMinusOne(t: bigint, bits: number): bigint {
  const n = BigInt(bits)
  let term = t
  let sum = 0n
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    sum += term
    term = ((term * t) >> n) / k
  }
  return sum
}

/** Sine and cosine of r, |r| < 1. */
export function sineAndCosine(r: bigint, bits: number): { sine: bigint; cosine: bigint } {
  const n = BigInt(bits)
  const square = (r * r) >> n
  let [sine, cosine] = [0n, 0n]
  let [even, odd] = [1n << n, r]
  for (let k = 1n; even !== 0n && even !== -1n; k += 2n) {
    cosine += even
    sine += odd
    even = -((even * square) >> n) / (k * (k + 1n))
    odd = -((odd * square) >> n) / ((k + 1n) * (k + 2n))
  }
  return { sine, cosine }
}

/** The integer square root, by Newton's steps from above. */
function squareRoot(v: bigint): bigint {
  let root = 1n << BigInt((v.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + v / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

const cache = new Map<string, bigint>()

function cached(name: string, bits: number, make: (bits: number) => bigint): bigint {
  const key = `${name}${bits}`
  const known = cache.get(key)
  if (known !== undefined) return known
  const value = make(bits + 64) >> 64n
  cache.set(key, value)
  return value
}

/** pi, by Machin's formula. */
export const pi = (bits: number): bigint =>
  cached('pi', bits, (n) => {
    const inverse = (k: bigint) => arctangentSeries((1n << BigInt(n)) / k, n)
    return (4n * inverse(5n) - inverse(239n)) << 2n
  })

/** The natural logarithm of 2: (1 + 1/3) / (1 - 1/3). */
export const ln2 = (bits: number): bigint => cached('ln2', bits, (n) => logOfQuotient((1n << BigInt(n)) / 3n, n))
