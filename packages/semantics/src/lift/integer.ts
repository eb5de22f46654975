/** Integer arithmetic, logic and moves (SDM vol. 2, by mnemonic). */
import { EXCEPTION } from '@ringfold/arch'
import { FlagKind } from '../ir/ops.ts'
import type { Value } from '../ir/types.ts'
import {
  AF,
  AF_BIT,
  CF,
  CF_BIT,
  gprOffset,
  type Lifter,
  OF,
  OF_BIT,
  PF,
  RAX,
  RBX,
  RCX,
  RDX,
  SF,
  ZF,
  ZF_BIT,
} from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

/** The second operand in the width of the first: immediates are extended. */
const second = (l: Lifter): Value => l.get(1, l.bits(0))

type Combine = (l: Lifter, bits: Bits, a: Value, b: Value) => Value

function arithmetic(kind: FlagKind, combine: Combine): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const b = second(l)
    l.modify(0, (a) => {
      const r = combine(l, bits, a, b)
      l.setFlags(kind, bits, a, b, r)
      return r
    })
  }
}

const op =
  (name: string): Combine =>
  (l, bits, a, b) =>
    l.int(name, bits, a, b)

/** Subtraction and AND that only set flags. */
function compare(kind: FlagKind, combine: Combine): Lifting {
  return (l) => {
    const bits = l.bits(0)
    const a = l.get(0)
    const b = second(l)
    l.setFlags(kind, bits, a, b, combine(l, bits, a, b))
  }
}

const withCarry =
  (name: string): Combine =>
  (l, bits, a, b) =>
    l.int(name, bits, l.int(name, bits, a, b), l.bool(l.flag(CF_BIT), bits))

function unary(change: (l: Lifter, bits: Bits, a: Value) => Value): Lifting {
  return (l) => l.modify(0, (a) => change(l, l.bits(0), a))
}

const increment: Lifting = unary((l, bits, a) => {
  const r = l.int('add', bits, a, l.number(bits, 1))
  l.setFlags(FlagKind.inc, bits, a, a, r)
  return r
})

const decrement: Lifting = unary((l, bits, a) => {
  const r = l.int('sub', bits, a, l.number(bits, 1))
  l.setFlags(FlagKind.dec, bits, a, a, r)
  return r
})

const negate: Lifting = unary((l, bits, a) => {
  const zero = l.number(bits, 0)
  const r = l.int('sub', bits, zero, a)
  l.setFlags(FlagKind.sub, bits, zero, a, r)
  return r
})

const complement: Lifting = unary((l, bits, a) => l.int('xor', bits, a, l.number(bits, -1)))

const exchangeAdd: Lifting = (l) => {
  const bits = l.bits(0)
  const b = l.get(1)
  if (l.isMemory(0)) l.probe(0, bits)
  const a = l.get(0)
  const r = l.int('add', bits, a, b)
  // The register first: XADD r, r with one register twice keeps the sum.
  if (l.isMemory(0)) l.set(0, r)
  l.set(1, a)
  if (!l.isMemory(0)) l.set(0, r)
  l.setFlags(FlagKind.add, bits, a, b, r)
}

const exchange: Lifting = (l) => {
  const b = l.get(1)
  if (l.isMemory(0)) l.probe(0, l.bits(0))
  const a = l.get(0)
  l.set(0, b)
  l.set(1, a)
}

/** The destination is written in any case (SDM vol. 2A, CMPXCHG): with its own value where the comparison fails. */
const compareExchange: Lifting = (l) => {
  const bits = l.bits(0)
  const source = l.get(1)
  if (l.isMemory(0)) l.probe(0, bits)
  const old = l.get(0)
  const accumulator = l.gpr(RAX, bits)
  const r = l.int('sub', bits, accumulator, old)
  const equal = l.exact('eq', bits, accumulator, old)
  l.if(
    equal,
    () => l.set(0, source),
    () => {
      if (l.isMemory(0)) l.set(0, old)
      l.setGpr(RAX, bits, old)
    },
  )
  l.setFlags(FlagKind.sub, bits, accumulator, old, r)
}

