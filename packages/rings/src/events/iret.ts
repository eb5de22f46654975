import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  CR4 as CR4_TABLE,
  cplOf,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY as INTERRUPTIBILITY_TABLE,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
  SELECTOR as SELECTOR_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '../context.ts'
import { changeableFlags, PLAIN_FLAGS, replaceFlags, writeVirtualFlags } from '../flags.ts'
import { ioplOf, is64Bit, isCanonical, isLongMode, isProtected, isV86 } from '../mode.ts'
import {
  Descriptor,
  isNull,
  markAccessed,
  readDescriptor,
  SYSTEM_ACCESS,
  selectorCode,
} from '../segments/descriptor.ts'
import {
  invalidateDataSegments,
  setCode,
  setFromDescriptor,
  setNullStack,
  setRealSegment,
  setV86Segment,
} from '../segments/registers.ts'
import { StackCursor } from '../segments/stack.ts'
import { switchTask, TASK_SOURCE } from '../tasks/switch.ts'
import { returnDirect } from './direct.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const CR4 = CR4_TABLE
const FIELD = FIELD_TABLE
const INTERRUPTIBILITY = INTERRUPTIBILITY_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE
const SELECTOR = SELECTOR_TABLE

const stack = /* @__PURE__ */ new StackCursor()
const code = /* @__PURE__ */ new Descriptor()
const stackSegment = /* @__PURE__ */ new Descriptor()
/** IP, CS, flags, SP, SS, then ES, DS, FS, GS of a return to virtual-8086 mode. */
const popped = /* @__PURE__ */ new Uint32Array(9)
let ipHi = 0
let spHi = 0

type Size = 2 | 4 | 8

/**
 * IRET, IRETD, IRETQ: `sizeBytes` 2, 4 or 8; `nextLo` the offset of the next instruction, which a task return saves. Ends the
 * blocking of NMIs. Faults: #GP, #NP, #SS, #TS with selectors, #PF. Intel SDM vol. 2A, IRET; vol. 3A, 7.12 and 7.14.3.
 */
export function iret(ctx: RuleContext, sizeBytes: number, nextLo: number): RuleStatus {
  const { state } = ctx
  const size = sizeBytes as Size
  const status = iretByMode(ctx, size, nextLo)
  // Also where it faults (Intel SDM vol. 3A, 7.7.1).
  state.setFirst(FIELD.interruptibility, state.first(FIELD.interruptibility) & ~INTERRUPTIBILITY.lo.NMI)
  if (status === 0) ctx.host.modeChanged()
  return status
}

function iretByMode(ctx: RuleContext, size: Size, nextLo: number): RuleStatus {
  const { state } = ctx
  if (size === 8 && cplOf(state) === 0 && returnDirect(ctx)) return 0
  stack.useCurrent(state)
  if (!isProtected(state)) return iretReal(ctx, size)
  if (isV86(state)) return iretV86(ctx, size)
  if ((state.first(FIELD.systemFlags) & RFLAGS.lo.NT) !== 0) {
    if (isLongMode(state)) return raiseGp(state)
    const base = state.first(FIELD.trBase)
    if (ctx.linear.read(2, base, 0, SYSTEM_ACCESS) !== 0) return 1
    return switchTask(ctx, ctx.linear.lo, TASK_SOURCE.IRET, nextLo, 0, -1)
  }
  return iretProtected(ctx, size)
}

/** Five slots of 8 bytes in halves. */
const slots = /* @__PURE__ */ new Uint32Array(10)

/** Reads `count` slots from `first` on into `popped`. */
function pop(ctx: RuleContext, first: number, count: number, size: Size): RuleStatus {
  if (size === 8 && stack.peekDirect64(ctx, first + count, slots)) {
    for (let n = first; n < first + count; n++) popped[n] = slots[2 * n] as number
    if (first === 0) ipHi = slots[1] as number
    else spHi = slots[7] as number
    return 0
  }
  for (let n = first; n < first + count; n++) {
    if (stack.peek(ctx, n, size, VECTOR.SS) !== 0) return 1
    popped[n] = ctx.linear.lo
    if (n === 0) ipHi = size === 8 ? ctx.linear.hi : 0
    if (n === 3) spHi = size === 8 ? ctx.linear.hi : 0
  }
  return 0
}

