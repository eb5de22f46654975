/** Bit tests and scans, and BMI1, BMI2, ABM (SDM vol. 2). */
import { FlagKind } from '../ir/ops.ts'
import { type Value, ValueType } from '../ir/types.ts'
import { CF, type Lifter, ZF, ZF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

type Change = (l: Lifter, bits: Bits, v: Value, mask: Value) => Value

/** BT, BTS, BTR, BTC. A register as bit offset reaches beyond a memory operand: signed, in units of the operand's size. */
function bitTest(change: Change | null): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const offset = l.get(1, bits)
    const position = l.exact('and', bits, offset, l.number(bits, bits - 1))
    const mask = l.int('shl', bits, l.number(bits, 1), position)
    const reaches = l.isMemory(0) && l.source.kind(1) === 'register'
    const ea = l.isMemory(0) ? (reaches ? reach(l, bits, offset) : l.address(0)) : null
    const segment = ea === null ? 0 : l.source.segment(0)
    if (ea !== null && change !== null) l.probeAt(ea, bits, segment)
    const v = ea === null ? l.get(0) : l.loadAt(ea, bits, segment)
    const shifted = l.exact('shr_u', bits, v, position)
    const carry = l.pure('i32.and', bits === 64 ? l.pure('i32.wrap_i64', shifted) : shifted, l.i32(1))
    if (change !== null) {
      const r = change(l, bits, v, mask)
      if (ea === null) l.set(0, r)
      else l.storeAt(ea, r, bits, segment)
    }
    l.setFlagBits(CF, carry)
  }
}

/** The address of the unit that holds a bit: base + (offset >> log2(bits)) * bytes, cut to the address size. */
function reach(l: Lifter, bits: Bits, offset: Value): Value {
  const log = bits === 16 ? 4 : bits === 32 ? 5 : 6
  const bytes = bits / 8
  const unit = l.exact('shr_s', bits, l.signed(bits, offset), l.number(bits === 64 ? 64 : 32, log))
  const distance = l.exact('mul', bits, unit, l.number(bits === 64 ? 64 : 32, bytes))
  const base = l.address(0)
  const { mode, addressSize } = l.source
  if (mode === 64) {
    const wide = bits === 64 ? distance : l.pure('i64.extend_i32_s', distance)
    const sum = l.pure('i64.add', base, wide)
    return addressSize === 64 ? sum : l.pure('i64.and', sum, l.i64(-1, 0))
  }
  return l.cut(addressSize as Bits, l.pure('i32.add', base, distance))
}

const setBit: Change = (l, bits, v, mask) => l.exact('or', bits, v, mask)
const flipBit: Change = (l, bits, v, mask) => l.exact('xor', bits, v, mask)
const clearBit: Change = (l, bits, v, mask) => l.exact('and', bits, v, l.int('xor', bits, mask, l.number(bits, -1)))

/** Zeros below the lowest one, or above the highest, as an integer of `bits`; `bits` for 0. */
function trailingZeros(l: Lifter, bits: Bits, v: Value): Value {
  if (bits >= 32) return l.pure(`i${bits}.ctz`, v)
  return l.pure('i32.ctz', l.pure('i32.or', v, l.i32(1 << bits)))
}

function leadingZeros(l: Lifter, bits: Bits, v: Value): Value {
  if (bits >= 32) return l.pure(`i${bits}.clz`, v)
  return l.pure('i32.sub', l.pure('i32.clz', v), l.i32(32 - bits))
}

/** BSF and BSR: of 0 only ZF is set, and the destination keeps its value (AMD says so, Intel does so); other flags undefined. */
function scan(forward: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const v = l.get(1)
    const isZero = l.exact('eq', bits, v, l.number(bits, 0))
    const index = forward
      ? trailingZeros(l, bits, v)
      : l.int('sub', bits, l.number(bits, bits - 1), leadingZeros(l, bits, v))
    // A 32-bit destination that is kept keeps its upper half too.
    l.if(l.pure('i32.eqz', isZero), () => l.set(0, index))
    l.setFlagBits(ZF, l.inPlace(ZF_BIT, isZero))
  }
}

function count(zeros: (l: Lifter, bits: Bits, v: Value) => Value): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const v = l.get(1)
    const r = zeros(l, bits, v)
    l.set(0, r)
    const carry = l.exact('eq', bits, v, l.number(bits, 0))
    const zero = l.exact('eq', bits, r, l.number(bits, 0))
    l.setFlagBits(CF | ZF, l.pure('i32.or', carry, l.inPlace(ZF_BIT, zero)))
  }
}

/** POPCNT: ZF by the source, all others 0. */
const countOnes: Lifting = (l) => {
  const bits = l.bits(0)
  const v = l.get(1)
  const r = l.exact('popcnt', bits, v)
  l.set(0, r)
  l.setFlagBits(0x8d5, l.inPlace(ZF_BIT, l.exact('eq', bits, r, l.number(bits, 0))))
}

