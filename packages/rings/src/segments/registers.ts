import {
  ACCESS_RIGHTS,
  CODE_SEGMENT_TYPE,
  type CpuState,
  cplOf,
  FIELD as FIELD_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import { isLongMode } from '../mode.ts'
import type { Descriptor } from './descriptor.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE

const { lo: RIGHTS, shift } = ACCESS_RIGHTS
const CONFORMING_CODE = CODE_SEGMENT_TYPE.lo.CODE | CODE_SEGMENT_TYPE.lo.C
const DATA_RW_ACCESSED = 3
const LIMIT_64K = 0xffff

/** Sets a segment register, visible and hidden part. */
export function setSegment(
  state: CpuState,
  segment: number,
  selector: number,
  baseLo: number,
  baseHi: number,
  limit: number,
  rights: number,
): void {
  state.setLo(FIELD.segSelector, selector & 0xffff, segment)
  state.set(FIELD.segBase, baseLo, baseHi, segment)
  state.setLo(FIELD.segLimit, limit, segment)
  state.setLo(FIELD.segAccess, rights, segment)
}

/** Sets a segment register from a descriptor. */
export function setFromDescriptor(state: CpuState, segment: number, selector: number, from: Descriptor): void {
  setSegment(state, segment, selector, from.base, 0, from.limit, from.rights)
}

/**
 * Sets CS, with the privilege level as the RPL of its selector, and the DPL of SS, which is the CPL. 64-bit code has no base, whatever
 * its descriptor says (Intel SDM vol. 3A, 3.4.4): whoever adds `csBase` need not ask for the mode.
 */
export function setCode(state: CpuState, from: Descriptor, cpl: number): void {
  const base = isLongMode(state) && (from.rights & RIGHTS.L) !== 0 ? 0 : from.base
  setSegment(state, SEGMENT.CS, (from.selector & ~3) | cpl, base, 0, from.limit, from.rights)
  setCpl(state, cpl)
}

/** The CPL is the DPL of SS. */
export function setCpl(state: CpuState, cpl: number): void {
  const rights = state.lo(FIELD.segAccess, SEGMENT.SS)
  state.setLo(FIELD.segAccess, (rights & ~RIGHTS.DPL) | (cpl << shift.DPL), SEGMENT.SS)
}

/** Sets SS to a null selector, as 64-bit mode does when the privilege level changes (Intel SDM vol. 3A, 7.14.4). */
export function setNullStack(state: CpuState, cpl: number, selector = cpl): void {
  setSegment(state, SEGMENT.SS, selector, 0, 0, 0, RIGHTS.UNUSABLE | (cpl << shift.DPL))
}

/** Makes a register hold a null selector. */
export function setNull(state: CpuState, segment: number, selector: number): void {
  setSegment(state, segment, selector, 0, 0, 0, RIGHTS.UNUSABLE)
}

/** A segment of virtual-8086 mode (Intel SDM vol. 3B, 22.2.1): 64 KByte at the paragraph, writable, DPL 3. */
export function setV86Segment(state: CpuState, segment: number, selector: number): void {
  const rights = DATA_RW_ACCESSED | RIGHTS.S | RIGHTS.P | RIGHTS.DPL
  setSegment(state, segment, selector, (selector & 0xffff) << 4, 0, LIMIT_64K, rights)
}

/** Loads a register in real mode: base and selector; limit and rights stay (Intel SDM vol. 3B, 22.1.1). */
export function setRealSegment(state: CpuState, segment: number, selector: number): void {
  state.setLo(FIELD.segSelector, selector & 0xffff, segment)
  state.set(FIELD.segBase, (selector & 0xffff) << 4, 0, segment)
}

/**
 * Return to an outer level: data-segment registers that the new level may not use become null (Intel SDM vol. 3A, 6.8.6,
 * "If a segment register refers to a segment ... more privileged").
 */
export function invalidateDataSegments(state: CpuState): void {
  const cpl = cplOf(state)
  for (const segment of DATA_SEGMENTS) {
    const rights = state.lo(FIELD.segAccess, segment)
    const conformingCode = (rights & CONFORMING_CODE) === CONFORMING_CODE
    const dpl = (rights & RIGHTS.DPL) >>> shift.DPL
    if ((rights & RIGHTS.UNUSABLE) === 0 && !conformingCode && dpl < cpl) {
      const hi = isLongMode(state) ? state.hi(FIELD.segBase, segment) : 0
      const lo = isLongMode(state) ? state.lo(FIELD.segBase, segment) : 0
      setNull(state, segment, 0)
      state.set(FIELD.segBase, lo, hi, segment)
    }
  }
}

const DATA_SEGMENTS = [SEGMENT.ES, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS] as const
