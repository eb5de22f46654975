import {
  ACTIVITY_STATE as ACTIVITY_STATE_TABLE,
  type CpuState,
  combineExceptions,
  DR6 as DR6_TABLE,
  DR7 as DR7_TABLE,
  EVENT_INFORMATION,
  EVENT_TYPE as EVENT_TYPE_TABLE,
  type ExceptionClass,
  exceptionOf,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY as INTERRUPTIBILITY_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, VECTOR } from '../context.ts'
import { isLongMode, isProtected } from '../mode.ts'
import { enterLong } from './enter-long.ts'
import { enterProtected } from './enter-protected.ts'
import { enterReal } from './enter-real.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACTIVITY_STATE = ACTIVITY_STATE_TABLE
const DR6 = DR6_TABLE
const DR7 = DR7_TABLE
const EVENT_TYPE = EVENT_TYPE_TABLE
const FIELD = FIELD_TABLE
const INTERRUPTIBILITY = INTERRUPTIBILITY_TABLE

const { lo: INFO, shift } = EVENT_INFORMATION

function typeOf(event: number): number {
  return (event & INFO.TYPE) >>> shift.TYPE
}

/** The classes by vector; all that is not raised by the processor is benign. */
const CLASSES: readonly ExceptionClass[] = /* @__PURE__ */ (() =>
  Array.from({ length: 32 }, (_, vector) => exceptionOf(vector)?.class ?? 'benign'))()

function classOf(event: number): ExceptionClass {
  if (typeOf(event) !== EVENT_TYPE.HARDWARE_EXCEPTION) return 'benign'
  return CLASSES[event & INFO.VECTOR] ?? 'benign'
}

/** CR2 of #PF; DR6 of #DB, which also clears DR7.GD (Intel SDM vol. 3B, 19.2.3 and 19.2.4). */
function applyPayload(state: CpuState, event: number): void {
  if (typeOf(event) !== EVENT_TYPE.HARDWARE_EXCEPTION) return
  const vector = event & INFO.VECTOR
  const payload = state.first(FIELD.pendingPayload)
  if (vector === VECTOR.PF) state.set(FIELD.cr2, payload, state.hi(FIELD.pendingPayload))
  if (vector !== VECTOR.DB) return
  const { B0, B1, B2, B3 } = DR6.lo
  const kept = state.first(FIELD.dr6) & ~(B0 | B1 | B2 | B3)
  state.setFirst(FIELD.dr6, kept | payload | DR6.alwaysOneLo | DR6.lo.RTM | DR6.lo.BLD)
  state.setFirst(FIELD.dr7, state.first(FIELD.dr7) & ~DR7.lo.GD)
}

/** Delivery is done: shadows end, the processor is active, an NMI blocks others until IRET (Intel SDM vol. 3A, 7.7.1). */
function delivered(ctx: RuleContext, event: number): void {
  const { state } = ctx
  const { STI, MOV_SS, NMI } = INTERRUPTIBILITY.lo
  const kept = state.first(FIELD.interruptibility) & ~(STI | MOV_SS)
  state.setFirst(FIELD.interruptibility, typeOf(event) === EVENT_TYPE.NMI ? kept | NMI : kept)
  state.setFirst(FIELD.activityState, ACTIVITY_STATE.ACTIVE)
  ctx.host.modeChanged()
}

/** One attempt, by the mode. A fault on the way stands in the pending event. */
export function attemptDelivery(ctx: RuleContext, event: number, errorCode: number): RuleStatus {
  const { state, host } = ctx
  host.delivering?.(event, errorCode)
  const noted = state.first(FIELD.pendingDebug)
  let status: RuleStatus
  if (!isProtected(state)) status = enterReal(ctx, event)
  else status = isLongMode(state) ? enterLong(ctx, event, errorCode) : enterProtected(ctx, event, errorCode)
  // The frame is no operand: the manuals name no breakpoints that it could meet.
  state.setFirst(FIELD.pendingDebug, noted)
  if (status === 0) delivered(ctx, event)
  return status
}

/**
 * Delivers the pending event: through the IVT, or a gate of the IDT. An exception on the way is delivered in its turn, becomes a
 * double fault, or shuts the processor down (`activityState` SHUTDOWN, status 1). `rip` is what the event pushes; a software
 * interrupt or exception pushes `rip` plus `pendingLength`. Intel SDM vol. 3A, chapter 7; vol. 2A, INT n.
 *
 * RF in the pushed image is set for faults; for an interrupt between iterations of a string instruction the caller sets it in
 * the flags first (vol. 3B, 19.3.1.1).
 *
 * @returns 0: delivered, or there was none; 1: shutdown
 */
export function deliverEvent(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  for (;;) {
    const event = state.first(FIELD.pendingEvent)
    if ((event & INFO.VALID) === 0) return 0
    applyPayload(state, event)
    state.setFirst(FIELD.pendingEvent, 0)
    if (attemptDelivery(ctx, event, state.first(FIELD.pendingErrorCode)) === 0) {
      clearDetails(state)
      return 0
    }
    applyPageFaultAddress(state)
    const combined = combineExceptions(classOf(event), classOf(state.first(FIELD.pendingEvent)))
    if (combined === 'double-fault') raise(state, VECTOR.DF, 0)
    else if (combined === 'shutdown') {
      state.setFirst(FIELD.pendingEvent, 0)
      clearDetails(state)
      state.setFirst(FIELD.activityState, ACTIVITY_STATE.SHUTDOWN)
      return 1
    }
  }
}

/** CR2 is written when a page fault is found, even if a double fault or a shutdown comes of it (Intel SDM vol. 3A, 7.15, Interrupt 14). */
function applyPageFaultAddress(state: CpuState): void {
  const event = state.first(FIELD.pendingEvent)
  if ((event & INFO.VECTOR) === VECTOR.PF) applyPayload(state, event)
}

function clearDetails(state: CpuState): void {
  state.setFirst(FIELD.pendingErrorCode, 0)
  state.set(FIELD.pendingPayload, 0, 0)
  state.setFirst(FIELD.pendingLength, 0)
}

/**
 * INT n (`type` SOFTWARE_INTERRUPT), INT3 and INTO (SOFTWARE_EXCEPTION), INT1 (PRIVILEGED_SOFTWARE_EXCEPTION) of `lengthBytes`
 * bytes. Status 1: delivery faulted, the fault is pending and nothing was changed. Intel SDM vol. 2A, INT n/INTO/INT3/INT1.
 */
export function softwareInterrupt(ctx: RuleContext, vector: number, type: number, lengthBytes: number): RuleStatus {
  const { state } = ctx
  state.setFirst(FIELD.pendingLength, lengthBytes)
  const status = attemptDelivery(ctx, INFO.VALID | (type << shift.TYPE) | (vector & INFO.VECTOR), 0)
  if (status === 0) state.setFirst(FIELD.pendingLength, 0)
  return status
}
