/** Shifts and rotates (SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD; BMI2 ones). */
import { type Value, ValueType } from '../ir/types.ts'
import { AF, CF, CF_BIT, type Lifter, OF, OF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

/** The count, masked as processors since the 80286 do: 5 bits, or 6 with 64-bit operands. i32. */
function maskedCount(l: Lifter, n: number, bits: Bits): Value {
  return l.pure('i32.and', l.get(n, 8), l.i32(bits === 64 ? 63 : 31))
}

const wide = (bits: Bits): 32 | 64 => (bits === 64 ? 64 : 32)
const amount = (l: Lifter, bits: Bits, count: Value): Value => l.bool(count, bits)

/** Bit `position` (i32) of a value, as i32. */
function bitAt(l: Lifter, bits: Bits, v: Value, position: Value): Value {
  const shifted = l.pure(`i${wide(bits)}.shr_u`, v, amount(l, bits, position))
  const low = bits === 64 ? l.pure('i32.wrap_i64', shifted) : shifted
  return l.pure('i32.and', low, l.i32(1))
}

const topBit = (l: Lifter, bits: Bits, v: Value): Value => bitAt(l, bits, v, l.i32(bits - 1))

interface Shifted {
  readonly result: Value
  readonly carry: Value
  readonly overflow: Value
}

/** Counts above the width leave 0; CF is then undefined for 8 and 16 bits, and 0 here, as what is shifted out is. */
function shiftLeft(l: Lifter, bits: Bits, v: Value, count: Value): Shifted {
  // In 64 bits nothing of a narrower operand is lost, so that CF is bit `bits` of the result.
  if (bits === 64) {
    const result = l.pure('i64.shl', v, amount(l, 64, count))
    const carry = bitAt(l, 64, v, l.pure('i32.sub', l.i32(64), count))
    return { result, carry, overflow: l.pure('i32.xor', carry, topBit(l, 64, result)) }
  }
  const long = l.pure('i64.shl', l.pure('i64.extend_i32_u', v), amount(l, 64, count))
  const result = l.resize(long, 64, bits)
  const carry = bitAt(l, 64, long, l.i32(bits))
  return { result, carry, overflow: l.pure('i32.xor', carry, topBit(l, bits, result)) }
}

function shiftRight(l: Lifter, bits: Bits, v: Value, count: Value): Shifted {
  const result = l.pure(`i${wide(bits)}.shr_u`, v, amount(l, bits, count))
  const carry = bitAt(l, bits, v, l.pure('i32.sub', count, l.i32(1)))
  return { result, carry, overflow: topBit(l, bits, v) }
}

function shiftArithmetic(l: Lifter, bits: Bits, v: Value, count: Value): Shifted {
  const extended = l.signed(bits, v)
  const result = l.cut(bits, l.pure(`i${wide(bits)}.shr_s`, extended, amount(l, bits, count)))
  const carry = bitAt(l, bits, extended, l.pure('i32.sub', count, l.i32(1)))
  return { result, carry, overflow: l.i32(0) }
}

type Shift = (l: Lifter, bits: Bits, v: Value, count: Value) => Shifted

/** A masked count of 0 changes no flag, and writes the operand all the same (a 32-bit register loses its upper half). */
function shift(by: Shift): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const count = maskedCount(l, 1, bits)
    l.modify(0, (v) => {
      const { result, carry, overflow } = by(l, bits, v, count)
      l.if(count, () => {
        l.setResultFlags(bits, result)
        l.setFlagBits(CF | AF | OF, l.pure('i32.or', carry, l.inPlace(OF_BIT, overflow)))
      })
      return result
    })
  }
}

/** ROL and ROR: the count is taken modulo the width; CF and OF change unless the masked count is 0. */
function rotate(left: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const count = maskedCount(l, 1, bits)
    l.modify(0, (v) => {
      const result = rotated(l, bits, v, count, left)
      const top = topBit(l, bits, result)
      const carry = left ? bitAt(l, bits, result, l.i32(0)) : top
      const other = left ? top : bitAt(l, bits, result, l.i32(bits - 2))
      l.if(count, () =>
        l.setFlagBits(CF | OF, l.pure('i32.or', carry, l.inPlace(OF_BIT, l.pure('i32.xor', carry, other)))),
      )
      return result
    })
  }
}

