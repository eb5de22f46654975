/** Results that the manuals call approximate, with how far they may be from another processor's. */
import { formName } from '@ringfold/isa/decoder'
import type { SiliconCase } from './case.ts'
import type { Difference } from './compare.ts'
import { formsOf } from './undefined-flags.ts'

export interface Approximation {
  /** Names of forms. */
  readonly forms: RegExp
  /** Fields of a difference that it covers. */
  readonly fields: RegExp
  /** `single`: four singles, relative to the greater one. `extended`: units in the last place of an 80-bit number. */
  readonly kind: 'single' | 'extended'
  readonly tolerance: number
  readonly source: string
}

const RECIPROCAL = { fields: /^xmm/, kind: 'single', tolerance: 2 * 1.5 * 2 ** -12 } as const

/** The table of tolerances: twice the error that each of two processors may have. */
export const APPROXIMATIONS: readonly Approximation[] = [
  {
    forms: /^(rcp|rsqrt)[ps]s_/,
    ...RECIPROCAL,
    source: 'SDM vol. 2B, RCPPS, RCPSS, RSQRTPS, RSQRTSS: relative error at most 1.5 * 2^-12',
  },
  {
    forms: /^(f2xm1|fyl2x|fyl2xp1|fptan|fpatan|fsin|fcos|fsincos)$/,
    fields: /^(st[01]|fsw)$/,
    kind: 'extended',
    tolerance: 2,
    source: 'SDM vol. 1, 8.3.10 "Transcendental Instruction Accuracy": less than 1 ulp in round-to-nearest mode',
  },
]

/** The approximations that code of a case makes. */
export function approximations(c: SiliconCase): readonly Approximation[] {
  const names = formsOf(c).map(formName)
  return APPROXIMATIONS.filter((a) => names.some((n) => a.forms.test(n)))
}

const cell = new DataView(new ArrayBuffer(4))
const single = (bits: bigint): number => {
  cell.setUint32(0, Number(bits & 0xffffffffn))
  return cell.getFloat32(0)
}

function areCloseSingles(a: bigint, b: bigint, tolerance: number): boolean {
  for (let n = 0n; n < 128n; n += 32n) {
    const [x, y] = [single(a >> n), single(b >> n)]
    const same = Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y))
    if (!same && !(Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y)))) return false
  }
  return true
}

/** An 80-bit number as an integer that grows with it: neighbours differ by one. */
function ordinal(bits: bigint): bigint {
  const significand = BigInt.asUintN(63, bits)
  const exponent = (bits >> 64n) & 0x7fffn
  const magnitude = (exponent << 63n) | significand
  return (bits >> 79n) & 1n ? -magnitude : magnitude
}

const C1 = 0x200n

export function isCloseEnough(row: Approximation, { field, expected, got }: Difference): boolean {
  if (!row.fields.test(field)) return false
  const [a, b] = [BigInt(`0x${expected}`), BigInt(`0x${got}`)]
  // Which way it was rounded.
  if (field === 'fsw') return (a ^ b) === C1
  if (row.kind === 'single') return areCloseSingles(a, b, row.tolerance)
  const distance = ordinal(a) - ordinal(b)
  return distance <= BigInt(row.tolerance) && -distance <= BigInt(row.tolerance)
}
