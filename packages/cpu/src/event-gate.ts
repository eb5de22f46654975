/** Events between instructions, in the order of Intel SDM vol. 3A, 7.9 "Prioritization of Concurrent Events". */
import {
  ACTIVITY_STATE,
  APIC_BASE,
  EVENT_INFORMATION,
  EVENT_TYPE as EVENT_TYPE_TABLE,
  EXCEPTION,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY,
  PENDING_SIGNALS,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import type { EngineExitReason, InterruptSource } from '@ringfold/contracts'
import { deliverEvent, hasPendingEvent } from '@ringfold/rings'
import type { Processor } from './processor.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const EVENT_TYPE = EVENT_TYPE_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE

const { lo: INFO, shift } = EVENT_INFORMATION
const { NMI: NMI_BLOCKED, STI, MOV_SS } = INTERRUPTIBILITY.lo
const { NMI, INIT, SIPI } = PENDING_SIGNALS.lo
const { ACTIVE, SHUTDOWN, WAIT_FOR_SIPI, MWAIT, MWAIT_MASKED } = ACTIVITY_STATE
const { BSP } = APIC_BASE.lo
const NMI_VECTOR = EXCEPTION.NMI.vector

export class EventGate {
  readonly #processor: Processor
  readonly #interrupts: InterruptSource | undefined

  constructor(processor: Processor, interrupts: InterruptSource | undefined) {
    this.#processor = processor
    this.#interrupts = interrupts
  }

  signalNmi(): void {
    this.#latch(NMI)
  }

  signalInit(): void {
    this.#latch(INIT)
  }

  /** A start-up IPI counts only for a processor that waits for one, or has an INIT before it. */
  signalStartup(vector: number): void {
    const { state } = this.#processor
    const waits = state.first(FIELD.activityState) === WAIT_FOR_SIPI || (state.first(FIELD.pendingSignals) & INIT) !== 0
    if (!waits) return
    state.setFirst(FIELD.sipiVector, vector & 0xff)
    this.#latch(SIPI)
  }

  #latch(signal: number): void {
    const { state } = this.#processor
    state.setFirst(FIELD.pendingSignals, state.first(FIELD.pendingSignals) | signal)
  }

  /** A write met the line that MONITOR watches. */
  monitorWritten(): void {
    const { state } = this.#processor
    state.setFirst(FIELD.monitorArmed, 0)
    const activity = state.first(FIELD.activityState)
    if (activity === MWAIT || activity === MWAIT_MASKED) state.setFirst(FIELD.activityState, ACTIVE)
  }

  /** Delivers one event, if one is due. @returns whether it did: then there may be more */
  deliver(): boolean {
    const { state, rules } = this.#processor
    if (state.first(FIELD.activityState) === SHUTDOWN) return this.#takeInit() || this.#takeNmi()
    if (hasPendingEvent(rules)) {
      this.#deliverPending()
      return true
    }
    if (state.first(FIELD.pendingSignals) !== 0 && this.#takeSignal()) return true
    return this.#takeInterrupt()
  }

  /** Whether anything waits to be delivered, be it now or when it is let. */
  isAnyPending(): boolean {
    return this.#processor.state.first(FIELD.pendingSignals) !== 0 || this.#interrupts?.isPending() === true
  }

  /** Whether something would be delivered before the next instruction, or right behind it; what is blocked may be said to be. */
  isDue(): boolean {
    const { state } = this.#processor
    if (state.first(FIELD.pendingSignals) !== 0) return true
    return (state.first(FIELD.systemFlags) & RFLAGS.lo.IF) !== 0 && this.#interrupts?.isPending() === true
  }

  /** Why no instruction is executed now: `null` if one is. */
  idleReason(): EngineExitReason | null {
    switch (this.#processor.state.first(FIELD.activityState)) {
      case ACTIVE:
        return null
      case SHUTDOWN:
        return 'shutdown'
      default:
        return 'halted'
    }
  }

  #deliverPending(): void {
    const { rules } = this.#processor
    this.#processor.settle()
    deliverEvent(rules)
    this.#processor.noteModeChange()
  }

  #takeSignal(): boolean {
    if (this.#takeInit()) return true
    const { state } = this.#processor
    const signals = state.first(FIELD.pendingSignals)
    if (state.first(FIELD.activityState) === WAIT_FOR_SIPI) return (signals & SIPI) !== 0 && this.#start()
    return this.#takeNmi()
  }

  /** An NMI ends a shutdown too, unless that began in an NMI's handler (Intel SDM vol. 3A, 7.15, Interrupt 8). */
  #takeNmi(): boolean {
    const { state } = this.#processor
    const signals = state.first(FIELD.pendingSignals)
    const held = state.first(FIELD.interruptibility) & (NMI_BLOCKED | MOV_SS)
    if ((signals & NMI) === 0 || held !== 0) return false
    state.setFirst(FIELD.pendingSignals, signals & ~NMI)
    this.#raise(EVENT_TYPE.NMI, NMI_VECTOR)
    return true
  }

  /** INIT also ends a shutdown, HLT and MWAIT (Intel SDM vol. 3A, 10.4). */
  #takeInit(): boolean {
    const { state } = this.#processor
    const signals = state.first(FIELD.pendingSignals)
    if ((signals & INIT) === 0) return false
    const isBootstrap = (state.first(FIELD.apicBase) & BSP) !== 0
    const startup = signals & SIPI
    this.#processor.init()
    state.setFirst(FIELD.pendingSignals, startup)
    state.setFirst(FIELD.activityState, isBootstrap ? ACTIVE : WAIT_FOR_SIPI)
    return true
  }

  /** A start-up IPI: real mode, CS = vector * 100H, IP = 0 (Intel SDM vol. 3A, 10.4.4.2). */
  #start(): boolean {
    const { state } = this.#processor
    const vector = state.first(FIELD.sipiVector)
    state.setFirst(FIELD.pendingSignals, state.first(FIELD.pendingSignals) & ~SIPI)
    state.setLo(FIELD.segSelector, vector << 8, SEGMENT.CS)
    state.set(FIELD.segBase, vector << 12, 0, SEGMENT.CS)
    state.set(FIELD.rip, 0, 0)
    state.setFirst(FIELD.activityState, ACTIVE)
    this.#processor.noteModeChange()
    return true
  }

  #takeInterrupt(): boolean {
    const { state } = this.#processor
    if (this.#interrupts === undefined) return false
    const activity = state.first(FIELD.activityState)
    if ((state.first(FIELD.systemFlags) & RFLAGS.lo.IF) === 0) {
      if (activity === MWAIT_MASKED && this.#interrupts.isPending()) state.setFirst(FIELD.activityState, ACTIVE)
      return false
    }
    if ((state.first(FIELD.interruptibility) & (STI | MOV_SS)) !== 0) return false
    if (activity === SHUTDOWN || activity === WAIT_FOR_SIPI || !this.#interrupts.isPending()) return false
    this.#raise(EVENT_TYPE.EXTERNAL_INTERRUPT, this.#interrupts.acknowledge())
    return true
  }

  /** Makes an event pending, and delivers it: it ends HLT and MWAIT. */
  #raise(type: number, vector: number): void {
    const { state } = this.#processor
    state.setFirst(FIELD.pendingEvent, INFO.VALID | (type << shift.TYPE) | vector)
    state.setFirst(FIELD.pendingErrorCode, 0)
    state.set(FIELD.pendingPayload, 0, 0)
    state.setFirst(FIELD.pendingLength, 0)
    this.#deliverPending()
  }
}
