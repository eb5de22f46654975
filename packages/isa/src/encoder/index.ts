/** Instructions to bytes: `@ringfold/isa/encoder`. */
export { encode, formsOf, knownMnemonics } from './encode.ts'
export { type EncodeError, type EncodeErrorCode, isEncodeError } from './errors.ts'
export type {
  EncodeOptions,
  EncodeRequest,
  FarValue,
  ImmediateValue,
  MemoryValue,
  OperandValue,
  RegisterValue,
} from './operands.ts'
export { encodeInstruction } from './reencode.ts'
