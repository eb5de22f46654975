/** Segment registers and far transfers: operands here, everything else by the rules of `rings` (SDM vol. 3A, chapters 6 and 7). */
import { EVENT_TYPE, EXCEPTION, FIELD, SEGMENT } from '@ringfold/arch'
import { helperNumber, WIDE_OPERAND } from '../helpers/index.ts'
import type { Value } from '../ir/types.ts'
import { type Lifter, OF_BIT } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'
import { loadStack, setStackPointer, stackPlus, stackPointer } from './stack.ts'

/** The segment-register number of operand `n`: selectors stand 4 bytes apart in the state. */
function segmentNumber(l: Lifter, n: number): Value {
  const distance = l.pure('i32.sub', l.source.registerOffset(n), l.i32(FIELD.segSelector.offset))
  return l.pure('i32.shr_u', distance, l.i32(31 - Math.clz32(FIELD.segSelector.strideBytes)))
}

/** MOV to a segment register: the selector is 16 bits whatever the operand size. */
const moveToSegment: Lifting = (l) => {
  l.call(helperNumber('loadSegment'), segmentNumber(l, 0), l.get(1, 16))
  l.leave()
}

/** MOV from a segment register: 16 bits to memory, zero-extended to a register. */
const moveFromSegment: Lifting = (l) => storeSelector(l, l.get(1, 16))

/** SLDT, STR, SMSW and MOV from Sreg store 16 bits to memory and the operand size to a register. */
export function storeSelector(l: Lifter, selector: Value): void {
  if (l.isMemory(0)) l.store(0, selector, 16)
  else l.set(0, l.resize(selector, 16, l.source.operandSize), l.source.operandSize)
}

/** POP of a segment register: rSP moves only if the load succeeds. */
const popSegment =
  (segment: number): Lifting =>
  (l) => {
    const bits = l.source.operandSize
    const pointer = stackPointer(l)
    // Bytes above the selector are not read into anything, but the access is of the whole slot.
    const selector = l.resize(loadStack(l, pointer, bits), bits, 16)
    l.call(helperNumber('loadSegment'), l.i32(segment), selector)
    setStackPointer(l, stackPlus(l, pointer, bits / 8))
    l.leave()
  }

/** LDS, LES, LFS, LGS, LSS: offset, then selector. */
const loadFarPointer =
  (segment: number): Lifting =>
  (l) => {
    const bits = l.bits(0)
    const offset = l.load(1, bits)
    const selector = l.load(1, 16, bits / 8)
    l.call(helperNumber('loadFarSegment'), l.i32(segment), selector)
    l.set(0, offset)
    l.leave()
  }

/** Far JMP and CALL: a pointer in the instruction or in memory. */
const transferFar =
  (rule: 'jmpFar' | 'callFar'): Lifting =>
  (l) => {
    const bits = l.source.operandSize as Bits
    const isPointer = l.source.kind(0) === 'far'
    const offset = isPointer ? l.resize(l.source.farOffset(), 32, 64) : l.resize(l.load(0, bits), bits, 64)
    const selector = isPointer ? l.source.farSelector() : l.load(0, 16, bits / 8)
    l.argument(WIDE_OPERAND.first, offset)
    l.argument(WIDE_OPERAND.second, l.nextRip())
    l.call(helperNumber(rule), selector, l.i32(bits / 8))
    l.transfer()
  }

const returnFar: Lifting = (l) => {
  const extra = l.source.operandCount === 0 ? l.i32(0) : l.source.immediate(0, 16)
  l.call(helperNumber('retFar'), l.i32(l.source.operandSize / 8), extra)
  l.transfer()
}

const nextLo = (l: Lifter): Value => l.pure('i32.wrap_i64', l.nextRip())

const interrupt =
  (type: number, vector: (l: Lifter) => Value): Lifting =>
  (l) => {
    l.call(helperNumber('interrupt'), vector(l), l.i32(type), nextLo(l))
    l.transfer()
  }

const overflowTrap = interrupt(EVENT_TYPE.SOFTWARE_EXCEPTION, (l) => l.i32(EXCEPTION['#OF'].vector))

/** INTO: an instruction of its own only where OF is set. */
const interruptOnOverflow: Lifting = (l) => l.if(l.flag(OF_BIT), () => overflowTrap(l))

const interruptReturn =
  (sizeBytes: number): Lifting =>
  (l) => {
    l.call(helperNumber('iret'), l.i32(sizeBytes), nextLo(l))
    l.transfer()
  }

export const SEGMENTS: Readonly<Record<string, Lifting>> = {
  lds: loadFarPointer(SEGMENT.DS),
  les: loadFarPointer(SEGMENT.ES),
  lfs: loadFarPointer(SEGMENT.FS),
  lgs: loadFarPointer(SEGMENT.GS),
  lss: loadFarPointer(SEGMENT.SS),
  retf: returnFar,
  int: interrupt(EVENT_TYPE.SOFTWARE_INTERRUPT, (l) => l.source.immediate(0, 8)),
  int3: interrupt(EVENT_TYPE.SOFTWARE_EXCEPTION, (l) => l.i32(EXCEPTION['#BP'].vector)),
  int1: interrupt(EVENT_TYPE.PRIVILEGED_SOFTWARE_EXCEPTION, (l) => l.i32(EXCEPTION['#DB'].vector)),
  into: interruptOnOverflow,
  iret: interruptReturn(2),
  iretd: interruptReturn(4),
  iretq: interruptReturn(8),
}

/** Forms whose mnemonic has other forms too. */
export const SEGMENT_FORMS: readonly (readonly [RegExp, Lifting])[] = [
  [/^mov_sreg_/, moveToSegment],
  [/^mov_r\w+_sreg$/, moveFromSegment],
  [/^pop_es$/, popSegment(SEGMENT.ES)],
  [/^pop_ss$/, popSegment(SEGMENT.SS)],
  [/^pop_ds$/, popSegment(SEGMENT.DS)],
  [/^pop_fs/, popSegment(SEGMENT.FS)],
  [/^pop_gs/, popSegment(SEGMENT.GS)],
  [/^jmp_(ptr|m)16/, transferFar('jmpFar')],
  [/^call_(ptr|m)16/, transferFar('callFar')],
]
