/**
 * The 512 bytes that FXSAVE writes, which are also the legacy region of an XSAVE area: state to bytes and back.
 * Intel SDM vol. 1, 10.5.1 "FXSAVE Area", 13.5.1 "x87 State", 13.5.2 "SSE State".
 */
import { type CpuState, FCW, FIELD, FSW, FXSAVE_AREA, MXCSR } from '@ringfold/arch'
import { hasFeature, is64Bit, isAmd, type RuleContext } from '@ringfold/rings'
import type { Area, Piece } from './area.ts'

const { offset: AT, size: SIZE } = FXSAVE_AREA

/** x87 state: control to data pointer, and the registers. */
export const X87_PIECES: readonly Piece[] = [
  [AT.FCW, AT.MXCSR - AT.FCW],
  [AT.ST, SIZE.ST],
]
export const MXCSR_PIECE: Piece = [AT.MXCSR, SIZE.MXCSR + SIZE.MXCSR_MASK]

/** XMM8 to XMM15 can be reached in 64-bit mode only. */
export const vectorCount = (state: CpuState): number => (is64Bit(state) ? 16 : 8)

export const xmmPiece = (state: CpuState): Piece => [AT.XMM, vectorCount(state) * 16]

export const INITIAL_MXCSR = 0x1f80
const INITIAL_FCW = 0x037f

/** The bits that MXCSR has; MM (AMD APM vol. 1, 4.2.2) with its feature only. */
export function mxcsrMask(ctx: RuleContext): number {
  return hasFeature(ctx, 'MISALIGN_SSE') ? MXCSR.lo.MM | 0xffff : 0xffff
}

const EXCEPTION_FLAGS = FSW.lo.IE | FSW.lo.DE | FSW.lo.ZE | FSW.lo.OE | FSW.lo.UE | FSW.lo.PE
const CONTROL_BITS = EXCEPTION_FLAGS | FCW.lo.PC | FCW.lo.RC | FCW.lo.X
/** Bit 6 of the control word reads as one. */
const ALWAYS_ONE = 0x40
const OPCODE_MASK = 0x7ff

/** With a pending exception, ES and B; processors compute them anew whenever they load the status word. */
function summary(control: number, status: number): number {
  const { ES, B } = FSW.lo
  const rest = status & ~(ES | B | FSW.lo.TOP) & 0xffff
  return (rest & ~control & EXCEPTION_FLAGS) !== 0 ? rest | ES | B : rest
}

/** Puts the x87 state into the image. `wide`: with REX.W, which saves 64-bit pointers without selectors. */
export function encodeX87(ctx: RuleContext, { image, view }: Area, wide: boolean): void {
  const { state } = ctx
  const top = state.lo(FIELD.fpuTop) & 7
  const status = state.lo(FIELD.fpuStatus)
  image.fill(0, AT.FCW, AT.MXCSR)
  view.setUint16(AT.FCW, state.lo(FIELD.fpuControl), true)
  view.setUint16(AT.FSW, (status & ~FSW.lo.TOP) | (top << FSW.shift.TOP), true)
  view.setUint8(AT.FTW, state.lo(FIELD.fpuTag))
  // AMD processors save the pointers of a pending exception only (APM vol. 2, 11.4.4.3).
  if (!isAmd(ctx) || (status & FSW.lo.ES) !== 0) encodePointers(ctx, view, wide)
  for (let n = 0; n < 8; n++) {
    image.fill(0, AT.ST + n * 16, AT.ST + n * 16 + 16)
    image.set(state.bytes(FIELD.fpr, (top + n) & 7), AT.ST + n * 16)
  }
}

function encodePointers(ctx: RuleContext, view: DataView, wide: boolean): void {
  const { state } = ctx
  view.setUint16(AT.FOP, state.lo(FIELD.fpuOpcode) & OPCODE_MASK, true)
  view.setUint32(AT.FIP, state.lo(FIELD.fip), true)
  view.setUint32(AT.FDP, state.lo(FIELD.fdp), true)
  if (wide) {
    view.setUint32(AT.FIP + 4, state.hi(FIELD.fip), true)
    view.setUint32(AT.FDP + 4, state.hi(FIELD.fdp), true)
  } else if (!hasFeature(ctx, 'ZERO_FCS_FDS')) {
    view.setUint16(AT.FIP + 4, state.lo(FIELD.fcs), true)
    view.setUint16(AT.FDP + 4, state.lo(FIELD.fds), true)
  }
}

