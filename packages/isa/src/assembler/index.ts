/** Programs to bytes: `@ringfold/isa/assembler`. */
export { IsaError, type IsaErrorCode } from '../errors.ts'
export { Assembler, type AssemblerOptions } from './assembler.ts'
export { AssemblerError, type AssemblerErrorCode, type AssemblerErrorDetails, nearest } from './errors.ts'
export type { Assembled, Bits, ListingLine, PrefixName } from './layout.ts'
export { assemble } from './text.ts'
export {
  type AssemblerOperand,
  distance,
  far,
  type LabelRef,
  label,
  type Mem,
  type MemoryParts,
  mem,
  mem8,
  mem16,
  mem32,
  mem64,
  mem80,
  mem128,
  mem256,
  type Reg,
  reg,
} from './values.ts'
