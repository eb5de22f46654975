/** MUL, IMUL, DIV, IDIV, MULX (SDM vol. 2). */
import { EXCEPTION } from '@ringfold/arch'
import type { Value } from '../ir/types.ts'
import { divideLong, multiplyHighSigned, multiplyHighUnsigned } from './arithmetic.ts'
import { CF, type Lifter, OF, OF_BIT, RAX, RDX } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

/** CF and OF tell whether the upper half counts; the others are undefined, and follow the result on the silicon that was tried. */
function productFlags(l: Lifter, bits: Bits, low: Value, significant: Value): void {
  l.setResultFlags(bits, low)
  l.setFlagBits(CF | OF, l.pure('i32.or', significant, l.inPlace(OF_BIT, significant)))
}

/** Low and high half of a product of two integers of `bits`. */
function product(l: Lifter, bits: Bits, a: Value, b: Value, isSigned: boolean): readonly [Value, Value] {
  if (bits === 64) {
    const high = isSigned ? multiplyHighSigned(l, a, b) : multiplyHighUnsigned(l, a, b)
    return [l.pure('i64.mul', a, b), high]
  }
  if (bits === 32) {
    const wide = (v: Value) => l.resize(v, 32, 64, isSigned)
    const p = l.pure('i64.mul', wide(a), wide(b))
    return [l.pure('i32.wrap_i64', p), l.pure('i32.wrap_i64', l.pure('i64.shr_u', p, l.i64(32)))]
  }
  const wide = (v: Value) => (isSigned ? l.signed(bits, v) : v)
  const p = l.pure('i32.mul', wide(a), wide(b))
  return [l.cut(bits, p), l.cut(bits, l.pure('i32.shr_u', p, l.i32(bits)))]
}

/** Whether the high half is more than the extension of the low one. */
function overflows(l: Lifter, bits: Bits, low: Value, high: Value, isSigned: boolean): Value {
  if (!isSigned) return l.exact('ne', bits, high, l.number(bits, 0))
  const sign = l.int('shr_s', bits, l.signed(bits, low), l.number(bits, bits === 64 ? 63 : 31))
  return l.exact('ne', bits, high, sign)
}

/** MUL, and IMUL with one operand: rDX:rAX (AX for bytes). */
const multiplyAccumulator =
  (isSigned: boolean): Lifting =>
  (l) => {
    const bits = l.bits(0)
    const [low, high] = product(l, bits, l.gpr(RAX, bits), l.get(0), isSigned)
    if (bits === 8) l.setGpr(RAX, 16, l.pure('i32.or', low, l.pure('i32.shl', high, l.i32(8))))
    else {
      l.setGpr(RAX, bits, low)
      l.setGpr(RDX, bits, high)
    }
    productFlags(l, bits, low, overflows(l, bits, low, high, isSigned))
  }

const multiplySigned: Lifting = (l) => {
  if (l.source.operandCount === 1) {
    multiplyAccumulator(true)(l)
    return
  }
  const bits = l.bits(0)
  const a = l.get(l.source.operandCount - 2)
  const b = l.get(l.source.operandCount - 1, bits)
  const [low, high] = product(l, bits, a, b, true)
  l.set(0, low)
  productFlags(l, bits, low, overflows(l, bits, low, high, true))
}

/** MULX: no flags; where both destinations are one register it gets the high half, which is written last. */
const multiplyWithoutFlags: Lifting = (l) => {
  const bits = l.bits(0)
  const [low, high] = product(l, bits, l.gpr(RDX, bits), l.get(2), false)
  l.set(1, low)
  l.set(0, high)
}

const divideError = (l: Lifter, condition: Value): void => l.if(condition, () => l.fault(EXCEPTION['#DE'].vector))

