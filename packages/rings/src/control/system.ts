import {
  ACCESS_RIGHTS,
  ACTIVITY_STATE,
  CR0,
  CR4,
  cplOf,
  FIELD,
  SEGMENT,
  SYSTEM_TYPE,
  TSS32,
  XCR0,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, raiseUd, setResult, VECTOR } from '../context.ts'
import { ioplOf, is64Bit, isCanonical, isLongMode, isProtected, isV86 } from '../mode.ts'
import { supportedXcr0, xsaveBytes } from '../models/cpuid.ts'
import { hasFeature } from '../models/model.ts'
import { SYSTEM_ACCESS } from '../segments/descriptor.ts'
import { ACCESS_KIND, linearAddress } from '../segments/linear-address.ts'
import { needsCpl0 } from './cr.ts'

/** RDTSC into EDX:EAX. Faults: #UD; #GP(0) with CR4.TSD at CPL > 0. Intel SDM vol. 2B, RDTSC. */
export function rdtsc(ctx: RuleContext): RuleStatus {
  const { state, host } = ctx
  if (!hasFeature(ctx, 'TSC')) return raiseUd(state)
  if ((state.lo(FIELD.cr4) & CR4.lo.TSD) !== 0 && needsCpl0(ctx) !== 0) return 1
  const lo = host.tscLo() + state.lo(FIELD.tscOffset)
  state.set(FIELD.rax, lo >>> 0, 0)
  state.set(FIELD.rdx, host.tscHi() + state.hi(FIELD.tscOffset) + (lo > 0xffffffff ? 1 : 0), 0)
  return 0
}

/** RDTSCP: also IA32_TSC_AUX into ECX. Faults as RDTSC. Intel SDM vol. 2B, RDTSCP. */
export function rdtscp(ctx: RuleContext): RuleStatus {
  if (!hasFeature(ctx, 'RDTSCP')) return raiseUd(ctx.state)
  if (rdtsc(ctx) !== 0) return 1
  ctx.state.set(FIELD.rcx, ctx.state.lo(FIELD.tscAux), 0)
  return 0
}

/** RDPID: IA32_TSC_AUX, as the result. Fault: #UD. Intel SDM vol. 2B, RDPID. */
export function rdpid(ctx: RuleContext): RuleStatus {
  if (!hasFeature(ctx, 'RDPID')) return raiseUd(ctx.state)
  return setResult(ctx.state, ctx.state.lo(FIELD.tscAux), 0)
}

/** RDPMC: models have no counters, so every index raises #GP(0), as CPL > 0 without CR4.PCE does. Intel SDM vol. 2B, RDPMC. */
export function rdpmc(ctx: RuleContext): RuleStatus {
  return raiseGp(ctx.state)
}

/** HLT. Fault: #GP(0). The caller moves `rip` on: the state waits after the instruction. Intel SDM vol. 2A, HLT. */
export function hlt(ctx: RuleContext): RuleStatus {
  if (needsCpl0(ctx) !== 0) return 1
  ctx.state.setLo(FIELD.activityState, ACTIVITY_STATE.HLT)
  return 0
}

/** What INVD, WBINVD and other instructions without an effect of their own need: CPL 0. Fault: #GP(0). Intel SDM vol. 2A, INVD; 2D, WBINVD. */
export function privileged(ctx: RuleContext): RuleStatus {
  return needsCpl0(ctx)
}

/** MONITOR of the address in a segment. Faults: #UD without the feature or at CPL > 0; #GP(0) for ECX ≠ 0. Intel SDM vol. 2B, MONITOR. */
export function monitor(ctx: RuleContext, segment: number, offsetLo: number, offsetHi: number): RuleStatus {
  const { state } = ctx
  if (!hasFeature(ctx, 'MONITOR') || (isProtected(state) && cplOf(state) !== 0)) return raiseUd(state)
  if (state.lo(FIELD.rcx) !== 0) return raiseGp(state)
  if (linearAddress(ctx, segment, offsetLo, offsetHi, 1, ACCESS_KIND.READ) !== 0) return 1
  return ctx.host.armMonitor(state.lo(FIELD.helperArgument), state.hi(FIELD.helperArgument))
}

