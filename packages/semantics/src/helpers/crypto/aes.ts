/**
 * Rounds of AES (FIPS 197; SDM vol. 2A, AESENC to AESKEYGENASSIST) on v128: byte r + 4c is row r of column c. Lookups are
 * byte shuffles, so that the time does not depend on the data.
 */
import type { StateBuilder } from '../../ir/state-builder.ts'
import type { Value } from '../../ir/types.ts'
import { bytesBy, constant, splatByte, zeros } from '../../ir/vectors.ts'
import type { Routine } from '../types.ts'

/** Doubled in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, 4.2). */
const doubled = (v: number): number => ((v << 1) ^ (v & 0x80 ? 0x11b : 0)) & 0xff

/** Inverses in GF(2^8), by the powers of its generator 3; 0 has none and stays. */
function inverses(): number[] {
  const powers: number[] = []
  for (let v = 1; powers.length < 255; v ^= doubled(v)) powers.push(v)
  const result = Array<number>(256).fill(0)
  for (const [n, v] of powers.entries()) result[v] = powers[(255 - n) % 255] as number
  return result
}

/** The inverse, transformed bit by bit (FIPS 197, 5.1.1). */
function substitution(): number[] {
  const rotated = (v: number, n: number) => ((v << n) | (v >> (8 - n))) & 0xff
  return inverses().map((inverse) => [1, 2, 3, 4].reduce((sum, n) => sum ^ rotated(inverse, n), inverse) ^ 0x63)
}

/** Every byte through a table of 256: 16 lookups, of which those with the wrong upper half give 0. */
function look(b: StateBuilder, table: readonly number[], v: Value): Value {
  let sum = zeros(b)
  for (let high = 0; high < 16; high++) {
    const part = constant(b, table.slice(high * 16, high * 16 + 16))
    const low = b.pure(
      'v128.xor',
      v,
      constant(
        b,
        bytesBy(() => high * 16),
      ),
    )
    sum = b.pure('v128.or', sum, b.pure('i8x16.swizzle', part, low))
  }
  return sum
}

const permuted = (b: StateBuilder, v: Value, places: (n: number) => number): Value => b.shuffle(v, v, bytesBy(places))

/** Row r by r columns to the left, or to the right (FIPS 197, 5.1.2 and 5.3.1). */
const shiftRows = (b: StateBuilder, v: Value, to: 1 | -1): Value =>
  permuted(b, v, (n) => (n & 3) + 4 * (((n >> 2) + to * (n & 3)) & 3))

const double = (b: StateBuilder, v: Value): Value => {
  const carry = b.pure('i8x16.lt_s', v, zeros(b))
  const polynomial = constant(
    b,
    bytesBy(() => 0x1b),
  )
  return b.pure('v128.xor', b.pure('i8x16.add', v, v), b.pure('v128.and', carry, polynomial))
}

/** Each column down by `n` rows. */
const turned = (b: StateBuilder, v: Value, n: number): Value => permuted(b, v, (k) => (k & ~3) | ((k + n) & 3))

const xor = (b: StateBuilder, ...values: readonly Value[]): Value => values.reduce((x, y) => b.pure('v128.xor', x, y))

/** 2 a0 + 3 a1 + a2 + a3 of each column and its turns (FIPS 197, 5.1.3). */
function mixColumns(b: StateBuilder, v: Value): Value {
  const next = turned(b, v, 1)
  return xor(b, double(b, xor(b, v, next)), next, turned(b, v, 2), turned(b, v, 3))
}

/** The inverse matrix is that of MixColumns times (5, 0, 4, 0). */
function unmixColumns(b: StateBuilder, v: Value): Value {
  const fourfold = double(b, double(b, xor(b, v, turned(b, v, 2))))
  return mixColumns(b, xor(b, v, fourfold))
}

type Step = (b: StateBuilder, v: Value) => Value

/** The state stands in `helperArgument` 0 and 1, the round key in 2 and 3; the result goes to 0 and 1. */
const round =
  (...steps: readonly Step[]): Routine =>
  (b) => {
    const state = steps.reduce((v, step) => step(b, v), b.result(0, 128))
    b.argument(0, b.pure('v128.xor', state, b.result(2, 128)), 128)
  }

const BOX = /* @__PURE__ */ substitution()
const INVERSE_BOX = /* @__PURE__ */ BOX.map((_, v) => BOX.indexOf(v))

const substitute: Step = (b, v) => look(b, BOX, v)
const unsubstitute: Step = (b, v) => look(b, INVERSE_BOX, v)

/** SubWord of doublewords 1 and 3, as they are and rotated; word 0 is the round constant. */
const keyGeneration: Routine = (b) => {
  const words = substitute(
    b,
    permuted(b, b.result(0, 128), (n) => (n & 8) + 4 + ((n + ((n >> 2) & 1)) & 3)),
  )
  const place = constant(
    b,
    bytesBy((n) => ((n & 7) === 4 ? 0xff : 0)),
  )
  b.argument(0, b.pure('v128.xor', words, b.pure('v128.and', splatByte(b, b.argumentWord(0)), place)), 128)
}

export const AES_ROUTINES: Readonly<Record<string, Routine>> = {
  aesenc: round((b, v) => shiftRows(b, v, 1), substitute, mixColumns),
  aesenclast: round((b, v) => shiftRows(b, v, 1), substitute),
  aesdec: round((b, v) => shiftRows(b, v, -1), unsubstitute, unmixColumns),
  aesdeclast: round((b, v) => shiftRows(b, v, -1), unsubstitute),
  aesimc: (b) => b.argument(0, unmixColumns(b, b.result(0, 128)), 128),
  aeskeygenassist: keyGeneration,
}
