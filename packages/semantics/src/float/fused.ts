/** Fused multiply-add of binary32 and binary64 (SDM vol. 1, 14.5): a product of at most 106 bits stays exact in a pair. */
import type { Value } from '../ir/types.ts'
import {
  isDenormal,
  isInfinite,
  isNan,
  isSignaling,
  isUnusual,
  isZero,
  normalize,
  type Parts,
  QUIET_BIT,
} from './format.ts'
import { EXCEPTIONS, type Operation, ROUNDING } from './operation.ts'
import { round } from './round.ts'
import { addWide, isLessWide, multiplyWide, shiftLeftWide, shiftRightJamWide, subtractWide, type Wide } from './wide.ts'

/** A zero's exponent: far enough below all others. */
const ZERO_EXPONENT = -4096

/** x * y + z; the signs of the product and of `z` are inverted where the truth values say so. */
export function multiplyAdd(
  op: Operation,
  [x, y, z]: readonly [Parts, Parts, Parts],
  negateProduct: Value,
  negateZ: Value,
): void {
  const { f, format } = op
  const all = [x, y, z]
  const productSign = f.i32('xor', f.i32('xor', x.sign, y.sign), negateProduct)
  const zSign = f.i32('xor', z.sign, negateZ)
  f.b.if(f.or(...all.map((v) => isUnusual(f, format, v))), () =>
    f.b.if(
      f.or(...all.map((v) => isNan(f, format, v))),
      () => propagate(op, all),
      () => {
        const infinite = f.or(isInfinite(f, format, x), isInfinite(f, format, y))
        const zero = f.or(isZero(f, x), isZero(f, y))
        const opposed = f.and(infinite, isInfinite(f, format, z), f.i32('ne', productSign, zSign))
        f.b.if(
          f.or(f.and(infinite, zero), opposed),
          () => op.invalid(),
          () => {
            op.raiseIf(f.or(...all.map((v) => isDenormal(f, v))), EXCEPTIONS.denormal)
            f.b.if(
              infinite,
              () => op.infinity(productSign),
              () => f.b.if(isInfinite(f, format, z), () => op.infinity(zSign)),
            )
          },
        )
        for (const v of all) normalize(f, v)
      },
    ),
  )
  f.b.if(f.not(op.done.get()), () => addProduct(op, [x, y, z], productSign, zSign))
}

function propagate(op: Operation, all: readonly Parts[]): void {
  const { f, format } = op
  op.raiseIf(f.or(...all.map((v) => isSignaling(f, format, v))), EXCEPTIONS.invalid)
  const [x, y, z] = all as readonly [Parts, Parts, Parts]
  const pick = (of: (v: Parts) => Value) =>
    f.select(isNan(f, format, x), of(x), f.select(isNan(f, format, y), of(y), of(z)))
  const significand = f.i64(
    'or',
    pick((v) => v.significand.get()),
    f.w(QUIET_BIT),
  )
  op.finish(
    pick((v) => v.sign),
    f.n(format.special),
    significand,
  )
}

function addProduct(op: Operation, [x, y, z]: readonly [Parts, Parts, Parts], productSign: Value, zSign: Value): void {
  const { f, format } = op
  const raw = multiplyWide(f, x.significand.get(), y.significand.get())
  const isShort = f.extend(f.i64('ge_s', raw.high, f.w(0)))
  const product = shiftLeftWide(f, raw, f.wrap(isShort))
  const exponents = f.i32('add', x.exponent.get(), y.exponent.get())
  const zeroProduct = f.i64('eqz', product.high)
  const exact = f.i32('sub', f.i32('sub', exponents, f.n(format.bias - 1)), f.wrap(isShort))
  const productExponent = f.select(zeroProduct, f.n(ZERO_EXPONENT), exact)
  const zExponent = f.select(isZero(f, z), f.n(ZERO_EXPONENT), z.exponent.get())
  const addend: Wide = { high: z.significand.get(), low: f.w(0) }
  const swap = f.or(
    f.i32('gt_s', zExponent, productExponent),
    f.and(f.i32('eq', zExponent, productExponent), isLessWide(f, product, addend)),
  )
  const pick = (p: Wide, q: Wide): Wide => ({
    high: f.select(swap, p.high, q.high),
    low: f.select(swap, p.low, q.low),
  })
  const exponent = f.select(swap, zExponent, productExponent)
  const distance = f.i32('sub', exponent, f.select(swap, productExponent, zExponent))
  // One bit of room for the carry: the lowest bits are 0.
  const large = shiftRightJamWide(f, pick(addend, product), f.n(1))
  const small = shiftRightJamWide(f, pick(product, addend), f.i32('add', distance, f.n(1)))
  const differ = f.i32('xor', productSign, zSign)
  const sign = f.select(swap, zSign, productSign)
  finish(op, { sign, exponent: f.i32('add', exponent, f.n(1)), differ }, large, small)
}

function finish(op: Operation, r: { sign: Value; exponent: Value; differ: Value }, large: Wide, small: Wide): void {
  const { f } = op
  const [sum, difference] = [addWide(f, large, small), subtractWide(f, large, small)]
  const high = f.variable64(f.select(r.differ, difference.high, sum.high))
  const low = f.variable64(f.select(r.differ, difference.low, sum.low))
  const exponent = f.variable32(r.exponent)
  f.b.if(f.i64('eqz', high.get()), () => {
    high.set(low.get())
    low.set(f.w(0))
    exponent.set(f.i32('sub', exponent.get(), f.n(64)))
  })
  f.b.if(
    f.i64('eqz', high.get()),
    () => op.zero(f.select(r.differ, f.is(op.control.rounding, ROUNDING.down), r.sign)),
    () => {
      const n = f.wrap(f.i64('clz', high.get()))
      const top = shiftLeftWide(f, { high: high.get(), low: low.get() }, n)
      const jammed = f.i64('or', top.high, f.extend(f.some(top.low)))
      round(op, { sign: r.sign, exponent: f.i32('sub', exponent.get(), n), high: jammed })
    },
  )
}
