import {
  APIC_BASE,
  ARCH_CAPABILITIES,
  type CpuidFeatureName,
  CR0,
  EFER,
  FEATURE_CONTROL,
  FIELD,
  MSR,
  type Msr,
  type MsrName,
  msrOf,
  type StateField,
  type WideField,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, raiseUd } from '../context.ts'
import { isCanonical } from '../mode.ts'
import { hasFeature } from '../models/model.ts'
import { needsCpl0 } from './cr.ts'

/** MSRs that only exist with a feature. */
const MSR_FEATURES: Readonly<Partial<Record<MsrName, CpuidFeatureName>>> = {
  IA32_TSC_ADJUST: 'TSC_ADJUST',
  IA32_SPEC_CTRL: 'IBRS_IBPB',
  IA32_PRED_CMD: 'IBRS_IBPB',
  IA32_SYSENTER_CS: 'SEP',
  IA32_SYSENTER_ESP: 'SEP',
  IA32_SYSENTER_EIP: 'SEP',
  IA32_XSS: 'XSAVES',
  IA32_U_CET: 'CET_SS',
  IA32_S_CET: 'CET_SS',
  IA32_PL0_SSP: 'CET_SS',
  IA32_PL1_SSP: 'CET_SS',
  IA32_PL2_SSP: 'CET_SS',
  IA32_PL3_SSP: 'CET_SS',
  IA32_INTERRUPT_SSP_TABLE_ADDR: 'CET_SS',
  IA32_PKRS: 'PKS',
  IA32_STAR: 'SYSCALL',
  IA32_LSTAR: 'LM',
  IA32_CSTAR: 'LM',
  IA32_FMASK: 'SYSCALL',
  IA32_FS_BASE: 'LM',
  IA32_GS_BASE: 'LM',
  IA32_KERNEL_GS_BASE: 'LM',
  IA32_TSC_AUX: 'RDTSCP',
  IA32_PAT: 'PAT',
}

/** MSRs that hold linear addresses: a value that is not canonical raises #GP (Intel SDM vol. 2B, WRMSR). */
const CANONICAL: ReadonlySet<string> = /* @__PURE__ */ new Set([
  ...['IA32_SYSENTER_ESP', 'IA32_SYSENTER_EIP', 'IA32_LSTAR', 'IA32_CSTAR', 'IA32_FS_BASE', 'IA32_GS_BASE'],
  ...['IA32_KERNEL_GS_BASE', 'IA32_PL0_SSP', 'IA32_PL1_SSP', 'IA32_PL2_SSP', 'IA32_PL3_SSP'],
])

/** AMD's MSRs, which Intel models do not have. */
function exists(ctx: RuleContext, msr: Msr): boolean {
  const feature = MSR_FEATURES[msr.name as MsrName]
  if (feature !== undefined && !hasFeature(ctx, feature)) return false
  return ctx.model.vendor === 'AuthenticAMD' || !msr.source.startsWith('AMD')
}

function stateOf(msr: Msr): WideField | undefined {
  return msr.state === undefined ? undefined : (FIELD[msr.state] as StateField as WideField)
}

function allowed(ctx: RuleContext): RuleStatus {
  if (!hasFeature(ctx, 'MSR')) return raiseUd(ctx.state)
  return needsCpl0(ctx)
}

/** RDMSR of register ECX into EDX:EAX. Fault: #GP(0). Intel SDM vol. 2B, RDMSR; vol. 4. */
export function rdmsr(ctx: RuleContext): RuleStatus {
  const { state, host } = ctx
  if (allowed(ctx) !== 0) return 1
  const index = state.lo(FIELD.rcx)
  const hook = host.readMsr(index)
  if (hook === 1) return raiseGp(state)
  if (hook === 0) return give(ctx, host.msrLo, host.msrHi)
  if (index === MSR.IA32_TIME_STAMP_COUNTER.number) {
    const lo = host.tscLo() + state.lo(FIELD.tscOffset)
    return give(ctx, lo >>> 0, host.tscHi() + state.hi(FIELD.tscOffset) + (lo > 0xffffffff ? 1 : 0))
  }
  if (index === MSR.IA32_ARCH_CAPABILITIES.number && hasFeature(ctx, 'ARCH_CAPABILITIES'))
    return give(ctx, NO_SPECULATION_LO, NO_SPECULATION_HI)
  const constant = constantMsr(ctx, index)
  if (constant >= 0) return give(ctx, constant, 0)
  const found = msrOf(index)
  const field = found && exists(ctx, found.msr) && found.msr.access !== 'w' ? stateOf(found.msr) : undefined
  if (found === undefined || field === undefined) return raiseGp(state)
  return give(ctx, state.lo(field, found.index), state.hi(field, found.index))
}

