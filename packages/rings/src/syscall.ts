import {
  ACCESS_RIGHTS,
  type CpuState,
  cplOf,
  DR6 as DR6_TABLE,
  EFER as EFER_TABLE,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
  readRflags,
  SEGMENT as SEGMENT_TABLE,
  STAR as STAR_TABLE,
  writeRflags,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, raiseUd } from './context.ts'
import { raiseDebug } from './control/debug.ts'
import { is64Bit, isCanonical, isLongMode, isProtected } from './mode.ts'
import { hasFeature } from './models/model.ts'
import { setSegment } from './segments/registers.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const DR6 = DR6_TABLE
const EFER = EFER_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE
const STAR = STAR_TABLE

const { lo: RIGHTS, shift } = ACCESS_RIGHTS
const CODE_TYPE = 11
const DATA_TYPE = 3
const FLAT_LIMIT = 0xffffffff
const FLAT = RIGHTS.S | RIGHTS.P | RIGHTS.G

/** CS and SS as fast system calls set them: flat, without looking at descriptors (Intel SDM vol. 3A, 6.8.7 and 6.8.8). */
function setFlat(state: CpuState, cs: number, ss: number, cpl: number, long: boolean): void {
  const dpl = cpl << shift.DPL
  setSegment(state, SEGMENT.CS, cs, 0, 0, FLAT_LIMIT, FLAT | CODE_TYPE | dpl | (long ? RIGHTS.L : RIGHTS.DB))
  setSegment(state, SEGMENT.SS, ss, 0, 0, FLAT_LIMIT, FLAT | DATA_TYPE | dpl | RIGHTS.DB)
}

/** AMD processors have SYSCALL in compatibility and legacy mode; Intel in 64-bit mode only. */
function syscallExists(ctx: RuleContext): boolean {
  const { state } = ctx
  if (!hasFeature(ctx, 'SYSCALL') || (state.lo(FIELD.efer) & EFER.lo.SCE) === 0) return false
  return ctx.model.vendor === 'AuthenticAMD' ? isProtected(state) : is64Bit(state)
}

/** SYSCALL; `next` is the address after it. Fault: #UD. Intel SDM vol. 2B, SYSCALL; AMD APM vol. 3, SYSCALL. */
export function syscall(ctx: RuleContext, nextLo: number, nextHi: number): RuleStatus {
  const { state } = ctx
  if (!syscallExists(ctx)) return raiseUd(state)
  const selector = ((state.hi(FIELD.star) & STAR.hi.SYSCALL_CS) >>> STAR.shift.SYSCALL_CS) & 0xfffc
  const from64 = is64Bit(state)
  const { IF, VM, RF } = RFLAGS.lo
  const flags = readRflags(state)
  state.set(FIELD.rcx, nextLo, from64 ? nextHi : 0)
  if (isLongMode(state)) {
    const target = from64 ? FIELD.lstar : FIELD.cstar
    state.set(FIELD.r11, flags & ~RF, 0)
    state.set(FIELD.rip, state.lo(target), state.hi(target))
    writeRflags(state, flags & ~state.lo(FIELD.fmask) & ~RF)
  } else {
    state.set(FIELD.rip, state.lo(FIELD.star), 0)
    writeRflags(state, flags & ~(IF | VM | RF))
  }
  setFlat(state, selector, selector + 8, 0, isLongMode(state))
  ctx.host.modeChanged()
  return 0
}

/**
 * SYSRET with operand size 8 (to 64-bit mode) or 4. Faults: #UD; #GP(0) at CPL > 0 and, on Intel processors, for a return address
 * that is not canonical: raised at CPL 0. AMD processors raise it at the target instead, and leave the base, limit and rights of SS
 * but for its DPL alone. Intel SDM vol. 2B, SYSRET; AMD APM vol. 3, SYSRET.
 */
