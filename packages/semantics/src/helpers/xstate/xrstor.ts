/** XRSTOR and XRSTORS (Intel SDM vol. 1, 13.8 and 13.12; vol. 2D). */
import { FIELD, XCR0, XSAVE_HEADER } from '@ringfold/arch'
import { ACCESS_KIND, hasFeature, type RuleContext, type RuleStatus, raiseGp } from '@ringfold/rings'
import { type Area, findArea, operandOf, type Piece } from './area.ts'
import { checkXsave, requestedComponents, XSAVE_ALIGN_BYTES } from './available.ts'
import {
  bitOf,
  compactedPlaces,
  decodeComponent,
  EXTENDED_OFFSET,
  endOf,
  initializeComponent,
  type PlacedComponent,
  pieceOf,
  standardPlaces,
} from './components.ts'
import {
  decodeX87,
  decodeXmm,
  INITIAL_MXCSR,
  initializeX87,
  MXCSR_PIECE,
  mxcsrMask,
  mxcsrOf,
  vectorCount,
  X87_PIECES,
  xmmPiece,
} from './legacy.ts'

const { X87, SSE, AVX, PKRU } = XCR0.lo
const HEADER = 512

/** What a header says, once it has been checked. */
interface Plan {
  /** RFBM, and those of it that the area holds: the others are initialized. */
  readonly requested: number
  readonly held: number
  readonly compacted: boolean
  readonly places: readonly PlacedComponent[]
}

/** Whether all 32-bit words of the header from byte `start` to `end` are 0. */
function isZero({ view }: Area, start: number, end: number): boolean {
  for (let at = HEADER + start; at < HEADER + end; at += 4) if (view.getUint32(at, true) !== 0) return false
  return true
}

/** Reads a header. `null`: it is one for which XRSTOR raises #GP (Intel SDM vol. 1, 13.8 and 13.12). */
function readHeader(ctx: RuleContext, area: Area, supervisor: boolean): Plan | null {
  const { view } = area
  const enabled = ctx.state.lo(FIELD.xcr0) | (supervisor ? ctx.state.lo(FIELD.xss) : 0)
  const { XSTATE_BV, XCOMP_BV } = XSAVE_HEADER.offset
  const held = view.getUint32(HEADER + XSTATE_BV, true)
  const format = view.getUint32(HEADER + XCOMP_BV, true)
  const formatHi = view.getUint32(HEADER + XCOMP_BV + 4, true)
  const compacted = formatHi >>> 31 === 1
  const requested = requestedComponents(ctx, supervisor)
  const heldHi = view.getUint32(HEADER + XSTATE_BV + 4, true)
  if (heldHi !== 0 || (held & ~enabled) !== 0) return null
  if (!compacted) {
    if (supervisor || !isZero(area, 8, 24)) return null
    return { requested, held, compacted, places: standardPlaces(requested) }
  }
  const supported = hasFeature(ctx, 'XSAVEC') || hasFeature(ctx, 'XSAVES')
  if (!supported || formatHi << 1 !== 0 || (format & ~enabled) !== 0 || (held & ~format) !== 0) return null
  if (!isZero(area, 16, XSAVE_HEADER.sizeBytes)) return null
  // Components that the area has no room for are initialized all the same.
  const missing = standardPlaces(requested & ~format)
  const present = compactedPlaces(format).filter((place) => (requested & bitOf(place)) !== 0)
  return { requested, held, compacted, places: [...present, ...missing] }
}

/** The standard form loads MXCSR whether or not the area holds the SSE component, and for AVX too; the compacted form does not. */
function loadsMxcsr({ requested, held, compacted }: Plan): boolean {
  return compacted ? (requested & held & SSE) !== 0 : (requested & (SSE | AVX)) !== 0
}

function piecesOf(ctx: RuleContext, plan: Plan): Piece[] {
  const loaded = plan.requested & plan.held
  const pieces: Piece[] = []
  if ((loaded & X87) !== 0) pieces.push(...X87_PIECES)
  if ((loaded & SSE) !== 0) pieces.push(xmmPiece(ctx.state))
  if (loadsMxcsr(plan)) pieces.push(MXCSR_PIECE)
  for (const place of plan.places) if ((loaded & bitOf(place)) !== 0) pieces.push(pieceOf(ctx.state, place))
  return pieces
}

function apply(ctx: RuleContext, area: Area, plan: Plan, wide: boolean): void {
  const { state } = ctx
  const { requested, held, places } = plan
  if ((requested & X87) !== 0) {
    if ((held & X87) !== 0) decodeX87(ctx, area, wide)
    else initializeX87(state)
  }
  if (loadsMxcsr(plan)) state.setLo(FIELD.mxcsr, mxcsrOf(area))
  if ((requested & SSE) !== 0) {
    if ((held & SSE) !== 0) decodeXmm(state, area)
    else for (let n = 0; n < vectorCount(state); n++) state.bytes(FIELD.xmm, n).fill(0)
    if (plan.compacted && (held & SSE) === 0) state.setLo(FIELD.mxcsr, INITIAL_MXCSR)
  }
  for (const place of places) {
    if ((held & bitOf(place)) !== 0) decodeComponent(state, area, place)
    else initializeComponent(state, place)
  }
  // Rights of pages depend on PKRU.
  if ((requested & PKRU) !== 0) ctx.host.modeChanged()
}

function restore(ctx: RuleContext, segment: number, wide: boolean, supervisor: boolean): RuleStatus {
  if (checkXsave(ctx, supervisor ? 'XSAVES' : 'XSAVE') !== 0) return 1
  const operand = operandOf(ctx, segment)
  const header = findArea(ctx, operand, EXTENDED_OFFSET, XSAVE_ALIGN_BYTES, ACCESS_KIND.READ)
  if (header === null || header.read([[HEADER, XSAVE_HEADER.sizeBytes]]) !== 0) return 1
  const plan = readHeader(ctx, header, supervisor)
  if (plan === null) return raiseGp(ctx.state)
  const area = findArea(ctx, operand, endOf(plan.places), XSAVE_ALIGN_BYTES, ACCESS_KIND.READ)
  if (area === null || area.read(piecesOf(ctx, plan)) !== 0) return 1
  if (loadsMxcsr(plan) && (mxcsrOf(area) & ~mxcsrMask(ctx)) !== 0) return raiseGp(ctx.state)
  apply(ctx, area, plan, wide)
  return 0
}

/** `wide`: REX.W. Faults: #UD, #NM, #SS(0), #PF; #GP(0), also for headers and values of MXCSR that are not allowed. */
export const xrstor = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  restore(ctx, segment, wide !== 0, false)

/** CPL 0, and the compacted format only. */
export const xrstors = (ctx: RuleContext, segment: number, wide: number): RuleStatus =>
  restore(ctx, segment, wide !== 0, true)