/** Read-only registers of a model: the MTRRs' capabilities (10 ranges, fixed ranges, WC), no machine-check banks. */
function constantMsr(ctx: RuleContext, index: number): number {
  if (index === MSR.IA32_MTRRCAP.number && hasFeature(ctx, 'MTRR')) return MTRR_CAPABILITIES
  if (index === MSR.IA32_MCG_CAP.number || index === MSR.IA32_PLATFORM_ID.number) return 0
  return -1
}

const MTRR_CAPABILITIES = 0x50a

/** What a processor that does not speculate may say of itself in IA32_ARCH_CAPABILITIES. */
const [NO_SPECULATION_LO, NO_SPECULATION_HI] = /* @__PURE__ */ (() => {
  const { lo, hi } = ARCH_CAPABILITIES
  const old =
    lo.RDCL_NO | lo.IBRS_ALL | lo.SKIP_L1DFL_VMENTRY | lo.SSB_NO | lo.MDS_NO | lo.IF_PSCHANGE_MC_NO | lo.TAA_NO
  const newer = lo.SBDR_SSDP_NO | lo.FBSDP_NO | lo.PSDP_NO | lo.BHI_NO | lo.PBRSB_NO | lo.GDS_NO | lo.RFDS_NO
  return [(old | newer) >>> 0, hi.ITS_NO]
})()

function give(ctx: RuleContext, lo: number, hi: number): 0 {
  ctx.state.set(FIELD.rax, lo, 0)
  ctx.state.set(FIELD.rdx, hi, 0)
  return 0
}

/** WRMSR of EDX:EAX to register ECX. Fault: #GP(0). Intel SDM vol. 2B, WRMSR; vol. 4. */
export function wrmsr(ctx: RuleContext): RuleStatus {
  const { state, host } = ctx
  if (allowed(ctx) !== 0) return 1
  const index = state.lo(FIELD.rcx)
  const lo = state.lo(FIELD.rax)
  const hi = state.lo(FIELD.rdx)
  const hook = host.writeMsr(index, lo, hi)
  if (hook !== 2) return hook === 0 ? 0 : raiseGp(state)
  if (index === MSR.IA32_EFER.number) return writeEfer(ctx, lo, hi)
  if (index === MSR.IA32_TIME_STAMP_COUNTER.number) return writeTsc(ctx, lo, hi)
  const found = msrOf(index)
  if (found === undefined || !exists(ctx, found.msr) || found.msr.access === 'r') return raiseGp(state)
  if (!isLegal(ctx, found.msr, lo, hi)) return raiseGp(state)
  if (index === MSR.IA32_TSC_ADJUST.number) return writeTscAdjust(ctx, lo, hi)
  const field = stateOf(found.msr)
  if (field === undefined) return found.msr.access === 'w' ? 0 : raiseGp(state)
  // A write of the microcode revision is ignored but for its protocol of CPUID after it: it stays.
  if (index === MSR.IA32_BIOS_SIGN_ID.number) return 0
  state.setLo(field, lo, found.index)
  state.setHi(field, hi, found.index)
  if (msrChangesCode(index)) ctx.host.modeChanged()
  return 0
}

function msrChangesCode(index: number): boolean {
  return index === MSR.IA32_FS_BASE.number || index === MSR.IA32_GS_BASE.number
}

/** Memory types that PAT entries and MTRRs may hold (Intel SDM vol. 3A, 13.12.2 and 13.11.2.1). */
function isMemoryType(type: number, inPat: boolean): boolean {
  return type === 0 || type === 1 || (type >= 4 && type <= 6) || (inPat && type === 7)
}

function areMemoryTypes(word: number, inPat: boolean): boolean {
  for (let shift = 0; shift < 32; shift += 8) if (!isMemoryType((word >>> shift) & 0xff, inPat)) return false
  return true
}

