/** String instructions, an iteration at a time (SDM vol. 2: MOVS, CMPS, STOS, LODS, SCAS, and the REP prefixes). */
import { FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { Prefix } from '@ringfold/isa/decoder'
import { FlagKind } from '../ir/ops.ts'
import type { Value } from '../ir/types.ts'
import { type Lifter, RAX, RCX, RDI, RSI } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

/** Index registers count by the address size; what memory they mean is i64 in 64-bit code. */
export function pointer(l: Lifter, register: number): Value {
  const bits = l.source.addressSize
  return l.source.mode === 64 ? l.resize(l.gpr(register, bits), bits, 64) : l.gpr(register, bits)
}

/** The bytes of an element, negative with DF. */
export function step(l: Lifter, bits: Bits): Value {
  const { addressSize } = l.source
  const down = l.pure('i32.and', l.loadState(FIELD.systemFlags.offset, 32), l.i32(RFLAGS.lo.DF))
  const bytes = bits / 8
  return l.select(down, l.number(addressSize, -bytes), l.number(addressSize, bytes))
}

export function advance(l: Lifter, register: number, by: Value): void {
  const { addressSize } = l.source
  l.setGpr(register, addressSize, l.int('add', addressSize, l.gpr(register, addressSize), by))
}

/** Segment of the source, DS unless overridden: of two memory operands it is the one beside ES:rDI, which may be in ES too. */
export const sourceSegment = (l: Lifter): number => {
  const segments: number[] = []
  for (let n = 0; n < l.source.operandCount; n++) if (l.source.kind(n) === 'memory') segments.push(l.source.segment(n))
  if (segments.length > 1) segments.splice(segments.indexOf(SEGMENT.ES), 1)
  return segments[0] ?? SEGMENT.DS
}

const sourceElement = (l: Lifter, bits: Bits): Value => l.loadAt(pointer(l, RSI), bits, sourceSegment(l))
const destinationElement = (l: Lifter, bits: Bits): Value => l.loadAt(pointer(l, RDI), bits, SEGMENT.ES)
const storeElement = (l: Lifter, bits: Bits, v: Value): void => l.storeAt(pointer(l, RDI), v, bits, SEGMENT.ES)

export type Element = (l: Lifter, bits: Bits) => void

const move: Element = (l, bits) => {
  storeElement(l, bits, sourceElement(l, bits))
  const by = step(l, bits)
  advance(l, RSI, by)
  advance(l, RDI, by)
}

const store: Element = (l, bits) => {
  storeElement(l, bits, l.gpr(RAX, bits))
  advance(l, RDI, step(l, bits))
}

const load: Element = (l, bits) => {
  l.setGpr(RAX, bits, sourceElement(l, bits))
  advance(l, RSI, step(l, bits))
}

const compare: Element = (l, bits) => {
  const a = sourceElement(l, bits)
  const b = destinationElement(l, bits)
  const by = step(l, bits)
  advance(l, RSI, by)
  advance(l, RDI, by)
  l.setFlags(FlagKind.sub, bits, a, b, l.int('sub', bits, a, b))
}

const scan: Element = (l, bits) => {
  const a = l.gpr(RAX, bits)
  const b = destinationElement(l, bits)
  advance(l, RDI, step(l, bits))
  l.setFlags(FlagKind.sub, bits, a, b, l.int('sub', bits, a, b))
}

/**
 * With REP: nothing where the counter is 0; else one iteration, and the same instruction again while the counter is not 0 (and,
 * for comparisons, ZF is as REPE or REPNE wants it). Every iteration retires, so that faults and interrupts find exact counts.
 */
export function repeated(element: Element, bits: Bits, compares: boolean): Lifting {
  return (l) => {
    const { prefixes, addressSize } = l.source
    if ((prefixes & (Prefix.rep | Prefix.repne)) === 0) {
      element(l, bits)
      return
    }
    const counter = l.gpr(RCX, addressSize)
    l.if(l.exact('ne', addressSize, counter, l.number(addressSize, 0)), () => {
      element(l, bits)
      const left = l.int('sub', addressSize, counter, l.number(addressSize, 1))
      l.setGpr(RCX, addressSize, left)
      const more = l.exact('ne', addressSize, left, l.number(addressSize, 0))
      const wanted = compares ? l.pure('i32.and', more, l.condition(prefixes & Prefix.rep ? 4 : 5)) : more
      l.repeat(wanted)
    })
  }
}

export const SIZES: Readonly<Record<string, Bits>> = { b: 8, w: 16, d: 32, q: 64 }
const ELEMENTS: readonly (readonly [string, Element, boolean])[] = [
  ['movs', move, false],
  ['stos', store, false],
  ['lods', load, false],
  ['cmps', compare, true],
  ['scas', scan, true],
]

/** By form name, because MOVSD and CMPSD are SSE2 instructions too: `movsd_y32_x32`. */
export const STRINGS: Readonly<Record<string, Lifting>> = Object.fromEntries(
  ELEMENTS.flatMap(([name, element, compares]) =>
    Object.entries(SIZES).map(([suffix, bits]) => [`${name}${suffix}`, repeated(element, bits, compares)]),
  ),
)