function rotated(l: Lifter, bits: Bits, v: Value, count: Value, left: boolean): Value {
  if (bits >= 32) return l.pure(`i${bits}.rot${left ? 'l' : 'r'}`, v, amount(l, bits, count))
  // Copies of the operand side by side rotate as one of 32 bits.
  let copies = v
  for (let width: number = bits; width < 32; width *= 2)
    copies = l.pure('i32.or', copies, l.pure('i32.shl', copies, l.i32(width)))
  return l.cut(bits, l.pure(left ? 'i32.rotl' : 'i32.rotr', copies, count))
}

/** RCL and RCR: a rotation of width + 1 bits, through CF, in 64-bit integers (32 bits and CF are 33). */
function rotateThroughCarry(left: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const count = maskedCount(l, 1, bits)
    const steps = bits >= 32 ? count : l.pure('i32.rem_u', count, l.i32(bits + 1))
    l.modify(0, (v) => {
      const { result, carry } = bits === 64 ? turn64(l, v, steps, left) : turn(l, bits, v, steps, left)
      const top = topBit(l, bits, result)
      const other = left ? carry : bitAt(l, bits, result, l.i32(bits - 2))
      l.if(count, () =>
        l.setFlagBits(CF | OF, l.pure('i32.or', carry, l.inPlace(OF_BIT, l.pure('i32.xor', top, other)))),
      )
      return result
    })
  }
}

function turn(l: Lifter, bits: Bits, v: Value, steps: Value, left: boolean): { result: Value; carry: Value } {
  const carryIn = l.pure('i64.extend_i32_u', l.flag(CF_BIT))
  const whole = l.pure('i64.or', l.pure('i64.extend_i32_u', v), l.pure('i64.shl', carryIn, l.i64(bits)))
  const forth = l.pure('i64.extend_i32_u', steps)
  const back = l.pure('i64.sub', l.i64(bits + 1), forth)
  const [up, down] = left ? [forth, back] : [back, forth]
  const ring = l.pure('i64.or', l.pure('i64.shl', whole, up), l.pure('i64.shr_u', whole, down))
  return { result: l.resize(ring, 64, bits), carry: bitAt(l, 64, ring, l.i32(bits)) }
}

/** With 64 bits there is no wider integer: the bit that CF contributes is put in by hand. */
function turn64(l: Lifter, v: Value, steps: Value, left: boolean): { result: Value; carry: Value } {
  const oldCarry = l.flag(CF_BIT)
  const result = l.local(ValueType.i64, v)
  const carry = l.local(ValueType.i32, oldCarry)
  l.if(steps, () => {
    const n = l.pure('i64.extend_i32_u', steps)
    const [forth, back] = left ? (['i64.shl', 'i64.shr_u'] as const) : (['i64.shr_u', 'i64.shl'] as const)
    const moved = l.pure(forth, v, n)
    // Bits that come round: the operand moved back by 65 - n, in two steps because 64 is too much for one.
    const round = l.pure(back, l.pure(back, v, l.pure('i64.sub', l.i64(64), n)), l.i64(1))
    const entry = left ? l.pure('i32.sub', steps, l.i32(1)) : l.pure('i32.sub', l.i32(64), steps)
    const carried = l.pure('i64.shl', l.pure('i64.extend_i32_u', oldCarry), l.pure('i64.extend_i32_u', entry))
    l.setLocal(result, l.pure('i64.or', l.pure('i64.or', moved, round), carried))
    const leaving = left ? l.pure('i32.sub', l.i32(64), steps) : l.pure('i32.sub', steps, l.i32(1))
    l.setLocal(carry, bitAt(l, 64, v, leaving))
  })
  return { result: l.getLocal(result), carry: l.getLocal(carry) }
}

