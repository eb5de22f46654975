/**
 * The usual exception and the usual return of a 64-bit kernel, where everything that they read and write lies in pages that can be
 * accessed at once, and every check passes. Anything else is left to `enterLong` and `iret`, which see nothing of the attempt: what
 * is decided here, they would decide in the same way, descriptor by descriptor.
 */
import {
  CODE_SEGMENT_TYPE,
  type CpuState,
  cplOf,
  DATA_SEGMENT_TYPE,
  FIELD,
  INTERRUPT_GATE,
  RFLAGS,
  SEGMENT,
  SEGMENT_DESCRIPTOR,
  SELECTOR,
  SYSTEM_TYPE,
  TSS64,
} from '@ringfold/arch'
import type { LinearMemory } from '@ringfold/contracts'
import type { RuleContext } from '../context.ts'
import { PLAIN_FLAGS, replaceFlags } from '../flags.ts'
import { accessAt, is64Bit, isCanonical } from '../mode.ts'
import { Descriptor, SYSTEM_ACCESS } from '../segments/descriptor.ts'
import { invalidateDataSegments, setCode, setFromDescriptor, setNullStack } from '../segments/registers.ts'
import { frame } from './frame.ts'

const GATE_BYTES = 16
const DESCRIPTOR_BYTES = 8
/** Five slots: RIP, CS, RFLAGS, RSP, SS. */
const FRAME_BYTES = 40
const { lo: F } = RFLAGS
const { shift: D } = SEGMENT_DESCRIPTOR
const { RSP0, RSP1, IST1, IST2 } = TSS64.offset
const RSP_BYTES = RSP1 - RSP0
const IST_BYTES = IST2 - IST1
const { IST, OFFSET } = INTERRUPT_GATE.hi
const { DPL } = SEGMENT_DESCRIPTOR.hi
const { RPL, TI, INDEX } = SELECTOR.lo
const { rip, rsp, cs, ss, systemFlags, idtrBase, idtrLimit, gdtrBase, gdtrLimit, trBase, trLimit } = FIELD

/** A gate that is present, and an interrupt gate or, with bit 0 of the type, a trap gate. */
const [GATE_MASK, GATE_VALUE, TRAP] = /* @__PURE__ */ (() => {
  const { P, S, TYPE } = INTERRUPT_GATE.hi
  const { TYPE: type } = INTERRUPT_GATE.shift
  return [P | S | (TYPE & ~(1 << type)), P | (SYSTEM_TYPE.INTERRUPT_GATE << type), 1 << type] as const
})()

/** Descriptors that are present and accessed: 64-bit code that is not conforming, and data that may be written. */
const [CODE_MASK, CODE_VALUE, STACK_MASK, STACK_VALUE] = /* @__PURE__ */ (() => {
  const { P, S, L, DB } = SEGMENT_DESCRIPTOR.hi
  const { CODE, C, A } = CODE_SEGMENT_TYPE.lo
  const { W } = DATA_SEGMENT_TYPE.lo
  const type = (bits: number) => bits << D.TYPE
  return [
    P | S | L | DB | type(CODE | C | A),
    P | S | L | type(CODE | A),
    P | S | type(CODE | W | A),
    P | S | type(W | A),
  ] as const
})()

const code = /* @__PURE__ */ new Descriptor()
const stackSegment = /* @__PURE__ */ new Descriptor()

/** Where an entry of a table lies in `linear.direct`; -1: not within the limit, or not there at once. */
function entryAt(
  linear: LinearMemory,
  baseLo: number,
  baseHi: number,
  limit: number,
  offset: number,
  bytes: number,
): number {
  const lo = baseLo + offset
  if (offset + bytes - 1 > limit || lo > 0xffffffff || linear.directOffset === undefined) return -1
  return linear.directOffset(bytes, lo, baseHi, SYSTEM_ACCESS, false)
}

/** Reads the descriptor of a selector of the GDT, if it is of this kind. */
function readGdt(ctx: RuleContext, selector: number, mask: number, value: number, into: Descriptor): boolean {
  const { state, linear } = ctx
  const { direct } = linear
  const index = selector & INDEX
  if (direct === undefined || (selector & TI) !== 0 || index === 0) return false
  const limit = state.first(gdtrLimit) & 0xffff
  const at = entryAt(linear, state.first(gdtrBase), state.hi(gdtrBase), limit, index, DESCRIPTOR_BYTES)
  if (at < 0) return false
  const hi = direct.getInt32(at + 4, true)
  if ((hi & mask) !== value) return false
  into.selector = selector
  into.lo = direct.getInt32(at, true)
  into.hi = hi
  return true
}

