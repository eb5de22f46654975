/** Where an operand is found: numbers shared by the generator and the operand accessors. */
export const OperandPlace = {
  none: 0,
  /** ModRM.reg */
  reg: 1,
  /** ModRM.rm: register, or memory */
  rm: 2,
  /** VEX.vvvv */
  vvvv: 3,
  /** low three bits of the opcode */
  opcode: 4,
  /** first and second immediate */
  imm: 5,
  imm2: 6,
  /** branch displacement */
  rel: 7,
  /** far pointer */
  far: 8,
  /** memory at an absolute offset */
  moffs: 9,
  /** register in bits 7:4 of the immediate */
  is4: 10,
  /** a register that the form names */
  fixed: 11,
  /** a number that the form names (SHL r, 1) */
  constant: 12,
  /** string operand at DS:rSI, ES:rDI */
  si: 13,
  di: 14,
  /** memory at a register that the form names, no displacement */
  memFixed: 15,
} as const
