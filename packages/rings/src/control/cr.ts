import {
  ACCESS_RIGHTS,
  type CpuidFeatureName,
  type CpuState,
  CR0,
  CR3,
  CR4,
  CR8,
  cplOf,
  EFER,
  FIELD,
  SEGMENT,
  SYSTEM_TYPE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, raiseUd, setResult } from '../context.ts'
import { is64Bit, isLongMode, isProtected } from '../mode.ts'
import { type CpuModel, hasFeature } from '../models/model.ts'

const { lo: R0 } = CR0
const { lo: R4 } = CR4
const CR0_BITS = R0.PE | R0.MP | R0.EM | R0.TS | R0.NE | R0.WP | R0.AM | R0.NW | R0.CD | R0.PG

/** The bits of CR4 and the features that they need. What is not here no model has yet. */
const CR4_FEATURES: readonly (readonly [mask: number, feature: CpuidFeatureName])[] = [
  [R4.VME, 'VME'],
  [R4.PVI, 'VME'],
  [R4.TSD, 'TSC'],
  [R4.DE, 'DE'],
  [R4.PSE, 'PSE'],
  [R4.PAE, 'PAE'],
  [R4.MCE, 'MCE'],
  [R4.PGE, 'PGE'],
  [R4.PCE, 'MSR'],
  [R4.OSFXSR, 'FXSR'],
  [R4.OSXMMEXCPT, 'SSE'],
  [R4.UMIP, 'UMIP'],
  [R4.FSGSBASE, 'FSGSBASE'],
  [R4.PCIDE, 'PCID'],
  [R4.OSXSAVE, 'XSAVE'],
  [R4.SMEP, 'SMEP'],
  [R4.SMAP, 'SMAP'],
  [R4.PKE, 'PKU'],
]

/** The bits of CR4 that a model has. */
export function supportedCr4(model: CpuModel): number {
  let mask = 0
  for (const [bit, feature] of CR4_FEATURES) if (model.features.has(feature)) mask |= bit
  return mask
}

/** #GP(0) unless at privilege level 0. */
export function needsCpl0(ctx: RuleContext): RuleStatus {
  return isProtected(ctx.state) && cplOf(ctx.state) !== 0 ? raiseGp(ctx.state) : 0
}

/** MOV from CR0, CR2, CR3, CR4 or CR8: the value is the result. Faults: #UD, #GP(0). Intel SDM vol. 2B, MOV—Move to/from Control Registers. */
export function readControlRegister(ctx: RuleContext, number: number): RuleStatus {
  const { state } = ctx
  const field = [FIELD.cr0, undefined, FIELD.cr2, FIELD.cr3, FIELD.cr4, undefined, undefined, undefined, FIELD.cr8][
    number
  ]
  if (field === undefined) return raiseUd(state)
  if (needsCpl0(ctx) !== 0) return 1
  const hi = is64Bit(state) ? state.hi(field) : 0
  return setResult(state, state.lo(field), hi)
}

/** MOV to CR0, CR2, CR3, CR4 or CR8; outside 64-bit mode `hi` is 0. Faults: #UD, #GP(0). Same place. */
export function writeControlRegister(ctx: RuleContext, number: number, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  const known = number === 0 || (number >= 2 && number <= 4) || number === 8
  if (!known) return raiseUd(state)
  if (needsCpl0(ctx) !== 0) return 1
  switch (number) {
    case 0:
      return writeCr0(ctx, lo, hi)
    case 2:
      state.set(FIELD.cr2, lo, hi)
      return 0
    case 3:
      return writeCr3(ctx, lo, hi)
    case 4:
      return writeCr4(ctx, lo, hi)
    default:
      if (hi !== 0 || (lo & ~CR8.lo.TPR) !== 0) return raiseGp(state)
      state.set(FIELD.cr8, lo, 0)
      ctx.host.taskPriorityChanged()
      return 0
  }
}

/** PAE paging outside long mode uses PDPTE registers. */
function usesPdptes(cr0: number, cr4: number, long: boolean): boolean {
  return (cr0 & R0.PG) !== 0 && (cr4 & R4.PAE) !== 0 && !long
}

/** Whether CR0 may have this value (Intel SDM vol. 2B, MOV CR; vol. 3A, 2.5 and 11.8.5). */
function isCr0Legal(state: CpuState, lo: number, hi: number): boolean {
  if (hi !== 0) return false
  if ((lo & R0.PG) !== 0 && (lo & R0.PE) === 0) return false
  if ((lo & R0.NW) !== 0 && (lo & R0.CD) === 0) return false
  const cr4 = state.lo(FIELD.cr4)
  const starts = (lo & R0.PG) !== 0 && (state.lo(FIELD.cr0) & R0.PG) === 0
  if (starts && (state.lo(FIELD.efer) & EFER.lo.LME) !== 0) {
    const rights = state.lo(FIELD.segAccess, SEGMENT.TR)
    const type = rights & ACCESS_RIGHTS.lo.TYPE
    const tss16 = type === SYSTEM_TYPE.TSS16_BUSY && (rights & ACCESS_RIGHTS.lo.UNUSABLE) === 0
    const csL = (state.lo(FIELD.segAccess, SEGMENT.CS) & ACCESS_RIGHTS.lo.L) !== 0
    return (cr4 & R4.PAE) !== 0 && !csL && !tss16
  }
  // Paging cannot be left in 64-bit mode, nor while PCIDs are in use.
  return (lo & R0.PG) !== 0 || (!is64Bit(state) && (cr4 & R4.PCIDE) === 0)
}

