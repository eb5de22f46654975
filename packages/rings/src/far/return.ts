import { ACCESS_RIGHTS, cplOf, FIELD, SEGMENT } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, VECTOR } from '../context.ts'
import { checkReturnCode, checkReturnStack, checkTarget, loadReturnStack } from '../events/iret.ts'
import { is64Bit, isRealOrV86, isV86 } from '../mode.ts'
import { Descriptor, markAccessed } from '../segments/descriptor.ts'
import { invalidateDataSegments, setCode, setRealSegment, setV86Segment } from '../segments/registers.ts'
import { StackCursor } from '../segments/stack.ts'

const stack = /* @__PURE__ */ new StackCursor()
const code = /* @__PURE__ */ new Descriptor()
const stackSegment = /* @__PURE__ */ new Descriptor()
const slots = /* @__PURE__ */ new Uint32Array(8)
type Size = 2 | 4 | 8

/**
 * RETF with operand size 2, 4 or 8, releasing `extraBytes` of parameters, from the outer stack too if it goes outward. Faults: #GP,
 * #NP, #SS with selectors. Intel SDM vol. 2B, RET; vol. 3A, 6.8.6.
 */
export function retFar(ctx: RuleContext, sizeBytes: number, extraBytes: number): RuleStatus {
  const { state } = ctx
  const size = sizeBytes as Size
  stack.useCurrent(state)
  if (pop(ctx, 0, 0, size) !== 0 || pop(ctx, 1, size, size) !== 0) return 1
  if (isRealOrV86(state)) return retReal(ctx, size, extraBytes)
  const lo = slots[0] as number
  const hi = slots[1] as number
  if (checkReturnCode(ctx, slots[2] as number, code) !== 0) return 1
  const outer = code.rpl > cplOf(state)
  if (outer) {
    // SP and SS stand above the parameters.
    if (pop(ctx, 2, 2 * size + extraBytes, size) !== 0 || pop(ctx, 3, 3 * size + extraBytes, size) !== 0) return 1
    if (checkReturnStack(ctx, slots[6] as number, code, stackSegment) !== 0) return 1
  }
  if (checkTarget(ctx, lo, hi, code) !== 0 || markAccessed(ctx, code) !== 0) return 1
  if (outer) loadReturnStack(ctx, slots[6] as number, code.rpl, stackSegment)
  setCode(state, code, code.rpl)
  if (outer) releaseOuter(ctx, extraBytes, size)
  else {
    stack.move(2 * size + extraBytes)
    stack.commit(state)
  }
  state.set(FIELD.rip, lo, hi)
  if (outer) invalidateDataSegments(state)
  ctx.host.modeChanged()
  return 0
}

/** Reads at `offset` bytes above the stack pointer into a pair of `slots`. */
function pop(ctx: RuleContext, slot: number, offset: number, size: Size): RuleStatus {
  if (stack.peek(ctx, offset / size, size, VECTOR.SS) !== 0) return 1
  slots[2 * slot] = ctx.linear.lo
  slots[2 * slot + 1] = size === 8 ? ctx.linear.hi : 0
  return 0
}

/** The outer stack pointer, plus the parameters that are released there too. */
function releaseOuter(ctx: RuleContext, extraBytes: number, size: Size): void {
  const { state } = ctx
  const lo = (slots[4] as number) + extraBytes
  const wide = (state.lo(FIELD.segAccess, SEGMENT.SS) & ACCESS_RIGHTS.lo.DB) !== 0
  if (is64Bit(state) || size === 8) state.set(FIELD.rsp, lo >>> 0, (slots[5] as number) + (lo > 0xffffffff ? 1 : 0))
  else if (wide) state.set(FIELD.rsp, lo >>> 0, 0)
  else state.setLo(FIELD.rsp, ((state.lo(FIELD.rsp) & 0xffff0000) | (lo & 0xffff)) >>> 0)
}

function retReal(ctx: RuleContext, size: Size, extraBytes: number): RuleStatus {
  const { state } = ctx
  const offset = slots[0] as number
  const limit = isV86(state) ? 0xffff : state.lo(FIELD.segLimit, SEGMENT.CS)
  if (offset > limit) return raiseGp(state)
  stack.move(2 * size + extraBytes)
  stack.commit(state)
  if (isV86(state)) setV86Segment(state, SEGMENT.CS, slots[2] as number)
  else setRealSegment(state, SEGMENT.CS, slots[2] as number)
  state.set(FIELD.rip, offset, 0)
  ctx.host.modeChanged()
  return 0
}
