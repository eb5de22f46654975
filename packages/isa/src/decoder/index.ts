/** The decoder: `@ringfold/isa/decoder`. */
export { Decoder, type DecoderOptions } from './decoder.ts';
export { BASE_IP, Instruction, InvalidReason, Prefix, Status } from './instruction.ts';
export { OperandPlace } from './places.ts';
export {
  OperandKind, isRipRelative, memoryBase, memoryIndex, memoryScale, memorySegment, operandCount, operandImmediateBits, operandImmediateHi, operandImmediateLo, operandImmediateSigned,
  operandKind, operandMemoryBytes, operandPlace, operandRegister,
} from './operands.ts';