function iretReal(ctx: RuleContext, size: Size): RuleStatus {
  const { state } = ctx
  if (pop(ctx, 0, 3, size) !== 0) return 1
  if ((popped[0] as number) > state.first(FIELD.csLimit)) return raiseGp(state)
  stack.move(3 * size)
  stack.commit(state)
  setRealSegment(state, SEGMENT.CS, popped[1] as number)
  state.set(FIELD.rip, popped[0] as number, 0)
  const { IF, IOPL, RF } = RFLAGS.lo
  const all = PLAIN_FLAGS | IF | IOPL | RF
  replaceFlags(state, popped[2] as number, size === 2 ? all & 0xffff : all)
  return 0
}

/** Within virtual-8086 mode (Intel SDM vol. 3B, 22.2.7 and 22.3). */
function iretV86(ctx: RuleContext, size: Size): RuleStatus {
  const { state } = ctx
  const trusted = ioplOf(state) === 3
  if (!trusted && (size !== 2 || (state.first(FIELD.cr4) & CR4.lo.VME) === 0)) return raiseGp(state)
  if (pop(ctx, 0, 3, size) !== 0) return 1
  if ((popped[0] as number) > 0xffff) return raiseGp(state)
  if (trusted) {
    const { IF, RF } = RFLAGS.lo
    replaceFlags(state, popped[2] as number, (PLAIN_FLAGS | IF | RF) & (size === 2 ? 0xffff : -1))
  } else if (writeVirtualFlags(state, popped[2] as number) !== 0) return 1
  stack.move(3 * size)
  stack.commit(state)
  setV86Segment(state, SEGMENT.CS, popped[1] as number)
  state.set(FIELD.rip, popped[0] as number, 0)
  return 0
}

function iretProtected(ctx: RuleContext, size: Size): RuleStatus {
  const { state } = ctx
  const cpl = cplOf(state)
  if (pop(ctx, 0, 3, size) !== 0) return 1
  const flags = popped[2] as number
  if (size !== 2 && cpl === 0 && !isLongMode(state) && (flags & RFLAGS.lo.VM) !== 0) return returnToV86(ctx)
  if (checkReturnCode(ctx, popped[1] as number, code) !== 0) return 1
  const outer = code.rpl > cpl
  const popsStack = outer || is64Bit(state)
  if (popsStack) {
    if (pop(ctx, 3, 2, size) !== 0 || checkReturnStack(ctx, popped[4] as number, code, stackSegment) !== 0) return 1
  }
  if (checkTarget(ctx, popped[0] as number, ipHi, code) !== 0) return 1
  if (markAccessed(ctx, code) !== 0) return 1
  const mask = changeableFlags(state, size) | (size === 2 ? 0 : RFLAGS.lo.RF)
  const { VIF, VIP } = RFLAGS.lo
  replaceFlags(state, flags, size !== 2 && cpl === 0 ? mask | VIF | VIP : mask)
  const target = code.rpl
  if (popsStack) {
    loadReturnStack(ctx, popped[4] as number, target, stackSegment)
    commitReturnStack(ctx, popped[3] as number, spHi, size)
  } else {
    stack.move(3 * size)
    stack.commit(state)
  }
  setCode(state, code, target)
  state.set(FIELD.rip, popped[0] as number, ipHi)
  if (outer) invalidateDataSegments(state)
  return 0
}

