/** Instructions to bytes: `@ringfold/isa/encoder`. */

export { IsaError, type IsaErrorCode } from '../errors.ts'
export type { PseudoMnemonic } from '../pseudo-operations.ts'
export type { Alias } from './aliases.ts'
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
