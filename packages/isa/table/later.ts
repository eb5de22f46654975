/** Encoding spaces that come later and that no other file names: known extents only. */
import { family } from './notation.ts'

export const later = [
  family({
    name: '3DNow!',
    summary: 'AMD 3DNow! packed single-precision instructions; the operation is the last byte',
    cite: 'APM 3 (revision 3.15) appendix D; APM 5',
    group: 'later',
    note: 'No current processor executes them; PREFETCH and PREFETCHW (0F 0D) stayed. Every suffix byte is taken, also those that were #UD.',
    attrs: 'later=3DNOW',
    rows: `
      0F 0E       | ZO  | FEMMS
      0F 0F /r ib | RMI | PF3DNOW mm:rw, mm/m64, imm8
    `,
  }),
]
