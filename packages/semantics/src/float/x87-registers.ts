/** Routines that move and examine x87 registers (SDM vol. 1, 8.3.3, 8.3.4; vol. 2A by mnemonic). */
import { FSW } from '@ringfold/arch'
import type { Routine } from '../helpers/types.ts'
import type { Value } from '../ir/types.ts'
import { EXTENDED } from './format.ts'
import { DEFAULT_NAN, DESTINATION, Fpu, type FpuOperation } from './fpu.ts'

const { C0, C1, C2, C3 } = FSW.lo

/** `act` where none of the registers is empty; a stack fault else, and `masked` where it is masked. C1 is cleared. */
function unlessEmpty(fpu: Fpu, empty: Value, act: () => void, masked: (op: FpuOperation) => void): void {
  const { b } = fpu
  b.if(
    empty,
    () => {
      const op = fpu.operation()
      op.stackFault(0)
      fpu.commit(op, DESTINATION.register, () => masked(op))
    },
    () => {
      fpu.setCodes(fpu.f.n(0), C1)
      act()
    },
  )
}

function writeNan(fpu: Fpu, physical: Value): void {
  fpu.write(physical, fpu.f.w(DEFAULT_NAN.significand), fpu.f.n(DEFAULT_NAN.top))
  fpu.markFull(physical)
}

/** FXCH. Word 0: ST(i). An empty register counts as the default NaN where the fault is masked. */
const exchange: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const [top, other] = [fpu.top(), fpu.physical(b.argumentWord(0))]
  const swap = () => {
    const [ts, tt, os, ot] = [fpu.significand(top), fpu.topHalf(top), fpu.significand(other), fpu.topHalf(other)]
    const held = [ts, os].map((v) => f.variable64(v))
    const halves = [tt, ot].map((v) => f.variable32(v))
    fpu.write(top, held[1]?.get() as Value, halves[1]?.get() as Value)
    fpu.write(other, held[0]?.get() as Value, halves[0]?.get() as Value)
  }
  unlessEmpty(fpu, f.or(fpu.isEmpty(top), fpu.isEmpty(other)), swap, () => {
    for (const r of [top, other]) b.if(fpu.isEmpty(r), () => writeNan(fpu, r))
    swap()
  })
}

/** FABS (word 0: 1) and FCHS: NaNs too, without an exception. */
const sign: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const top = fpu.top()
  const change = () => {
    const image = fpu.topHalf(top)
    const changed = f.select(b.argumentWord(0), f.and(image, f.n(0x7fff)), f.i32('xor', image, f.n(0x8000)))
    fpu.write(top, fpu.significand(top), changed)
  }
  unlessEmpty(fpu, fpu.isEmpty(top), change, () => writeNan(fpu, top))
}

/** FST, FSTP to a register. Words: ST(i), 1 to pop. */
const copy: Routine = (b) => {
  const fpu = new Fpu(b)
  const [top, target] = [fpu.top(), fpu.physical(b.argumentWord(0))]
  const pop = () => fpu.popIf(b.argumentWord(1))
  const move = () => {
    fpu.write(target, fpu.significand(top), fpu.topHalf(top))
    fpu.markFull(target)
    pop()
  }
  unlessEmpty(fpu, fpu.isEmpty(top), move, () => {
    writeNan(fpu, target)
    pop()
  })
}

/** FSTPNCE. Word 0: ST(i). An empty ST(0) is popped without a fault, and nothing is copied. */
const copyAnyway: Routine = (b) => {
  const fpu = new Fpu(b)
  const [top, target] = [fpu.top(), fpu.physical(b.argumentWord(0))]
  fpu.setCodes(fpu.f.n(0), C1)
  b.if(
    fpu.isEmpty(top),
    () => undefined,
    () => {
      fpu.write(target, fpu.significand(top), fpu.topHalf(top))
      fpu.markFull(target)
    },
  )
  fpu.pop()
}

/** FCMOVcc. Words: ST(i), the condition. Empty registers are a fault whatever the condition. */
const moveIf: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const [top, source] = [fpu.top(), fpu.physical(b.argumentWord(0))]
  const move = () => b.if(b.argumentWord(1), () => fpu.write(top, fpu.significand(source), fpu.topHalf(source)))
  unlessEmpty(fpu, f.or(fpu.isEmpty(top), fpu.isEmpty(source)), move, () => writeNan(fpu, top))
}

/** FXAM: C3, C2, C0 by class, C1 the sign (SDM vol. 2A, FXAM, table 3-37). */
const examine: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const top = fpu.top()
  const significand = fpu.significand(top)
  const image = fpu.topHalf(top)
  const exponent = f.and(image, f.n(0x7fff))
  const hasInteger = f.i64('lt_s', significand, f.w(0))
  const hasFraction = f.some(f.i64('shl', significand, f.w(1)))
  const special = f.select(hasFraction, f.n(C0), f.n(C2 | C0))
  const normal = f.select(f.is(exponent, EXTENDED.special), special, f.n(C2))
  const small = f.select(f.some(significand), f.n(C3 | C2), f.n(C3))
  const found = f.select(exponent, f.select(hasInteger, normal, f.n(0)), small)
  const codes = f.select(fpu.isEmpty(top), f.n(C3 | C0), found)
  const c1 = f.i32('shl', f.i32('shr_u', image, f.n(15)), f.n(FSW.shift.C1))
  fpu.setCodes(f.or(codes, c1), C0 | C1 | C2 | C3)
}

/** The full tag word of the registers into element 0 (SDM vol. 1, 8.1.7). */
const tagWord: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const word = f.variable32(f.n(0))
  const left = f.variable32(f.n(7))
  b.loop(() => {
    const r = left.get()
    const significand = fpu.significand(r)
    const exponent = f.and(fpu.topHalf(r), f.n(0x7fff))
    const isZero = f.and(f.not(exponent), f.i64('eqz', significand))
    const isNormal = f.i32('lt_u', f.i32('sub', exponent, f.n(1)), f.n(EXTENDED.special - 1))
    const isValid = f.and(isNormal, f.i64('lt_s', significand, f.w(0)))
    const used = f.select(isValid, f.n(0), f.select(isZero, f.n(1), f.n(2)))
    const tag = f.select(fpu.isEmpty(r), f.n(3), used)
    word.set(f.or(f.i32('shl', word.get(), f.n(2)), tag))
    left.set(f.i32('sub', r, f.n(1)))
    return f.i32('ge_s', left.get(), f.n(0))
  })
  b.argument(0, f.extend(word.get()))
}

export const X87_REGISTERS: Readonly<Record<string, Routine>> = {
  'x87.exchange': exchange,
  'x87.sign': sign,
  'x87.copy': copy,
  'x87.copyAnyway': copyAnyway,
  'x87.moveIf': moveIf,
  'x87.examine': examine,
  'x87.tagWord': tagWord,
}