/** CMPXCHG8B and CMPXCHG16B: only ZF changes; 16B wants an aligned operand. */
function compareExchangePair(bits: 32 | 64): Lifting {
  return (l) => {
    const bytes = bits / 8
    if (bits === 64) alignOrFault(l, 16)
    l.probe(0, bits * 2)
    const lo = l.load(0, bits)
    const hi = l.load(0, bits, bytes)
    const equal = l.pure(
      'i32.and',
      l.exact('eq', bits, lo, l.gpr(RAX, bits)),
      l.exact('eq', bits, hi, l.gpr(RDX, bits)),
    )
    const newLo = l.select(equal, l.gpr(RBX, bits), lo)
    const newHi = l.select(equal, l.gpr(RCX, bits), hi)
    l.store(0, newLo, bits)
    l.store(0, newHi, bits, bytes)
    l.if(l.pure('i32.eqz', equal), () => {
      l.setGpr(RAX, bits, lo)
      l.setGpr(RDX, bits, hi)
    })
    l.setFlagBits(ZF, l.inPlace(ZF_BIT, equal))
  }
}

/** #GP(0) unless the linear address is a multiple; segment bases of 64-bit code are taken as aligned for DS, ES, SS. */
export function alignOrFault(l: Lifter, bytes: number): void {
  const ea = l.address(0)
  const low = l.source.mode === 64 ? l.pure('i32.wrap_i64', ea) : ea
  l.if(l.pure('i32.and', low, l.i32(bytes - 1)), () => l.fault(EXCEPTION['#GP'].vector))
}

const move: Lifting = (l) => l.set(0, l.get(1, l.bits(0)))

const zeroExtend: Lifting = (l) => l.set(0, l.resize(l.get(1), l.bits(1), l.bits(0)))
const signExtend: Lifting = (l) => l.set(0, l.resize(l.get(1), l.bits(1), l.bits(0), true))

/** LEA: the effective address cut or extended to the operand size; no segment, no access. */
const loadAddress: Lifting = (l) => {
  const from = l.source.mode === 64 ? 64 : 32
  l.set(0, l.resize(l.address(1), from, l.bits(0)))
}

/** CBW, CWDE, CDQE. */
const extendAccumulator =
  (to: 16 | 32 | 64): Lifting =>
  (l) => {
    const from = (to / 2) as Bits
    l.setGpr(RAX, to, l.resize(l.gpr(RAX, from), from, to, true))
  }

/** CWD, CDQ, CQO. */
const extendIntoDx =
  (bits: 16 | 32 | 64): Lifting =>
  (l) => {
    const sign = l.signed(bits, l.gpr(RAX, bits))
    l.setGpr(RDX, bits, l.int('shr_s', bits, sign, l.number(bits, bits === 64 ? 63 : 31)))
  }

const swapBytes = (l: Lifter, bits: Bits, v: Value): Value => {
  if (bits === 16) return l.cut(16, l.pure('i32.or', l.pure('i32.shl', v, l.i32(8)), l.pure('i32.shr_u', v, l.i32(8))))
  if (bits === 32) {
    const odd = l.pure('i32.and', l.pure('i32.rotl', v, l.i32(8)), l.i32(0x00ff00ff))
    return l.pure('i32.or', odd, l.pure('i32.and', l.pure('i32.rotr', v, l.i32(8)), l.i32(0xff00ff00)))
  }
  const half = (w: Value) => l.pure('i64.extend_i32_u', swapBytes(l, 32, w))
  const low = half(l.pure('i32.wrap_i64', v))
  const high = half(l.pure('i32.wrap_i64', l.pure('i64.shr_u', v, l.i64(32))))
  return l.pure('i64.or', l.pure('i64.shl', low, l.i64(32)), high)
}

