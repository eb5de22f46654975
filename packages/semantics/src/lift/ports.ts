/** IN, OUT, INS, OUTS (SDM vol. 1, chapter 20; vol. 2). Each reaches outside, and a device may move the next event. */
import { SEGMENT } from '@ringfold/arch'
import { helperNumber } from '../helpers/index.ts'
import type { Value } from '../ir/types.ts'
import { type Lifter, RAX, RDI, RDX, RSI } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'
import { advance, type Element, pointer, repeated, SIZES, sourceSegment, step } from './strings.ts'

/** The port of operand `n`: an immediate byte, or DX. */
const portOf = (l: Lifter, n: number): Value =>
  l.source.kind(n) === 'immediate' ? l.source.immediate(n, 8) : l.gpr(RDX, 16)

const input: Lifting = (l) => {
  const bits = l.bits(0)
  l.external()
  l.call(helperNumber('portIn'), portOf(l, 1), l.i32(bits / 8))
  l.setGpr(RAX, bits, l.result(0, bits as 8 | 16 | 32))
  l.leave()
}

const output: Lifting = (l) => {
  const bits = l.bits(1)
  l.external()
  l.call(helperNumber('portOut'), portOf(l, 0), l.i32(bits / 8), l.gpr(RAX, bits))
  l.leave()
}

/** The permission comes first, then the memory: nothing is read from the port that could not be stored. */
const inputString: Element = (l, bits) => {
  const port = l.gpr(RDX, 16)
  l.call(helperNumber('checkIo'), port, l.i32(bits / 8))
  l.probeAt(pointer(l, RDI), bits, SEGMENT.ES)
  l.call(helperNumber('portIn'), port, l.i32(bits / 8))
  l.storeAt(pointer(l, RDI), l.result(0, bits as 8 | 16 | 32), bits, SEGMENT.ES)
  advance(l, RDI, step(l, bits))
  l.leave()
}

const outputString: Element = (l, bits) => {
  const port = l.gpr(RDX, 16)
  l.call(helperNumber('checkIo'), port, l.i32(bits / 8))
  const v = l.loadAt(pointer(l, RSI), bits, sourceSegment(l))
  l.call(helperNumber('portOut'), port, l.i32(bits / 8), v)
  advance(l, RSI, step(l, bits))
  l.leave()
}

const stringOf = (element: Element, bits: Bits): Lifting => {
  const body = repeated(element, bits, false)
  return (l) => {
    l.external()
    body(l)
  }
}

const strings = (name: string, element: Element): readonly (readonly [string, Lifting])[] =>
  ['b', 'w', 'd'].map((suffix) => [`${name}${suffix}`, stringOf(element, SIZES[suffix] as Bits)])

export const PORTS: Readonly<Record<string, Lifting>> = {
  in: input,
  out: output,
  ...Object.fromEntries([...strings('ins', inputString), ...strings('outs', outputString)]),
}
