import {
  ACCESS_RIGHTS,
  ACTIVITY_STATE,
  APIC_BASE,
  type CpuState,
  CR0,
  FIELD,
  MISC_ENABLE,
  SEGMENT,
  STATE_SIZE_BYTES,
  writeRflags,
} from '@ringfold/arch'
import { type CpuModel, signature } from '@ringfold/rings'

const { S, P, UNUSABLE } = ACCESS_RIGHTS.lo
/** Types of the segments that a reset loads: accessed data and code, busy TSS, LDT (Intel SDM vol. 3A, table 12-1). */
const DATA_ACCESSED = 3
const CODE_ACCESSED = 11
const LDT = 2
const BUSY_TSS = 11
const LIMIT = 0xffff

/** Values that a reset gives to fields that do not become zero. Intel SDM vol. 3A, table 12-1; vol. 1, 11.6.4. */
const INITIAL_MXCSR = 0x1f80
const INITIAL_FCW_RESET = 0x40
const INITIAL_PAT = [0x00070406, 0x00070406] as const
const INITIAL_DR6 = 0xffff0ff0
const INITIAL_DR7 = 0x400

/**
 * The state after power-up or RESET: real mode at FFFF0H below 4 GiB (CS base FFFF0000H, IP FFF0H). Intel SDM vol. 3A, 12.1.1 and
 * table 12-1. `bootstrap`: the processor runs at once; others wait for a start-up IPI.
 */
export function resetState(state: CpuState, model: CpuModel, bootstrap = true): void {
  state.u8.fill(0, 0, STATE_SIZE_BYTES)
  resetFloatingPoint(state)
  state.set(FIELD.pat, INITIAL_PAT[0], INITIAL_PAT[1])
  state.set(FIELD.xcr0, 1, 0)
  state.set(FIELD.miscEnable, initialMiscEnable(model), 0)
  const apic = 0xfee00000 | APIC_BASE.lo.EN | (bootstrap ? APIC_BASE.lo.BSP : 0)
  state.set(FIELD.apicBase, apic, 0)
  initState(state, model)
  // INIT keeps the caches as they are; RESET turns them off (CD and NW).
  state.set(FIELD.cr0, CR0.lo.CD | CR0.lo.NW | CR0.lo.ET, 0)
  state.setLo(FIELD.activityState, bootstrap ? ACTIVITY_STATE.ACTIVE : ACTIVITY_STATE.WAIT_FOR_SIPI)
}

/** Fast strings are on, and MONITOR where it exists; there are no performance counters to trace by (Intel SDM vol. 4, table 2-2). */
function initialMiscEnable({ vendor, features }: CpuModel): number {
  if (vendor !== 'GenuineIntel') return 0
  const { FAST_STRINGS, BTS_UNAVAILABLE, PEBS_UNAVAILABLE, MONITOR_FSM } = MISC_ENABLE.lo
  return FAST_STRINGS | BTS_UNAVAILABLE | PEBS_UNAVAILABLE | (features.has('MONITOR') ? MONITOR_FSM : 0)
}

/** RESET clears the x87 registers; the control word is 40H until FNINIT (Intel SDM vol. 3A, table 12-1). */
function resetFloatingPoint(state: CpuState): void {
  state.setLo(FIELD.fpuControl, INITIAL_FCW_RESET)
  state.setLo(FIELD.fpuTag, 0xff)
  state.setLo(FIELD.mxcsr, INITIAL_MXCSR)
}

/**
 * What INIT does: registers, segments and control registers as after RESET; floating-point and vector state, MSRs, caches and
 * the APIC's base stay. Intel SDM vol. 3A, 12.1.4 and table 12-1. The activity state is the caller's.
 */
export function initState(state: CpuState, model: CpuModel): void {
  for (let n = 0; n < 16; n++) state.set(FIELD.gpr, 0, 0, n)
  state.set(FIELD.rdx, signature(model), 0)
  state.set(FIELD.rip, 0xfff0, 0)
  state.setLo(FIELD.lazyOp, 0)
  writeRflags(state, 2)
  for (const segment of [SEGMENT.ES, SEGMENT.SS, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS])
    setSegment(state, segment, 0, 0, S | P | DATA_ACCESSED)
  setSegment(state, SEGMENT.CS, 0xf000, 0xffff0000, S | P | CODE_ACCESSED)
  setSegment(state, SEGMENT.LDTR, 0, 0, P | LDT)
  setSegment(state, SEGMENT.TR, 0, 0, P | BUSY_TSS)
  state.set(FIELD.gdtrBase, 0, 0)
  state.set(FIELD.idtrBase, 0, 0)
  state.setLo(FIELD.gdtrLimit, LIMIT)
  state.setLo(FIELD.idtrLimit, LIMIT)
  resetControl(state)
}

function resetControl(state: CpuState): void {
  const { CD, NW, ET } = CR0.lo
  state.set(FIELD.cr0, (state.lo(FIELD.cr0) & (CD | NW)) | ET, 0)
  for (const field of [FIELD.cr2, FIELD.cr3, FIELD.cr4, FIELD.cr8, FIELD.efer]) state.set(field, 0, 0)
  for (let n = 0; n < 4; n++) {
    state.set(FIELD.dr, 0, 0, n)
    state.set(FIELD.pdpte, 0, 0, n)
  }
  state.set(FIELD.dr6, INITIAL_DR6, 0)
  state.set(FIELD.dr7, INITIAL_DR7, 0)
  state.setLo(FIELD.interruptibility, 0)
  state.setLo(FIELD.pendingEvent, 0)
  state.set(FIELD.pendingDebug, 0, 0)
  state.setLo(FIELD.pendingSignals, 0)
  state.setLo(FIELD.monitorArmed, 0)
}

function setSegment(state: CpuState, segment: number, selector: number, base: number, rights: number): void {
  state.setLo(FIELD.segSelector, selector, segment)
  state.set(FIELD.segBase, base, 0, segment)
  state.setLo(FIELD.segLimit, LIMIT, segment)
  state.setLo(FIELD.segAccess, rights & ~UNUSABLE, segment)
}
