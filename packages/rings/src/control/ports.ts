import { cplOf, FIELD as FIELD_TABLE, RFLAGS as RFLAGS_TABLE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raiseUd, setResult } from '../context.ts'
import { replaceFlags } from '../flags.ts'
import { isProtected } from '../mode.ts'
import { hasFeature } from '../models/model.ts'
import { BREAK_ON, noteDataBreakpoint } from './debug.ts'
import { checkIo } from './system.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE

/** IN from a port: the value, zero-extended, is the result. Fault: #GP(0) by IOPL and permission map. Intel SDM vol. 2A, IN. */
export function portIn(ctx: RuleContext, port: number, sizeBytes: number): RuleStatus {
  if (checkIo(ctx, port, sizeBytes) !== 0) return 1
  noteDataBreakpoint(ctx, BREAK_ON.IO, port, 0, sizeBytes)
  return setResult(ctx.state, ctx.host.readPort(port & 0xffff, sizeBytes as 1 | 2 | 4) >>> 0, 0)
}

/** OUT of the low bytes of a value to a port. Fault: #GP(0). Intel SDM vol. 2B, OUT. */
export function portOut(ctx: RuleContext, port: number, sizeBytes: number, value: number): RuleStatus {
  if (checkIo(ctx, port, sizeBytes) !== 0) return 1
  noteDataBreakpoint(ctx, BREAK_ON.IO, port, 0, sizeBytes)
  const bits = 8 * sizeBytes
  ctx.host.writePort(port & 0xffff, sizeBytes as 1 | 2 | 4, bits === 32 ? value >>> 0 : value & (2 ** bits - 1))
  return 0
}

const STATUS = /* @__PURE__ */ (() => {
  const f = RFLAGS.lo
  return f.CF | f.PF | f.AF | f.ZF | f.SF | f.OF
})()

/** RDRAND, and RDSEED (`seed` 1): 64 random bits as the result; CF is set, the other status flags cleared. Fault: #UD. Intel SDM vol. 2B, RDRAND. */
export function random(ctx: RuleContext, seed: number): RuleStatus {
  if (!hasFeature(ctx, seed !== 0 ? 'RDSEED' : 'RDRAND')) return raiseUd(ctx.state)
  replaceFlags(ctx.state, RFLAGS.lo.CF, STATUS)
  const lo = ctx.host.random() >>> 0
  ctx.state.set(FIELD.helperArgument, lo, ctx.host.random() >>> 0)
  return 0
}

/** CLAC and STAC. Fault: #UD without SMAP or at CPL > 0. Intel SDM vol. 2A, CLAC; vol. 2B, STAC. */
export function setAccessControl(ctx: RuleContext, value: number): RuleStatus {
  const { state } = ctx
  if (!hasFeature(ctx, 'SMAP') || (isProtected(state) && cplOf(state) !== 0)) return raiseUd(state)
  replaceFlags(ctx.state, value === 0 ? 0 : RFLAGS.lo.AC, RFLAGS.lo.AC)
  ctx.host.modeChanged()
  return 0
}
