/** Rounds of SHA-1 and SHA-256 (FIPS 180-4; SDM vol. 2B, SHA1RNDS4 and SHA256RNDS2). */
import type { StateBuilder } from '../../ir/state-builder.ts'
import type { Value } from '../../ir/types.ts'
import type { Routine } from '../types.ts'

/** Doubleword `n` of the vector in `helperArgument` `at` and the next. */
const doubleword = (b: StateBuilder, at: number, n: number): Value =>
  b.pure('i32.wrap_i64', b.pure('i64.shr_u', b.result(at + (n >> 1)), b.i64((n & 1) * 32)))

const add = (b: StateBuilder, ...values: readonly Value[]): Value => values.reduce((x, y) => b.pure('i32.add', x, y))
const xor = (b: StateBuilder, ...values: readonly Value[]): Value => values.reduce((x, y) => b.pure('i32.xor', x, y))
const right = (b: StateBuilder, v: Value, n: number): Value => b.pure('i32.rotr', v, b.i32(n))

/** Bits of `y` where `x` has ones, of `z` elsewhere. */
const choose = (b: StateBuilder, x: Value, y: Value, z: Value): Value => xor(b, z, b.pure('i32.and', x, xor(b, y, z)))

const majority = (b: StateBuilder, x: Value, y: Value, z: Value): Value =>
  b.pure('i32.or', b.pure('i32.and', x, y), b.pure('i32.and', z, b.pure('i32.or', x, y)))

/** Stores four doublewords, the highest first. */
function store(b: StateBuilder, words: readonly [Value, Value, Value, Value]): void {
  const wide = (v: Value) => b.pure('i64.extend_i32_u', v)
  const quad = (high: Value, low: Value) => b.pure('i64.or', b.pure('i64.shl', wide(high), b.i64(32)), wide(low))
  b.argument(1, quad(words[0], words[1]))
  b.argument(0, quad(words[2], words[3]))
}

const CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const

/** SHA1RNDS4: state in 0, message words (E added to the first) in 2; word 0 chooses function and constant. */
const fourRounds: Routine = (b) => {
  const which = b.pure('i32.and', b.argumentWord(0), b.i32(3))
  const is = (n: number) => b.pure('i32.eq', which, b.i32(n))
  const pick = (values: readonly [Value, Value, Value, Value]) =>
    b.select(is(0), values[0], b.select(is(1), values[1], b.select(is(2), values[2], values[3])))
  const k = pick(CONSTANTS.map((v) => b.i32(v)) as [Value, Value, Value, Value])
  let [A, B, C, D] = [3, 2, 1, 0].map((n) => doubleword(b, 0, n)) as [Value, Value, Value, Value]
  let E = b.i32(0)
  for (let n = 3; n >= 0; n--) {
    const parity = xor(b, B, C, D)
    const f = pick([choose(b, B, C, D), parity, majority(b, B, C, D), parity])
    const next = add(b, f, b.pure('i32.rotl', A, b.i32(5)), doubleword(b, 2, n), E, k)
    ;[A, B, C, D, E] = [next, A, right(b, B, 2), C, D]
  }
  store(b, [A, B, C, D])
}

/** SHA256RNDS2: C, D, G, H in 0; A, B, E, F in 2; message words with their constants added in 4. */
const twoRounds: Routine = (b) => {
  let [A, B, E, F] = [3, 2, 1, 0].map((n) => doubleword(b, 2, n)) as [Value, Value, Value, Value]
  let [C, D, G, H] = [3, 2, 1, 0].map((n) => doubleword(b, 0, n)) as [Value, Value, Value, Value]
  for (let n = 0; n < 2; n++) {
    const sum1 = xor(b, right(b, E, 6), right(b, E, 11), right(b, E, 25))
    const sum0 = xor(b, right(b, A, 2), right(b, A, 13), right(b, A, 22))
    const t = add(b, choose(b, E, F, G), sum1, doubleword(b, 4, n), H)
    const [a, e] = [add(b, t, majority(b, A, B, C), sum0), add(b, t, D)]
    ;[A, B, C, D, E, F, G, H] = [a, A, B, C, e, E, F, G]
  }
  store(b, [A, B, E, F])
}

export const SHA_ROUTINES: Readonly<Record<string, Routine>> = { sha1rnds4: fourRounds, sha256rnds2: twoRounds }
