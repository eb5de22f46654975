import {
  type CpuState,
  DR6 as DR6_TABLE,
  EVENT_INFORMATION,
  EVENT_TYPE as EVENT_TYPE_TABLE,
  exceptionOf,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
  readRflags,
  SELECTOR_ERROR_CODE as SELECTOR_ERROR_CODE_TABLE,
} from '@ringfold/arch'
import { VECTOR } from '../context.ts'
import { StackCursor } from '../segments/stack.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const DR6 = DR6_TABLE
const EVENT_TYPE = EVENT_TYPE_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SELECTOR_ERROR_CODE = SELECTOR_ERROR_CODE_TABLE

const { lo: INFO, shift } = EVENT_INFORMATION

/** What the event pushes as instruction pointer, and how it is classified. Filled anew for each delivery. */
export class EventFrame {
  vector = 0
  type = 0
  hasErrorCode = false
  errorCode = 0
  /** EXT of the error codes of faults during delivery. */
  ext = 0
  ripLo = 0
  ripHi = 0
  flags = 0
  readonly stack: StackCursor = new StackCursor()

  begin(state: CpuState, event: number, errorCode: number): void {
    this.vector = event & INFO.VECTOR
    this.type = (event & INFO.TYPE) >>> shift.TYPE
    this.hasErrorCode = (event & INFO.ERROR_CODE) !== 0
    this.errorCode = errorCode
    this.ext = this.checksDpl ? 0 : SELECTOR_ERROR_CODE.lo.EXT
    const length = this.isSoftware ? state.first(FIELD.pendingLength) : 0
    const lo = state.first(FIELD.rip) + length
    this.ripLo = lo >>> 0
    this.ripHi = (state.hi(FIELD.rip) + (lo > 0xffffffff ? 1 : 0)) >>> 0
    this.flags = readRflags(state) | (isFault(state, this.type, this.vector) ? RFLAGS.lo.RF : 0)
  }

  /** INT n, INT3, INTO: the gate's DPL is checked, and faults are the program's own. */
  get checksDpl(): boolean {
    return this.type === EVENT_TYPE.SOFTWARE_INTERRUPT || this.type === EVENT_TYPE.SOFTWARE_EXCEPTION
  }

  get isSoftware(): boolean {
    return this.checksDpl || this.type === EVENT_TYPE.PRIVILEGED_SOFTWARE_EXCEPTION
  }

  /** The error code that names the gate. */
  get gateCode(): number {
    return (this.vector << 3) | SELECTOR_ERROR_CODE.lo.IDT | this.ext
  }
}

const FAULTS: readonly boolean[] = /* @__PURE__ */ (() =>
  Array.from({ length: 32 }, (_, vector) => exceptionOf(vector)?.kind === 'fault'))()

/** #DB is a fault with RF where DR7.GD raised it, and one without RF for an instruction breakpoint (Intel SDM vol. 3B, 19.3.1.1). */
function isFault(state: CpuState, type: number, vector: number): boolean {
  if (type !== EVENT_TYPE.HARDWARE_EXCEPTION) return false
  return FAULTS[vector] === true || (vector === VECTOR.DB && (state.first(FIELD.pendingPayload) & DR6.lo.BD) !== 0)
}

/** The event that is being delivered: one at a time. */
export const frame = /* @__PURE__ */ new EventFrame()