/** As `enterLong`, after `frame.begin`. @returns whether the event is delivered; if not, nothing was changed */
export function enterDirect(ctx: RuleContext): boolean {
  const { state, linear } = ctx
  const { direct } = linear
  if (direct === undefined) return false
  const offset = frame.vector * GATE_BYTES
  const gate = entryAt(linear, state.first(idtrBase), state.hi(idtrBase), state.first(idtrLimit), offset, GATE_BYTES)
  if (gate < 0) return false
  const gateLo = direct.getInt32(gate, true)
  const gateHi = direct.getInt32(gate + 4, true)
  const ripHi = direct.getUint32(gate + 8, true)
  if ((gateHi & GATE_MASK) !== GATE_VALUE || !isCanonical(state, ripHi)) return false
  const cpl = cplOf(state)
  if (frame.checksDpl && (gateHi & DPL) >>> D.DPL < cpl) return false
  if (!readGdt(ctx, gateLo >>> 16, CODE_MASK, CODE_VALUE, code)) return false
  const { dpl } = code
  if (dpl > cpl || !pushFrame(ctx, direct, dpl, dpl < cpl, gateHi & IST)) return false
  if (dpl < cpl) setNullStack(state, dpl)
  setCode(state, code, dpl)
  state.set(rip, (gateLo & 0xffff) | (gateHi & OFFSET), ripHi)
  const cleared = F.TF | F.NT | F.RF | F.VM | ((gateHi & TRAP) === 0 ? F.IF : 0)
  state.setFirst(systemFlags, state.first(systemFlags) & ~cleared)
  return true
}

/** Pushes the frame on the stack of a level, or one of the TSS, and makes it the current one. */
function pushFrame(ctx: RuleContext, direct: DataView, level: number, isInner: boolean, ist: number): boolean {
  const { state, linear } = ctx
  let lo = state.first(rsp)
  let hi = state.hi(rsp)
  if (isInner || ist !== 0) {
    const pointer = ist === 0 ? RSP0 + level * RSP_BYTES : IST1 + (ist - 1) * IST_BYTES
    const at = entryAt(linear, state.first(trBase), state.hi(trBase), state.first(trLimit), pointer, 8)
    if (at < 0) return false
    lo = direct.getUint32(at, true)
    hi = direct.getUint32(at + 4, true)
  }
  const bytes = FRAME_BYTES + (frame.hasErrorCode ? 8 : 0)
  const top = ((lo & ~0xf) >>> 0) - bytes
  if (top < 0 || linear.directOffset === undefined) return false
  const at = linear.directOffset(bytes, top, hi, accessAt(level), true)
  if (at < 0) return false
  writeFrame(state, direct, at)
  state.set(rsp, top, hi)
  return true
}

function writeFrame(state: CpuState, direct: DataView, to: number): void {
  let at = to
  if (frame.hasErrorCode) {
    direct.setInt32(at, frame.errorCode, true)
    direct.setInt32(at + 4, 0, true)
    at += 8
  }
  direct.setInt32(at, frame.ripLo, true)
  direct.setInt32(at + 4, frame.ripHi, true)
  direct.setInt32(at + 8, state.first(cs), true)
  direct.setInt32(at + 12, 0, true)
  direct.setInt32(at + 16, frame.flags, true)
  direct.setInt32(at + 20, 0, true)
  direct.setInt32(at + 24, state.first(rsp), true)
  direct.setInt32(at + 28, state.hi(rsp), true)
  direct.setInt32(at + 32, state.first(ss), true)
  direct.setInt32(at + 36, 0, true)
}

/** What IRETQ at level 0 changes of the flags. */
const RETURN_FLAGS = /* @__PURE__ */ (() => {
  const { IF, IOPL, RF, VIF, VIP } = RFLAGS.lo
  return PLAIN_FLAGS | IF | IOPL | RF | VIF | VIP
})()

/** As IRETQ of 64-bit code at level 0, with NT clear, to 64-bit code. @returns whether it is done; if not, nothing was changed */
export function returnDirect(ctx: RuleContext): boolean {
  const { state, linear } = ctx
  const { direct } = linear
  if (direct === undefined || linear.directOffset === undefined) return false
  if (!is64Bit(state) || (state.first(systemFlags) & F.NT) !== 0) return false
  const at = linear.directOffset(FRAME_BYTES, state.first(rsp), state.hi(rsp), accessAt(0), false)
  if (at < 0) return false
  const ripHi = direct.getUint32(at + 4, true)
  const selector = direct.getUint16(at + 8, true)
  const stack = direct.getUint16(at + 32, true)
  const level = selector & RPL
  if (!isCanonical(state, ripHi) || !readGdt(ctx, selector, CODE_MASK, CODE_VALUE, code)) return false
  if (code.dpl !== level || (stack & RPL) !== level) return false
  const isNullStack = (stack & ~RPL) === 0
  if (isNullStack ? level === 3 : !readGdt(ctx, stack, STACK_MASK, STACK_VALUE, stackSegment)) return false
  if (!isNullStack && stackSegment.dpl !== level) return false
  replaceFlags(state, direct.getInt32(at + 16, true), RETURN_FLAGS)
  if (isNullStack) setNullStack(state, level, stack)
  else setFromDescriptor(state, SEGMENT.SS, stack, stackSegment)
  state.set(rsp, direct.getUint32(at + 24, true), direct.getUint32(at + 28, true))
  setCode(state, code, level)
  state.set(rip, direct.getUint32(at, true), ripHi)
  if (level !== 0) invalidateDataSegments(state)
  return true
}
