/** Operands as a program gives them to the encoder. */
import type { Register } from '../registers.ts'

/** A register operand. */
export interface RegisterValue {
  readonly kind: 'register'
  readonly register: Register
}

/** A memory operand. Registers by number (registers.ts), 0 none. */
export interface MemoryValue {
  readonly kind: 'memory'
  /** Bytes accessed; 0 where the other operands or the mnemonic tell. */
  readonly bytes: number
  /** Far pointer: `m16:32`. */
  readonly far?: boolean
  /** Segment register number 0..5 that overrides the default, or -1. */
  readonly segment: number
  readonly base: Register
  readonly index: Register
  readonly scale: 1 | 2 | 4 | 8
  readonly displacement: bigint
  /** The displacement is the address that the operand means: encoded relative to RIP. */
  readonly ripTarget?: boolean
}

/** A number: immediate, branch target (an address) or port. */
export interface ImmediateValue {
  readonly kind: 'immediate'
  readonly value: bigint
  /** Not in 8 bits, whatever the value: it may still change (a label). */
  readonly wide?: boolean
  /** PUSH: how many bytes it pushes; by default what the mode pushes. */
  readonly bytes?: number
}

/** `selector:offset`. */
export interface FarValue {
  readonly kind: 'far'
  readonly selector: number
  readonly offset: number
  /** How wide the offset is, where it matters. */
  readonly offsetBytes?: 2 | 4
}

export type OperandValue = RegisterValue | MemoryValue | ImmediateValue | FarValue

/** What to encode. */
export interface EncodeRequest {
  /** In either case; ignored where `form` is given. */
  readonly mnemonic?: string
  /** Stable name of a form: takes just that one. */
  readonly form?: string
  readonly operands?: readonly OperandValue[]
  readonly prefixes?: readonly ('lock' | 'rep' | 'repe' | 'repne' | 'notrack')[]
}

export interface EncodeOptions {
  /** Code size; default 64. */
  readonly bits?: 16 | 32 | 64
  /** Address of the instruction, for branch targets and RIP-relative operands; default 0. */
  readonly address?: bigint
  /** Branches take at least this many displacement bytes (branch relaxation); default 1. */
  readonly branchBytes?: 1 | 2 | 4
  /** Branches take at most this many displacement bytes (`short`); default 4. */
  readonly branchLimit?: 1 | 2 | 4
}
