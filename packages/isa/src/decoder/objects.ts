/** The convenient face of the decoder: an iterator of plain objects with names, strings and bigint. */
import { FORM_NAMES } from '../generated/form-names.ts'
import { FORM_MNEMONIC, MNEMONICS } from '../generated/names.ts'
import { registerBits, registerName } from '../registers.ts'
import { Decoder, type DecoderOptions } from './decoder.ts'
import { Instruction, InvalidReason, Prefix, Status } from './instruction.ts'
import {
  memoryBase,
  memoryIndex,
  memoryScale,
  memorySegment,
  OperandKind,
  operandCount,
  operandImmediateBits,
  operandImmediateHi,
  operandImmediateLo,
  operandImmediateSigned,
  operandKind,
  operandMemoryBytes,
  operandRegister,
} from './operands.ts'
import { branchTargetHi, branchTargetLo, isRipRelative, ripAddressHi, ripAddressLo } from './targets.ts'

export interface RegisterOperand {
  readonly kind: 'register'
  /** `rax`, `xmm3`. */
  readonly register: string
  readonly bits: number
}

export interface MemoryOperand {
  readonly kind: 'memory'
  /** Bytes accessed; 0 where the operand has no size (LEA). */
  readonly bytes: number
  readonly segment: string
  readonly base: string | null
  readonly index: string | null
  readonly scale: 1 | 2 | 4 | 8
  /** Signed; an absolute offset (MOV moffs) unsigned. */
  readonly displacement: bigint
  /** The address, where the instruction alone tells it (RIP-relative). */
  readonly address?: bigint
}

export interface ImmediateOperand {
  readonly kind: 'immediate'
  /** As unsigned number of `bits` bits. */
  readonly value: bigint
  readonly bits: number
  /** Sign-extended from fewer bits in the encoding. */
  readonly signed: boolean
}

export interface BranchOperand {
  readonly kind: 'branch'
  readonly target: bigint
}

export interface FarOperand {
  readonly kind: 'far'
  readonly selector: number
  readonly offset: number
}

export type Operand = RegisterOperand | MemoryOperand | ImmediateOperand | BranchOperand | FarOperand

/** A decoded instruction as a plain object. */
export interface DecodedInstruction {
  readonly status: 'ok'
  readonly address: bigint
  readonly length: number
  readonly bytes: Uint8Array
  /** Stable name of the form: `add_rm32_r32`. */
  readonly form: string
  readonly mnemonic: string
  readonly operands: readonly Operand[]
  readonly prefixes: readonly ('lock' | 'rep' | 'repne')[]
  readonly operandSize: 16 | 32 | 64
  readonly addressSize: 16 | 32 | 64
}

/** Bytes that are no instruction of the table. */
export interface UndecodedBytes {
  readonly status: 'needMoreBytes' | 'invalid' | 'notInTable'
  readonly address: bigint
  /** Bytes to go on after: 1 for invalid bytes, the whole instruction for `notInTable`. */
  readonly length: number
  readonly bytes: Uint8Array
  /** Why bytes are invalid: a key of {@link InvalidReason}. */
  readonly reason?: keyof typeof InvalidReason
  /** Name of the row that knows the extent, if any. */
  readonly form?: string
}

export interface DisassembleOptions extends DecoderOptions {
  /** Code size; default 64. */
  readonly bits?: 16 | 32 | 64
  /** Address of the first byte; default 0. */
  readonly address?: bigint
}

const REASONS = Object.keys(InvalidReason) as (keyof typeof InvalidReason)[]
const STATUSES = Object.keys(Status) as (keyof typeof Status)[]

const wide = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)

function memoryOperand(i: Instruction, n: number): MemoryOperand {
  const index = registerName(memoryIndex(i, n)) || null
  const memory = {
    kind: 'memory' as const,
    bytes: operandMemoryBytes(i, n),
    segment: ['es', 'cs', 'ss', 'ds', 'fs', 'gs'][memorySegment(i, n)] ?? 'ds',
    base: registerName(memoryBase(i, n)) || null,
    index,
    scale: (index === null ? 1 : memoryScale(i)) as 1 | 2 | 4 | 8,
    displacement: i.dispBytes === 8 ? wide(i.dispLo, i.dispHi) : BigInt.asIntN(64, wide(i.dispLo, i.dispHi)),
  }
  return isRipRelative(i) ? { ...memory, address: wide(ripAddressLo(i), ripAddressHi(i)) } : memory
}

