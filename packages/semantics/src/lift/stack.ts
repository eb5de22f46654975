/** PUSH, POP, ENTER, LEAVE and their kin (SDM vol. 1, chapter 6; vol. 2). */
import { CR0, EXCEPTION, FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { RegisterClassId } from '@ringfold/isa/registers'
import { type Value, ValueType } from '../ir/types.ts'
import { type Lifter, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP } from './lifter.ts'
import type { Lifting } from './registry.ts'
import type { Bits } from './source.ts'

const stackBits = (l: Lifter): Bits => l.source.stackSize

export const stackPointer = (l: Lifter): Value => l.gpr(RSP, stackBits(l))

/** The stack pointer and a distance, cut to the stack's width. */
export const stackPlus = (l: Lifter, pointer: Value, bytes: number): Value =>
  l.int('add', stackBits(l), pointer, l.number(stackBits(l), bytes))

export const setStackPointer = (l: Lifter, pointer: Value): void => l.setGpr(RSP, stackBits(l), pointer)

export const loadStack = (l: Lifter, pointer: Value, bits: number): Value => l.loadAt(pointer, bits, SEGMENT.SS)

export const storeStack = (l: Lifter, pointer: Value, v: Value, bits: number): void =>
  l.storeAt(pointer, v, bits, SEGMENT.SS)

/** Pushes a value; the stack pointer moves last. */
export function pushValue(l: Lifter, v: Value, bits: Bits): void {
  const pointer = stackPlus(l, stackPointer(l), -bits / 8)
  storeStack(l, pointer, v, bits)
  setStackPointer(l, pointer)
}

/** A segment register: zero-extended to 64 bits, but as a 16-bit store into a slot of 32 (SDM vol. 2B, PUSH, "Description"). */
const push: Lifting = (l) => {
  const bits = l.source.operandSize
  if (l.source.registerClass(0) === RegisterClassId.sreg && bits === 64) {
    pushValue(l, l.resize(l.get(0, 16), 16, 64), 64)
    return
  }
  if (l.source.registerClass(0) === RegisterClassId.sreg) {
    pushNarrow(l, bits)
    return
  }
  pushValue(l, l.get(0, bits), bits)
}

function pushNarrow(l: Lifter, bits: Bits): void {
  const v = l.get(0, 16)
  const pointer = stackPlus(l, stackPointer(l), -bits / 8)
  storeStack(l, pointer, v, 16)
  setStackPointer(l, pointer)
}

const pop: Lifting = (l) => {
  const bits = l.source.operandSize
  const pointer = stackPointer(l)
  const v = loadStack(l, pointer, bits)
  const next = stackPlus(l, pointer, bits / 8)
  if (l.isMemory(0)) {
    // An address that begins with rSP is computed after the increment (SDM vol. 2B, POP).
    l.store(0, v, bits, l.source.baseIsStackPointer(0) ? bits / 8 : 0)
    setStackPointer(l, next)
    return
  }
  setStackPointer(l, next)
  l.set(0, v, bits)
}

const ORDER = [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI]

/** Stack pointers at which a frame of real or virtual-8086 mode would wrap within a slot: 7, 9, 11, 13, 15. */
const [FIRST_ODD, ODD_RANGE] = [7, 9]

/** In real and virtual-8086 mode PUSHA raises #GP for some odd stack pointers, not #SS (SDM vol. 2B, PUSHA, exceptions). */
function checkWrappedFrame(l: Lifter, pointer: Value): void {
  const near = l.pure('i32.lt_u', l.pure('i32.sub', pointer, l.i32(FIRST_ODD)), l.i32(ODD_RANGE))
  l.if(l.pure('i32.and', near, l.pure('i32.and', pointer, l.i32(1))), () => {
    const isReal = l.pure('i32.eqz', l.pure('i32.and', l.loadState(FIELD.cr0.offset, 32), l.i32(CR0.lo.PE)))
    const vm = l.pure('i32.and', l.loadState(FIELD.systemFlags.offset, 32), l.i32(RFLAGS.lo.VM))
    l.if(l.pure('i32.or', isReal, vm), () => l.fault(EXCEPTION['#GP'].vector))
  })
}

/** PUSHA, PUSHAD: one probe of the whole frame, so that nothing is pushed where something faults. */
const pushAll =
  (bits: 16 | 32): Lifting =>
  (l) => {
    const top = stackPointer(l)
    checkWrappedFrame(l, top)
    const bottom = stackPlus(l, top, -bits)
    ORDER.forEach((_, n) => {
      l.probeAt(stackPlus(l, top, (-(n + 1) * bits) / 8), bits, SEGMENT.SS)
    })
    ORDER.forEach((register, n) => {
      storeStack(l, stackPlus(l, top, (-(n + 1) * bits) / 8), l.gpr(register, bits), bits)
    })
    setStackPointer(l, bottom)
  }

const popAll =
  (bits: 16 | 32): Lifting =>
  (l) => {
    const pointer = stackPointer(l)
    // From the lowest address on: a fault is that of the first register that is not there.
    const order = ORDER.toReversed()
    const values = order.map((_, n) => loadStack(l, stackPlus(l, pointer, (n * bits) / 8), bits))
    order.forEach((register, n) => {
      if (register !== RSP) l.setGpr(register, bits, values[n] as Value)
    })
    setStackPointer(l, stackPlus(l, pointer, bits))
  }

/** LEAVE: rSP = rBP, then POP rBP. */
const leave: Lifting = (l) => {
  const bits = l.source.operandSize
  const frame = l.gpr(RBP, stackBits(l))
  const v = loadStack(l, frame, bits)
  setStackPointer(l, stackPlus(l, frame, bits / 8))
  l.setGpr(RBP, bits, v)
}

/** ENTER size, level: pushes rBP, copies `level` - 1 frame pointers, and makes room. */
const enter: Lifting = (l) => {
  const bits = l.source.operandSize
  const bytes = bits / 8
  const size = l.resize(l.source.immediate(0, 16), 16, stackBits(l))
  const level = l.pure('i32.and', l.source.immediate(1, 8), l.i32(31))
  const pointer = l.local(stackBits(l) === 64 ? ValueType.i64 : ValueType.i32, stackPlus(l, stackPointer(l), -bytes))
  const frame = l.getLocal(pointer)
  storeStack(l, frame, l.gpr(RBP, bits), bits)
  l.if(level, () => copyFrames(l, bits, level, pointer, frame))
  const end = l.int('sub', stackBits(l), l.getLocal(pointer), size)
  // The end of the new frame must be writable, as if something were pushed there (SDM vol. 2A, ENTER, "Description").
  l.probeAt(end, bits, SEGMENT.SS)
  l.setGpr(RBP, bits, l.resize(frame, stackBits(l), bits))
  setStackPointer(l, end)
}

function copyFrames(l: Lifter, bits: Bits, level: Value, pointer: number, frame: Value): void {
  const bytes = bits / 8
  const from = l.local(stackBits(l) === 64 ? ValueType.i64 : ValueType.i32, l.gpr(RBP, stackBits(l)))
  const left = l.local(ValueType.i32, l.pure('i32.sub', level, l.i32(1)))
  l.if(l.getLocal(left), () =>
    l.loop(() => {
      const source = stackPlus(l, l.getLocal(from), -bytes)
      const target = stackPlus(l, l.getLocal(pointer), -bytes)
      storeStack(l, target, loadStack(l, source, bits), bits)
      l.setLocal(from, source)
      l.setLocal(pointer, target)
      const rest = l.pure('i32.sub', l.getLocal(left), l.i32(1))
      l.setLocal(left, rest)
      return rest
    }),
  )
  const last = stackPlus(l, l.getLocal(pointer), -bytes)
  storeStack(l, last, l.resize(frame, stackBits(l), bits), bits)
  l.setLocal(pointer, last)
}

/** BOUND: #BR unless lower <= index <= upper, signed. */
const bound: Lifting = (l) => {
  const bits = l.bits(0)
  const index = l.signed(bits, l.get(0))
  const lower = l.signed(bits, l.load(1, bits))
  const upper = l.signed(bits, l.load(1, bits, bits / 8))
  const outside = l.pure('i32.or', l.pure('i32.lt_s', index, lower), l.pure('i32.gt_s', index, upper))
  l.if(outside, () => l.fault(EXCEPTION['#BR'].vector))
}

export const STACK: Readonly<Record<string, Lifting>> = {
  push,
  pop,
  pusha: pushAll(16),
  pushad: pushAll(32),
  popa: popAll(16),
  popad: popAll(32),
  enter,
  leave,
  bound,
}
