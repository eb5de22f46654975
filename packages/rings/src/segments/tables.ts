import { cplOf, FIELD, RFLAGS, SEGMENT, SELECTOR, SYSTEM_TYPE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseGp, raiseUd, setResult } from '../context.ts'
import { needsCpl0, umipFault } from '../control/cr.ts'
import { replaceFlags } from '../flags.ts'
import { is64Bit, isCanonical, isLongMode, isRealOrV86 } from '../mode.ts'
import { Descriptor, fetchDescriptor, isNull, locate } from './descriptor.ts'
import { ACCESS_KIND, linearAddress } from './linear-address.ts'

/** The table registers: which of them an instruction means. */
export const TABLE = /* @__PURE__ */ Object.freeze({ GDT: 0, IDT: 1 })

const descriptor = /* @__PURE__ */ new Descriptor()
const BASE_24_BITS = 0xffffff

/** The linear address of a part of the operand. */
function operand(
  ctx: RuleContext,
  segment: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
  kind: number,
): RuleStatus {
  const carry = offsetLo > 0xffffffff ? 1 : 0
  return linearAddress(ctx, segment, offsetLo >>> 0, offsetHi + carry, sizeBytes, kind)
}

/**
 * LGDT and LIDT: limit and base from memory; `sizeBytes` 2 loads a base of 24 bits. Faults: #GP(0) at CPL > 0 or for a base that is
 * not canonical; those of the access. Intel SDM vol. 2A, LGDT/LIDT.
 */
export function loadTable(
  ctx: RuleContext,
  table: number,
  segment: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
): RuleStatus {
  const { state, linear } = ctx
  if (needsCpl0(ctx) !== 0) return 1
  const baseBytes = is64Bit(state) ? 8 : 4
  if (operand(ctx, segment, offsetLo, offsetHi, 2, ACCESS_KIND.READ) !== 0) return 1
  if (linear.read(2, state.lo(FIELD.helperArgument), state.hi(FIELD.helperArgument), 1) !== 0) return 1
  const limit = linear.lo
  if (operand(ctx, segment, offsetLo + 2, offsetHi, baseBytes, ACCESS_KIND.READ) !== 0) return 1
  if (linear.read(baseBytes, state.lo(FIELD.helperArgument), state.hi(FIELD.helperArgument), 1) !== 0) return 1
  const hi = baseBytes === 8 ? linear.hi : 0
  if (!isCanonical(state, hi)) return raiseGp(state)
  const lo = sizeBytes === 2 && baseBytes === 4 ? linear.lo & BASE_24_BITS : linear.lo
  state.set(table === TABLE.GDT ? FIELD.gdtrBase : FIELD.idtrBase, lo, hi)
  state.setLo(table === TABLE.GDT ? FIELD.gdtrLimit : FIELD.idtrLimit, limit)
  return 0
}

/** SGDT and SIDT. Faults: #GP(0) under CR4.UMIP; those of the access, before anything is written. Intel SDM vol. 2B, SGDT, SIDT. */
export function storeTable(
  ctx: RuleContext,
  table: number,
  segment: number,
  offsetLo: number,
  offsetHi: number,
): RuleStatus {
  const { state, linear } = ctx
  if (umipFault(ctx) !== 0) return 1
  const user = cplOf(state) === 3 ? 0 : 1
  const baseBytes = is64Bit(state) ? 8 : 4
  if (operand(ctx, segment, offsetLo, offsetHi, 2, ACCESS_KIND.WRITE) !== 0) return 1
  const limitLo = state.lo(FIELD.helperArgument)
  const limitHi = state.hi(FIELD.helperArgument)
  // The limit is what faults first, where both lie in one page.
  if (linear.probeWrite(2, limitLo, limitHi, user) !== 0) return 1
  if (operand(ctx, segment, offsetLo + 2, offsetHi, baseBytes, ACCESS_KIND.WRITE) !== 0) return 1
  const lo = state.lo(FIELD.helperArgument)
  const hi = state.hi(FIELD.helperArgument)
  if (linear.probeWrite(baseBytes, lo, hi, user) !== 0) return 1
  const limit = state.lo(table === TABLE.GDT ? FIELD.gdtrLimit : FIELD.idtrLimit)
  const base = table === TABLE.GDT ? FIELD.gdtrBase : FIELD.idtrBase
  if (linear.write(2, limitLo, limitHi, limit, 0, user) !== 0) return 1
  return linear.write(baseBytes, lo, hi, state.lo(base), state.hi(base), user)
}