/** BSWAP of a 16-bit register gives 0 on the processors that were tried; undefined (SDM vol. 2A, BSWAP). */
const byteSwap: Lifting = (l) => {
  const bits = l.bits(0)
  l.modify(0, (v) => (bits === 16 ? l.i32(0) : swapBytes(l, bits, v)))
}

const moveBigEndian: Lifting = (l) => {
  const bits = l.bits(0)
  l.set(0, swapBytes(l, bits, l.get(1)))
}

/** ADCX and ADOX: one flag in, the same flag out. */
const carryChain =
  (bit: number, mask: number): Lifting =>
  (l) => {
    const bits = l.bits(0)
    const b = l.get(1)
    const a = l.get(0)
    const sum = l.int('add', bits, a, b)
    const r = l.int('add', bits, sum, l.bool(l.flag(bit), bits))
    const carry = l.pure('i32.or', l.exact('lt_u', bits, sum, a), l.exact('lt_u', bits, r, sum))
    l.set(0, r)
    l.setFlagBits(mask, l.inPlace(bit, carry))
  }

const translateByte: Lifting = (l) => l.setGpr(RAX, 8, l.load(0, 8))

/** ASCII and decimal adjustment (SDM vol. 2A, AAA to DAS): flags of the result, CF and AF by the rule. */
function adjustDecimal(name: 'add' | 'sub'): Lifting {
  return (l) => {
    const al = l.gpr(RAX, 8)
    const oldCarry = l.flag(CF_BIT)
    const low = l.pure('i32.or', l.pure('i32.gt_u', l.pure('i32.and', al, l.i32(15)), l.i32(9)), l.flag(AF_BIT))
    const first = l.int(name, 8, al, l.select(low, l.i32(6), l.i32(0)))
    const high = l.pure('i32.or', l.pure('i32.gt_u', al, l.i32(0x99)), oldCarry)
    const r = l.int(name, 8, first, l.select(high, l.i32(0x60), l.i32(0)))
    // DAS also reports the borrow of its first step (SDM vol. 2A, DAS, "Operation").
    const borrow = l.pure('i32.and', low, l.pure('i32.lt_u', al, l.i32(6)))
    const carry = name === 'sub' ? l.pure('i32.or', high, borrow) : high
    l.setGpr(RAX, 8, r)
    l.setResultFlags(8, r)
    l.setFlagBits(CF | AF | OF, l.pure('i32.or', carry, l.inPlace(AF_BIT, low)))
  }
}

function adjustAscii(name: 'add' | 'sub'): Lifting {
  return (l) => {
    const ax = l.gpr(RAX, 16)
    const low = l.pure('i32.and', ax, l.i32(15))
    const adjust = l.pure('i32.or', l.pure('i32.gt_u', low, l.i32(9)), l.flag(AF_BIT))
    const r = l.pure('i32.and', l.int(name, 16, ax, l.select(adjust, l.i32(0x106), l.i32(0))), l.i32(0xff0f))
    l.setGpr(RAX, 16, r)
    l.setResultFlags(8, l.cut(8, r))
    l.setFlagBits(CF | AF | OF, l.pure('i32.or', adjust, l.inPlace(AF_BIT, adjust)))
  }
}

const multiplyAdjust: Lifting = (l) => {
  const base = l.get(0, 8)
  l.if(l.pure('i32.eqz', base), () => l.fault(EXCEPTION['#DE'].vector))
  const al = l.gpr(RAX, 8)
  const quotient = l.pure('i32.div_u', al, base)
  const r = l.pure('i32.rem_u', al, base)
  l.setGpr(RAX, 16, l.pure('i32.or', r, l.pure('i32.shl', quotient, l.i32(8))))
  l.setFlags(FlagKind.logic, 8, r, r, r)
}

const divideAdjust: Lifting = (l) => {
  const ax = l.gpr(RAX, 16)
  const high = l.pure('i32.shr_u', ax, l.i32(8))
  const r = l.cut(8, l.pure('i32.add', ax, l.pure('i32.mul', high, l.get(0, 8))))
  l.setGpr(RAX, 16, r)
  l.setFlags(FlagKind.logic, 8, r, r, r)
}

