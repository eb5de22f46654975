/** Integer v128 ops between lanes of different widths (WebAssembly core specification 2.0, 4.3.4). */
import type { PureRow } from '../rows.ts'
import { bytesOf, bytesOfQuads, I8X16, I16X8, I32X4, lanesOf, type Shape, unsigned, vector1, vector2 } from './lanes.ts'

/** Lanes as numbers, signed or not. */
function numbers(shape: Shape, v: Uint8Array, isSigned: boolean): number[] {
  const lanes = lanesOf(shape, v)
  return isSigned ? lanes : lanes.map((x) => unsigned(shape.bits, x))
}

const halfOf = (lanes: readonly number[], high: boolean): number[] =>
  high ? lanes.slice(lanes.length / 2) : lanes.slice(0, lanes.length / 2)

/** Lanes twice as wide as those of `from`; products and sums of 32-bit lanes are exact as bigints only. */
const wide = (from: Shape, lanes: readonly bigint[]): Uint8Array => {
  if (from.bits === 32) return bytesOfQuads(lanes.map((v) => BigInt.asIntN(64, v)))
  return bytesOf(from.bits === 8 ? I16X8 : I32X4, lanes.map(Number))
}

const WIDER: Readonly<Record<string, string>> = { i8x16: 'i16x8', i16x8: 'i32x4', i32x4: 'i64x2' }

/** First opcodes of the four extensions, and of the four products, by the shape that is widened. */
const EXTEND: readonly (readonly [Shape, number, number])[] = [
  [I8X16, 0x87, 0x9c],
  [I16X8, 0xa7, 0xbc],
  [I32X4, 0xc7, 0xdc],
]

/** Low signed, high signed, low unsigned, high unsigned: the order of the opcodes. */
const VARIANTS = [
  { part: 'low', sign: 's', high: false, isSigned: true },
  { part: 'high', sign: 's', high: true, isSigned: true },
  { part: 'low', sign: 'u', high: false, isSigned: false },
  { part: 'high', sign: 'u', high: true, isSigned: false },
] as const

const extensions = (): PureRow[] =>
  EXTEND.flatMap(([shape, first]) =>
    VARIANTS.map(({ part, sign, high, isSigned }, n) =>
      vector1(`${WIDER[shape.name]}.extend_${part}_${shape.name}_${sign}`, first + n, (a) =>
        wide(shape, halfOf(numbers(shape, a, isSigned), high).map(BigInt)),
      ),
    ),
  )

const products = (): PureRow[] =>
  EXTEND.flatMap(([shape, , first]) =>
    VARIANTS.map(({ part, sign, high, isSigned }, n) =>
      vector2(`${WIDER[shape.name]}.extmul_${part}_${shape.name}_${sign}`, first + n, (a, b) => {
        const right = halfOf(numbers(shape, b, isSigned), high)
        const left = halfOf(numbers(shape, a, isSigned), high)
        return wide(
          shape,
          left.map((x, i) => BigInt(x) * BigInt(right[i] as number)),
        )
      }),
    ),
  )

const PAIRWISE: readonly (readonly [Shape, boolean, number])[] = [
  [I8X16, true, 0x7c],
  [I8X16, false, 0x7d],
  [I16X8, true, 0x7e],
  [I16X8, false, 0x7f],
]

const pairs = (lanes: readonly number[]): number[] =>
  lanes.flatMap((v, n) => (n & 1 ? [] : [v + (lanes[n + 1] as number)]))

const pairwiseSums = (): PureRow[] =>
  PAIRWISE.map(([shape, isSigned, opcode]) =>
    vector1(`${WIDER[shape.name]}.extadd_pairwise_${shape.name}_${isSigned ? 's' : 'u'}`, opcode, (a) =>
      wide(shape, pairs(numbers(shape, a, isSigned)).map(BigInt)),
    ),
  )

/** To lanes half as wide, saturated; the source counts as signed either way. */
const narrow = (from: Shape, to: Shape, isSigned: boolean, opcode: number): PureRow => {
  const [least, most] = isSigned ? [-(2 ** (to.bits - 1)), 2 ** (to.bits - 1) - 1] : [0, 2 ** to.bits - 1]
  return vector2(`${to.name}.narrow_${from.name}_${isSigned ? 's' : 'u'}`, opcode, (a, b) =>
    bytesOf(
      to,
      [...lanesOf(from, a), ...lanesOf(from, b)].map((v) => Math.max(least, Math.min(most, v))),
    ),
  )
}

export const WIDENING_ROWS: readonly PureRow[] = [
  narrow(I16X8, I8X16, true, 0x65),
  narrow(I16X8, I8X16, false, 0x66),
  narrow(I32X4, I16X8, true, 0x85),
  narrow(I32X4, I16X8, false, 0x86),
  ...extensions(),
  ...products(),
  ...pairwiseSums(),
  vector2('i32x4.dot_i16x8_s', 0xba, (a, b) => {
    const right = lanesOf(I16X8, b)
    return bytesOf(
      I32X4,
      pairs(lanesOf(I16X8, a).map((x, n) => x * (right[n] as number))).map((v) => v | 0),
    )
  }),
]
