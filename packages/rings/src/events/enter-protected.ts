import { CR4, cplOf, EVENT_TYPE, FIELD, INTERRUPT_GATE, RFLAGS, SEGMENT, SYSTEM_TYPE, TSS32 } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '../context.ts'
import { replaceFlags } from '../flags.ts'
import { ioplOf, isV86 } from '../mode.ts'
import {
  Descriptor,
  isNull,
  markAccessed,
  readDescriptor,
  SYSTEM_ACCESS,
  selectorCode,
} from '../segments/descriptor.ts'
import { setCode, setFromDescriptor, setNull, setV86Segment } from '../segments/registers.ts'
import { switchTask, TASK_SOURCE } from '../tasks/switch.ts'
import { frame } from './frame.ts'
import { innerStack, openInnerStack } from './inner-stack.ts'

const gate = /* @__PURE__ */ new Descriptor()
const code = /* @__PURE__ */ new Descriptor()
const IVT_ENTRY_BYTES = 4
const REDIRECTION_BYTES = 32
/** In the order in which a frame from virtual-8086 mode holds them, the last first. */
const V86_SEGMENTS = [SEGMENT.GS, SEGMENT.FS, SEGMENT.DS, SEGMENT.ES] as const

/** Protected mode without IA-32e: 16-bit and 32-bit gates, task gates, virtual-8086 mode (Intel SDM vol. 3A, 7.12; 3B, 22.3). */
export function enterProtected(ctx: RuleContext, event: number, errorCode: number): RuleStatus {
  const { state } = ctx
  frame.begin(state, event, errorCode)
  if (isV86(state) && frame.type === EVENT_TYPE.SOFTWARE_INTERRUPT) {
    const redirected = redirection(ctx)
    if (redirected < 0) return 1
    if (redirected === 1) return enterRedirected(ctx)
    if (ioplOf(state) < 3) return raiseGp(state)
  }
  if (readGate(ctx) !== 0) return 1
  if (gate.type === SYSTEM_TYPE.TASK_GATE) {
    const code = frame.hasErrorCode ? frame.errorCode : -1
    return switchTask(ctx, gate.lo >>> 16, TASK_SOURCE.EVENT, frame.ripLo, frame.ext, code, frame.flags)
  }
  return throughGate(ctx)
}

/** Whether VME sends INT n to the 8086 program: 1, 0, or -1 for a fault. Intel SDM vol. 3B, 22.3.3, table 22-2. */
function redirection(ctx: RuleContext): number {
  const { state, linear } = ctx
  if ((state.lo(FIELD.cr4) & CR4.lo.VME) === 0) return 0
  const base = state.lo(FIELD.segBase, SEGMENT.TR)
  const limit = state.lo(FIELD.segLimit, SEGMENT.TR)
  const { IOMAP } = TSS32.offset
  if (IOMAP + 1 > limit) return raiseGp(state) - 2
  if (linear.read(2, (base + IOMAP) >>> 0, 0, SYSTEM_ACCESS) !== 0) return -1
  const at = linear.lo - REDIRECTION_BYTES + (frame.vector >>> 3)
  if (at < 0 || at > limit) return raiseGp(state) - 2
  if (linear.read(1, (base + at) >>> 0, 0, SYSTEM_ACCESS) !== 0) return -1
  return ((linear.lo >>> (frame.vector & 7)) & 1) === 0 ? 1 : 0
}

/** INT n to the program's own vector table at linear address 0, with IF virtualized if IOPL < 3 (Intel SDM vol. 3B, 22.3.3.4). */
function enterRedirected(ctx: RuleContext): RuleStatus {
  const { state, linear } = ctx
  const { IF, VIF, TF, NT, RF, IOPL } = RFLAGS.lo
  if (linear.read(4, frame.vector * IVT_ENTRY_BYTES, 0, 0) !== 0) return 1
  const target = linear.lo
  const { stack } = frame
  stack.useCurrent(state)
  if (stack.probe(ctx, 3, 2, VECTOR.SS, 0) !== 0) return 1
  const virtual = ioplOf(state) < 3
  const image = virtual ? (frame.flags & ~IF) | IOPL | ((frame.flags & VIF) === 0 ? 0 : IF) : frame.flags
  stack.push(ctx, 2, image & 0xffff)
  stack.push(ctx, 2, state.lo(FIELD.segSelector, SEGMENT.CS))
  stack.push(ctx, 2, frame.ripLo & 0xffff)
  stack.commit(state)
  replaceFlags(state, 0, TF | RF | NT | (virtual ? VIF : IF))
  setV86Segment(state, SEGMENT.CS, target >>> 16)
  state.set(FIELD.rip, target & 0xffff, 0)
  return 0
}

