/** The decoder: `@ringfold/isa/decoder`. */
export { IsaError, type IsaErrorCode } from '../errors.ts'
export { Decoder, type DecoderOptions } from './decoder.ts'
export { BASE_IP, Instruction, InvalidReason, Prefix, Status } from './instruction.ts'
export {
  type BranchOperand,
  type DecodedInstruction,
  type DisassembleOptions,
  decodeOne,
  disassemble,
  type FarOperand,
  formName,
  type ImmediateOperand,
  instructionObject,
  type MemoryOperand,
  mnemonicOf,
  type Operand,
  operandObject,
  type RegisterOperand,
  type UndecodedBytes,
} from './objects.ts'
export {
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
  operandPlace,
  operandRegister,
} from './operands.ts'
export { OperandPlace } from './places.ts'
export {
  branchTargetHi,
  branchTargetLo,
  hasBranchTarget,
  isRipRelative,
  ripAddressHi,
  ripAddressLo,
} from './targets.ts'
