/** What the decoder fills in. One object can be reused for any number of instructions; every field is an integer of at most 32 bits. */

/** Outcome of a decode. */
export const Status = {
  /** An instruction of the table. */
  ok: 0,
  /** The bytes end before the instruction does. */
  needMoreBytes: 1,
  /** No processor that the table describes executes these bytes: #UD (or #GP for more than 15 bytes). See {@link InvalidReason}. */
  invalid: 2,
  /** Bytes of an extension that the table does not hold yet; `length` is right, `form` (if not 0) names it. */
  notInTable: 3,
} as const
export type Status = (typeof Status)[keyof typeof Status]

/** Why bytes are invalid. */
export const InvalidReason = {
  none: 0,
  /** No row has these bytes. */
  undefinedOpcode: 1,
  /** Longer than 15 bytes (SDM vol. 2, 2.3.11). */
  tooLong: 2,
  /** LOCK without a lockable memory destination (SDM vol. 2, LOCK). */
  lock: 3,
  /** 66, F2, F3, LOCK or REX before VEX, EVEX or XOP (SDM vol. 2, 2.3.2-2.3.4). */
  prefixBeforeVex: 4,
  /** VEX.vvvv not 1111b in a form without such an operand. */
  vvvv: 5,
  /** A register that does not exist: CR1, segment register 6, MOV to CS. */
  register: 6,
  /** Address form that this instruction does not have (VSIB without SIB, RIP-relative MIB). */
  addressing: 7,
  /** Gather with destination, index or mask equal. */
  gather: 8,
} as const
export type InvalidReason = (typeof InvalidReason)[keyof typeof InvalidReason]

/** Bits of {@link Instruction.prefixes}. */
export const Prefix = {
  operandSize: 1,
  addressSize: 2,
  lock: 4,
  /** F3: REP, REPE, or a mandatory prefix. */
  rep: 8,
  /** F2: REPNE, or a mandatory prefix. */
  repne: 16,
  rex: 32,
  vex: 64,
  evex: 128,
  xop: 256,
} as const

/** Base register number of RIP-relative (EIP-relative) operands. */
export const BASE_IP = 16

/** A decoded instruction in integers. Widths in bits where not said otherwise; 64-bit quantities are pairs of int32 (`Lo`, `Hi`). */
export class Instruction {
  /** Number of the form in the table; 0 none. */
  form = 0
  status: Status = Status.ok
  reason: InvalidReason = InvalidReason.none
  /** Bytes. Of invalid bytes: how many were looked at. */
  length = 0
  /** 16, 32 or 64. */
  mode = 64
  /** {@link Prefix} bits. */
  prefixes = 0
  /** REX byte as it stands (legacy), or W, R, X, B of VEX in REX positions; 0 none. */
  rex = 0
  /** Segment override 0..5 (ES CS SS DS FS GS), or -1. */
  segment = -1
  /** Effective sizes: 16, 32 or 64. The operand size includes d64 and f64 rules. */
  operandSize = 32
  addressSize = 64
  /** ModRM.mod (0..3; 3 where there is no ModRM or it is always a register), reg and rm with their extension bits (0..15). */
  mod = 3
  reg = 0
  rm = 0
  /** Memory: register numbers of the class of the address size, -1 none; base {@link BASE_IP} is RIP. */
  base = -1
  index = -1
  /** log2 of the scale. */
  scale = 0
  /** The SIB byte as it stands, -1 none. */
  sib = -1
  /** Displacement, sign-extended, and its bytes in the instruction (0, 1, 2, 4, 8). */
  dispLo = 0
  dispHi = 0
  dispBytes = 0
  dispOffset = 0
  /** First immediate, extended as the form says; branch displacement; far offset; or moffs has none. */
  immLo = 0
  immHi = 0
  immBytes = 0
  immOffset = 0
  /** Second immediate (ENTER, EXTRQ), or the selector of a far pointer. */
  imm2 = 0
  /** VEX.vvvv, not inverted, and VEX.L. */
  vvvv = 0
  vectorLength = 0
  /** Low three bits of the opcode with REX.B: the register of `+r` forms. */
  opcodeReg = 0
  /** Address of the instruction; set by whoever knows it. */
  ipLo = 0
  ipHi = 0
}
