/** XSAVE, XSAVEOPT, XSAVEC, XSAVES (Intel SDM vol. 1, 13.7 and 13.9 to 13.11; vol. 2D). */
import { FIELD, XCR0, XSAVE_HEADER } from '@ringfold/arch'
import { ACCESS_KIND, type RuleContext, type RuleStatus } from '@ringfold/rings'
import { type Area, findArea, operandOf, type Piece } from './area.ts'
import { checkXsave, requestedComponents, XSAVE_ALIGN_BYTES, type XsaveFeature } from './available.ts'
import {
  bitOf,
  compactedPlaces,
  componentsInUse,
  encodeComponent,
  endOf,
  type PlacedComponent,
  pieceOf,
  standardPlaces,
} from './components.ts'
import { encodeMxcsr, encodeX87, encodeXmm, INITIAL_MXCSR, MXCSR_PIECE, X87_PIECES, xmmPiece } from './legacy.ts'

const { X87, SSE, AVX } = XCR0.lo
const HEADER = 512
const STATE_BV = HEADER + XSAVE_HEADER.offset.XSTATE_BV
const COMP_BV = HEADER + XSAVE_HEADER.offset.XCOMP_BV
const COMPACTED = 0x80000000

/** Composes the components of `saved`, and gives the pieces to write. */
function compose(
  ctx: RuleContext,
  area: Area,
  saved: number,
  places: readonly PlacedComponent[],
  wide: boolean,
): Piece[] {
  const { state } = ctx
  const pieces: Piece[] = []
  if ((saved & X87) !== 0) {
    encodeX87(ctx, area, wide)
    pieces.push(...X87_PIECES)
  }
  if ((saved & SSE) !== 0) {
    encodeXmm(state, area)
    pieces.push(xmmPiece(state))
  }
  for (const place of places) {
    if ((saved & bitOf(place)) === 0) continue
    encodeComponent(state, area, place)
    pieces.push(pieceOf(state, place))
  }
  return pieces
}

/** Standard format: XSAVE, and XSAVEOPT, which leaves out what is in its initial configuration. */
function saveStandard(ctx: RuleContext, segment: number, wide: boolean, feature: XsaveFeature): RuleStatus {
  if (checkXsave(ctx, feature) !== 0) return 1
  const rfbm = requestedComponents(ctx, false)
  const places = standardPlaces(rfbm)
  const area = findArea(ctx, operandOf(ctx, segment), endOf(places), XSAVE_ALIGN_BYTES, ACCESS_KIND.WRITE)
  if (area === null || area.read([[STATE_BV, 8]]) !== 0) return 1
  const inUse = componentsInUse(ctx)
  const pieces = compose(ctx, area, feature === 'XSAVEOPT' ? rfbm & inUse : rfbm, places, wide)
  if ((rfbm & (SSE | AVX)) !== 0) {
    encodeMxcsr(ctx, area)
    pieces.push(MXCSR_PIECE)
  }
  const before = area.view.getUint32(STATE_BV, true)
  area.view.setUint32(STATE_BV, (before & ~rfbm) | (inUse & rfbm), true)
  return area.write([...pieces, [STATE_BV, 8]])
}

/** Compacted format, without what is in its initial configuration: XSAVEC and XSAVES. */
function saveCompacted(ctx: RuleContext, segment: number, wide: boolean, feature: 'XSAVEC' | 'XSAVES'): RuleStatus {
  if (checkXsave(ctx, feature) !== 0) return 1
  const rfbm = requestedComponents(ctx, feature === 'XSAVES')
  const places = compactedPlaces(rfbm)
  const area = findArea(ctx, operandOf(ctx, segment), endOf(places), XSAVE_ALIGN_BYTES, ACCESS_KIND.WRITE)
  if (area === null) return 1
  // Other than for XSAVE, MXCSR counts as part of the SSE component.
  const mxcsrInUse = ctx.state.lo(FIELD.mxcsr) !== INITIAL_MXCSR ? SSE : 0
  const saved = rfbm & (componentsInUse(ctx) | mxcsrInUse)
  const pieces = compose(ctx, area, saved, places, wide)
  if ((saved & SSE) !== 0) {
    encodeMxcsr(ctx, area)
    pieces.push(MXCSR_PIECE)
  }
  area.view.setUint32(STATE_BV, saved, true)
  area.view.setUint32(COMP_BV, rfbm, true)
  area.view.setUint32(COMP_BV + 4, COMPACTED, true)
  return area.write([...pieces, [STATE_BV, 16]])
}

/** All take `wide`: REX.W. Faults: #UD, #NM, #GP(0), #SS(0), #PF. */
export const xsave = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  saveStandard(ctx, segment, wide !== 0, 'XSAVE')

/** The modified optimization, which a processor may use, is not: what is saved does not depend on history. */
export const xsaveopt = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  saveStandard(ctx, segment, wide !== 0, 'XSAVEOPT')

export const xsavec = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  saveCompacted(ctx, segment, wide !== 0, 'XSAVEC')

/** CPL 0 only. */
export const xsaves = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  saveCompacted(ctx, segment, wide !== 0, 'XSAVES')
