/** Arithmetic that Wasm has no instruction for, made of those that it has. */
import { type Value, ValueType } from '../ir/types.ts'
import type { Lifter } from './lifter.ts'

/** Bits 127:64 of a product of two i64, unsigned: schoolbook on 32-bit halves. */
export function multiplyHighUnsigned(l: Lifter, a: Value, b: Value): Value {
  const mask = l.i64(-1, 0)
  const low = (v: Value) => l.pure('i64.and', v, mask)
  const high = (v: Value) => l.pure('i64.shr_u', v, l.i64(32))
  const [al, ah, bl, bh] = [low(a), high(a), low(b), high(b)]
  const ll = l.pure('i64.mul', al, bl)
  const mid = l.pure('i64.add', l.pure('i64.mul', ah, bl), high(ll))
  const cross = l.pure('i64.add', l.pure('i64.mul', al, bh), low(mid))
  return l.pure('i64.add', l.pure('i64.add', l.pure('i64.mul', ah, bh), high(mid)), high(cross))
}

/** Bits 127:64 of a signed product. */
export function multiplyHighSigned(l: Lifter, a: Value, b: Value): Value {
  const sign = (v: Value) => l.pure('i64.shr_s', v, l.i64(63))
  const unsigned = multiplyHighUnsigned(l, a, b)
  const correction = l.pure('i64.add', l.pure('i64.and', sign(a), b), l.pure('i64.and', sign(b), a))
  return l.pure('i64.sub', unsigned, correction)
}

/**
 * Divides hi:lo by a divisor that is greater than hi (so that the quotient fits), unsigned, one bit a round.
 * @returns numbers of the variables that hold quotient and remainder.
 */
export function divideLong(l: Lifter, hi: Value, lo: Value, divisor: Value): { quotient: number; remainder: number } {
  const quotient = l.local(ValueType.i64, lo)
  const remainder = l.local(ValueType.i64, hi)
  const round = l.local(ValueType.i32, l.i32(64))
  l.loop(() => {
    const r = l.getLocal(remainder)
    const q = l.getLocal(quotient)
    // The bit that leaves the remainder at its top makes it greater than any divisor.
    const out = l.pure('i64.lt_s', r, l.i64(0))
    const shifted = l.pure('i64.or', l.pure('i64.shl', r, l.i64(1)), l.pure('i64.shr_u', q, l.i64(63)))
    const fits = l.pure('i32.or', out, l.pure('i64.ge_u', shifted, divisor))
    l.setLocal(remainder, l.select(fits, l.pure('i64.sub', shifted, divisor), shifted))
    l.setLocal(quotient, l.pure('i64.or', l.pure('i64.shl', q, l.i64(1)), l.pure('i64.extend_i32_u', fits)))
    const left = l.pure('i32.sub', l.getLocal(round), l.i32(1))
    l.setLocal(round, left)
    return left
  })
  return { quotient, remainder }
}
