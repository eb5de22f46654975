/** What the families of VEX-encoded rows have in common. */
import { type Family, family } from './notation.ts'

/**
 * A family whose rows are all VEX-encoded: in real-address and virtual-8086 mode the bytes C4 and C5 are LES and LDS,
 * and what would be a VEX prefix raises #UD (SDM vol. 2A, 2.4: every exception type lists it).
 */
export const vexFamily = (f: Family): Family => family({ ...f, attrs: `pm ${f.attrs ?? ''}`.trim() })

/** SDM volume 2 is cut alphabetically: 2A holds the pages A to L, 2B M to U, 2C V, 2D W to Z. */
function volumeOf(page: string): string {
  const letter = page.charAt(0)
  return letter < 'M' ? '2A' : letter < 'V' ? '2B' : letter === 'V' ? '2C' : '2D'
}

/** Cites pages of SDM volume 2 by heading: `SDM 2A ADDPS, ADDPD`. */
export function sdm(...pages: string[]): string {
  return `SDM ${pages.map((p, i) => (i > 0 && volumeOf(p) === volumeOf(pages[i - 1] ?? '') ? p : `${volumeOf(p)} ${p}`)).join(', ')}`
}

/** Cites pages that SDM volume 2 and APM volume 4 (128-bit and 256-bit media instructions) head alike. */
export const both = (...pages: string[]): string => `${sdm(...pages)}; APM 4 ${pages.join(', ')}`