/** MWAIT: waits if the monitor is armed. Faults: #UD, #GP(0) for ECX other than the extension bit. Intel SDM vol. 2B, MWAIT. */
export function mwait(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (!hasFeature(ctx, 'MONITOR') || (isProtected(state) && cplOf(state) !== 0)) return raiseUd(state)
  if ((state.lo(FIELD.rcx) & ~1) !== 0) return raiseGp(state)
  const waiting = (state.lo(FIELD.rcx) & 1) !== 0 ? ACTIVITY_STATE.MWAIT_MASKED : ACTIVITY_STATE.MWAIT
  if (state.lo(FIELD.monitorArmed) !== 0) state.setLo(FIELD.activityState, waiting)
  return 0
}

/** INVLPG of a linear address, which need not be canonical. Fault: #GP(0). Intel SDM vol. 2A, INVLPG. */
export function invlpg(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  if (needsCpl0(ctx) !== 0) return 1
  if (isCanonical(ctx.state, hi)) ctx.host.invalidatePage(lo, hi)
  return 0
}

const INVPCID_LAST_TYPE = 3

/** INVPCID with the descriptor at a linear address, in real mode too. Faults: #UD, #GP(0). Intel SDM vol. 2A, INVPCID. */
export function invpcid(ctx: RuleContext, type: number, addressLo: number, addressHi: number): RuleStatus {
  const { state, linear } = ctx
  if (!hasFeature(ctx, 'INVPCID')) return raiseUd(state)
  if (needsCpl0(ctx) !== 0) return 1
  if (type >>> 0 > INVPCID_LAST_TYPE) return raiseGp(state)
  if (linear.read(8, addressLo, addressHi, 1) !== 0) return 1
  const pcid = linear.lo
  const reserved = linear.hi !== 0 || pcid >>> 12 !== 0
  const at = addressLo + 8
  if (linear.read(8, at >>> 0, addressHi + (at > 0xffffffff ? 1 : 0), 1) !== 0) return 1
  const pcide = (state.lo(FIELD.cr4) & CR4.lo.PCIDE) !== 0
  // The descriptor's reserved bits count for every type; PCID and address for the types that use them.
  if (reserved || (type <= 1 && !pcide && pcid !== 0)) return raiseGp(state)
  if (type === 0 && !isCanonical(state, linear.hi)) return raiseGp(state)
  ctx.host.invpcid(type, pcid, linear.lo, linear.hi)
  return 0
}

/** XGETBV of register ECX into EDX:EAX. Faults: #UD, #GP(0). Intel SDM vol. 2D, XGETBV. */
export function xgetbv(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (!hasXsave(ctx)) return raiseUd(state)
  const index = state.lo(FIELD.rcx)
  if (index !== 0 && !(index === 1 && hasFeature(ctx, 'XGETBV_ECX1'))) return raiseGp(state)
  state.set(FIELD.rax, state.lo(FIELD.xcr0), 0)
  state.set(FIELD.rdx, state.hi(FIELD.xcr0), 0)
  return 0
}

function hasXsave(ctx: RuleContext): boolean {
  return hasFeature(ctx, 'XSAVE') && (ctx.state.lo(FIELD.cr4) & CR4.lo.OSXSAVE) !== 0
}

/** XSETBV of EDX:EAX to register ECX. Faults: #UD, #GP(0). Intel SDM vol. 2D, XSETBV; vol. 3A, 2.6. */
export function xsetbv(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (!hasXsave(ctx)) return raiseUd(state)
  if (needsCpl0(ctx) !== 0) return 1
  const lo = state.lo(FIELD.rax)
  const { X87, SSE, AVX } = XCR0.lo
  const illegal = (lo & ~supportedXcr0(ctx.model)) !== 0 || state.lo(FIELD.rdx) !== 0
  if (state.lo(FIELD.rcx) !== 0 || illegal || (lo & X87) === 0) return raiseGp(state)
  if ((lo & AVX) !== 0 && (lo & SSE) === 0) return raiseGp(state)
  state.set(FIELD.xcr0, lo, 0)
  ctx.host.modeChanged()
  return 0
}

/** Bytes that XSAVE of all enabled components needs. */
export function enabledXsaveBytes(ctx: RuleContext): number {
  return xsaveBytes(ctx.state.lo(FIELD.xcr0))
}

/** x87 and MMX may be used: #NM with CR0.EM or TS (MMX with EM: #UD). Intel SDM vol. 3A, 2.5. */
export function checkFpu(ctx: RuleContext): RuleStatus {
  const { EM, TS } = CR0.lo
  return (ctx.state.lo(FIELD.cr0) & (EM | TS)) !== 0 ? raise(ctx.state, VECTOR.NM) : 0
}

