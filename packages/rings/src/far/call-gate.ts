import { ACCESS_RIGHTS, CALL_GATE, cplOf, FIELD, GATE_HIGH, SEGMENT, SYSTEM_TYPE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '../context.ts'
import { innerStack, openInnerStack, openInnerStack64 } from '../events/inner-stack.ts'
import { checkTarget } from '../events/iret.ts'
import { isLongMode } from '../mode.ts'
import { Descriptor, isNull, markAccessed, readDescriptor, readUpper, selectorCode } from '../segments/descriptor.ts'
import { setCode, setFromDescriptor, setNullStack } from '../segments/registers.ts'
import { StackCursor } from '../segments/stack.ts'

const code = /* @__PURE__ */ new Descriptor()
const stack = /* @__PURE__ */ new StackCursor()
const outer = /* @__PURE__ */ new StackCursor()
const parameters = /* @__PURE__ */ new Uint32Array(32)

/**
 * Through a call gate that was checked for privilege and presence: to the same level, or (CALL only) to an inner one with a stack
 * switch and copied parameters. Faults: #GP, #NP, #TS, #SS. Intel SDM vol. 3A, 6.8.4 and 6.8.5; vol. 2A, CALL.
 */
export function throughCallGate(
  ctx: RuleContext,
  gate: Descriptor,
  calls: boolean,
  nextLo: number,
  nextHi: number,
): RuleStatus {
  const { state } = ctx
  const long = isLongMode(state)
  if (long) {
    if (readUpper(ctx, VECTOR.GP, 0, gate) !== 0) return 1
    if ((gate.upperHi & GATE_HIGH.hi.ZERO) !== 0) return raiseGp(state, selectorCode(gate.selector))
  }
  if (checkGateCode(ctx, gate.lo >>> 16, calls, long) !== 0) return 1
  const cpl = cplOf(state)
  const inner = calls && !code.isConforming && code.dpl < cpl
  const wide = gate.type === SYSTEM_TYPE.CALL_GATE
  const size = long ? 8 : wide ? 4 : 2
  const lo = ((gate.lo & 0xffff) | (wide ? gate.hi & CALL_GATE.hi.OFFSET & 0xffff0000 : 0)) >>> 0
  const hi = long ? gate.upperLo : 0
  if (checkTarget(ctx, lo, hi, code) !== 0) return 1
  const count = inner && !long ? (gate.hi & CALL_GATE.hi.PARAM_COUNT) >>> CALL_GATE.shift.PARAM_COUNT : 0
  if (calls && openStack(ctx, inner, size, count) !== 0) return 1
  if (markAccessed(ctx, code) !== 0) return 1
  if (calls) pushReturn(ctx, inner, size, count, nextLo, nextHi)
  if (inner) {
    if (long) setNullStack(state, code.dpl)
    else setFromDescriptor(state, SEGMENT.SS, innerStack.selector, innerStack)
  }
  if (calls) stack.commit(state)
  setCode(state, code, inner ? code.dpl : cpl)
  state.set(FIELD.rip, lo, hi)
  ctx.host.modeChanged()
  return 0
}

function checkGateCode(ctx: RuleContext, selector: number, calls: boolean, long: boolean): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return raiseGp(state)
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, code) !== 0) return 1
  const named = selectorCode(selector)
  const cpl = cplOf(state)
  // A jump may not change the level; a call may go inward.
  const allowed = calls || code.isConforming ? code.dpl <= cpl : code.dpl === cpl
  const { L, DB } = ACCESS_RIGHTS.lo
  const is64 = (code.rights & (L | DB)) === L
  if (!code.isCode || !allowed || (long && !is64)) return raiseGp(state, named)
  return code.isPresent ? 0 : raise(state, VECTOR.NP, named)
}

/** Opens and probes the stack, and reads the parameters from the old one. */
function openStack(ctx: RuleContext, inner: boolean, size: 2 | 4 | 8, count: number): RuleStatus {
  const { state } = ctx
  if (!inner) {
    stack.useCurrent(state)
    // A 64-bit gate from compatibility mode pushes on a 64-bit stack.
    if (size === 8) stack.use64(state.lo(FIELD.rsp), state.hi(FIELD.rsp), cplOf(state) === 3 ? 0 : 1)
    return stack.probe(ctx, 2, size, VECTOR.SS, 0)
  }
  if (size === 8) {
    if (openInnerStack64(ctx, code.dpl, 0, 0, stack) !== 0) return 1
    return stack.probe(ctx, 4, size, VECTOR.SS, 0)
  }
  if (openInnerStack(ctx, code.dpl, 0, stack) !== 0) return 1
  outer.useCurrent(state)
  for (let n = 0; n < count; n++) {
    if (outer.peek(ctx, n, size, VECTOR.SS) !== 0) return 1
    parameters[n] = ctx.linear.lo
  }
  return stack.probe(ctx, 4 + count, size, VECTOR.SS, selectorCode(innerStack.selector))
}

function pushReturn(
  ctx: RuleContext,
  inner: boolean,
  size: 2 | 4 | 8,
  count: number,
  nextLo: number,
  nextHi: number,
): void {
  const { state } = ctx
  const mask = size === 2 ? 0xffff : -1
  if (inner) {
    stack.push(ctx, size, state.lo(FIELD.segSelector, SEGMENT.SS))
    stack.push(ctx, size, state.lo(FIELD.rsp) & mask, state.hi(FIELD.rsp))
    for (let n = count - 1; n >= 0; n--) stack.push(ctx, size, parameters[n] as number)
  }
  stack.push(ctx, size, state.lo(FIELD.segSelector, SEGMENT.CS))
  stack.push(ctx, size, nextLo & mask, nextHi)
}