/** SLDT and STR: the selector of LDTR or TR, as the result. Faults: #UD outside protected mode, #GP(0) under CR4.UMIP. */
export function storeSystemSelector(ctx: RuleContext, segment: number): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  if (umipFault(ctx) !== 0) return 1
  return setResult(ctx.state, ctx.state.lo(FIELD.segSelector, segment), 0)
}

/** Reads a descriptor quietly: 1 found, 0 none, -1 a page fault. */
function inspect(ctx: RuleContext, selector: number): number {
  if (isNull(selector) || !locate(ctx, selector, 8, descriptor)) return 0
  return fetchDescriptor(ctx, descriptor) === 0 ? 1 : -1
}

function setZf(ctx: RuleContext, found: boolean): 0 {
  replaceFlags(ctx.state, found ? RFLAGS.lo.ZF : 0, RFLAGS.lo.ZF)
  return 0
}

function isVisible(ctx: RuleContext, selector: number): boolean {
  if (descriptor.isSegment && descriptor.isCode && descriptor.isConforming) return true
  return Math.max(cplOf(ctx.state), selector & SELECTOR.lo.RPL) <= descriptor.dpl
}

const TYPES_LSL = [SYSTEM_TYPE.LDT, SYSTEM_TYPE.TSS_AVAILABLE, SYSTEM_TYPE.TSS_BUSY] as const
const TYPES_LSL_LEGACY = [SYSTEM_TYPE.TSS16_AVAILABLE, SYSTEM_TYPE.TSS16_BUSY] as const
const TYPES_LAR_LEGACY = [SYSTEM_TYPE.CALL_GATE16, SYSTEM_TYPE.TASK_GATE] as const

/** System types that LSL and LAR accept (Intel SDM vol. 2A, LAR, table 3-52; LSL, table 3-55). */
function isAccepted(ctx: RuleContext, forLar: boolean): boolean {
  if (descriptor.isSegment) return true
  const { type } = descriptor
  const legacy = !isLongMode(ctx.state)
  if ((TYPES_LSL as readonly number[]).includes(type)) return true
  if (legacy && (TYPES_LSL_LEGACY as readonly number[]).includes(type)) return true
  if (!forLar) return false
  return type === SYSTEM_TYPE.CALL_GATE || (legacy && (TYPES_LAR_LEGACY as readonly number[]).includes(type))
}

/** LAR: access rights (bits 23:8 of the descriptor's second doubleword) as the result, and ZF. Fault: #UD. Intel SDM vol. 2A, LAR. */
export function lar(ctx: RuleContext, selector: number): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  const found = inspect(ctx, selector)
  if (found < 0) return 1
  if (found === 0 || !isAccepted(ctx, true) || !isVisible(ctx, selector)) return setZf(ctx, false)
  setResult(ctx.state, (descriptor.hi & 0x00ffff00) >>> 0, 0)
  return setZf(ctx, true)
}

/** LSL: the limit in bytes as the result, and ZF. Fault: #UD. Intel SDM vol. 2A, LSL. */
export function lsl(ctx: RuleContext, selector: number): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  const found = inspect(ctx, selector)
  if (found < 0) return 1
  if (found === 0 || !isAccepted(ctx, false) || !isVisible(ctx, selector)) return setZf(ctx, false)
  setResult(ctx.state, descriptor.limit, 0)
  return setZf(ctx, true)
}

/** VERR (`write` 0) and VERW (1): ZF. Fault: #UD. Intel SDM vol. 2D, VERR/VERW. */
export function verify(ctx: RuleContext, selector: number, write: number): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  const found = inspect(ctx, selector)
  if (found < 0) return 1
  if (found === 0 || !descriptor.isSegment || !isVisible(ctx, selector)) return setZf(ctx, false)
  return setZf(ctx, write !== 0 ? descriptor.isWritableData : descriptor.isReadable)
}

/** ARPL: the adjusted selector as the result, and ZF. Fault: #UD. Intel SDM vol. 2A, ARPL. */
export function arpl(ctx: RuleContext, destination: number, source: number): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  const { RPL } = SELECTOR.lo
  const raised = (source & RPL) > (destination & RPL)
  setResult(ctx.state, raised ? (destination & ~RPL) | (source & RPL) : destination, 0)
  return setZf(ctx, raised)
}

/** The number of LDTR and TR for `storeSystemSelector`. */
export const SYSTEM_SEGMENT = /* @__PURE__ */ (() => Object.freeze({ LDTR: SEGMENT.LDTR, TR: SEGMENT.TR }))()