/** Writes CR0: enters and leaves long mode, loads PDPTEs. Fault: #GP(0). Intel SDM vol. 3A, 11.8.5 and 5.4.1. */
function writeCr0(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  if (!isCr0Legal(state, lo, hi)) return raiseGp(state)
  const old = state.lo(FIELD.cr0)
  const value = ((lo & CR0_BITS) | R0.ET) >>> 0
  const changed = old ^ value
  const lme = (state.lo(FIELD.efer) & EFER.lo.LME) !== 0
  const pdptes = usesPdptes(value, state.lo(FIELD.cr4), lme)
  if (pdptes && (changed & (R0.PG | R0.CD | R0.NW)) !== 0) {
    if (ctx.host.loadPdptes(state.lo(FIELD.cr3)) !== 0) return raiseGp(state)
  }
  state.set(FIELD.cr0, value, 0)
  if ((changed & R0.PG) !== 0 && lme) {
    const efer = state.lo(FIELD.efer)
    state.setLo(FIELD.efer, (value & R0.PG) !== 0 ? efer | EFER.lo.LMA : efer & ~EFER.lo.LMA)
  }
  if ((changed & (R0.PG | R0.PE | R0.WP)) !== 0) ctx.host.flushTlb(false)
  ctx.host.modeChanged()
  return 0
}

/** Writes CR3. Fault: #GP(0) for address bits beyond MAXPHYADDR or PDPTEs with reserved bits. Intel SDM vol. 3A, 5.10.4.1. */
function writeCr3(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  const pcide = (state.lo(FIELD.cr4) & R4.PCIDE) !== 0
  const keep = pcide && hi >>> 31 !== 0
  const value = pcide ? hi & 0x7fffffff : hi
  if (isLongMode(state)) {
    const legal = CR3.hi.ADDRESS & ((1 << (ctx.model.physicalAddressBits - 32)) - 1)
    if ((value & ~legal) !== 0) return raiseGp(state)
  }
  if (usesPdptes(state.lo(FIELD.cr0), state.lo(FIELD.cr4), isLongMode(state))) {
    if (ctx.host.loadPdptes(lo) !== 0) return raiseGp(state)
  }
  state.set(FIELD.cr3, lo, isLongMode(state) ? value : 0)
  ctx.host.cr3Written(keep)
  return 0
}

/** Writes CR4. Fault: #GP(0). Intel SDM vol. 2B, MOV CR; vol. 3A, 5.10.1 and 5.10.4.1. */
function writeCr4(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  if (hi !== 0 || (lo & ~supportedCr4(ctx.model)) !== 0) return raiseGp(state)
  const old = state.lo(FIELD.cr4)
  const changed = old ^ lo
  const long = isLongMode(state)
  if (long && (lo & R4.PAE) === 0) return raiseGp(state)
  if ((changed & lo & R4.PCIDE) !== 0 && (!long || (state.lo(FIELD.cr3) & 0xfff) !== 0)) return raiseGp(state)
  const reloads = (changed & (R4.PAE | R4.PGE | R4.PSE | R4.SMEP)) !== 0
  if (reloads && usesPdptes(state.lo(FIELD.cr0), lo, long)) {
    if (ctx.host.loadPdptes(state.lo(FIELD.cr3)) !== 0) return raiseGp(state)
  }
  state.set(FIELD.cr4, lo, 0)
  const { PSE, PAE, PGE, PCIDE, SMEP, SMAP, PKE } = R4
  if ((changed & (PSE | PAE | PGE | PCIDE | SMEP | SMAP | PKE)) !== 0) ctx.host.flushTlb(false)
  ctx.host.modeChanged()
  return 0
}

/** SMSW: CR0, as the result. Fault: #GP(0) under CR4.UMIP at CPL > 0. Intel SDM vol. 2B, SMSW. */
export function smsw(ctx: RuleContext): RuleStatus {
  if (umipFault(ctx) !== 0) return 1
  return setResult(ctx.state, ctx.state.lo(FIELD.cr0), ctx.state.hi(FIELD.cr0))
}

/** LMSW: PE, MP, EM and TS; PE cannot be cleared. Fault: #GP(0). Intel SDM vol. 2A, LMSW. */
export function lmsw(ctx: RuleContext, value: number): RuleStatus {
  if (needsCpl0(ctx) !== 0) return 1
  const old = ctx.state.lo(FIELD.cr0)
  const kept = old & ~(R0.MP | R0.EM | R0.TS)
  return writeCr0(ctx, (kept | (value & (R0.PE | R0.MP | R0.EM | R0.TS))) >>> 0, 0)
}

/** CLTS. Fault: #GP(0). Intel SDM vol. 2A, CLTS. */
export function clts(ctx: RuleContext): RuleStatus {
  if (needsCpl0(ctx) !== 0) return 1
  ctx.state.setLo(FIELD.cr0, ctx.state.lo(FIELD.cr0) & ~R0.TS)
  ctx.host.modeChanged()
  return 0
}

/** #GP(0) if CR4.UMIP keeps SGDT, SIDT, SLDT, SMSW and STR from CPL > 0 (Intel SDM vol. 3A, 2.5). */
export function umipFault(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const prevented = (state.lo(FIELD.cr4) & R4.UMIP) !== 0 && isProtected(state) && cplOf(state) !== 0
  return prevented && hasFeature(ctx, 'UMIP') ? raiseGp(state) : 0
}
