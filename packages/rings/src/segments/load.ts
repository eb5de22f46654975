import { ACCESS_RIGHTS, cplOf, FIELD, INTERRUPTIBILITY, SEGMENT, SELECTOR, SYSTEM_TYPE } from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise, raiseGp, raiseUd, VECTOR } from '../context.ts'
import { is64Bit, isCanonical, isLongMode, isProtected, isRealOrV86, isV86 } from '../mode.ts'
import { isAmd } from '../models/model.ts'
import { Descriptor, isNull, markAccessed, readDescriptor, readUpper, selectorCode, writeType } from './descriptor.ts'
import { setFromDescriptor, setNull, setNullStack, setRealSegment, setSegment, setV86Segment } from './registers.ts'

const loaded = /* @__PURE__ */ new Descriptor()
const BUSY = 2

/**
 * Loads ES, SS, DS, FS or GS as MOV and POP do; SS begins the interrupt shadow. Faults: #GP, #NP, and for SS #SS, with the
 * selector. Intel SDM vol. 2B, MOV and POP; vol. 3A, 7.8.3 "Masking Exceptions and Interrupts When Switching Stacks".
 */
export function loadSegment(ctx: RuleContext, segment: number, selector: number): RuleStatus {
  if (loadFarSegment(ctx, segment, selector) !== 0) return 1
  if (segment === SEGMENT.SS) {
    const { state } = ctx
    state.setLo(FIELD.interruptibility, state.lo(FIELD.interruptibility) | INTERRUPTIBILITY.lo.MOV_SS)
  }
  return 0
}

/** Loads a segment register as LDS, LES, LFS, LGS and LSS do: without an interrupt shadow. */
export function loadFarSegment(ctx: RuleContext, segment: number, selector: number): RuleStatus {
  const { state } = ctx
  if (segment === SEGMENT.CS || segment > SEGMENT.GS) return raiseUd(state)
  if (isRealOrV86(state)) {
    if (isProtected(state)) setV86Segment(state, segment, selector)
    else setRealSegment(state, segment, selector)
  } else if (segment === SEGMENT.SS) {
    if (loadStackSegment(ctx, selector) !== 0) return 1
  } else if (loadDataSegment(ctx, segment, selector) !== 0) return 1
  ctx.host.modeChanged()
  return 0
}

function loadStackSegment(ctx: RuleContext, selector: number): RuleStatus {
  const { state } = ctx
  const cpl = cplOf(state)
  if (isNull(selector)) {
    if (!is64Bit(state) || cpl === 3 || (selector & SELECTOR.lo.RPL) !== cpl) return raiseGp(state)
    setNullStack(state, cpl, selector)
    return 0
  }
  if (readStack(ctx, selector, cpl, VECTOR.GP, 0, loaded) !== 0) return 1
  if (markAccessed(ctx, loaded) !== 0) return 1
  setFromDescriptor(state, SEGMENT.SS, selector, loaded)
  return 0
}

/**
 * Reads and checks the descriptor of a stack for privilege level `cpl`: RPL and DPL equal to it, writable data, present.
 * Faults: `vector`, or #SS if it is not present, with the selector.
 */
export function readStack(
  ctx: RuleContext,
  selector: number,
  cpl: number,
  vector: number,
  ext: number,
  into: Descriptor,
): RuleStatus {
  const { state } = ctx
  if (readDescriptor(ctx, selector, vector, ext, into) !== 0) return 1
  if (into.rpl !== cpl || into.dpl !== cpl || !into.isWritableData)
    return raise(state, vector, selectorCode(selector, ext))
  if (!into.isPresent) return raise(state, VECTOR.SS, selectorCode(selector, ext))
  return 0
}

function loadDataSegment(ctx: RuleContext, segment: number, selector: number): RuleStatus {
  const { state } = ctx
  if (isNull(selector)) {
    loadNull(ctx, segment, selector)
    return 0
  }
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, loaded) !== 0) return 1
  const outranked = !loaded.isConforming && Math.max(loaded.rpl, cplOf(state)) > loaded.dpl
  if (!loaded.isReadable || outranked) return raiseGp(state, selectorCode(selector))
  if (!loaded.isPresent) return raise(state, VECTOR.NP, selectorCode(selector))
  if (markAccessed(ctx, loaded) !== 0) return 1
  setFromDescriptor(state, segment, selector, loaded)
  return 0
}

