/** State components beyond the legacy region: where their bytes stand in the state, and whether they are in use. */
import { type CpuState, FIELD, XCR0, XSAVE_COMPONENT, type XsaveComponent } from '@ringfold/arch'
import type { RuleContext } from '@ringfold/rings'
import type { Area, Piece } from './area.ts'
import { isX87InUse, vectorCount } from './legacy.ts'

const { X87, SSE } = XCR0.lo

/** Where the extended region starts: after legacy region and header. */
export const EXTENDED_OFFSET = 576

interface ExtendedComponent extends XsaveComponent {
  /** The bytes of the component in the order of the area, as views of the state. */
  parts(state: CpuState): Uint8Array[]
}

/** The components that models can enable (`supportedXcr0`), in the order of their numbers. */
const EXTENDED: readonly ExtendedComponent[] = /* @__PURE__ */ [
  {
    ...XSAVE_COMPONENT.AVX,
    parts: (state) => Array.from({ length: vectorCount(state) }, (_, n) => state.bytes(FIELD.ymm, n).subarray(16)),
  },
  { ...XSAVE_COMPONENT.PKRU, parts: (state) => [state.bytes(FIELD.pkru)] },
]

/** A component and its place in an area. */
export interface PlacedComponent {
  readonly component: ExtendedComponent
  readonly offsetBytes: number
}

/** The extended components of a bitmap in standard format. */
export function standardPlaces(bitmap: number): PlacedComponent[] {
  return EXTENDED.filter(({ component }) => ((bitmap >>> component) & 1) !== 0).map((component) => ({
    component,
    offsetBytes: component.offsetBytes as number,
  }))
}

/** The same in compacted format: in order without gaps, but for alignment (Intel SDM vol. 1, 13.4.3). */
export function compactedPlaces(bitmap: number): PlacedComponent[] {
  let next = EXTENDED_OFFSET
  return EXTENDED.filter(({ component }) => ((bitmap >>> component) & 1) !== 0).map((component) => {
    const offsetBytes = component.aligned64 ? (next + 63) & ~63 : next
    next = offsetBytes + component.sizeBytes
    return { component, offsetBytes }
  })
}

export const bitOf = ({ component }: PlacedComponent): number => 1 << component.component

export const endOf = (places: readonly PlacedComponent[]): number =>
  Math.max(EXTENDED_OFFSET, ...places.map(({ component, offsetBytes }) => offsetBytes + component.sizeBytes))

/** The bytes that a component takes of the area: AVX state is half as long outside 64-bit mode. */
export function pieceOf(state: CpuState, { component, offsetBytes }: PlacedComponent): Piece {
  const sizeBytes = component.parts(state).reduce((sum, part) => sum + part.length, 0)
  return [offsetBytes, (sizeBytes + 7) & ~7]
}

export function encodeComponent(state: CpuState, { image }: Area, { component, offsetBytes }: PlacedComponent): void {
  let at = offsetBytes
  for (const part of component.parts(state)) {
    image.set(part, at)
    at += part.length
  }
}

export function decodeComponent(state: CpuState, { image }: Area, { component, offsetBytes }: PlacedComponent): void {
  let at = offsetBytes
  for (const part of component.parts(state)) {
    part.set(image.subarray(at, at + part.length))
    at += part.length
  }
}

export function initializeComponent(state: CpuState, { component }: PlacedComponent): void {
  for (const part of component.parts(state)) part.fill(0)
}

function isAnyXmmSet(state: CpuState): boolean {
  for (let n = vectorCount(state) - 1; n >= 0; n--)
    for (let word = 0; word < 4; word++) if (state.word(FIELD.xmm, word, n) !== 0) return true
  return false
}

/**
 * XINUSE: the components that are not in their initial configuration (Intel SDM vol. 1, 13.6); of the extended ones, those that XCR0
 * and IA32_XSS enable, as whoever asks is limited to them. Processors may report more of them
 * than differ; ours compare values, so that engines agree, as an AMD EPYC (family 17h) was seen to do. MXCSR does not count.
 */
export function componentsInUse({ state }: RuleContext): number {
  let inUse = isX87InUse(state) ? X87 : 0
  if (isAnyXmmSet(state)) inUse |= SSE
  const enabled = state.first(FIELD.xcr0) | state.first(FIELD.xss)
  // What is not enabled is not asked for: most models have none of these.
  for (const { component, parts } of EXTENDED)
    if ((enabled & (1 << component)) !== 0 && parts(state).some((part) => part.some((byte) => byte !== 0)))
      inUse |= 1 << component
  return inUse
}
