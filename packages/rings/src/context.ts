import {
  type CpuState,
  EVENT_INFORMATION,
  EVENT_TYPE as EVENT_TYPE_TABLE,
  EXCEPTION,
  FIELD as FIELD_TABLE,
} from '@ringfold/arch'
import type { LinearMemory } from '@ringfold/contracts'
import type { CpuModel } from './models/model.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const EVENT_TYPE = EVENT_TYPE_TABLE
const FIELD = FIELD_TABLE

/** 0: done; 1: an exception stands in the state's pending event, and nothing else was changed. */
export type RuleStatus = 0 | 1

/** What a hook for an MSR that belongs to others answers: done, #GP(0), or that the register is not its own. */
export type MsrHookStatus = 0 | 1 | 2

/** What a rule may ask of the processor around it. */
export interface RuleHost {
  /** Forgets translations: all, or all but global ones. */
  flushTlb(keepGlobal: boolean): void
  /** Forgets the translations of the page at a linear address (INVLPG). */
  invalidatePage(lo: number, hi: number): void
  /** INVPCID with a checked descriptor. */
  invpcid(type: number, pcid: number, lo: number, hi: number): void
  /** CR3 has a new value; `keepTlb`: the translations of its PCID stay. */
  cr3Written(keepTlb: boolean): void
  /** Loads the PDPTE registers from the table at this CR3; 1: a reserved bit is set and none was loaded (the rule raises #GP). */
  loadPdptes(cr3Lo: number): RuleStatus
  /** Something changed on which decoded or translated code depends: CS, SS, CPL, control registers. */
  modeChanged(): void
  /** An event (`EVENT_INFORMATION`) is about to be delivered, by the pending event or a software interrupt. */
  delivering?(event: number, errorCode: number): void
  /** CR8 has a new value. */
  taskPriorityChanged(): void
  /** Ticks of the processor's clock; the state holds the offset of the time-stamp counter from it. */
  tscLo(): number
  tscHi(): number
  /** Reads an MSR of another part into `msrLo` and `msrHi`. */
  readMsr(index: number): MsrHookStatus
  writeMsr(index: number, lo: number, hi: number): MsrHookStatus
  readonly msrLo: number
  readonly msrHi: number
  /** Reads a port, after the checks: unsigned. */
  readPort(port: number, sizeBytes: 1 | 2 | 4): number
  writePort(port: number, sizeBytes: 1 | 2 | 4, value: number): void
  /** 32 random bits, from whatever source the processor was given. */
  random(): number
  /** Arms the address monitor at a linear address, which was checked; 1: a fault stands in the pending event. */
  armMonitor(lo: number, hi: number): RuleStatus
}

/**
 * What rules work on. `state.rip` is the address of the current instruction (an offset in CS outside 64-bit mode), and its
 * flags are settled. A rule that gives a value puts it into element 0 of `helperArgument`: see `resultLo`, `resultHi`.
 */
export interface RuleContext {
  readonly state: CpuState
  readonly linear: LinearMemory
  readonly model: CpuModel
  readonly host: RuleHost
}

/** Vectors of the exceptions that rules raise. */
export const VECTOR = /* @__PURE__ */ (() =>
  Object.freeze({
    DB: EXCEPTION['#DB'].vector,
    NMI: EXCEPTION.NMI.vector,
    BP: EXCEPTION['#BP'].vector,
    OF: EXCEPTION['#OF'].vector,
    UD: EXCEPTION['#UD'].vector,
    NM: EXCEPTION['#NM'].vector,
    DF: EXCEPTION['#DF'].vector,
    TS: EXCEPTION['#TS'].vector,
    NP: EXCEPTION['#NP'].vector,
    SS: EXCEPTION['#SS'].vector,
    GP: EXCEPTION['#GP'].vector,
    PF: EXCEPTION['#PF'].vector,
    AC: EXCEPTION['#AC'].vector,
  }))()

/** Makes a hardware exception the pending event. Without `errorCode` none is delivered. @returns 1 */
export function raise(state: CpuState, vector: number, errorCode = -1): 1 {
  const { lo, shift } = EVENT_INFORMATION
  const withCode = errorCode < 0 ? 0 : lo.ERROR_CODE
  state.setLo(
    FIELD.pendingEvent,
    lo.VALID | withCode | (EVENT_TYPE.HARDWARE_EXCEPTION << shift.TYPE) | (vector << shift.VECTOR),
  )
  state.setFirst(FIELD.pendingErrorCode, Math.max(errorCode, 0))
  state.set(FIELD.pendingPayload, 0, 0)
  state.setFirst(FIELD.pendingLength, 0)
  return 1
}

/** #GP(0), or with a code. */
export function raiseGp(state: CpuState, errorCode = 0): 1 {
  return raise(state, VECTOR.GP, errorCode)
}

export function raiseUd(state: CpuState): 1 {
  return raise(state, VECTOR.UD)
}

/** The value that the last rule with a result gave. */
export function resultLo(state: CpuState): number {
  return state.first(FIELD.helperArgument)
}

export function resultHi(state: CpuState): number {
  return state.hi(FIELD.helperArgument)
}

/** Gives a value. @returns 0 */
export function setResult(state: CpuState, lo: number, hi: number): 0 {
  state.set(FIELD.helperArgument, lo, hi)
  return 0
}
