import {
  ACCESS_RIGHTS,
  CODE_SEGMENT_TYPE,
  DATA_SEGMENT_TYPE,
  FIELD as FIELD_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, setResult, VECTOR } from '../context.ts'
import { is64Bit, isCanonical, isProtected, isV86 } from '../mode.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE

const { lo: RIGHTS } = ACCESS_RIGHTS
const { CODE, R: READABLE } = CODE_SEGMENT_TYPE.lo
const { W: WRITABLE, E: EXPAND_DOWN } = DATA_SEGMENT_TYPE.lo

/** What is done at an address. */
export const ACCESS_KIND = /* @__PURE__ */ Object.freeze({ READ: 0, WRITE: 1, EXECUTE: 2 })

/** Whether bytes lie in a segment: limit, and for data that expands down the range above it (Intel SDM vol. 3A, 6.3). */
export function withinLimit(rights: number, limit: number, offset: number, sizeBytes: number): boolean {
  const last = (offset >>> 0) + sizeBytes - 1
  if ((rights & (RIGHTS.S | CODE | EXPAND_DOWN)) === (RIGHTS.S | EXPAND_DOWN)) {
    const upper = (rights & RIGHTS.DB) !== 0 ? 0xffffffff : 0xffff
    return offset >>> 0 > limit >>> 0 && last <= upper
  }
  return last <= limit >>> 0
}

/** Whether a segment of these rights allows an access (Intel SDM vol. 3A, 6.2, table 6-1, and 6.5). */
function allows(rights: number, kind: number): boolean {
  const type = rights & RIGHTS.TYPE
  if ((rights & RIGHTS.UNUSABLE) !== 0) return false
  if (kind === ACCESS_KIND.WRITE) return (type & (CODE | WRITABLE)) === WRITABLE
  return kind === ACCESS_KIND.EXECUTE ? (type & CODE) !== 0 : (type & (CODE | READABLE)) !== CODE
}

/**
 * The linear address of an operand, as the result: `segment` a number of `SEGMENT`, offset in two halves, `kind` one of
 * `ACCESS_KIND`. Faults: #SS(0) through SS, otherwise #GP(0); in 64-bit mode for addresses that are not canonical (Intel SDM vol.
 * 1, 3.3.7.1), elsewhere for limits, types and null selectors (vol. 3A, 6.3 to 6.5; real mode: vol. 3B, 22.1).
 */
export function linearAddress(
  ctx: RuleContext,
  segment: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
  kind: number,
): RuleStatus {
  const { state } = ctx
  const vector = segment === SEGMENT.SS ? VECTOR.SS : VECTOR.GP
  if (is64Bit(state)) return linear64(ctx, segment, offsetLo, offsetHi, sizeBytes, vector)
  const rights = state.lo(FIELD.segAccess, segment)
  const checked = isProtected(state) && !isV86(state)
  if (checked && !allows(rights, kind)) return raise(state, vector, 0)
  if (!withinLimit(rights, state.lo(FIELD.segLimit, segment), offsetLo, sizeBytes)) return raise(state, vector, 0)
  return setResult(state, (state.lo(FIELD.segBase, segment) + (offsetLo >>> 0)) >>> 0, 0)
}

function linear64(
  ctx: RuleContext,
  segment: number,
  offsetLo: number,
  offsetHi: number,
  sizeBytes: number,
  vector: number,
): RuleStatus {
  const { state } = ctx
  const based = segment === SEGMENT.FS || segment === SEGMENT.GS
  const baseLo = based ? state.lo(FIELD.segBase, segment) : 0
  const baseHi = based ? state.hi(FIELD.segBase, segment) : 0
  const lo = baseLo + (offsetLo >>> 0)
  const hi = (baseHi + offsetHi + (lo > 0xffffffff ? 1 : 0)) >>> 0
  const lastHi = (hi + ((lo >>> 0) + sizeBytes - 1 > 0xffffffff ? 1 : 0)) >>> 0
  if (!isCanonical(state, hi) || !isCanonical(state, lastHi)) return raise(state, vector, 0)
  return setResult(state, lo >>> 0, hi)
}