/** AMD processors keep the low 48 bits of a pointer, sign-extended (seen on an EPYC of family 17h). */
const pointerHigh = (ctx: RuleContext, hi: number): number => (isAmd(ctx) ? (hi << 16) >> 16 : hi)

/** Loads the x87 state from the image. With REX.W the selectors become 0, without it the upper halves of the pointers. */
export function decodeX87(ctx: RuleContext, { image, view }: Area, wide: boolean): void {
  const { state } = ctx
  const control = (view.getUint16(AT.FCW, true) & CONTROL_BITS) | ALWAYS_ONE
  const status = view.getUint16(AT.FSW, true)
  const top = (status & FSW.lo.TOP) >>> FSW.shift.TOP
  state.setLo(FIELD.fpuControl, control)
  state.setLo(FIELD.fpuStatus, summary(control, status))
  state.setLo(FIELD.fpuTop, top)
  state.setLo(FIELD.fpuTag, view.getUint8(AT.FTW))
  state.setLo(FIELD.fpuOpcode, view.getUint16(AT.FOP, true) & OPCODE_MASK)
  const [fipHi, fdpHi] = [view.getUint32(AT.FIP + 4, true), view.getUint32(AT.FDP + 4, true)]
  state.set(FIELD.fip, view.getUint32(AT.FIP, true), wide ? pointerHigh(ctx, fipHi) : 0)
  state.set(FIELD.fdp, view.getUint32(AT.FDP, true), wide ? pointerHigh(ctx, fdpHi) : 0)
  state.setLo(FIELD.fcs, wide ? 0 : fipHi & 0xffff)
  state.setLo(FIELD.fds, wide ? 0 : fdpHi & 0xffff)
  for (let n = 0; n < 8; n++) {
    const bytes = state.bytes(FIELD.fpr, (top + n) & 7)
    bytes.set(image.subarray(AT.ST + n * 16, AT.ST + n * 16 + bytes.length))
  }
}

/** Intel SDM vol. 1, 13.6, table 13-1 and 8.1: as FNINIT, with registers of 0. */
export function initializeX87(state: CpuState): void {
  state.setLo(FIELD.fpuControl, INITIAL_FCW)
  const zero = [FIELD.fpuStatus, FIELD.fpuTop, FIELD.fpuTag, FIELD.fpuOpcode, FIELD.fcs, FIELD.fds]
  for (const field of zero) state.setLo(field, 0)
  state.set(FIELD.fip, 0, 0)
  state.set(FIELD.fdp, 0, 0)
  for (let n = 0; n < 8; n++) state.bytes(FIELD.fpr, n).fill(0)
}

/** Whether the x87 state differs from its initial configuration. */
export function isX87InUse(state: CpuState): boolean {
  if (state.lo(FIELD.fpuControl) !== INITIAL_FCW) return true
  for (const field of X87_WORDS) if (state.lo(field) !== 0) return true
  for (const field of X87_POINTERS) if ((state.lo(field) | state.hi(field)) !== 0) return true
  for (let n = 0; n < 8; n++) if (isRegisterSet(state, n)) return true
  return false
}

const X87_WORDS = /* @__PURE__ */ [
  ...[FIELD.fpuStatus, FIELD.fpuTop, FIELD.fpuTag, FIELD.fpuOpcode, FIELD.fcs, FIELD.fds],
] as const
const X87_POINTERS = /* @__PURE__ */ [FIELD.fip, FIELD.fdp] as const

/** 80 bits. */
function isRegisterSet(state: CpuState, n: number): boolean {
  const last = state.word(FIELD.fpr, 2, n) & 0xffff
  return (state.word(FIELD.fpr, 0, n) | state.word(FIELD.fpr, 1, n) | last) !== 0
}

/** MXCSR and MXCSR_MASK. */
export function encodeMxcsr(ctx: RuleContext, { view }: Area): void {
  view.setUint32(AT.MXCSR, ctx.state.lo(FIELD.mxcsr), true)
  view.setUint32(AT.MXCSR_MASK, mxcsrMask(ctx), true)
}

export const mxcsrOf = ({ view }: Area): number => view.getUint32(AT.MXCSR, true)

export function encodeXmm(state: CpuState, { image }: Area): void {
  for (let n = 0; n < vectorCount(state); n++) image.set(state.bytes(FIELD.xmm, n), AT.XMM + n * 16)
}

export function decodeXmm(state: CpuState, { image }: Area): void {
  for (let n = 0; n < vectorCount(state); n++)
    state.bytes(FIELD.xmm, n).set(image.subarray(AT.XMM + n * 16, AT.XMM + n * 16 + 16))
}
