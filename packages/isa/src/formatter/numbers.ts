/** Hexadecimal text of 32- and 64-bit quantities given as int32 halves. */

const SMALL: readonly string[] = /* @__PURE__ */ Array.from({ length: 4096 }, (_, n) => `0x${n.toString(16)}`)
const ZEROS = '00000000'

/** `0x1f` of an unsigned 32-bit quantity. */
export function hex32(value: number): string {
  const v = value >>> 0
  return v < 4096 ? (SMALL[v] as string) : `0x${v.toString(16)}`
}

/** `0x1f` of an unsigned 64-bit quantity. */
export function hex64(lo: number, hi: number): string {
  if (hi === 0) return hex32(lo)
  const low = (lo >>> 0).toString(16)
  return `0x${(hi >>> 0).toString(16)}${ZEROS.slice(low.length)}${low}`
}

/** Two's complement of the pair. */
const negatedHi = (lo: number, hi: number): number => (lo === 0 ? -hi : ~hi) | 0

/** `-0x8` or `0x8` of a signed 64-bit quantity. */
export const signedHex64 = (lo: number, hi: number): string =>
  hi < 0 ? `-${hex64(-lo | 0, negatedHi(lo, hi))}` : hex64(lo, hi)

/** `+0x8` or `-0x8`: a displacement behind a register. */
export const displacementHex = (lo: number, hi: number): string =>
  hi < 0 ? `-${hex64(-lo | 0, negatedHi(lo, hi))}` : `+${hex64(lo, hi)}`
