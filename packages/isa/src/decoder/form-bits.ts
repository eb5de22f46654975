/**
 * What the decoder has to know of a form besides its number: one 32-bit word a form, made by the generator and read by the decoder.
 */

/** Kinds of the immediates that follow ModRM, SIB and displacement (4 bits). */
export const ImmKind = {
  none: 0,
  /** 8 bits, zero-extended / sign-extended. */
  u8: 1,
  s8: 2,
  u16: 3,
  /** 32 bits, zero-extended / sign-extended to 64. */
  u32: 4,
  s32: 5,
  u64: 6,
  /** Branch displacements of 8, 16, 32 bits. */
  rel8: 7,
  rel16: 8,
  rel32: 9,
  /** Far pointers 16:16 and 16:32. */
  far16: 10,
  far32: 11,
  /** Offset as wide as the address size (MOV moffs). */
  moffs: 12,
  /** Register in bits 7:4. */
  is4: 13,
} as const

/** Control registers that exist, a bit each: CR0, CR2, CR3, CR4 and CR8 (SDM vol. 2B, MOV-Move to/from Control Registers). */
export const CONTROL_REGISTERS = 0x11d

export const FormBit = {
  immMask: 0xf,
  /** A second immediate: none, 8 bits, 16 bits (ENTER, EXTRQ). */
  imm2Shift: 4,
  imm2Mask: 3,
  /** LOCK is allowed with a memory destination. */
  lock: 1 << 6,
  /** Known extent only: "not in the table". */
  later: 1 << 7,
  d64: 1 << 8,
  f64: 1 << 9,
  /** VEX.vvvv names an operand; else it must be 1111b. */
  vvvv: 1 << 10,
  /** Any of the checks below is needed. */
  check: 1 << 11,
  sreg: 1 << 12,
  /** The segment register is written: CS is #UD. */
  sregWrite: 1 << 13,
  cr: 1 << 14,
  dr: 1 << 15,
  vsib: 1 << 16,
  /** Destination, index and mask must differ. */
  gather: 1 << 17,
  /** Memory operand only by SIB or without RIP-relative form. */
  mib: 1 << 18,
  /** REP / REPE, REPNE have a meaning. */
  rep: 1 << 19,
  repcc: 1 << 20,
  /** A ModRM byte follows the opcode. */
  modrm: 1 << 21,
  /** A 66 prefix is #UD. */
  no66: 1 << 22,
  /** Operand size that the form stands for: 0 none, 1, 2, 3 for 16, 32, 64. */
  sizeShift: 23,
  sizeMask: 3,
  /** 66 and W are part of the opcode (mandatory prefixes, VEX) and say nothing of the operand size. */
  sizeless: 1 << 25,
} as const