/** Operand `n` of the instruction as an object. */
export function operandObject(i: Instruction, n: number): Operand {
  switch (operandKind(i, n)) {
    case OperandKind.register: {
      const r = operandRegister(i, n)
      return { kind: 'register', register: registerName(r), bits: registerBits(r) }
    }
    case OperandKind.memory:
      return memoryOperand(i, n)
    case OperandKind.relative:
      return { kind: 'branch', target: wide(branchTargetLo(i), branchTargetHi(i)) }
    case OperandKind.far:
      return { kind: 'far', selector: i.imm2, offset: i.immLo >>> 0 }
    default: {
      const bits = operandImmediateBits(i, n) || 8
      const value = BigInt.asUintN(bits, wide(operandImmediateLo(i, n), operandImmediateHi(i, n)))
      return { kind: 'immediate', value, bits, signed: operandImmediateSigned(i, n) }
    }
  }
}

/** Mnemonic in lower case; `(bad)` for what is no instruction. */
export const mnemonicOf = (i: Instruction): string => MNEMONICS[FORM_MNEMONIC[i.form] as number] ?? '(bad)'

/** Stable name of a form by its number, `''` for 0. */
export const formName = (form: number): string => FORM_NAMES[form] ?? ''

/** A plain object of a decoded instruction; `bytes` are those at `offset`. */
export function instructionObject(
  i: Instruction,
  bytes: Uint8Array,
  offset: number,
): DecodedInstruction | UndecodedBytes {
  const address = wide(i.ipLo, i.ipHi)
  if (i.status !== Status.ok) {
    const length = i.status === Status.invalid ? 1 : i.length
    const undecoded = {
      status: STATUSES[i.status] as UndecodedBytes['status'],
      address,
      length,
      bytes: bytes.subarray(offset, offset + length),
    }
    if (i.status === Status.invalid) return { ...undecoded, reason: REASONS[i.reason] ?? 'none' }
    return i.form ? { ...undecoded, form: formName(i.form) } : undecoded
  }
  const prefixes: ('lock' | 'rep' | 'repne')[] = []
  if (i.prefixes & Prefix.lock) prefixes.push('lock')
  if (i.prefixes & Prefix.rep) prefixes.push('rep')
  if (i.prefixes & Prefix.repne) prefixes.push('repne')
  return {
    status: 'ok',
    address,
    length: i.length,
    bytes: bytes.subarray(offset, offset + i.length),
    form: formName(i.form),
    mnemonic: mnemonicOf(i),
    operands: Array.from({ length: operandCount(i) }, (_, n) => operandObject(i, n)),
    prefixes,
    operandSize: i.operandSize as 16 | 32 | 64,
    addressSize: i.addressSize as 16 | 32 | 64,
  }
}

/**
 * Decodes all of `bytes`, one object an instruction. Invalid bytes come one at a time and decoding resumes at the next;
 * a truncated last instruction comes as `needMoreBytes` with the bytes that are left.
 */
export function* disassemble(
  bytes: Uint8Array,
  options: DisassembleOptions = {},
): Generator<DecodedInstruction | UndecodedBytes, void, undefined> {
  const decoder = new Decoder(options.bits ?? 64, options)
  const i = new Instruction()
  const start = options.address ?? 0n
  for (let offset = 0; offset < bytes.length; ) {
    const address = start + BigInt(offset)
    i.ipLo = Number(BigInt.asIntN(32, address))
    i.ipHi = Number(BigInt.asIntN(32, address >> 32n))
    decoder.decode(i, bytes, offset)
    const object = instructionObject(i, bytes, offset)
    yield object
    offset += object.length
  }
}

/** Decodes the first instruction of `bytes`. */
export function decodeOne(bytes: Uint8Array, options: DisassembleOptions = {}): DecodedInstruction | UndecodedBytes {
  for (const object of disassemble(bytes, options)) return object
  return { status: 'needMoreBytes', address: options.address ?? 0n, length: 0, bytes }
}
