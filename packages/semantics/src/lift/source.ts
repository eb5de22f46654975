import type { Value } from '../ir/types.ts'

/** Widths of integer operands in bits. */
export type Bits = 8 | 16 | 32 | 64

export type OperandClass = 'register' | 'memory' | 'immediate' | 'relative' | 'far'

/**
 * Where a lifting finds its operands: in one decoded instruction (constants, which fold away), or in a predecoded slot (a
 * template for every instruction of one shape). What decides the shape of the IR is plain data, what only fills it is a value.
 */
export interface OperandSource {
  readonly form: number
  readonly mnemonic: string
  readonly formName: string
  /** 64: 64-bit code; 32: anything else, with 32-bit linear addresses. */
  readonly mode: 32 | 64
  readonly operandSize: 16 | 32 | 64
  readonly addressSize: 16 | 32 | 64
  /** Width of the stack pointer: 64, or by SS.B. */
  readonly stackSize: 16 | 32 | 64
  readonly prefixes: number
  readonly operandCount: number
  kind(n: number): OperandClass
  /** Bits of operand `n`: of the register, of the memory, or those that the immediate counts in. */
  bits(n: number): number
  /** Register class (isa's `RegisterClassId`) of a register operand, 0 for others. */
  registerClass(n: number): number
  /** Whether two register operands are the same register; a template cannot tell and says no. */
  sameRegister(a: number, b: number): boolean
  /** Whether the address of memory operand `n` begins with rSP: POP counts it as already incremented. */
  baseIsStackPointer(n: number): boolean
  /** Segment register of memory operand `n`. */
  segment(n: number): number
  /** i32: byte offset in the state of the register of operand `n`. */
  registerOffset(n: number): Value
  /** i32 or i64: the immediate of operand `n`, extended to `bits`. */
  immediate(n: number, bits: Bits): Value
  /** i64: where a direct branch goes, as an offset in CS. */
  target(): Value
  /** i32: selector and offset of a far pointer. */
  farSelector(): Value
  farOffset(): Value
  /** i32: the low three bits of the opcode (bits 10:8) and the ModRM byte of an x87 instruction, as the FOP register holds them. */
  x87Opcode(): Value
  /** Effective address of memory operand `n`: i64 in 64-bit code, else i32, cut to the address size. */
  effectiveAddress(n: number): Value
}
