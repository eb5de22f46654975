/** Comparison, minimum, maximum. */
import type { Value } from '../ir/types.ts'
import { isNan, isSignaling, isZero, normalize, type Parts } from './format.ts'
import { EXCEPTIONS, type Operation } from './operation.ts'
import type { Variable } from './soft.ts'

/** How two values stand to each other, as a bit each. */
export const RELATION = { less: 1, equal: 2, greater: 4, unordered: 8 } as const

/** The relation of two numbers, neither of which is a NaN: denormals need not be normalized for this. */
function relationOfNumbers(op: Operation, x: Parts, y: Parts): Value {
  const { f } = op
  const [xe, ye, xs, ys] = [x.exponent.get(), y.exponent.get(), x.significand.get(), y.significand.get()]
  const sameExponent = f.i32('eq', xe, ye)
  const below = f.or(f.i32('lt_s', xe, ye), f.and(sameExponent, f.i64('lt_u', xs, ys)))
  const same = f.and(sameExponent, f.i64('eq', xs, ys))
  const zeros = f.and(isZero(f, x), isZero(f, y))
  const differ = f.i32('xor', x.sign, y.sign)
  const equal = f.or(zeros, f.and(same, f.not(differ)))
  // Of different signs the negative one is less; of two negative ones that with the larger magnitude.
  const less = f.select(differ, x.sign, f.i32('xor', below, x.sign))
  return f.select(equal, f.n(RELATION.equal), f.select(less, f.n(RELATION.less), f.n(RELATION.greater)))
}

/** The relation of x to y into `relation`; `signals` (i32 truth): a quiet NaN is invalid too. */
export function compare(op: Operation, x: Parts, y: Parts, signals: Value, relation: Variable): void {
  const { f, format } = op
  f.b.if(op.unusual(x, y), () => {
    const bad = op.unsupported(x, y)
    f.b.if(
      f.or(bad, isNan(f, format, x), isNan(f, format, y)),
      () => {
        relation.set(f.n(RELATION.unordered))
        const invalid = f.or(bad, signals, isSignaling(f, format, x), isSignaling(f, format, y))
        op.raiseIf(invalid, EXCEPTIONS.invalid)
      },
      () => op.raiseIf(op.denormal(x, y), EXCEPTIONS.denormal),
    )
    // A pseudo-denormal is the least normal number.
    if (format.bits === 80) for (const v of [x, y]) normalize(f, v)
  })
  f.b.if(f.not(relation.get()), () => relation.set(relationOfNumbers(op, x, y)))
}
