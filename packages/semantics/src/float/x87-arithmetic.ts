/** Routines of x87 arithmetic (SDM vol. 1, 8.3.5, 8.3.6). Words: described at each. */
import type { Routine } from '../helpers/types.ts'
import type { Value } from '../ir/types.ts'
import { add, divide, multiply, squareRoot } from './arithmetic.ts'
import { compare } from './compare.ts'
import { toIntegral } from './convert.ts'
import type { Parts } from './format.ts'
import { DESTINATION, Fpu, type FpuOperation, resultTop } from './fpu.ts'
import { operand } from './x87-operands.ts'

/** Options of two-operand arithmetic, word 2. */
export const ARITHMETIC = { subtract: 1, reverse: 2, pop: 4 } as const

type Work = (op: FpuOperation, x: Parts, y: Parts, negate: Value) => void

/** Words: destination ST(i), source (`SOURCE`), options. */
const arithmetic =
  (work: Work): Routine =>
  (b) => {
    const fpu = new Fpu(b)
    const { f } = fpu
    const options = b.argumentWord(2)
    const op = fpu.operation(true)
    const target = fpu.physical(b.argumentWord(0))
    const source = operand(fpu, b.argumentWord(1))
    const destination = fpu.parts(target)
    const reverses = f.bit(options, 1)
    const [x, y] = inOrder(fpu, reverses, destination, source.parts)
    op.narrowDenormal = source.isDenormal
    b.if(
      f.or(fpu.isEmpty(target), source.isEmpty),
      () => op.stackFault(0),
      () => work(op, x, y, f.and(options, f.n(ARITHMETIC.subtract))),
    )
    fpu.commit(op, DESTINATION.register, () => {
      fpu.write(target, op.significand.get(), resultTop(op))
      fpu.markFull(target)
      fpu.popIf(f.bit(options, 2))
    })
  }

function inOrder({ f }: Fpu, reverses: Value, x: Parts, y: Parts): readonly [Parts, Parts] {
  const choose = (first: Parts, second: Parts): Parts => ({
    sign: f.select(reverses, second.sign, first.sign),
    exponent: f.variable32(f.select(reverses, second.exponent.get(), first.exponent.get())),
    significand: f.variable64(f.select(reverses, second.significand.get(), first.significand.get())),
  })
  return [choose(x, y), choose(y, x)]
}

/** An operation on ST(0) alone. */
const unary =
  (work: (op: FpuOperation, x: Parts, fpu: Fpu) => void, usesPrecisionControl: boolean): Routine =>
  (b) => {
    const fpu = new Fpu(b)
    const op = fpu.operation(usesPrecisionControl)
    const top = fpu.top()
    const x = fpu.parts(top)
    b.if(
      fpu.isEmpty(top),
      () => op.stackFault(0),
      () => work(op, x, fpu),
    )
    fpu.commit(op, DESTINATION.register, () => {
      fpu.write(top, op.significand.get(), resultTop(op))
      fpu.markFull(top)
    })
  }

/** Options of comparisons, word 1: a quiet NaN is valid; the number of pops; the relation does not go to C0, C2 and C3. */
export const COMPARISON = { quiet: 1, pop: 2, popTwice: 4, flags: 8 } as const

const UNORDERED = 8

/**
 * Words: source, options. Element 0: the relation (`RELATION`). C0 is less, C3 equal, and all three are set where there is no order.
 * An unmasked exception keeps the stack, but not the codes: SDM vol. 2A (FCOM, FCOMI) says that an unmasked #IA leaves codes and
 * flags as they are; silicon (AMD's, that was tried) sets them.
 */
const comparison: Routine = (b) => {
  const fpu = new Fpu(b)
  const { f } = fpu
  const options = b.argumentWord(1)
  const op = fpu.operation()
  const top = fpu.top()
  const x = fpu.parts(top)
  const source = operand(fpu, b.argumentWord(0))
  op.narrowDenormal = source.isDenormal
  // Both are popped where an operand of FCOMPP is missing, too.
  const relation = f.variable32(f.n(0))
  b.if(
    f.or(fpu.isEmpty(top), source.isEmpty),
    () => {
      op.stackFault(0)
      relation.set(f.n(UNORDERED))
    },
    () => compare(op, x, source.parts, f.not(f.and(options, f.n(COMPARISON.quiet))), relation),
  )
  const found = relation.get()
  b.argument(0, f.extend(found))
  b.if(f.not(f.and(options, f.n(COMPARISON.flags))), () => fpu.setCodes(codesOf(fpu, found)))
  fpu.commit(op, DESTINATION.register, () => {
    fpu.popIf(f.and(options, f.n(COMPARISON.pop | COMPARISON.popTwice)))
    fpu.popIf(f.and(options, f.n(COMPARISON.popTwice)))
  })
}

const [C0_SHIFT, C2_SHIFT, C3_SHIFT] = [8, 10, 14]

function codesOf({ f }: Fpu, relation: Value): Value {
  const unordered = f.bit(relation, 3)
  const less = f.or(f.bit(relation, 0), unordered)
  const equal = f.or(f.bit(relation, 1), unordered)
  const at = (v: Value, shift: number) => f.i32('shl', v, f.n(shift))
  return f.or(at(less, C0_SHIFT), at(unordered, C2_SHIFT), at(equal, C3_SHIFT))
}

export const X87_ARITHMETIC: Readonly<Record<string, Routine>> = {
  'x87.add': arithmetic(add),
  'x87.mul': arithmetic((op, x, y) => multiply(op, x, y)),
  'x87.div': arithmetic((op, x, y) => divide(op, x, y)),
  'x87.sqrt': unary((op, x) => squareRoot(op, x), true),
  'x87.round': unary((op, x, fpu) => toIntegral(op, x, fpu.rounding(), fpu.f.n(0), true), false),
  'x87.compare': comparison,
}
