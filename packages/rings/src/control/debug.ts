import {
  CR4 as CR4_TABLE,
  DR6 as DR6_TABLE,
  DR7 as DR7_TABLE,
  EVENT_INFORMATION as EVENT_INFORMATION_TABLE,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY as INTERRUPTIBILITY_TABLE,
  PENDING_DEBUG as PENDING_DEBUG_TABLE,
  RFLAGS as RFLAGS_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, raiseUd, setResult, VECTOR } from '../context.ts'
import { needsCpl0 } from './cr.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const CR4 = CR4_TABLE
const DR6 = DR6_TABLE
const DR7 = DR7_TABLE
const EVENT_INFORMATION = EVENT_INFORMATION_TABLE
const FIELD = FIELD_TABLE
const INTERRUPTIBILITY = INTERRUPTIBILITY_TABLE
const PENDING_DEBUG = PENDING_DEBUG_TABLE
const RFLAGS = RFLAGS_TABLE

/** What a breakpoint of DR7 breaks on (`RW0` to `RW3`). */
export const BREAK_ON = /* @__PURE__ */ Object.freeze({ EXECUTE: 0, WRITE: 1, IO: 2, ACCESS: 3 })

const BREAKPOINTS = 4
const RW_SHIFT = /* @__PURE__ */ (() => [DR7.shift.RW0, DR7.shift.RW1, DR7.shift.RW2, DR7.shift.RW3])()
const LENGTH_SHIFT = /* @__PURE__ */ (() => [DR7.shift.LEN0, DR7.shift.LEN1, DR7.shift.LEN2, DR7.shift.LEN3])()
/** Bytes by LEN: 2 is 8 bytes. */
const LENGTH_BYTES = [1, 2, 8, 4]

/** The number of the debug register behind `number`: DR4 and DR5 are DR6 and DR7 unless CR4.DE; -1: #UD. */
function resolve(ctx: RuleContext, number: number): number {
  if (number !== 4 && number !== 5) return number < 8 ? number : -1
  return (ctx.state.first(FIELD.cr4) & CR4.lo.DE) !== 0 ? -1 : number + 2
}

/** Common faults: #UD, #GP(0) at CPL > 0, #DB with BD under DR7.GD. Intel SDM vol. 3B, 19.2.2 and 19.2.4. */
function debugRegisterFault(ctx: RuleContext, resolved: number): RuleStatus {
  const { state } = ctx
  if (resolved < 0) return raiseUd(state)
  if (needsCpl0(ctx) !== 0) return 1
  if ((state.first(FIELD.dr7) & DR7.lo.GD) === 0) return 0
  raise(state, VECTOR.DB)
  state.set(FIELD.pendingPayload, DR6.lo.BD, 0)
  return 1
}

/** MOV from a debug register: the value is the result. Intel SDM vol. 2B, MOV—Move to/from Debug Registers. */
export function readDebugRegister(ctx: RuleContext, number: number): RuleStatus {
  const { state } = ctx
  const resolved = resolve(ctx, number)
  if (debugRegisterFault(ctx, resolved) !== 0) return 1
  if (resolved < BREAKPOINTS) return setResult(state, state.lo(FIELD.dr, resolved), state.hi(FIELD.dr, resolved))
  if (resolved === 6) return setResult(state, state.first(FIELD.dr6) | DR6.alwaysOneLo | DR6.lo.RTM | DR6.lo.BLD, 0)
  return setResult(state, state.first(FIELD.dr7) | DR7.alwaysOneLo, 0)
}

/** MOV to a debug register. Fault besides: #GP(0) for bits 63:32 of DR6 and DR7. */
export function writeDebugRegister(ctx: RuleContext, number: number, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  const resolved = resolve(ctx, number)
  if (debugRegisterFault(ctx, resolved) !== 0) return 1
  if (resolved < BREAKPOINTS) {
    state.set(FIELD.dr, lo, hi, resolved)
  } else {
    if (hi !== 0) return raiseGp(state)
    if (resolved === 6) state.set(FIELD.dr6, writeDr6(lo), 0)
    else state.set(FIELD.dr7, ((lo & ~DR7.reservedLo) | DR7.alwaysOneLo) & ~DR7.lo.RTM, 0)
  }
  ctx.host.modeChanged()
  return 0
}

function writeDr6(lo: number): number {
  return ((lo & ~DR6.reservedLo) | DR6.alwaysOneLo | DR6.lo.RTM | DR6.lo.BLD) >>> 0
}

/** Whether DR7 enables breakpoint `n`, locally or globally. */
function isEnabled(dr7: number, n: number): boolean {
  return ((dr7 >>> (2 * n)) & (DR7.lo.L0 | DR7.lo.G0)) !== 0
}

