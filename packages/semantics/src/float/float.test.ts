import { createState, FIELD } from '@ringfold/arch'
import { Evaluator, helperNumber, StateBuilder } from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'

const MASKED = 0x1f80
const [IE, DE, OE, UE, PE] = [1, 2, 8, 16, 32]
const [DOWN, UP, ZERO] = [1 << 13, 2 << 13, 3 << 13]
const [DAZ, FTZ, UM] = [0x40, 0x8000, 0x800]

/** Evaluates a routine by the convention of index.ts: result and exceptions. */
function call(name: string, operands: readonly bigint[], mxcsr = MASKED, option = 0): [string, number] {
  const state = createState()
  const outside = () => {
    throw new Error('routines reach nothing outside the state')
  }
  const memory = { load: outside, store: outside, probe: outside }
  operands.forEach((v, n) => {
    state.write('helperArgument', v, n)
  })
  const b = new StateBuilder()
  b.call(helperNumber(name), b.i32(mxcsr), b.i32(option))
  const environment = { state, memory, call: outside, raise: outside, checkJump: outside }
  new Evaluator(b.code, environment).run(b.code, 0n)
  return [state.read('helperArgument', 0).toString(16), state.lo(FIELD.helperArgument, 3)]
}

const ONE = 0x3ff0000000000000n
const MIN_NORMAL = 0x0010000000000000n

describe('binary64 (SDM vol. 1, 4.8 and 4.9)', () => {
  it('rounds a tie to even, and in the direction of RC', () => {
    const half = 0x3ca0000000000000n
    expect(call('f64.add', [ONE, half])).toEqual(['3ff0000000000000', PE])
    expect(call('f64.add', [ONE + 1n, half])).toEqual(['3ff0000000000002', PE])
    expect(call('f64.add', [ONE, half], MASKED | UP)).toEqual(['3ff0000000000001', PE])
    expect(call('f64.sub', [ONE, half], MASKED | ZERO)).toEqual(['3fefffffffffffff', 0])
  })

  it('gives +0 for equal magnitudes of different signs, -0 when rounding down', () => {
    expect(call('f64.sub', [ONE, ONE])).toEqual(['0', 0])
    expect(call('f64.sub', [ONE, ONE], MASKED | DOWN)).toEqual(['8000000000000000', 0])
  })

  it('detects tininess after rounding: what rounds to the least normal number does not underflow', () => {
    expect(call('f64.mul', [MIN_NORMAL - 1n, ONE + 1n])).toEqual(['10000000000000', DE | PE])
    expect(call('f64.mul', [MIN_NORMAL + 1n, ONE - 1n])).toEqual(['10000000000000', PE])
    expect(call('f64.mul', [MIN_NORMAL, ONE - 1n], MASKED | ZERO)).toEqual(['fffffffffffff', UE | PE])
  })

  it('reports an exact denormal only where underflow is unmasked', () => {
    const half = 0x3fe0000000000000n
    expect(call('f64.mul', [MIN_NORMAL, half])).toEqual(['8000000000000', 0])
    expect(call('f64.mul', [MIN_NORMAL, half], MASKED & ~UM)[1]).toBe(UE)
  })

  it('flushes tiny results where FTZ is set and underflow masked, and denormal operands where DAZ is', () => {
    const half = 0x3fe0000000000000n
    expect(call('f64.mul', [MIN_NORMAL + 1n, half | (1n << 63n)], MASKED | FTZ)).toEqual(['8000000000000000', UE | PE])
    expect(call('f64.add', [1n, 1n], MASKED | DAZ)).toEqual(['0', 0])
    expect(call('f64.add', [1n, 1n])).toEqual(['2', DE])
  })

  it('overflows to infinity or to the largest number by RC', () => {
    const max = 0x7fefffffffffffffn
    expect(call('f64.add', [max, max])).toEqual(['7ff0000000000000', OE | PE])
    expect(call('f64.add', [max, max], MASKED | DOWN)).toEqual(['7fefffffffffffff', OE | PE])
  })

  it('takes the first NaN of two, quiet; a signaling one is invalid', () => {
    expect(call('f64.add', [0x7ff0000000000001n, 0xfff8000000000002n])).toEqual(['7ff8000000000001', IE])
    expect(call('f64.add', [ONE, 0xfff8000000000002n])).toEqual(['fff8000000000002', 0])
    expect(call('f64.sqrt', [0xbff0000000000000n])).toEqual(['fff8000000000000', IE])
  })

  it('divides, takes roots, and multiplies and adds with one rounding', () => {
    expect(call('f64.div', [ONE, 0x4008000000000000n])).toEqual(['3fd5555555555555', PE])
    expect(call('f64.sqrt', [0x4000000000000000n])).toEqual(['3ff6a09e667f3bcd', PE])
    // (1 + 2^-52) * (1 - 2^-52) - 1 = -2^-104
    expect(call('f64.fma', [ONE + 1n, ONE - 2n, 0xbff0000000000000n])).toEqual(['b970000000000000', 0])
  })
})

describe('comparisons and conversions', () => {
  it('orders numbers, zeros alike, and NaNs not at all', () => {
    expect(call('f64.compare', [ONE, 0x4000000000000000n])).toEqual(['1', 0])
    expect(call('f64.compare', [0n, 1n << 63n])).toEqual(['2', 0])
    expect(call('f64.compare', [ONE, 0x7ff8000000000000n])).toEqual(['8', 0])
    expect(call('f64.compare', [ONE, 0x7ff8000000000000n], MASKED, 1)).toEqual(['8', IE])
  })

  it('gives the integer indefinite for what does not fit', () => {
    expect(call('f64.toI32', [0x41e0000000000000n])).toEqual(['80000000', IE])
    expect(call('f64.toI32', [0xc1e0000000000000n])).toEqual(['80000000', 0])
    expect(call('f32.toI64', [0x3fc00000n])).toEqual(['2', PE])
    expect(call('f32.toI64', [0x3fc00000n], MASKED, 1)).toEqual(['1', PE])
  })

  it('narrows, widens, and rounds to integers', () => {
    expect(call('f64.toF32', [0x3ff0000010000000n])).toEqual(['3f800000', PE])
    expect(call('f32.toF64', [1n])).toEqual(['36a0000000000000', DE])
    expect(call('f64.round', [0xbfe0000000000000n], MASKED, 0)).toEqual(['8000000000000000', PE])
    expect(call('f64.round', [0x3fe0000000000001n], MASKED, 2 | 8)).toEqual(['3ff0000000000000', 0])
    expect(call('i64.toF64', [(1n << 53n) + 1n])).toEqual(['4340000000000000', PE])
  })
})