const andNot: Lifting = (l) => {
  const bits = l.bits(0)
  const r = l.exact('and', bits, l.exact('xor', bits, l.get(1), l.number(bits, -1)), l.get(2))
  l.set(0, r)
  l.setFlags(FlagKind.logic, bits, r, r, r)
}

/** BLSI, BLSMSK, BLSR: of x and x - 1 (or -x); CF tells of a source that is (or is not) 0. */
function lowestOne(combine: (l: Lifter, bits: Bits, v: Value) => Value, carryOnZero: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const v = l.get(1)
    const r = combine(l, bits, v)
    l.set(0, r)
    l.setFlags(FlagKind.logic, bits, r, r, r)
    l.setFlagBits(CF, l.exact(carryOnZero ? 'eq' : 'ne', bits, v, l.number(bits, 0)))
  }
}

const less = (l: Lifter, bits: Bits, v: Value): Value => l.exact('sub', bits, v, l.number(bits, 1))

/** BEXTR: start in bits 7:0 of the control, length in 15:8. */
const extractField: Lifting = (l) => {
  const bits = l.bits(0)
  const control = l.resize(l.get(2), bits, 32)
  const start = l.pure('i32.and', control, l.i32(0xff))
  const length = l.pure('i32.and', l.pure('i32.shr_u', control, l.i32(8)), l.i32(0xff))
  const beyond = (n: Value) => l.pure('i32.ge_u', n, l.i32(bits))
  const zero = l.number(bits, 0)
  const shifted = l.select(beyond(start), zero, l.exact('shr_u', bits, l.get(1), l.bool(start, bits)))
  const mask = less(l, bits, l.exact('shl', bits, l.number(bits, 1), l.bool(length, bits)))
  const r = l.select(beyond(length), shifted, l.exact('and', bits, shifted, mask))
  l.set(0, r)
  l.setFlags(FlagKind.logic, bits, r, r, r)
}

/** BZHI: zeros from the bit that bits 7:0 of the index name; CF where that is beyond the operand. */
const zeroHighBits: Lifting = (l) => {
  const bits = l.bits(0)
  const index = l.pure('i32.and', l.resize(l.get(2), bits, 32), l.i32(0xff))
  const v = l.get(1)
  const beyond = l.pure('i32.ge_u', index, l.i32(bits))
  const mask = less(l, bits, l.exact('shl', bits, l.number(bits, 1), l.bool(index, bits)))
  const r = l.select(beyond, v, l.exact('and', bits, v, mask))
  l.set(0, r)
  l.setFlags(FlagKind.logic, bits, r, r, r)
  l.setFlagBits(CF, beyond)
}

/** PDEP and PEXT, one round for each one in the mask. */
function deposit(extract: boolean): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const type = bits === 64 ? ValueType.i64 : ValueType.i32
    const source = l.get(1)
    const mask = l.local(type, l.get(2))
    const result = l.local(type, l.number(bits, 0))
    const round = l.local(type, l.number(bits, 0))
    const isZero = (v: Value) => l.exact('eq', bits, v, l.number(bits, 0))
    l.if(l.pure('i32.eqz', isZero(l.getLocal(mask))), () =>
      l.loop(() => {
        const m = l.getLocal(mask)
        const n = l.getLocal(round)
        const [from, to] = extract ? [l.exact('ctz', bits, m), n] : [n, l.exact('ctz', bits, m)]
        const bit = l.exact('and', bits, l.exact('shr_u', bits, source, from), l.number(bits, 1))
        l.setLocal(result, l.exact('or', bits, l.getLocal(result), l.exact('shl', bits, bit, to)))
        const rest = l.exact('and', bits, m, less(l, bits, m))
        l.setLocal(mask, rest)
        l.setLocal(round, l.exact('add', bits, n, l.number(bits, 1)))
        return l.pure('i32.eqz', isZero(rest))
      }),
    )
    l.set(0, l.getLocal(result))
  }
}

export const BITS: Readonly<Record<string, Lifting>> = {
  bt: bitTest(null),
  bts: bitTest(setBit),
  btr: bitTest(clearBit),
  btc: bitTest(flipBit),
  bsf: scan(true),
  bsr: scan(false),
  tzcnt: count(trailingZeros),
  lzcnt: count(leadingZeros),
  popcnt: countOnes,
  andn: andNot,
  blsi: lowestOne((l, bits, v) => l.exact('and', bits, v, l.exact('sub', bits, l.number(bits, 0), v)), false),
  blsr: lowestOne((l, bits, v) => l.exact('and', bits, v, less(l, bits, v)), true),
  blsmsk: lowestOne((l, bits, v) => l.exact('xor', bits, v, less(l, bits, v)), true),
  bextr: extractField,
  bzhi: zeroHighBits,
  pdep: deposit(false),
  pext: deposit(true),
}