/** DIV and IDIV up to 32 bits: in 64-bit integers, where the quotient is checked to fit. */
function divideShort(l: Lifter, bits: 8 | 16 | 32, isSigned: boolean): void {
  const divisor = l.resize(l.get(0), bits, 64, isSigned)
  divideError(l, l.pure('i64.eqz', divisor))
  const dividend = shortDividend(l, bits, isSigned)
  const name = isSigned ? 's' : 'u'
  // The one quotient that does not fit in 64 bits.
  if (isSigned && bits === 32) {
    const least = l.pure('i64.eq', dividend, l.i64(0, -0x80000000))
    divideError(l, l.pure('i32.and', least, l.pure('i64.eq', divisor, l.i64(-1))))
  }
  const quotient = l.pure(`i64.div_${name}`, dividend, divisor)
  const remainder = l.pure(`i64.rem_${name}`, dividend, divisor)
  const cut = l.resize(quotient, 64, bits)
  divideError(l, l.pure('i64.ne', l.resize(cut, bits, 64, isSigned), quotient))
  const rest = l.resize(remainder, 64, bits)
  if (bits === 8) l.setGpr(RAX, 16, l.pure('i32.or', cut, l.pure('i32.shl', rest, l.i32(8))))
  else {
    l.setGpr(RAX, bits, cut)
    l.setGpr(RDX, bits, rest)
  }
}

function shortDividend(l: Lifter, bits: 8 | 16 | 32, isSigned: boolean): Value {
  if (bits === 8) return l.resize(l.gpr(RAX, 16), 16, 64, isSigned)
  const low = l.resize(l.gpr(RAX, bits), bits, 64)
  const high = l.resize(l.gpr(RDX, bits), bits, 64, isSigned)
  return l.pure('i64.or', l.pure('i64.shl', high, l.i64(bits)), low)
}

const negateIf = (l: Lifter, condition: Value, v: Value): Value =>
  l.select(condition, l.pure('i64.sub', l.i64(0), v), v)

/** DIV of RDX:RAX: in 64 bits where RDX is 0, as it nearly always is. */
function divideUnsignedLong(l: Lifter): void {
  const divisor = l.get(0)
  const [hi, lo] = [l.gpr(RDX, 64), l.gpr(RAX, 64)]
  // Quotients of more than 64 bits, and divisors of 0, are those not greater than RDX.
  divideError(l, l.pure('i64.ge_u', hi, divisor))
  l.if(
    l.pure('i64.eqz', hi),
    () => {
      l.setGpr(RDX, 64, l.pure('i64.rem_u', lo, divisor))
      l.setGpr(RAX, 64, l.pure('i64.div_u', lo, divisor))
    },
    () => {
      const { quotient, remainder } = divideLong(l, hi, lo, divisor)
      l.setGpr(RAX, 64, l.getLocal(quotient))
      l.setGpr(RDX, 64, l.getLocal(remainder))
    },
  )
}

/** IDIV of RDX:RAX: magnitudes, then signs. */
function divideSignedLong(l: Lifter): void {
  const divisor = l.get(0)
  const [hi, lo] = [l.gpr(RDX, 64), l.gpr(RAX, 64)]
  const negative = l.pure('i64.lt_s', hi, l.i64(0))
  const divisorNegative = l.pure('i64.lt_s', divisor, l.i64(0))
  const magnitude = negateIf(l, divisorNegative, divisor)
  const low = negateIf(l, negative, lo)
  const borrow = l.pure('i64.extend_i32_u', l.pure('i64.ne', lo, l.i64(0)))
  const high = l.select(negative, l.pure('i64.sub', l.pure('i64.sub', l.i64(0), hi), borrow), hi)
  divideError(l, l.pure('i64.ge_u', high, magnitude))
  const { quotient, remainder } = divideLong(l, high, low, magnitude)
  const q = l.getLocal(quotient)
  const signs = l.pure('i32.xor', negative, divisorNegative)
  // A magnitude of 2^63 fits only as a negative quotient.
  const limit = l.pure('i64.add', l.i64(-1, 0x7fffffff), l.pure('i64.extend_i32_u', signs))
  divideError(l, l.pure('i64.gt_u', q, limit))
  l.setGpr(RAX, 64, negateIf(l, signs, q))
  l.setGpr(RDX, 64, negateIf(l, negative, l.getLocal(remainder)))
}

/** Flags are undefined after a division; they are left as they are, as on the silicon that was tried (Intel since Haswell). */
const divide =
  (isSigned: boolean): Lifting =>
  (l) => {
    const bits = l.bits(0)
    if (bits !== 64) divideShort(l, bits, isSigned)
    else if (isSigned) divideSignedLong(l)
    else divideUnsignedLong(l)
  }

export const MULTIPLY: Readonly<Record<string, Lifting>> = {
  mul: multiplyAccumulator(false),
  imul: multiplySigned,
  mulx: multiplyWithoutFlags,
  div: divide(false),
  idiv: divide(true),
}
