import { FIELD, RFLAGS, SEGMENT, SELECTOR, SYSTEM_TYPE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, VECTOR } from '../context.ts'
import { Descriptor, isNull, markAccessed, readDescriptor, selectorCode } from '../segments/descriptor.ts'
import { setCpl, setFromDescriptor, setNull, setV86Segment } from '../segments/registers.ts'

const descriptor = /* @__PURE__ */ new Descriptor()
const DATA = [SEGMENT.ES, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS] as const
const CPL_V86 = 3

/**
 * Loads LDTR and the segment registers of a task. All selectors are visible before the first is checked; faults are #TS,
 * #NP and #SS with the selector. Intel SDM vol. 3A, 9.3, table 9-1 "Exception Conditions Checked During a Task Switch".
 */
export function loadTaskSegments(
  ctx: RuleContext,
  image: Uint32Array,
  at: number,
  ldt: number,
  ext: number,
): RuleStatus {
  const { state } = ctx
  for (let n = 0; n <= SEGMENT.GS; n++) setNull(state, n, image[at + n] as number)
  setNull(state, SEGMENT.LDTR, ldt)
  const v86 = (state.lo(FIELD.systemFlags) & RFLAGS.lo.VM) !== 0
  const cpl = v86 ? CPL_V86 : (image[at + SEGMENT.CS] as number) & SELECTOR.lo.RPL
  setCpl(state, cpl)
  if (loadLdt(ctx, ldt, ext) !== 0) return 1
  if (v86) {
    for (let n = 0; n <= SEGMENT.GS; n++) setV86Segment(state, n, image[at + n] as number)
    return 0
  }
  if (loadCode(ctx, image[at + SEGMENT.CS] as number, ext) !== 0) return 1
  if (loadStack(ctx, image[at + SEGMENT.SS] as number, cpl, ext) !== 0) return 1
  for (const segment of DATA) if (loadData(ctx, segment, image[at + segment] as number, cpl, ext) !== 0) return 1
  return 0
}

function loadLdt(ctx: RuleContext, selector: number, ext: number): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return 0
  const code = selectorCode(selector, ext)
  if ((selector & SELECTOR.lo.TI) !== 0) return raise(state, VECTOR.TS, code)
  if (readDescriptor(ctx, selector, VECTOR.TS, ext, descriptor) !== 0) return 1
  const isLdt = !descriptor.isSegment && descriptor.type === SYSTEM_TYPE.LDT
  if (!isLdt || !descriptor.isPresent) return raise(state, VECTOR.TS, code)
  setFromDescriptor(state, SEGMENT.LDTR, selector, descriptor)
  return 0
}

function loadCode(ctx: RuleContext, selector: number, ext: number): RuleStatus {
  const { state } = ctx
  const code = selectorCode(selector, ext)
  if (isNull(selector)) return raise(state, VECTOR.TS, code)
  if (readDescriptor(ctx, selector, VECTOR.TS, ext, descriptor) !== 0) return 1
  const { rpl, dpl, isConforming } = descriptor
  const allowed = isConforming ? dpl <= rpl : dpl === rpl
  if (!descriptor.isCode || !allowed) return raise(state, VECTOR.TS, code)
  if (!descriptor.isPresent) return raise(state, VECTOR.NP, code)
  if (markAccessed(ctx, descriptor) !== 0) return 1
  setFromDescriptor(state, SEGMENT.CS, selector, descriptor)
  return 0
}

function loadStack(ctx: RuleContext, selector: number, cpl: number, ext: number): RuleStatus {
  const { state } = ctx
  const code = selectorCode(selector, ext)
  if (isNull(selector)) return raise(state, VECTOR.TS, code)
  if (readDescriptor(ctx, selector, VECTOR.TS, ext, descriptor) !== 0) return 1
  const { rpl, dpl, isWritableData } = descriptor
  if (!isWritableData || dpl !== cpl || rpl !== cpl) return raise(state, VECTOR.TS, code)
  if (!descriptor.isPresent) return raise(state, VECTOR.SS, code)
  if (markAccessed(ctx, descriptor) !== 0) return 1
  setFromDescriptor(state, SEGMENT.SS, selector, descriptor)
  return 0
}

function loadData(ctx: RuleContext, segment: number, selector: number, cpl: number, ext: number): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) return 0
  const code = selectorCode(selector, ext)
  if (readDescriptor(ctx, selector, VECTOR.TS, ext, descriptor) !== 0) return 1
  const { rpl, dpl, isConforming, isReadable } = descriptor
  if (!isReadable || (!isConforming && Math.max(cpl, rpl) > dpl)) return raise(state, VECTOR.TS, code)
  if (!descriptor.isPresent) return raise(state, VECTOR.NP, code)
  if (markAccessed(ctx, descriptor) !== 0) return 1
  setFromDescriptor(state, segment, selector, descriptor)
  return 0
}