/** Reserved bits, canonical addresses, memory types, MAXPHYADDR, locks. */
function isLegal(ctx: RuleContext, msr: Msr, lo: number, hi: number): boolean {
  const { state } = ctx
  const { name, fields } = msr
  if (CANONICAL.has(name)) return isCanonical(state, hi)
  if (name === 'IA32_PAT') return areMemoryTypes(lo, true) && areMemoryTypes(hi, true)
  if (name.startsWith('IA32_MTRR_FIX')) return areMemoryTypes(lo, false) && areMemoryTypes(hi, false)
  if (name === 'IA32_TSC_AUX' || name === 'IA32_SYSENTER_CS') return hi === 0 || name === 'IA32_SYSENTER_CS'
  if (name === 'IA32_XSS') return lo === 0 && hi === 0
  if (name === 'IA32_FEATURE_CONTROL' && (state.lo(FIELD.featureControl) & FEATURE_CONTROL.lo.LOCK) !== 0) return false
  if (name === 'IA32_APIC_BASE' && !isApicMode(ctx, lo)) return false
  if (fields === undefined) return true
  if (((lo & fields.reservedLo) | (hi & fields.reservedHi)) !== 0) return false
  if (name === 'IA32_MTRR_PHYSBASE' || name === 'IA32_MTRR_PHYSMASK' || name === 'IA32_APIC_BASE') {
    return (
      hi >>> (ctx.model.physicalAddressBits - 32) === 0 &&
      (name !== 'IA32_MTRR_PHYSBASE' || isMemoryType(lo & 0xff, false))
    )
  }
  return name !== 'IA32_MTRR_DEF_TYPE' || isMemoryType(lo & 0xff, false)
}

/** x2APIC mode needs the feature and an enabled APIC, and is left only by disabling it (Intel SDM vol. 3A, 12.12.5). */
function isApicMode(ctx: RuleContext, lo: number): boolean {
  const { EXTD, EN } = APIC_BASE.lo
  const old = ctx.state.lo(FIELD.apicBase)
  if ((lo & EXTD) === 0) return (old & EXTD) === 0 || (lo & EN) === 0
  return hasFeature(ctx, 'X2APIC') && (lo & EN) !== 0 && (old & EN) !== 0
}

/** IA32_EFER: LMA is not writable, LME not with paging on (Intel SDM vol. 3A, 2.2.1; AMD APM vol. 2, 3.1.7). */
function writeEfer(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  const { SCE, LME, LMA, NXE, FFXSR } = EFER.lo
  let legal = LMA
  if (hasFeature(ctx, 'SYSCALL')) legal |= SCE
  if (hasFeature(ctx, 'LM')) legal |= LME
  if (hasFeature(ctx, 'NX')) legal |= NXE
  if (hasFeature(ctx, 'FFXSR')) legal |= FFXSR
  const old = state.lo(FIELD.efer)
  if (hi !== 0 || (lo & ~legal) !== 0) return raiseGp(state)
  const paging = (state.lo(FIELD.cr0) & CR0.lo.PG) !== 0
  if (paging && ((old ^ lo) & LME) !== 0) return raiseGp(state)
  state.set(FIELD.efer, ((lo & ~LMA) | (old & LMA)) >>> 0, 0)
  if (((old ^ lo) & NXE) !== 0) ctx.host.flushTlb(false)
  ctx.host.modeChanged()
  return 0
}

/** The offset becomes what makes the counter read so; TSC_ADJUST moves with it (Intel SDM vol. 3B, 19.17.3). */
function writeTsc(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state, host } = ctx
  const offsetLo = lo - host.tscLo()
  const offsetHi = hi - host.tscHi() - (offsetLo < 0 ? 1 : 0)
  const deltaLo = (offsetLo >>> 0) - state.lo(FIELD.tscOffset)
  const deltaHi = (offsetHi >>> 0) - state.hi(FIELD.tscOffset) - (deltaLo < 0 ? 1 : 0)
  state.set(FIELD.tscOffset, offsetLo >>> 0, offsetHi >>> 0)
  const sum = state.lo(FIELD.tscAdjust) + (deltaLo >>> 0)
  state.set(FIELD.tscAdjust, sum >>> 0, state.hi(FIELD.tscAdjust) + deltaHi + (sum > 0xffffffff ? 1 : 0))
  return 0
}

function writeTscAdjust(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  const deltaLo = lo - state.lo(FIELD.tscAdjust)
  const deltaHi = hi - state.hi(FIELD.tscAdjust) - (deltaLo < 0 ? 1 : 0)
  const sum = state.lo(FIELD.tscOffset) + (deltaLo >>> 0)
  state.set(FIELD.tscOffset, sum >>> 0, state.hi(FIELD.tscOffset) + deltaHi + (sum > 0xffffffff ? 1 : 0))
  state.set(FIELD.tscAdjust, lo, hi)
  return 0
}
