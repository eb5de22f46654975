import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  type CpuState,
  CR0 as CR0_TABLE,
  CR4 as CR4_TABLE,
  cplOf,
  EFER as EFER_TABLE,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
} from '@ringfold/arch'
import type { LinearAccess } from '@ringfold/contracts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const CR0 = CR0_TABLE
const CR4 = CR4_TABLE
const EFER = EFER_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE

/** Protected mode, virtual-8086 mode included. */
export function isProtected(state: CpuState): boolean {
  return (state.first(FIELD.cr0) & CR0.lo.PE) !== 0
}

/** Virtual-8086 mode. */
export function isV86(state: CpuState): boolean {
  return (state.first(FIELD.systemFlags) & RFLAGS.lo.VM) !== 0
}

/** Real or virtual-8086 mode: selectors are paragraphs. */
export function isRealOrV86(state: CpuState): boolean {
  return !isProtected(state) || isV86(state)
}

/** IA-32e mode: 64-bit or compatibility. */
export function isLongMode(state: CpuState): boolean {
  return (state.first(FIELD.efer) & EFER.lo.LMA) !== 0
}

/** 64-bit mode. */
export function is64Bit(state: CpuState): boolean {
  return isLongMode(state) && (state.first(FIELD.csAccess) & ACCESS_RIGHTS.lo.L) !== 0
}

export function ioplOf(state: CpuState): number {
  return (state.first(FIELD.systemFlags) & RFLAGS.lo.IOPL) >>> RFLAGS.shift.IOPL
}

/** The kind of an explicit access at a privilege level. */
export function accessAt(cpl: number): LinearAccess {
  return cpl === 3 ? 0 : 1
}

/** The kind of an explicit access now. */
export function currentAccess(state: CpuState): LinearAccess {
  return accessAt(cplOf(state))
}

/** Whether an address is canonical: 48 bits, or 57 with CR4.LA57 (Intel SDM vol. 1, 3.3.7.1). */
export function isCanonical(state: CpuState, hi: number): boolean {
  const unused = (state.first(FIELD.cr4) & CR4.lo.LA57) !== 0 ? 7 : 16
  return (hi << unused) >> unused === (hi | 0)
}
