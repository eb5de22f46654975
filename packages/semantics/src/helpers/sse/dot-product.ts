/** DPPS and DPPD (SDM vol. 2A): products, then sums in pairs; operands as in lanes.ts, word 0 the immediate. */
import { FIELD } from '@ringfold/arch'
import type { StateBuilder } from '../../ir/state-builder.ts'
import type { Value } from '../../ir/types.ts'
import { helperNumber } from '../index.ts'
import type { Routine } from '../types.ts'
import { ELEMENT, FIRST, type LaneBits, SECOND } from './operands.ts'

const bitOf = (b: StateBuilder, n: number): Value =>
  b.pure('i32.and', b.pure('i32.shr_u', b.argumentWord(0), b.i32(n)), b.i32(1))

const zeroOf = (b: StateBuilder, bits: LaneBits): Value => (bits === 32 ? b.i32(0) : b.i64(0))

function operate(b: StateBuilder, bits: LaneBits, name: 'mul' | 'add', x: Value, y: Value): Value {
  b.storeState(ELEMENT, bits, x)
  b.storeState(ELEMENT + 8, bits, y)
  b.call(helperNumber(`f${bits}.${name}`), b.loadState(FIELD.mxcsr.offset, 32))
  return b.loadState(ELEMENT, bits)
}

/** Each stage reports its exceptions, and is the last one where one of them is unmasked. */
function stage(b: StateBuilder, compute: () => void): void {
  b.argument(3, b.i64(0))
  compute()
  b.call(helperNumber('sse.exceptions'))
}

const dotProduct =
  (bits: LaneBits): Routine =>
  (b) => {
    const count = 128 / bits
    const bytes = bits / 8
    const term = (n: number) => b.loadState(FIRST + n * bytes, bits)
    const setTerm = (n: number, v: Value) => b.storeState(FIRST + n * bytes, bits, v)
    stage(b, () => {
      for (let n = 0; n < count; n++)
        b.if(
          bitOf(b, 4 + n),
          () => setTerm(n, operate(b, bits, 'mul', term(n), b.loadState(SECOND + n * bytes, bits))),
          () => setTerm(n, zeroOf(b, bits)),
        )
    })
    for (let step = 1; step < count; step *= 2)
      stage(b, () => {
        for (let n = 0; n < count; n += 2 * step) setTerm(n, operate(b, bits, 'add', term(n), term(n + step)))
      })
    const sum = term(0)
    for (let n = count - 1; n >= 0; n--) setTerm(n, b.select(bitOf(b, n), sum, zeroOf(b, bits)))
  }

export const DOT_PRODUCT_ROUTINES: Readonly<Record<string, Routine>> = {
  'sse.dpps': dotProduct(32),
  'sse.dppd': dotProduct(64),
}