export function sysret(ctx: RuleContext, sizeBytes: number): RuleStatus {
  const { state } = ctx
  if (!syscallExists(ctx)) return raiseUd(state)
  if (cplOf(state) !== 0) return raiseGp(state)
  const amd = ctx.model.vendor === 'AuthenticAMD'
  const to64 = sizeBytes === 8
  const hi = state.hi(FIELD.rcx)
  if (to64 && !amd && !isCanonical(state, hi)) return raiseGp(state)
  const base = (state.hi(FIELD.star) & STAR.hi.SYSRET_CS) >>> STAR.shift.SYSRET_CS
  const long = isLongMode(state)
  const { RF, VM, IF } = RFLAGS.lo
  writeRflags(state, long ? state.lo(FIELD.r11) & ~(RF | VM) : readRflags(state) | IF)
  state.set(FIELD.rip, state.lo(FIELD.rcx), to64 ? hi : 0)
  const stackLo = state.lo(FIELD.ssBase)
  const stackHi = state.hi(FIELD.ssBase)
  const stackLimit = state.lo(FIELD.ssLimit)
  const stackRights = state.lo(FIELD.ssAccess)
  setFlat(state, ((to64 ? base + 16 : base) & 0xffff) | 3, ((base + 8) & 0xffff) | 3, 3, to64)
  if (amd) setSegment(state, SEGMENT.SS, (base + 8) | 3, stackLo, stackHi, stackLimit, stackRights | RIGHTS.DPL)
  ctx.host.modeChanged()
  // A single step is due by TF as it is now (Xen security advisory 204): a trap, although SYSRET was not stepped itself.
  if ((state.lo(FIELD.systemFlags) & RFLAGS.lo.TF) !== 0) raiseDebug(ctx, DR6.lo.BS)
  return 0
}

/** Intel has SYSENTER in every protected mode, AMD not in long mode (AMD APM vol. 3, SYSENTER). */
function sysenterExists(ctx: RuleContext): boolean {
  return hasFeature(ctx, 'SEP') && !(ctx.model.vendor === 'AuthenticAMD' && isLongMode(ctx.state))
}

/** SYSENTER. Faults: #UD; #GP(0) in real mode or with a null IA32_SYSENTER_CS. Intel SDM vol. 2B, SYSENTER; vol. 3A, 6.8.7. */
export function sysenter(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (!sysenterExists(ctx)) return raiseUd(state)
  const selector = state.lo(FIELD.sysenterCs) & 0xfffc
  if (!isProtected(state) || selector === 0) return raiseGp(state)
  const long = isLongMode(state)
  const { VM, IF, RF } = RFLAGS.lo
  writeRflags(state, readRflags(state) & ~(VM | IF | RF))
  state.set(FIELD.rsp, state.lo(FIELD.sysenterEsp), long ? state.hi(FIELD.sysenterEsp) : 0)
  state.set(FIELD.rip, state.lo(FIELD.sysenterEip), long ? state.hi(FIELD.sysenterEip) : 0)
  setFlat(state, selector, selector + 8, 0, long)
  ctx.host.modeChanged()
  return 0
}

/**
 * SYSEXIT with operand size 8 or 4, to RDX (EIP) and RCX (ESP). Faults: #UD; #GP(0) in real mode, at CPL > 0, with a null
 * IA32_SYSENTER_CS, or (size 8) for addresses that are not canonical. Intel SDM vol. 2B, SYSEXIT.
 */
export function sysexit(ctx: RuleContext, sizeBytes: number): RuleStatus {
  const { state } = ctx
  if (!sysenterExists(ctx)) return raiseUd(state)
  const base = state.lo(FIELD.sysenterCs) & 0xfffc
  if (!isProtected(state) || base === 0 || cplOf(state) !== 0) return raiseGp(state)
  const to64 = sizeBytes === 8
  const ripHi = to64 ? state.hi(FIELD.rdx) : 0
  const rspHi = to64 ? state.hi(FIELD.rcx) : 0
  if (!isCanonical(state, ripHi) || !isCanonical(state, rspHi)) return raiseGp(state)
  state.set(FIELD.rip, state.lo(FIELD.rdx), ripHi)
  state.set(FIELD.rsp, state.lo(FIELD.rcx), rspHi)
  setFlat(state, (base + (to64 ? 32 : 16)) | 3, (base + (to64 ? 40 : 24)) | 3, 3, to64)
  ctx.host.modeChanged()
  return 0
}
