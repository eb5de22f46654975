import { ArchError } from '../errors.ts'
import { FSW as FSW_TABLE } from '../floating-point.ts'
import { RFLAGS as RFLAGS_TABLE, STATUS_FLAGS_MASK as STATUS_FLAGS_MASK_TABLE } from '../rflags.ts'
import { ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE } from '../segmentation.ts'
import type { CpuState } from './cpu-state.ts'
import { FIELD as FIELD_TABLE } from './layout.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FSW = FSW_TABLE
const RFLAGS = RFLAGS_TABLE
const STATUS_FLAGS_MASK = STATUS_FLAGS_MASK_TABLE
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const FIELD = FIELD_TABLE

/** Whether the status flags stand in `statusFlags`: no lazy operation is left from which to compute them. */
export function flagsAreSettled(state: CpuState): boolean {
  return state.first(FIELD.lazyOp) === 0
}

/** Throws `ArchError` `state.flags-not-settled` if the status flags are still to be computed. */
export function assertFlagsSettled(state: CpuState): void {
  if (flagsAreSettled(state)) return
  const what = `the status flags are still to be computed from lazy operation ${state.first(FIELD.lazyOp)}`
  throw new ArchError('state.flags-not-settled', what, 'let the engine that set lazyOp settle the flags first')
}

/**
 * RFLAGS, bits 31:0 (the others are zero), as an unsigned number. Throws `ArchError` `state.flags-not-settled` while a
 * lazy operation is outstanding, whose meaning only the engine knows.
 */
export function readRflags(state: CpuState): number {
  assertFlagsSettled(state)
  const status = state.first(FIELD.statusFlags) & STATUS_FLAGS_MASK
  return (status | (state.first(FIELD.systemFlags) & ~STATUS_FLAGS_MASK) | RFLAGS.alwaysOneLo) >>> 0
}

/** Sets RFLAGS, bits 31:0; reserved bits are dropped, and a lazy operation is forgotten. No rule of privilege is applied. */
export function writeRflags(state: CpuState, value: number): void {
  const legal = value & ~RFLAGS.reservedLo
  state.setFirst(FIELD.lazyOp, 0)
  state.setFirst(FIELD.statusFlags, legal & STATUS_FLAGS_MASK)
  state.setFirst(FIELD.systemFlags, (legal & ~STATUS_FLAGS_MASK) | RFLAGS.alwaysOneLo)
}

/** The x87 status word, with TOP in its place. */
export function readFpuStatus(state: CpuState): number {
  return (state.first(FIELD.fpuStatus) & ~FSW.lo.TOP) | ((state.first(FIELD.fpuTop) & 7) << FSW.shift.TOP)
}

/** Sets the x87 status word and with it TOP. */
export function writeFpuStatus(state: CpuState, value: number): void {
  state.setFirst(FIELD.fpuStatus, value & 0xffff & ~FSW.lo.TOP)
  state.setFirst(FIELD.fpuTop, (value & FSW.lo.TOP) >>> FSW.shift.TOP)
}

/** The current privilege level: the DPL of SS (Intel SDM vol. 3C, 26.4.1). */
export function cplOf(state: CpuState): number {
  return (state.first(FIELD.ssAccess) & ACCESS_RIGHTS.lo.DPL) >>> ACCESS_RIGHTS.shift.DPL
}