/** SETcc, CMOVcc: the condition is the low four bits of the opcode. */
const setByCondition =
  (code: number): Lifting =>
  (l) =>
    l.set(0, l.condition(code))

/** The source is read, and can fault, whatever the condition; a 32-bit destination is cleared above bit 31 either way. */
const moveByCondition =
  (code: number): Lifting =>
  (l) => {
    const source = l.get(1)
    l.set(0, l.select(l.condition(code), source, l.get(0)))
  }

const CONDITIONS = 'o no b ae e ne be a s ns p np l ge le g'.split(' ')

const STATUS_WITHOUT_OVERFLOW = CF | PF | AF | ZF | SF

const loadAh: Lifting = (l) => {
  const flags = l.pure('i32.and', l.allFlags(), l.i32(STATUS_WITHOUT_OVERFLOW))
  l.storeState(gprOffset(RAX) + 1, 8, l.pure('i32.or', flags, l.i32(2)))
}

const storeAh: Lifting = (l) => l.setFlagBits(STATUS_WITHOUT_OVERFLOW, l.pure('i32.shr_u', l.gpr(RAX, 16), l.i32(8)))

const setCarry =
  (change: (l: Lifter) => Value): Lifting =>
  (l) =>
    l.setFlagBits(CF, change(l))

/** SALC: AL = -CF (documented by nobody, executed by all). */
const carryIntoAl: Lifting = (l) => l.setGpr(RAX, 8, l.int('sub', 8, l.i32(0), l.flag(CF_BIT)))

export const INTEGER: Readonly<Record<string, Lifting>> = {
  add: arithmetic(FlagKind.add, op('add')),
  adc: arithmetic(FlagKind.add, withCarry('add')),
  sub: arithmetic(FlagKind.sub, op('sub')),
  sbb: arithmetic(FlagKind.sub, withCarry('sub')),
  and: arithmetic(FlagKind.logic, op('and')),
  or: arithmetic(FlagKind.logic, op('or')),
  xor: arithmetic(FlagKind.logic, op('xor')),
  cmp: compare(FlagKind.sub, op('sub')),
  test: compare(FlagKind.logic, op('and')),
  inc: increment,
  dec: decrement,
  neg: negate,
  not: complement,
  xadd: exchangeAdd,
  xchg: exchange,
  cmpxchg: compareExchange,
  cmpxchg8b: compareExchangePair(32),
  cmpxchg16b: compareExchangePair(64),
  mov: move,
  movnti: move,
  movzx: zeroExtend,
  movsx: signExtend,
  movsxd: signExtend,
  movbe: moveBigEndian,
  lea: loadAddress,
  bswap: byteSwap,
  cbw: extendAccumulator(16),
  cwde: extendAccumulator(32),
  cdqe: extendAccumulator(64),
  cwd: extendIntoDx(16),
  cdq: extendIntoDx(32),
  cqo: extendIntoDx(64),
  adcx: carryChain(CF_BIT, CF),
  adox: carryChain(OF_BIT, OF),
  xlatb: translateByte,
  daa: adjustDecimal('add'),
  das: adjustDecimal('sub'),
  aaa: adjustAscii('add'),
  aas: adjustAscii('sub'),
  aam: multiplyAdjust,
  aad: divideAdjust,
  lahf: loadAh,
  sahf: storeAh,
  clc: setCarry((l) => l.i32(0)),
  stc: setCarry((l) => l.i32(1)),
  cmc: setCarry((l) => l.pure('i32.xor', l.flag(CF_BIT), l.i32(1))),
  salc: carryIntoAl,
  ...Object.fromEntries(CONDITIONS.map((c, n) => [`set${c}`, setByCondition(n)])),
  ...Object.fromEntries(CONDITIONS.map((c, n) => [`cmov${c}`, moveByCondition(n)])),
}