function isGateType(type: number): boolean {
  switch (type) {
    case SYSTEM_TYPE.TASK_GATE:
    case SYSTEM_TYPE.INTERRUPT_GATE16:
    case SYSTEM_TYPE.TRAP_GATE16:
    case SYSTEM_TYPE.INTERRUPT_GATE:
    case SYSTEM_TYPE.TRAP_GATE:
      return true
    default:
      return false
  }
}

/** Reads the gate. Faults: #GP, #NP with its vector. */
function readGate(ctx: RuleContext): RuleStatus {
  const { state, linear } = ctx
  const at = frame.vector * 8
  if (at + 7 > state.lo(FIELD.idtrLimit)) return raiseGp(state, frame.gateCode)
  if (linear.read(8, (state.lo(FIELD.idtrBase) + at) >>> 0, 0, SYSTEM_ACCESS) !== 0) return 1
  gate.lo = linear.lo
  gate.hi = linear.hi
  if (gate.isSegment || !isGateType(gate.type)) return raiseGp(state, frame.gateCode)
  if (frame.checksDpl && gate.dpl < cplOf(state)) return raiseGp(state, frame.gateCode)
  return gate.isPresent ? 0 : raise(state, VECTOR.NP, frame.gateCode)
}

function checkCode(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const selector = gate.lo >>> 16
  if (isNull(selector)) return raiseGp(state, frame.ext)
  if (readDescriptor(ctx, selector, VECTOR.GP, frame.ext, code) !== 0) return 1
  const named = selectorCode(selector, frame.ext)
  if (!code.isCode || code.dpl > cplOf(state)) return raiseGp(state, named)
  if (!code.isPresent) return raise(state, VECTOR.NP, named)
  if (isV86(state) && (code.isConforming || code.dpl !== 0)) return raiseGp(state, named)
  return markAccessed(ctx, code)
}

function throughGate(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (checkCode(ctx) !== 0) return 1
  const wide = gate.type === SYSTEM_TYPE.INTERRUPT_GATE || gate.type === SYSTEM_TYPE.TRAP_GATE
  const sizeBytes = wide ? 4 : 2
  const target = ((gate.lo & 0xffff) | (wide ? gate.hi & INTERRUPT_GATE.hi.OFFSET : 0)) >>> 0
  const cpl = cplOf(state)
  const inner = !code.isConforming && code.dpl < cpl
  const fromV86 = isV86(state)
  const { stack } = frame
  if (inner) {
    if (openInnerStack(ctx, code.dpl, frame.ext, stack) !== 0) return 1
  } else stack.useCurrent(state)
  const slots = 3 + (inner ? 2 : 0) + (fromV86 ? 4 : 0) + (frame.hasErrorCode ? 1 : 0)
  const stackCode = inner ? selectorCode(innerStack.selector, frame.ext) : frame.ext
  if (stack.probe(ctx, slots, sizeBytes, VECTOR.SS, stackCode) !== 0) return 1
  if (target > code.limit) return raiseGp(state, frame.ext)
  pushFrame(ctx, sizeBytes, inner, fromV86)
  if (fromV86) for (const segment of V86_SEGMENTS) setNull(state, segment, 0)
  if (inner) setFromDescriptor(state, SEGMENT.SS, innerStack.selector, innerStack)
  stack.commit(state)
  setCode(state, code, inner ? code.dpl : cpl)
  state.set(FIELD.rip, target, 0)
  const { TF, NT, RF, VM, IF } = RFLAGS.lo
  const masks = gate.type === SYSTEM_TYPE.INTERRUPT_GATE || gate.type === SYSTEM_TYPE.INTERRUPT_GATE16
  replaceFlags(state, 0, TF | NT | RF | VM | (masks ? IF : 0))
  return 0
}

/** The flags that were pushed are those of before: VM in them tells IRET where to return. */
function pushFrame(ctx: RuleContext, sizeBytes: 2 | 4, inner: boolean, fromV86: boolean): void {
  const { state } = ctx
  const { stack } = frame
  const mask = sizeBytes === 2 ? 0xffff : -1
  if (fromV86) for (const segment of V86_SEGMENTS) stack.push(ctx, sizeBytes, state.lo(FIELD.segSelector, segment))
  if (inner) {
    stack.push(ctx, sizeBytes, state.lo(FIELD.segSelector, SEGMENT.SS))
    stack.push(ctx, sizeBytes, state.lo(FIELD.rsp) & mask)
  }
  stack.push(ctx, sizeBytes, frame.flags & mask)
  stack.push(ctx, sizeBytes, state.lo(FIELD.segSelector, SEGMENT.CS))
  stack.push(ctx, sizeBytes, frame.ripLo & mask)
  if (frame.hasErrorCode) stack.push(ctx, sizeBytes, frame.errorCode & mask)
}
