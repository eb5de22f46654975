/** DPPS and DPPD (SDM vol. 2A): products of chosen lanes, their sum in pairs, into chosen lanes. */
import { type Value, ValueType } from '../ir/types.ts'
import { bytesBy, maskOfBits } from '../ir/vectors.ts'
import type { Lifter } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { byteImmediate, readVector } from './simd-operands.ts'
import { allLanes, belowInfinity, productLanes, usualLanes } from './sse-float-checks.ts'
import { allOf, DOUBLE, either, isFastMode, SINGLE, softPacked, type Width, writeWhole } from './sse-float-operands.ts'

/** The vector with neighbouring runs of `bytes` exchanged. */
const exchanged = (l: Lifter, v: Value, bytes: number): Value =>
  l.shuffle(
    v,
    v,
    bytesBy((n) => n ^ bytes),
  )

/** The sum in every lane, and the lanes in which the fast way holds: sums that are added once more must be usual. */
function sum(l: Lifter, width: Width, terms: Value): { total: Value; good: Value } {
  const add = (v: Value, bytes: number) => l.pure(`${width.vector}.add`, v, exchanged(l, v, bytes))
  const pairs = add(terms, width.bits / 8)
  if (width.bits === 64) return { total: pairs, good: belowInfinity(l, width, pairs) }
  const total = add(pairs, 8)
  return { total, good: l.pure('v128.and', usualLanes(l, width, pairs), belowInfinity(l, width, total)) }
}

const dotProduct =
  (width: Width): Lifting =>
  (l) => {
    const bytes = (width.bits / 8) as 4 | 8
    const b = readVector(l, 1)
    const a = readVector(l, 0)
    const immediate = byteImmediate(l, 2)
    const chosen = maskOfBits(l, bytes, l.pure('i32.shr_u', immediate, l.i32(4)))
    const product = l.pure(`${width.vector}.mul`, a, b)
    const { total, good } = sum(l, width, l.pure('v128.and', product, chosen))
    const factors = productLanes(l, width, { a, b, r: product })
    const products = l.pure('v128.or', factors, l.pure('v128.not', chosen))
    const holds = allOf(l, isFastMode(l), allLanes(l, l.pure('v128.and', products, good)))
    const fast = l.pure('v128.and', total, maskOfBits(l, bytes, immediate))
    const routine = width.bits === 32 ? 'sse.dpps' : 'sse.dppd'
    const slow = () => softPacked(l, routine, a, b, immediate)
    writeWhole(l, either(l, ValueType.v128, holds, fast, slow))
  }

export const SSE_DOT_PRODUCT: Readonly<Record<string, Lifting>> = {
  dpps: dotProduct(SINGLE),
  dppd: dotProduct(DOUBLE),
}