/**
 * The enabled breakpoints that an access of `sizeBytes` at a linear address meets, as bits B0 to B3: `kind` EXECUTE, WRITE,
 * ACCESS (a read) or IO (a port). Intel SDM vol. 3B, 19.2.5 "Breakpoint Field Recognition".
 */
export function matchBreakpoints(ctx: RuleContext, kind: number, lo: number, hi: number, sizeBytes: number): number {
  const { state } = ctx
  const dr7 = state.first(FIELD.dr7)
  let met = 0
  for (let n = 0; n < BREAKPOINTS; n++) {
    if (!isEnabled(dr7, n)) continue
    const on = (dr7 >>> (RW_SHIFT[n] as number)) & 3
    if (on !== kind && !(on === BREAK_ON.ACCESS && kind === BREAK_ON.WRITE)) continue
    if (on === BREAK_ON.IO && (state.first(FIELD.cr4) & CR4.lo.DE) === 0) continue
    if (
      overlaps(ctx, n, lo >>> 0, hi >>> 0, sizeBytes, LENGTH_BYTES[(dr7 >>> (LENGTH_SHIFT[n] as number)) & 3] as number)
    )
      met |= DR6.lo.B0 << n
  }
  return met
}

/** The address in DRn counts with its low bits taken as zero, by its length. */
function overlaps(
  ctx: RuleContext,
  n: number,
  lo: number,
  hi: number,
  sizeBytes: number,
  lengthBytes: number,
): boolean {
  const { state } = ctx
  const first = (state.lo(FIELD.dr, n) & -lengthBytes) >>> 0
  const firstHi = state.hi(FIELD.dr, n)
  // Distances instead of addresses: both are small where the ranges meet, also across a multiple of 2^32.
  const distance = (hi - firstHi) * 0x1_0000_0000 + (lo - first)
  return distance < lengthBytes && -distance < sizeBytes
}

/**
 * Before an instruction: #DB (a fault) if an instruction breakpoint stands at its linear address, unless RF is set or MOV SS holds
 * it back. Intel SDM vol. 3B, 19.3.1.1 "Instruction-Breakpoint Exception Condition".
 */
export function checkInstructionBreakpoint(ctx: RuleContext, lo: number, hi: number): RuleStatus {
  const { state } = ctx
  if ((state.first(FIELD.systemFlags) & RFLAGS.lo.RF) !== 0) return 0
  if ((state.first(FIELD.interruptibility) & INTERRUPTIBILITY.lo.MOV_SS) !== 0) return 0
  const met = matchBreakpoints(ctx, BREAK_ON.EXECUTE, lo, hi, 1)
  return met === 0 ? 0 : raiseDebug(ctx, met)
}

/** Notes data or I/O breakpoints that an access met: a trap after the instruction. Intel SDM vol. 3B, 19.3.1.2. */
export function noteDataBreakpoint(ctx: RuleContext, kind: number, lo: number, hi: number, sizeBytes: number): void {
  const met = matchBreakpoints(ctx, kind, lo, hi, sizeBytes)
  if (met === 0) return
  const pending = ctx.state.first(FIELD.pendingDebug)
  ctx.state.setFirst(FIELD.pendingDebug, pending | met | PENDING_DEBUG.lo.ENABLED_BREAKPOINT)
}

/**
 * After an instruction, `rip` on the next: #DB (a trap) for a single step (`stepped`: TF was set when the instruction began) and
 * breakpoints noted meanwhile, unless MOV SS holds them back. Intel SDM vol. 3B, 19.3.1.2 and 19.3.1.4; vol. 3A, 7.8.3.
 */
export function checkDebugTraps(ctx: RuleContext, stepped: number): RuleStatus {
  const { state } = ctx
  const { B0, B1, B2, B3, BS, ENABLED_BREAKPOINT } = PENDING_DEBUG.lo
  const pending = state.first(FIELD.pendingDebug) | (stepped === 0 ? 0 : BS)
  if (pending === 0) return 0
  if ((state.first(FIELD.interruptibility) & INTERRUPTIBILITY.lo.MOV_SS) !== 0) {
    state.setFirst(FIELD.pendingDebug, pending & ~BS)
    return 0
  }
  state.set(FIELD.pendingDebug, 0, 0)
  return raiseDebug(ctx, pending & (B0 | B1 | B2 | B3 | BS) & ~ENABLED_BREAKPOINT)
}

/** #DB with bits for DR6. */
export function raiseDebug(ctx: RuleContext, dr6: number): 1 {
  raise(ctx.state, VECTOR.DB)
  ctx.state.set(FIELD.pendingPayload, dr6, 0)
  return 1
}

/** Whether an event waits to be delivered. */
export function hasPendingEvent(ctx: RuleContext): boolean {
  return (ctx.state.first(FIELD.pendingEvent) & EVENT_INFORMATION.lo.VALID) !== 0
}