/** SHLD and SHRD; with 16 bits and counts above 16 the result is undefined: as if the source stood there twice. */
function shiftDouble(left: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const count = maskedCount(l, 2, bits)
    const source = l.get(1)
    l.modify(0, (v) => {
      const { result, carry } = doubleShifted(l, bits, v, source, count, left)
      const overflow = l.pure('i32.xor', topBit(l, bits, result), topBit(l, bits, v))
      l.if(count, () => {
        l.setResultFlags(bits, result)
        l.setFlagBits(CF | AF | OF, l.pure('i32.or', carry, l.inPlace(OF_BIT, overflow)))
      })
      return l.select(count, result, v)
    })
  }
}

function doubleShifted(l: Lifter, bits: Bits, v: Value, s: Value, count: Value, left: boolean) {
  const carryBit = left ? l.pure('i32.sub', l.i32(bits), count) : l.pure('i32.sub', count, l.i32(1))
  if (bits === 64) {
    const n = l.pure('i64.extend_i32_u', count)
    const rest = l.pure('i64.sub', l.i64(64), n)
    const [forth, back] = left ? ['i64.shl', 'i64.shr_u'] : ['i64.shr_u', 'i64.shl']
    return {
      result: l.pure('i64.or', l.pure(forth as string, v, n), l.pure(back as string, s, rest)),
      carry: bitAt(l, 64, v, carryBit),
    }
  }
  const n = l.pure('i64.extend_i32_u', count)
  const wideV = l.pure('i64.extend_i32_u', v)
  const wideS = l.pure('i64.extend_i32_u', s)
  const shl = (x: Value, by: number) => l.pure('i64.shl', x, l.i64(by))
  if (bits === 32) {
    const joined = left ? l.pure('i64.or', shl(wideV, 32), wideS) : l.pure('i64.or', shl(wideS, 32), wideV)
    const moved = l.pure(left ? 'i64.shl' : 'i64.shr_u', joined, n)
    const result = left ? l.pure('i64.shr_u', moved, l.i64(32)) : moved
    return { result: l.pure('i32.wrap_i64', result), carry: bitAt(l, 32, v, carryBit) }
  }
  const order = left ? [wideV, wideS, wideV] : [wideV, wideS, wideV].reverse()
  const joined = l.pure(
    'i64.or',
    l.pure('i64.or', shl(order[0] as Value, 32), shl(order[1] as Value, 16)),
    order[2] as Value,
  )
  const moved = l.pure(left ? 'i64.shl' : 'i64.shr_u', joined, n)
  const result = l.resize(left ? l.pure('i64.shr_u', moved, l.i64(32)) : moved, 64, 16)
  const carry = left ? bitAt(l, 64, moved, l.i32(48)) : bitAt(l, 64, joined, carryBit)
  return { result, carry }
}

/** SHLX, SHRX, SARX: no flags. */
const shiftWithoutFlags =
  (name: string): Lifting =>
  (l) => {
    const bits = l.bits(0)
    const count = l.get(2)
    l.set(0, l.pure(`i${bits}.${name}`, l.get(1), count))
  }

const rotateWithoutFlags: Lifting = (l) => {
  const bits = l.bits(0)
  l.set(0, l.pure(`i${bits}.rotr`, l.get(1), l.get(2, bits)))
}

export const SHIFT: Readonly<Record<string, Lifting>> = {
  shl: shift(shiftLeft),
  shr: shift(shiftRight),
  sar: shift(shiftArithmetic),
  rol: rotate(true),
  ror: rotate(false),
  rcl: rotateThroughCarry(true),
  rcr: rotateThroughCarry(false),
  shld: shiftDouble(true),
  shrd: shiftDouble(false),
  shlx: shiftWithoutFlags('shl'),
  shrx: shiftWithoutFlags('shr_u'),
  sarx: shiftWithoutFlags('shr_s'),
  rorx: rotateWithoutFlags,
}