/** The segment that a return goes to. Faults: #GP and #NP with the selector. Intel SDM vol. 2A, IRET; vol. 2B, RET. */
export function checkReturnCode(ctx: RuleContext, selector: number, into: Descriptor): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return raiseGp(state)
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, into) !== 0) return 1
  const named = selectorCode(selector)
  const { rpl, dpl, isConforming, rights } = into
  const allowed = isConforming ? dpl <= rpl : dpl === rpl
  const { L, DB } = ACCESS_RIGHTS.lo
  const impossible = isLongMode(state) && (rights & (L | DB)) === (L | DB)
  if (!into.isCode || !allowed || rpl < cplOf(state) || impossible) return raiseGp(state, named)
  return into.isPresent ? 0 : raise(state, VECTOR.NP, named)
}

/** The stack segment of a return. Faults: #GP, #SS with the selector; null is allowed to 64-bit code below level 3. */
export function checkReturnStack(ctx: RuleContext, selector: number, target: Descriptor, into: Descriptor): RuleStatus {
  const { state } = ctx
  const to64 = isLongMode(state) && (target.rights & ACCESS_RIGHTS.lo.L) !== 0
  const { rpl } = target
  if (isNull(selector)) return to64 && rpl !== 3 && (selector & SELECTOR.lo.RPL) === rpl ? 0 : raiseGp(state)
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, into) !== 0) return 1
  const named = selectorCode(selector)
  if (into.rpl !== rpl || into.dpl !== rpl || !into.isWritableData) return raiseGp(state, named)
  if (!into.isPresent) return raise(state, VECTOR.SS, named)
  return markAccessed(ctx, into)
}

/** The offset must lie in the segment, or be canonical for 64-bit code. Fault: #GP(0). */
export function checkTarget(ctx: RuleContext, lo: number, hi: number, target: Descriptor): RuleStatus {
  const { state } = ctx
  const to64 = isLongMode(state) && (target.rights & ACCESS_RIGHTS.lo.L) !== 0
  if (to64) return isCanonical(state, hi) ? 0 : raiseGp(state)
  return lo > target.limit || hi !== 0 ? raiseGp(state) : 0
}

/** Loads the checked stack segment of a return. */
export function loadReturnStack(ctx: RuleContext, selector: number, cpl: number, from: Descriptor): void {
  if (isNull(selector)) setNullStack(ctx.state, cpl, selector)
  else setFromDescriptor(ctx.state, SEGMENT.SS, selector, from)
}

/** A stack of 16 bits takes the low word only (Intel SDM vol. 2A, IRET: "the value of the stack pointer"). */
function commitReturnStack(ctx: RuleContext, lo: number, hi: number, size: Size): void {
  const { state } = ctx
  const wide = size === 8 || (state.first(FIELD.ssAccess) & ACCESS_RIGHTS.lo.DB) !== 0
  if (wide || is64Bit(state)) state.set(FIELD.rsp, lo, hi)
  else state.setLo(FIELD.rsp, ((state.first(FIELD.rsp) & 0xffff0000) | (lo & 0xffff)) >>> 0)
}

/** From level 0 to virtual-8086 mode: nine doublewords (Intel SDM vol. 3B, 22.2.5). */
function returnToV86(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (pop(ctx, 3, 6, 4) !== 0) return 1
  if ((popped[0] as number) > 0xffff) return raiseGp(state)
  const { IF, IOPL, RF, VM, VIF, VIP } = RFLAGS.lo
  replaceFlags(state, popped[2] as number, PLAIN_FLAGS | IF | IOPL | RF | VM | VIF | VIP)
  setV86Segment(state, SEGMENT.CS, popped[1] as number)
  setV86Segment(state, SEGMENT.SS, popped[4] as number)
  setV86Segment(state, SEGMENT.ES, popped[5] as number)
  setV86Segment(state, SEGMENT.DS, popped[6] as number)
  setV86Segment(state, SEGMENT.FS, popped[7] as number)
  setV86Segment(state, SEGMENT.GS, popped[8] as number)
  state.set(FIELD.rsp, popped[3] as number, 0)
  state.set(FIELD.rip, popped[0] as number & 0xffff, 0)
  return 0
}
