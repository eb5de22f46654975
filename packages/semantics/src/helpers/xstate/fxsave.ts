/** FXSAVE and FXRSTOR (Intel SDM vol. 2A). AMD's EFER.FFXSR is not modelled: no model reports it. */
import { CR0, CR4, FIELD, FXSAVE_AREA } from '@ringfold/arch'
import { ACCESS_KIND, type RuleContext, type RuleStatus, raise, raiseGp, VECTOR } from '@ringfold/rings'
import { type Area, findArea, operandOf, type Piece } from './area.ts'
import {
  decodeX87,
  decodeXmm,
  encodeMxcsr,
  encodeX87,
  encodeXmm,
  MXCSR_PIECE,
  mxcsrMask,
  mxcsrOf,
  X87_PIECES,
  xmmPiece,
} from './legacy.ts'

const ALIGN_BYTES = 16

function find(ctx: RuleContext, segment: number, kind: 0 | 1): Area | null {
  if ((ctx.state.lo(FIELD.cr0) & (CR0.lo.EM | CR0.lo.TS)) !== 0) {
    raise(ctx.state, VECTOR.NM)
    return null
  }
  return findArea(ctx, operandOf(ctx, segment), FXSAVE_AREA.sizeBytes, ALIGN_BYTES, kind)
}

/** Without CR4.OSFXSR XMM registers and MXCSR are neither saved nor restored; the manual leaves that to processors. */
const coversSse = (ctx: RuleContext): boolean => (ctx.state.lo(FIELD.cr4) & CR4.lo.OSFXSR) !== 0

/** `wide`: REX.W. Bytes that no field takes stay as they are. Faults: #NM, #GP(0), #SS(0), #PF. */
export function fxsave(ctx: RuleContext, segment: number, wide: number): RuleStatus {
  const area = find(ctx, segment, ACCESS_KIND.WRITE)
  if (area === null) return 1
  encodeX87(ctx, area, wide !== 0)
  const pieces: Piece[] = [...X87_PIECES]
  if (coversSse(ctx)) {
    encodeMxcsr(ctx, area)
    encodeXmm(ctx.state, area)
    pieces.push(MXCSR_PIECE, xmmPiece(ctx.state))
  }
  return area.write(pieces)
}

/** Faults: as FXSAVE, and #GP(0) for a bit that MXCSR does not have. */
export function fxrstor(ctx: RuleContext, segment: number, wide: number): RuleStatus {
  const { state } = ctx
  const area = find(ctx, segment, ACCESS_KIND.READ)
  if (area === null) return 1
  const sse = coversSse(ctx)
  if (area.read(sse ? [...X87_PIECES, MXCSR_PIECE, xmmPiece(state)] : X87_PIECES) !== 0) return 1
  if (sse && (mxcsrOf(area) & ~mxcsrMask(ctx)) !== 0) return raiseGp(state)
  decodeX87(ctx, area, wide !== 0)
  if (!sse) return 0
  state.setLo(FIELD.mxcsr, mxcsrOf(area))
  decodeXmm(state, area)
  return 0
}