/** AMD processors keep base and limit, unless they report NULL_SELECT_CLEARS_BASE (AMD APM vol. 2, 4.5.3). */
function loadNull(ctx: RuleContext, segment: number, selector: number): void {
  const { state } = ctx
  if (!isAmd(ctx) || ctx.model.features.has('NULL_SELECT_CLEARS_BASE')) {
    setNull(state, segment, selector)
    return
  }
  state.setLo(FIELD.segSelector, selector & 0xffff, segment)
  state.setLo(FIELD.segAccess, ACCESS_RIGHTS.lo.UNUSABLE, segment)
}

/** #UD in real and virtual-8086 mode, #GP(0) above CPL 0: what LLDT and LTR check first. */
function checkSystemLoad(ctx: RuleContext): RuleStatus {
  if (isRealOrV86(ctx.state)) return raiseUd(ctx.state)
  return cplOf(ctx.state) === 0 ? 0 : raiseGp(ctx.state)
}

/** The upper half of a 16-byte descriptor: its type field is zero, its base canonical. */
function readSystemUpper(ctx: RuleContext): RuleStatus {
  const { state } = ctx
  loaded.upperLo = 0
  if (!isLongMode(state)) return 0
  if (readUpper(ctx, VECTOR.GP, 0, loaded) !== 0) return 1
  if ((loaded.upperHi & UPPER_TYPE) !== 0 || !isCanonical(state, loaded.upperLo))
    return raiseGp(state, selectorCode(loaded.selector))
  return 0
}

/** Where a legacy descriptor would have S and TYPE. */
const UPPER_TYPE = 0x1f00

function setSystemSegment(ctx: RuleContext, segment: number, selector: number): void {
  setSegment(ctx.state, segment, selector, loaded.base, loaded.upperLo, loaded.limit, loaded.rights)
}

/** LLDT. Faults: #UD, #GP, #NP. Intel SDM vol. 2A, LLDT. */
export function loadLdtr(ctx: RuleContext, selector: number): RuleStatus {
  const { state } = ctx
  if (checkSystemLoad(ctx) !== 0) return 1
  if (isNull(selector)) {
    setNull(state, SEGMENT.LDTR, selector)
    return 0
  }
  if ((selector & SELECTOR.lo.TI) !== 0) return raiseGp(state, selectorCode(selector))
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, loaded) !== 0) return 1
  if (loaded.isSegment || loaded.type !== SYSTEM_TYPE.LDT) return raiseGp(state, selectorCode(selector))
  if (!loaded.isPresent) return raise(state, VECTOR.NP, selectorCode(selector))
  if (readSystemUpper(ctx) !== 0) return 1
  setSystemSegment(ctx, SEGMENT.LDTR, selector)
  return 0
}

/** LTR: marks the TSS busy. Faults: #UD, #GP, #NP. Intel SDM vol. 2A, LTR. */
export function loadTr(ctx: RuleContext, selector: number): RuleStatus {
  const { state } = ctx
  if (checkSystemLoad(ctx) !== 0) return 1
  if (isNull(selector)) return raiseGp(state)
  if ((selector & SELECTOR.lo.TI) !== 0) return raiseGp(state, selectorCode(selector))
  if (readDescriptor(ctx, selector, VECTOR.GP, 0, loaded) !== 0) return 1
  const is16 = loaded.type === SYSTEM_TYPE.TSS16_AVAILABLE && !isLongMode(state)
  const available = loaded.type === SYSTEM_TYPE.TSS_AVAILABLE || is16
  if (loaded.isSegment || !available) return raiseGp(state, selectorCode(selector))
  if (!loaded.isPresent) return raise(state, VECTOR.NP, selectorCode(selector))
  if (readSystemUpper(ctx) !== 0) return 1
  if (writeType(ctx, loaded, loaded.type | BUSY) !== 0) return 1
  setSystemSegment(ctx, SEGMENT.TR, selector)
  return 0
}

/** Whether the selectors of real mode and virtual-8086 mode are in use, in which system segments raise #UD. */
export function needsProtectedMode(ctx: RuleContext): RuleStatus {
  return isProtected(ctx.state) && !isV86(ctx.state) ? 0 : raiseUd(ctx.state)
}
