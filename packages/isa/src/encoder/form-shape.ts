/**
 * What the encoder has to know of a form besides the decoder's FORM_BITS: two words a form, packed by `scripts/emit-encode.ts`
 * and unpacked in `form-access.ts`.
 */
/** FORM_SHAPE: the bytes of the encoding. */
export const Shape = {
  opcodeMask: 0xff,
  /** Opcode map: 0-3 for legacy (none, 0F, 0F 38, 0F 3A), VEX.mmmmm. */
  mapShift: 8,
  mapMask: 7,
  vex: 1 << 11,
  /** ModRM.reg and ModRM.rm where the form fixes them; 8 where they are free. */
  regShift: 12,
  rmShift: 16,
  fieldMask: 15,
  fieldFree: 8,
  /** ModRM.mod: see {@link Mod}. */
  modShift: 20,
  modMask: 3,
  /** See {@link MandatoryPrefix}. */
  prefixShift: 22,
  prefixMask: 7,
  /** W and L: 0 free, 1 must be 0, 2 must be 1. */
  wShift: 25,
  lShift: 27,
  bitMask: 3,
  /** The low three bits of the opcode are a register. */
  plusR: 1 << 29,
} as const

/** What stands in ModRM.rm. */
export const Mod = { any: 0, memory: 1, register: 2 } as const

/** How 66, F2 and F3 take part in the encoding. */
export const MandatoryPrefix = {
  /** 66 is the operand size. */
  none: 0,
  /** No 66, F2 or F3. */
  np: 1,
  x66: 2,
  f3: 3,
  f2: 4,
  /** No F2 or F3; 66 is the operand size. */
  nfx: 5,
} as const

/** FORM_RULES: when the form may be chosen, and by which sizes. */
export const Rule = {
  /** Operand size that the form stands for: 0 none, 1, 2, 3 for 16, 32, 64. */
  operandSizeMask: 3,
  /** The size goes by W alone (`ry`), 66 has no part in it. */
  sizeByW: 1 << 2,
  addressSizeShift: 3,
  addressSizeMask: 3,
  /** Modes: bits for 16, 32, 64. */
  modesShift: 5,
  alias: 1 << 8,
  undocumented: 1 << 9,
  intel: 1 << 10,
  amd: 1 << 11,
  /** A read operand `r32/m16`: of a register only the low 16 bits count, whichever name it is given by. */
  selectorSource: 1 << 12,
  /** Another row has the opcode with register 0 without REX.B: NOP, in the row of XCHG. */
  registerZeroTaken: 1 << 13,
  /** ModRM.mod is ignored. */
  modIgnored: 1 << 14,
} as const

/** How a specification (SPEC_MEMORY) takes memory. */
export const MemoryUse = {
  none: 0,
  sized: 1,
  /** Memory whose width follows the operand size by default: far pointers, environments of the x87. */
  bySize: 2,
} as const
