/** Near branches (SDM vol. 2: JMP, Jcc, CALL, RET, LOOP, JCXZ). */

import type { Value } from '../ir/types.ts'
import { type Lifter, RCX } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'
import { loadStack, pushValue, setStackPointer, stackPlus, stackPointer } from './stack.ts'

const CONDITIONS = 'o no b ae e ne be a s ns p np l ge le g'.split(' ')

/** Where operand 0 says: a displacement, a register, or memory; zero-extended from the operand size. */
function nearTarget(l: Lifter): Value {
  if (l.source.kind(0) === 'relative') return l.source.target()
  return l.resize(l.get(0, l.source.operandSize), l.source.operandSize, 64)
}

const jump: Lifting = (l) => l.jump(nearTarget(l))

const jumpIf =
  (code: number): Lifting =>
  (l) =>
    l.if(l.condition(code), () => l.jump(l.source.target()))

/** The target is checked before anything is pushed. */
const call: Lifting = (l) => {
  const bits = l.source.operandSize
  l.jump(nearTarget(l))
  pushValue(l, l.resize(l.nextRip(), 64, bits), bits)
}

const ret: Lifting = (l) => {
  const bits = l.source.operandSize
  const pointer = stackPointer(l)
  l.jump(l.resize(loadStack(l, pointer, bits), bits, 64))
  const next = stackPlus(l, pointer, bits / 8)
  const { stackSize, operandCount } = l.source
  if (operandCount === 0) setStackPointer(l, next)
  else setStackPointer(l, l.int('add', stackSize, next, l.resize(l.source.immediate(0, 16), 16, stackSize)))
}

/** The counter's width is the address size. */
const counterBits = (l: Lifter): Bits => l.source.addressSize

function loop(condition: (l: Lifter) => Value | null): Lifting {
  return (l) => {
    const bits = counterBits(l)
    const left = l.int('sub', bits, l.gpr(RCX, bits), l.number(bits, 1))
    const isLeft = l.exact('ne', bits, left, l.number(bits, 0))
    const extra = condition(l)
    // The branch is checked before the counter is written.
    l.if(extra === null ? isLeft : l.pure('i32.and', isLeft, extra), () => l.jump(l.source.target()))
    l.setGpr(RCX, bits, left)
  }
}

const jumpIfCounterZero: Lifting = (l) => {
  const bits = counterBits(l)
  l.if(l.exact('eq', bits, l.gpr(RCX, bits), l.number(bits, 0)), () => l.jump(l.source.target()))
}

export const CONTROL: Readonly<Record<string, Lifting>> = {
  jmp: jump,
  call,
  ret,
  loop: loop(() => null),
  loope: loop((l) => l.condition(4)),
  loopne: loop((l) => l.condition(5)),
  jcxz: jumpIfCounterZero,
  jecxz: jumpIfCounterZero,
  jrcxz: jumpIfCounterZero,
  ...Object.fromEntries(CONDITIONS.map((c, n) => [`j${c}`, jumpIf(n)])),
}
