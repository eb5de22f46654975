/** x87 instructions that compute, load, store and compare (SDM vol. 2A): small IR around the routines of `float`. */
import { FCW, FIELD } from '@ringfold/arch'
import { RELATION } from '../float/index.ts'
import { ROUNDING } from '../float/operation.ts'
import { ARITHMETIC, COMPARISON } from '../float/x87-arithmetic.ts'
import { X87_CONSTANTS, type X87Constant } from '../float/x87-constants.ts'
import { SOURCE } from '../float/x87-operands.ts'
import { helperNumber } from '../helpers/index.ts'
import type { Value } from '../ir/types.ts'
import { AF, CF, type Lifter, OF, PF, SF, ZF, ZF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import { notePointers, raisePendingX87, stackNumber } from './x87-begin.ts'
import { X87_CONTROL } from './x87-control.ts'

const PF_BIT = 2

/** Calls a routine of operations that touch no memory. */
function operate(l: Lifter, routine: string, a: Value = l.zero, b: Value = l.zero, c: Value = l.zero): void {
  notePointers(l)
  l.call(helperNumber(routine), a, b, c)
}

/** An integer or real operand in memory, by the name of the form: raw bits, or the sign-extended integer. */
function loadOperand(l: Lifter, n: number): { value: Value; source: number } {
  const { formName } = l.source
  const bits = l.source.bits(n)
  const v = l.load(n, bits)
  const source = formName.includes('int') ? SOURCE.integer : bits === 32 ? SOURCE.m32 : SOURCE.m64
  if (bits === 64) return { value: v, source }
  if (source !== SOURCE.integer) return { value: l.pure('i64.extend_i32_u', v), source }
  return { value: l.resize(v, bits === 16 ? 16 : 32, 64, true), source }
}

/** The source operand `n` as a word of routines: a register's number, or what memory was loaded as. */
function sourceOf(l: Lifter, n: number): Value {
  if (!l.isMemory(n)) {
    notePointers(l)
    return stackNumber(l, n)
  }
  const { value, source } = loadOperand(l, n)
  notePointers(l, n)
  l.argument(0, value)
  return l.i32(source)
}

const arithmetic =
  (routine: string, options: number): Lifting =>
  (l) => {
    raisePendingX87(l)
    const isRegister = !l.isMemory(0)
    const source = sourceOf(l, isRegister ? 1 : 0)
    const pops = l.source.mnemonic.endsWith('p') ? ARITHMETIC.pop : 0
    l.call(helperNumber(routine), isRegister ? stackNumber(l, 0) : l.zero, source, l.i32(options | pops))
  }

function arithmeticFamily(name: string, routine: string, options: number): Record<string, Lifting> {
  const lifting = arithmetic(routine, options)
  return { [`f${name}`]: lifting, [`f${name}p`]: lifting, [`fi${name}`]: lifting }
}

/** FCOM and its kin: the source is the last operand, ST(1) where there is none. */
const comparison =
  (options: number): Lifting =>
  (l) => {
    raisePendingX87(l)
    const { operandCount } = l.source
    const source = operandCount === 0 ? l.i32(1) : sourceOf(l, operandCount - 1)
    if (operandCount === 0) notePointers(l)
    l.call(helperNumber('x87.compare'), source, l.i32(options))
  }

const compareWithZero: Lifting = (l) => {
  raisePendingX87(l)
  operate(l, 'x87.compare', l.i32(SOURCE.zero), l.zero)
}

/** FCOMI: ZF, PF and CF from the relation, the others cleared. */
const comparisonToFlags =
  (options: number): Lifting =>
  (l) => {
    comparison(options | COMPARISON.flags)(l)
    const relation = l.result(0, 32)
    const has = (bits: number) => l.pure('i32.ne', l.pure('i32.and', relation, l.i32(bits)), l.i32(0))
    const flags = l.pure(
      'i32.or',
      l.pure('i32.or', has(RELATION.less | RELATION.unordered), l.inPlace(PF_BIT, has(RELATION.unordered))),
      l.inPlace(ZF_BIT, has(RELATION.equal | RELATION.unordered)),
    )
    l.setFlagBits(CF | PF | AF | ZF | SF | OF, flags)
  }

const unary =
  (routine: string, word = 0): Lifting =>
  (l) => {
    raisePendingX87(l)
    operate(l, routine, l.i32(word))
  }

const loadReal: Lifting = (l) => {
  raisePendingX87(l)
  if (!l.isMemory(0)) {
    operate(l, 'x87.loadRegister', stackNumber(l, 0))
    return
  }
  const bits = l.source.bits(0)
  if (bits === 80) {
    loadImage(l, 'x87.loadF80')
    return
  }
  l.argument(0, loadOperand(l, 0).value)
  notePointers(l, 0)
  l.call(helperNumber(bits === 32 ? 'x87.loadF32' : 'x87.loadF64'))
}

/** Ten bytes of memory. */
function loadImage(l: Lifter, routine: string): void {
  const low = l.load(0, 64)
  const high = l.load(0, 16, 8)
  l.argument(0, low)
  l.argument(1, l.pure('i64.extend_i32_u', high))
  notePointers(l, 0)
  l.call(helperNumber(routine))
}

const loadInteger: Lifting = (l) => {
  raisePendingX87(l)
  l.argument(0, loadOperand(l, 0).value)
  notePointers(l, 0)
  l.call(helperNumber('x87.loadInteger'))
}

const loadDecimal: Lifting = (l) => {
  raisePendingX87(l)
  loadImage(l, 'x87.loadDecimal')
}

/** FLD1 to FLDZ: rounded as RC says since the 387 (SDM vol. 2A, FLD1). */
const loadConstant =
  ({ top, significand, isNearestUp, isExact }: X87Constant): Lifting =>
  (l) => {
    raisePendingX87(l)
    notePointers(l)
    const low = l.big(BigInt.asIntN(64, significand))
    l.argument(0, isExact ? low : roundedConstant(l, low, isNearestUp))
    l.argument(1, l.i64(top))
    l.call(helperNumber('x87.loadF80'))
  }

/** The constants are positive: cut is rounded down, and toward zero. */
function roundedConstant(l: Lifter, cut: Value, isNearestUp: boolean): Value {
  const control = l.pure('i32.shr_u', l.loadState(FIELD.fpuControl.offset, 32), l.i32(FCW.shift.RC))
  const rounding = l.pure('i32.and', control, l.i32(3))
  const goesUp = l.pure('i32.eq', rounding, l.i32(ROUNDING.up))
  const up = isNearestUp ? l.pure('i32.or', goesUp, l.pure('i32.eqz', rounding)) : goesUp
  return l.pure('i64.add', cut, l.pure('i64.extend_i32_u', up))
}

/** Stores: memory is probed before the routine changes the stack. */
function store(l: Lifter, routine: string, pops: boolean, truncates: boolean): void {
  const bits = l.source.bits(0)
  l.probe(0, bits)
  notePointers(l, 0)
  l.call(helperNumber(routine), l.i32(pops ? 1 : 0), l.i32(truncates ? 1 : 0))
  l.if(l.result(2, 32), () => {
    if (bits <= 32) l.store(0, l.result(0, 32), bits)
    else l.store(0, l.result(0), 64)
    if (bits === 80) l.store(0, l.result(1, 32), 16, 8)
  })
}

const storeReal =
  (pops: boolean): Lifting =>
  (l) => {
    raisePendingX87(l)
    if (l.isMemory(0)) store(l, `x87.storeF${l.source.bits(0)}`, pops, false)
    else operate(l, 'x87.copy', stackNumber(l, 0), l.i32(pops ? 1 : 0))
  }

/** FSTPNCE: an empty ST(0) is no fault. */
const copyAnyway: Lifting = (l) => {
  raisePendingX87(l)
  operate(l, 'x87.copyAnyway', stackNumber(l, 0))
}

const storeInteger =
  (pops: boolean, truncates: boolean): Lifting =>
  (l) => {
    raisePendingX87(l)
    store(l, `x87.storeI${l.source.bits(0)}`, pops, truncates)
  }

const storeDecimal: Lifting = (l) => {
  raisePendingX87(l)
  store(l, 'x87.storeDecimal', true, false)
}

const exchange: Lifting = (l) => {
  raisePendingX87(l)
  operate(l, 'x87.exchange', stackNumber(l, 0))
}

/** The conditions of FCMOVcc as condition codes of Jcc: B, E, BE, U (parity) and their opposites. */
const MOVES: Readonly<Record<string, number>> = { b: 2, e: 4, be: 6, u: 10, nb: 3, ne: 5, nbe: 7, nu: 11 }

const moveIf =
  (code: number): Lifting =>
  (l) => {
    raisePendingX87(l)
    const condition = l.condition(code)
    operate(l, 'x87.moveIf', stackNumber(l, 1), condition)
  }

/** Helpers in TypeScript: `float/transcendental`. */
const TRANSCENDENTAL = 'f2xm1 fyl2x fyl2xp1 fpatan fsin fcos fsincos fptan'.split(' ')

const { subtract, reverse } = ARITHMETIC
const { quiet, pop, popTwice } = COMPARISON

export const X87: Readonly<Record<string, Lifting>> = {
  ...arithmeticFamily('add', 'x87.add', 0),
  ...arithmeticFamily('sub', 'x87.add', subtract),
  ...arithmeticFamily('subr', 'x87.add', subtract | reverse),
  ...arithmeticFamily('mul', 'x87.mul', 0),
  ...arithmeticFamily('div', 'x87.div', 0),
  ...arithmeticFamily('divr', 'x87.div', reverse),
  fcom: comparison(0),
  fcomp: comparison(pop),
  fcompp: comparison(popTwice),
  ficom: comparison(0),
  ficomp: comparison(pop),
  fucom: comparison(quiet),
  fucomp: comparison(quiet | pop),
  fucompp: comparison(quiet | popTwice),
  fcomi: comparisonToFlags(0),
  fcomip: comparisonToFlags(pop),
  fucomi: comparisonToFlags(quiet),
  fucomip: comparisonToFlags(quiet | pop),
  ftst: compareWithZero,
  fxam: unary('x87.examine'),
  fld: loadReal,
  fild: loadInteger,
  fbld: loadDecimal,
  ...Object.fromEntries(Object.entries(X87_CONSTANTS).map(([name, constant]) => [name, loadConstant(constant)])),
  fst: storeReal(false),
  fstp: storeReal(true),
  fstpnce: copyAnyway,
  fist: storeInteger(false, false),
  fistp: storeInteger(true, false),
  fisttp: storeInteger(true, true),
  fbstp: storeDecimal,
  fxch: exchange,
  ...Object.fromEntries(Object.entries(MOVES).map(([name, code]) => [`fcmov${name}`, moveIf(code)])),
  fchs: unary('x87.sign', 0),
  fabs: unary('x87.sign', 1),
  fsqrt: unary('x87.sqrt'),
  frndint: unary('x87.round'),
  fscale: unary('x87.scale'),
  fxtract: unary('x87.extract'),
  fprem: unary('x87.remainder'),
  fprem1: unary('x87.remainderNearest'),
  ...Object.fromEntries(TRANSCENDENTAL.map((name) => [name, unary(`x87.${name}`)])),
  ...X87_CONTROL,
}
