import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  type CpuState,
  FIELD as FIELD_TABLE,
  SEGMENT as SEGMENT_TABLE,
  SYSTEM_TYPE as SYSTEM_TYPE_TABLE,
  TSS16 as TSS16_TABLE,
  TSS32,
  TSS64 as TSS64_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, VECTOR } from '../context.ts'
import { accessAt, isCanonical } from '../mode.ts'
import {
  Descriptor,
  isNull,
  markAccessed,
  readDescriptor,
  SYSTEM_ACCESS,
  selectorCode,
} from '../segments/descriptor.ts'
import type { StackCursor } from '../segments/stack.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE
const SYSTEM_TYPE = SYSTEM_TYPE_TABLE
const TSS16 = TSS16_TABLE
const TSS64 = TSS64_TABLE

/** The stack segment of an inner level, after `openInnerStack`. */
export const innerStack = /* @__PURE__ */ new Descriptor()

/** Reads bytes of the current TSS; beyond its limit: #TS with its selector. */
function readTss(ctx: RuleContext, offset: number, sizeBytes: 2 | 4 | 8, ext: number): RuleStatus {
  const { state } = ctx
  if (offset + sizeBytes - 1 > state.lo(FIELD.segLimit, SEGMENT.TR)) {
    return raise(state, VECTOR.TS, selectorCode(state.lo(FIELD.segSelector, SEGMENT.TR), ext))
  }
  const lo = state.lo(FIELD.segBase, SEGMENT.TR) + offset
  const hi = state.hi(FIELD.segBase, SEGMENT.TR) + (lo > 0xffffffff ? 1 : 0)
  return ctx.linear.read(sizeBytes, lo >>> 0, hi >>> 0, SYSTEM_ACCESS)
}

function isTss16(state: CpuState): boolean {
  const type = state.lo(FIELD.segAccess, SEGMENT.TR) & ACCESS_RIGHTS.lo.TYPE
  return type === SYSTEM_TYPE.TSS16_BUSY || type === SYSTEM_TYPE.TSS16_AVAILABLE
}

/**
 * Opens the stack that a 16-bit or 32-bit TSS holds for an inner privilege level. Faults: #TS, and #SS for a segment that is not
 * present. Intel SDM vol. 3A, 6.8.5 "Stack Switching"; vol. 2A, CALL and INT n, inter-privilege.
 */
export function openInnerStack(ctx: RuleContext, level: number, ext: number, stack: StackCursor): RuleStatus {
  const narrow = isTss16(ctx.state)
  const { offset } = TSS32
  const spAt = narrow ? TSS16.offset.SP0 + level * (TSS16.offset.SP1 - TSS16.offset.SP0) : 0
  const espAt = narrow ? spAt : offset.ESP0 + level * (offset.ESP1 - offset.ESP0)
  if (readTss(ctx, espAt + (narrow ? 2 : 4), 2, ext) !== 0) return 1
  const selector = ctx.linear.lo
  if (readTss(ctx, espAt, narrow ? 2 : 4, ext) !== 0) return 1
  const sp = ctx.linear.lo
  if (checkInnerSegment(ctx, selector, level, ext) !== 0) return 1
  stack.useSegment(innerStack, sp, accessAt(level))
  return 0
}

function checkInnerSegment(ctx: RuleContext, selector: number, level: number, ext: number): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return raise(state, VECTOR.TS, ext)
  if (readDescriptor(ctx, selector, VECTOR.TS, ext, innerStack) !== 0) return 1
  const code = selectorCode(selector, ext)
  const { rpl, dpl, isWritableData } = innerStack
  if (rpl !== level || dpl !== level || !isWritableData) return raise(state, VECTOR.TS, code)
  if (!innerStack.isPresent) return raise(state, VECTOR.SS, code)
  return markAccessed(ctx, innerStack)
}

/**
 * Opens RSPn (`ist` 0) or ISTn of the 64-bit TSS. Faults: #TS beyond its limit, #SS for an address that is not canonical. Intel
 * SDM vol. 3A, 7.14.2 and 7.14.5.
 */
export function openInnerStack64(
  ctx: RuleContext,
  level: number,
  ist: number,
  ext: number,
  stack: StackCursor,
): RuleStatus {
  const { RSP0, RSP1, IST1, IST2 } = TSS64.offset
  const offset = ist === 0 ? RSP0 + level * (RSP1 - RSP0) : IST1 + (ist - 1) * (IST2 - IST1)
  if (readTss(ctx, offset, 8, ext) !== 0) return 1
  if (!isCanonical(ctx.state, ctx.linear.hi)) return raise(ctx.state, VECTOR.SS, ext)
  stack.use64(ctx.linear.lo, ctx.linear.hi, accessAt(level))
  return 0
}
