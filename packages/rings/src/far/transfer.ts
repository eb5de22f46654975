import { ACCESS_RIGHTS, cplOf, FIELD, SEGMENT, SYSTEM_TYPE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '../context.ts'
import { checkTarget } from '../events/iret.ts'
import { is64Bit, isLongMode, isRealOrV86, isV86 } from '../mode.ts'
import { Descriptor, isNull, markAccessed, readDescriptor, selectorCode } from '../segments/descriptor.ts'
import { setCode, setRealSegment, setV86Segment } from '../segments/registers.ts'
import { StackCursor } from '../segments/stack.ts'
import { switchTask, TASK_SOURCE } from '../tasks/switch.ts'
import { throughCallGate } from './call-gate.ts'

const target = /* @__PURE__ */ new Descriptor()
const stack = /* @__PURE__ */ new StackCursor()

type Size = 2 | 4 | 8

/**
 * Far JMP to `selector`:offset. `sizeBytes` is the operand size; `nextLo` the offset of the next instruction, which a task switch
 * saves. Faults: #GP, #NP, #TS, #SS with selectors. Intel SDM vol. 2A, JMP; vol. 3A, 6.8.
 */
export function jmpFar(
  ctx: RuleContext,
  selector: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
  nextLo: number,
): RuleStatus {
  if (isRealOrV86(ctx.state)) return realTransfer(ctx, selector, offsetLo, sizeBytes as Size, -1)
  return transfer(ctx, selector, offsetLo, offsetHi, sizeBytes as Size, false, nextLo, 0)
}

/** Far CALL: also pushes CS and `next`. Intel SDM vol. 2A, CALL; vol. 3A, 6.8. */
export function callFar(
  ctx: RuleContext,
  selector: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
  nextLo: number,
  nextHi: number,
): RuleStatus {
  if (isRealOrV86(ctx.state)) return realTransfer(ctx, selector, offsetLo, sizeBytes as Size, nextLo)
  return transfer(ctx, selector, offsetLo, offsetHi, sizeBytes as Size, true, nextLo, nextHi)
}

/** Real and virtual-8086 mode; `returnTo` -1 for a jump. */
function realTransfer(ctx: RuleContext, selector: number, offset: number, size: Size, returnTo: number): RuleStatus {
  const { state } = ctx
  const limit = isV86(state) ? 0xffff : state.lo(FIELD.segLimit, SEGMENT.CS)
  if (offset >>> 0 > limit) return raiseGp(state)
  if (returnTo >= 0) {
    stack.useCurrent(state)
    if (stack.probe(ctx, 2, size, VECTOR.SS, 0) !== 0) return 1
    stack.push(ctx, size, state.lo(FIELD.segSelector, SEGMENT.CS))
    stack.push(ctx, size, returnTo)
    stack.commit(state)
  }
  if (isV86(state)) setV86Segment(state, SEGMENT.CS, selector)
  else setRealSegment(state, SEGMENT.CS, selector)
  state.set(FIELD.rip, offset, 0)
  ctx.host.modeChanged()
  return 0
}

function transfer(
  ctx: RuleContext,
  selector: number,
  offsetLo: number,
  offsetHi: number,
  size: Size,
  calls: boolean,
  nextLo: number,
  nextHi: number,
): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return raiseGp(state)
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, target) !== 0) return 1
  if (!target.isSegment) return throughSystem(ctx, calls, size, nextLo, nextHi)
  if (checkCodeSegment(ctx, target) !== 0) return 1
  if (calls) {
    stack.useCurrent(state)
    if (stack.probe(ctx, 2, size, VECTOR.SS, 0) !== 0) return 1
  }
  if (checkTarget(ctx, offsetLo >>> 0, is64Bit(state) ? offsetHi : 0, target) !== 0) return 1
  if (markAccessed(ctx, target) !== 0) return 1
  if (calls) {
    const mask = size === 2 ? 0xffff : -1
    stack.push(ctx, size, state.lo(FIELD.segSelector, SEGMENT.CS))
    stack.push(ctx, size, nextLo & mask, nextHi)
    stack.commit(state)
  }
  setCode(state, target, cplOf(state))
  state.set(FIELD.rip, offsetLo, offsetHi)
  ctx.host.modeChanged()
  return 0
}

/** A code segment that a jump or call names itself (Intel SDM vol. 3A, 6.8.1). */
function checkCodeSegment(ctx: RuleContext, code: Descriptor): RuleStatus {
  const { state } = ctx
  const cpl = cplOf(state)
  const named = selectorCode(code.selector)
  const { dpl, rpl, isConforming } = code
  const allowed = isConforming ? dpl <= cpl : dpl === cpl && rpl <= cpl
  const { L, DB } = ACCESS_RIGHTS.lo
  const impossible = isLongMode(state) && (code.rights & (L | DB)) === (L | DB)
  if (!code.isCode || !allowed || impossible) return raiseGp(state, named)
  return code.isPresent ? 0 : raise(state, VECTOR.NP, named)
}

/** Call gates, task gates and TSS descriptors. IA-32e mode has 64-bit call gates only (Intel SDM vol. 3A, 6.8.3.1 and 9.7). */
function throughSystem(ctx: RuleContext, calls: boolean, size: Size, nextLo: number, nextHi: number): RuleStatus {
  const { state } = ctx
  const { dpl, rpl, type, selector } = target
  const named = selectorCode(selector)
  const isGate = type === SYSTEM_TYPE.CALL_GATE || (type === SYSTEM_TYPE.CALL_GATE16 && !isLongMode(state))
  const isTask =
    type === SYSTEM_TYPE.TASK_GATE || type === SYSTEM_TYPE.TSS_AVAILABLE || type === SYSTEM_TYPE.TSS16_AVAILABLE
  if (!isGate && (isLongMode(state) || !isTask)) return raiseGp(state, named)
  if (dpl < cplOf(state) || dpl < rpl) return raiseGp(state, named)
  if (!target.isPresent) return raise(state, VECTOR.NP, named)
  if (isGate) return throughCallGate(ctx, target, calls, nextLo, nextHi)
  const tss = type === SYSTEM_TYPE.TASK_GATE ? target.lo >>> 16 : selector
  const saved = size === 2 ? nextLo & 0xffff : nextLo
  return switchTask(ctx, tss, calls ? TASK_SOURCE.CALL : TASK_SOURCE.JUMP, saved, 0, -1)
}
