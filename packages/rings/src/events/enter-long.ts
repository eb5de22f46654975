import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  cplOf,
  FIELD as FIELD_TABLE,
  INTERRUPT_GATE as INTERRUPT_GATE_TABLE,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
  SYSTEM_TYPE as SYSTEM_TYPE_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '../context.ts'
import { replaceFlags } from '../flags.ts'
import { accessAt, isCanonical } from '../mode.ts'
import {
  Descriptor,
  isNull,
  markAccessed,
  readDescriptor,
  SYSTEM_ACCESS,
  selectorCode,
} from '../segments/descriptor.ts'
import { setCode, setNullStack } from '../segments/registers.ts'
import { enterDirect } from './direct.ts'
import { frame } from './frame.ts'
import { openInnerStack64 } from './inner-stack.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const FIELD = FIELD_TABLE
const INTERRUPT_GATE = INTERRUPT_GATE_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE
const SYSTEM_TYPE = SYSTEM_TYPE_TABLE

const GATE_BYTES = 16
const gate = /* @__PURE__ */ new Descriptor()
const code = /* @__PURE__ */ new Descriptor()

/** IA-32e mode: 64-bit gates, IST, a stack aligned to 16 bytes, SS:RSP always pushed (Intel SDM vol. 3A, 7.14). */
export function enterLong(ctx: RuleContext, event: number, errorCode: number): RuleStatus {
  const { state } = ctx
  frame.begin(state, event, errorCode)
  if (enterDirect(ctx)) return 0
  if (readGate64(ctx) !== 0 || checkCode64(ctx) !== 0) return 1
  const cpl = cplOf(state)
  const inner = !code.isConforming && code.dpl < cpl
  const level = inner ? code.dpl : cpl
  const ist = (gate.hi & INTERRUPT_GATE.hi.IST) >>> INTERRUPT_GATE.shift.IST
  const { stack } = frame
  if (inner || ist !== 0) {
    if (openInnerStack64(ctx, level, ist, frame.ext, stack) !== 0) return 1
  } else stack.use64(state.lo(FIELD.rsp), state.hi(FIELD.rsp), accessAt(level))
  stack.move(-(stack.spLo & 0xf))
  if (pushFrame64(ctx) !== 0) return 1
  stack.use64(stack.spLo, stack.spHi, accessAt(level))
  if (inner) setNullStack(state, level)
  setCode(state, code, level)
  stack.commit(state)
  state.set(FIELD.rip, ((gate.lo & 0xffff) | (gate.hi & INTERRUPT_GATE.hi.OFFSET)) >>> 0, gate.upperLo)
  const { TF, NT, RF, VM, IF } = RFLAGS.lo
  replaceFlags(state, 0, TF | NT | RF | VM | (gate.type === SYSTEM_TYPE.INTERRUPT_GATE ? IF : 0))
  return 0
}

/** Reads the gate. Faults: #GP, #NP with its vector. */
function readGate64(ctx: RuleContext): RuleStatus {
  const { state, linear } = ctx
  const at = frame.vector * GATE_BYTES
  if (at + GATE_BYTES - 1 > state.lo(FIELD.idtrLimit)) return raiseGp(state, frame.gateCode)
  const lo = state.lo(FIELD.idtrBase) + at
  const hi = (state.hi(FIELD.idtrBase) + (lo > 0xffffffff ? 1 : 0)) >>> 0
  if (linear.read(8, lo >>> 0, hi, SYSTEM_ACCESS) !== 0) return 1
  gate.lo = linear.lo
  gate.hi = linear.hi
  const upper = lo + 8
  const upperHi = (state.hi(FIELD.idtrBase) + (upper > 0xffffffff ? 1 : 0)) >>> 0
  if (linear.read(8, upper >>> 0, upperHi, SYSTEM_ACCESS) !== 0) return 1
  gate.upperLo = linear.lo
  gate.upperHi = linear.hi
  const isGate = gate.type === SYSTEM_TYPE.INTERRUPT_GATE || gate.type === SYSTEM_TYPE.TRAP_GATE
  if (gate.isSegment || !isGate) return raiseGp(state, frame.gateCode)
  if (frame.checksDpl && gate.dpl < cplOf(state)) return raiseGp(state, frame.gateCode)
  return gate.isPresent ? 0 : raise(state, VECTOR.NP, frame.gateCode)
}

/** Checks the 64-bit code segment of the gate. Faults: #GP, #NP with the selector; #GP(EXT) for the target. */
function checkCode64(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const selector = gate.lo >>> 16
  if (isNull(selector)) return raiseGp(state, frame.ext)
  if (readDescriptor(ctx, selector, VECTOR.GP, frame.ext, code) !== 0) return 1
  const named = selectorCode(selector, frame.ext)
  const { L, DB } = ACCESS_RIGHTS.lo
  if (!code.isCode || code.dpl > cplOf(state) || (code.rights & (L | DB)) !== L) return raiseGp(state, named)
  if (!code.isPresent) return raise(state, VECTOR.NP, named)
  if (!isCanonical(state, gate.upperLo)) return raiseGp(state, frame.ext)
  return markAccessed(ctx, code)
}

/** Error code, RIP, CS, RFLAGS, RSP, SS in halves, as they lie on the stack. */
const slots = /* @__PURE__ */ new Uint32Array(12)
const withoutCode = /* @__PURE__ */ slots.subarray(2)
const SLOTS = 6

function pushFrame64(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  slots[0] = frame.errorCode
  slots[2] = frame.ripLo
  slots[3] = frame.ripHi
  slots[4] = state.lo(FIELD.segSelector, SEGMENT.CS)
  slots[6] = frame.flags
  slots[8] = state.lo(FIELD.rsp)
  slots[9] = state.hi(FIELD.rsp)
  slots[10] = state.lo(FIELD.segSelector, SEGMENT.SS)
  if (frame.hasErrorCode) return frame.stack.pushFrame64(ctx, slots, SLOTS, VECTOR.SS, frame.ext)
  return frame.stack.pushFrame64(ctx, withoutCode, SLOTS - 1, VECTOR.SS, frame.ext)
}
