/** What the formatters have to know of a form besides its operands: one word a form, made by the generator (scripts/emit-format.ts). */
export const FormatFact = {
  /** Mandatory prefix: 0 none, 1 66, 2 F3, 3 F2. */
  prefixMask: 3,
  /** The form has one operand size of several: 66 (and REX.W) choose it. */
  sized: 1 << 2,
  /** REX.W chooses the form. */
  wide: 1 << 3,
  /** The address size chooses the form (JCXZ). */
  addressed: 1 << 4,
  /** Effective operand size of the form: 0 any, 1 16, 2 32, 3 64. */
  sizeShift: 5,
  sizeMask: 3,
  vex: 1 << 7,
  /** {@link Flow} in three bits. */
  flowShift: 8,
  flowMask: 7,
} as const

/** Near and far transfers, as far as prefixes and spellings differ. */
export const Flow = { none: 0, branch: 1, conditional: 2, ret: 3, indirect: 4, far: 5, farRet: 6 } as const