/** SSE may be used: #UD with CR0.EM or without CR4.OSFXSR, #NM with CR0.TS. Intel SDM vol. 3A, 15.1. */
export function checkSse(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const { EM, TS } = CR0.lo
  if ((state.lo(FIELD.cr0) & EM) !== 0 || (state.lo(FIELD.cr4) & CR4.lo.OSFXSR) === 0) return raiseUd(state)
  return (state.lo(FIELD.cr0) & TS) !== 0 ? raise(state, VECTOR.NM) : 0
}

/**
 * Whether `sizeBytes` ports from `port` may be accessed: IOPL, then the permission map of the TSS, of which two bytes are
 * read. Fault: #GP(0). Intel SDM vol. 1, 20.5.2 "I/O Permission Bit Map"; vol. 3B, 22.2.8.1.
 */
export function checkIo(ctx: RuleContext, port: number, sizeBytes: number): RuleStatus {
  const { state, linear } = ctx
  if (!isProtected(state)) return 0
  if (!isV86(state) && cplOf(state) <= ioplOf(state)) return 0
  const rights = state.lo(FIELD.segAccess, SEGMENT.TR)
  const type = rights & ACCESS_RIGHTS.lo.TYPE
  const hasMap = type === SYSTEM_TYPE.TSS_BUSY && (rights & ACCESS_RIGHTS.lo.UNUSABLE) === 0
  const limit = state.lo(FIELD.segLimit, SEGMENT.TR)
  if (!hasMap || limit < TSS32.sizeBytes - 1) return raiseGp(state)
  if (readTssWord(ctx, TSS32.offset.IOMAP) !== 0) return 1
  const at = linear.lo + ((port & 0xffff) >>> 3)
  if (at + 1 > limit) return raiseGp(state)
  if (readTssWord(ctx, at) !== 0) return 1
  const mask = ((1 << sizeBytes) - 1) << (port & 7)
  return (linear.lo & mask) === 0 ? 0 : raiseGp(state)
}

function readTssWord(ctx: RuleContext, offset: number): RuleStatus {
  const { state } = ctx
  const lo = state.lo(FIELD.segBase, SEGMENT.TR) + offset
  const hi = isLongMode(state) ? state.hi(FIELD.segBase, SEGMENT.TR) + (lo > 0xffffffff ? 1 : 0) : 0
  return ctx.linear.read(2, lo >>> 0, hi >>> 0, SYSTEM_ACCESS)
}

/** SWAPGS. Faults: #UD outside 64-bit mode, #GP(0) at CPL > 0. Intel SDM vol. 2B, SWAPGS. */
export function swapgs(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  if (!is64Bit(state)) return raiseUd(state)
  if (cplOf(state) !== 0) return raiseGp(state)
  const lo = state.lo(FIELD.gsBase)
  const hi = state.hi(FIELD.gsBase)
  state.set(FIELD.gsBase, state.lo(FIELD.kernelGsBase), state.hi(FIELD.kernelGsBase))
  state.set(FIELD.kernelGsBase, lo, hi)
  return 0
}

function fsgsbaseFault(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const enabled = hasFeature(ctx, 'FSGSBASE') && (state.lo(FIELD.cr4) & CR4.lo.FSGSBASE) !== 0
  return is64Bit(state) && enabled ? 0 : raiseUd(state)
}

/** RDFSBASE, RDGSBASE: the base, as the result. Fault: #UD. Intel SDM vol. 2B, RDFSBASE/RDGSBASE. */
export function readSegmentBase(ctx: RuleContext, segment: number): RuleStatus {
  if (fsgsbaseFault(ctx) !== 0) return 1
  return setResult(ctx.state, ctx.state.lo(FIELD.segBase, segment), ctx.state.hi(FIELD.segBase, segment))
}

/** WRFSBASE, WRGSBASE. Faults: #UD; #GP(0) for an address that is not canonical. Intel SDM vol. 2D, WRFSBASE/WRGSBASE. */
export function writeSegmentBase(ctx: RuleContext, segment: number, lo: number, hi: number): RuleStatus {
  if (fsgsbaseFault(ctx) !== 0) return 1
  if (!isCanonical(ctx.state, hi)) return raiseGp(ctx.state)
  ctx.state.set(FIELD.segBase, lo, hi, segment)
  return 0
}
