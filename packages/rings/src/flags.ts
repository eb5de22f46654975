import {
  type CpuState,
  CR4 as CR4_TABLE,
  cplOf,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY as INTERRUPTIBILITY_TABLE,
  RFLAGS as RFLAGS_TABLE,
  readRflags,
  writeRflags,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, setResult } from './context.ts'
import { ioplOf, isProtected, isV86 } from './mode.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const CR4 = CR4_TABLE
const FIELD = FIELD_TABLE
const INTERRUPTIBILITY = INTERRUPTIBILITY_TABLE
const RFLAGS = RFLAGS_TABLE

const { lo: F } = RFLAGS
/** What PUSHF of any size and privilege may change: all but VM, RF, VIF, VIP, IF and IOPL. */
export const PLAIN_FLAGS: number = /* @__PURE__ */ (() => {
  const f = RFLAGS.lo
  return f.CF | f.PF | f.AF | f.ZF | f.SF | f.TF | f.DF | f.OF | f.NT | f.AC | f.ID
})()
const LOW_WORD = 0xffff

/** Replaces the flags in `mask`. */
export function replaceFlags(state: CpuState, value: number, mask: number): void {
  writeRflags(state, (readRflags(state) & ~mask) | (value & mask))
}

/** The flags that POPF and IRET may change at this privilege level, without VM, RF, VIF and VIP. */
export function changeableFlags(state: CpuState, sizeBytes: number): number {
  const cpl = isProtected(state) ? cplOf(state) : 0
  let mask = PLAIN_FLAGS
  if (cpl <= ioplOf(state)) mask |= F.IF
  if (cpl === 0) mask |= F.IOPL
  return sizeBytes === 2 ? mask & LOW_WORD : mask
}

function hasVirtualInterrupts(state: CpuState, extension: number): boolean {
  return (state.first(FIELD.cr4) & extension) !== 0
}

/**
 * PUSHF: the image, as the result; the push itself is an ordinary store. Fault: #GP(0) in virtual-8086 mode with IOPL < 3,
 * unless VME lets a 16-bit PUSHF give VIF for IF. Intel SDM vol. 2B, PUSHF/PUSHFD/PUSHFQ; vol. 3B, 22.3.
 */
export function pushf(ctx: RuleContext, sizeBytes: number): RuleStatus {
  const { state } = ctx
  let image = readRflags(state) & ~(F.VM | F.RF)
  if (isProtected(state) && isV86(state) && ioplOf(state) < 3) {
    if (sizeBytes !== 2 || !hasVirtualInterrupts(state, CR4.lo.VME)) return raiseGp(state)
    image = (image & ~F.IF) | F.IOPL | ((image & F.VIF) === 0 ? 0 : F.IF)
  }
  return setResult(state, (sizeBytes === 2 ? image & LOW_WORD : image) >>> 0, 0)
}

/**
 * POPF with the image that was popped (RSP is the caller's, after status 0). Fault: #GP(0) in virtual-8086 mode with IOPL < 3
 * (VME: if VIP is set and IF would be, or TF would be). Intel SDM vol. 2B, POPF/POPFD/POPFQ, table 4-16; vol. 3B, 22.3.
 */
export function popf(ctx: RuleContext, image: number, sizeBytes: number): RuleStatus {
  const { state } = ctx
  const ac = state.first(FIELD.systemFlags) & F.AC
  const status = popfByMode(ctx, image, sizeBytes)
  // Alignment checks begin or end.
  if ((state.first(FIELD.systemFlags) & F.AC) !== ac) ctx.host.modeChanged()
  return status
}

function popfByMode(ctx: RuleContext, image: number, sizeBytes: number): RuleStatus {
  const { state } = ctx
  if (isProtected(state) && isV86(state)) return popfV86(ctx, image, sizeBytes)
  replaceFlags(state, image, changeableFlags(state, sizeBytes) | (sizeBytes === 2 ? 0 : F.RF))
  if (sizeBytes !== 2) replaceFlags(state, 0, F.RF)
  return 0
}

function popfV86(ctx: RuleContext, image: number, sizeBytes: number): RuleStatus {
  const { state } = ctx
  if (ioplOf(state) === 3) {
    const mask = (PLAIN_FLAGS | F.IF) & (sizeBytes === 2 ? LOW_WORD : -1)
    replaceFlags(state, image, mask)
    if (sizeBytes !== 2) replaceFlags(state, 0, F.RF)
    return 0
  }
  if (sizeBytes !== 2 || !hasVirtualInterrupts(state, CR4.lo.VME)) return raiseGp(state)
  return writeVirtualFlags(state, image)
}

/** The 16-bit flags of POPF and IRET under VME: IF stands for VIF. Fault: #GP(0). */
export function writeVirtualFlags(state: CpuState, image: number): RuleStatus {
  const pending = (readRflags(state) & F.VIP) !== 0 && (image & F.IF) !== 0
  if (pending || (image & F.TF) !== 0) return raiseGp(state)
  replaceFlags(state, image, PLAIN_FLAGS & LOW_WORD)
  replaceFlags(state, (image & F.IF) === 0 ? 0 : F.VIF, F.VIF)
  return 0
}

/** Whether CLI and STI act on VIF: 1; on IF: 0; or may not: -1. Intel SDM vol. 2A, CLI, table 3-7. */
function interruptFlagKind(state: CpuState): number {
  if (!isProtected(state)) return 0
  if (ioplOf(state) >= cplOf(state)) return 0
  if (isV86(state)) return hasVirtualInterrupts(state, CR4.lo.VME) ? 1 : -1
  return cplOf(state) === 3 && hasVirtualInterrupts(state, CR4.lo.PVI) ? 1 : -1
}

/** CLI. Fault: #GP(0). Intel SDM vol. 2A, CLI. */
export function cli(ctx: RuleContext): RuleStatus {
  const kind = interruptFlagKind(ctx.state)
  if (kind < 0) return raiseGp(ctx.state)
  replaceFlags(ctx.state, 0, kind === 1 ? F.VIF : F.IF)
  return 0
}

/** STI: if IF was clear, interrupts stay held for one instruction. Fault: #GP(0), also with VIP set. Intel SDM vol. 2B, STI. */
export function sti(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  const kind = interruptFlagKind(state)
  const flags = readRflags(state)
  if (kind < 0 || (kind === 1 && (flags & F.VIP) !== 0)) return raiseGp(state)
  if (kind === 1) replaceFlags(state, F.VIF, F.VIF)
  else {
    if ((flags & F.IF) === 0)
      state.setFirst(FIELD.interruptibility, state.first(FIELD.interruptibility) | INTERRUPTIBILITY.lo.STI)
    replaceFlags(state, F.IF, F.IF)
  }
  return 0
}
