/** The IR, the lifting of instructions, the reference evaluator. */
export type { EffectiveMemory, EvaluationEnvironment } from './evaluate/environment.ts'
export { Evaluator, type Outcome } from './evaluate/evaluator.ts'
export {
  callHelper,
  type Helper,
  helperName,
  helperNumber,
  isRoutine,
  type Routine,
  routineCode,
  routineNumbers,
} from './helpers/index.ts'
export { IrBuilder, IrCode } from './ir/builder.ts'
export { conditionHolds, flagsAfter, KEPT, STATUS } from './ir/flags.ts'
export { type EffectRow, FIRST_EFFECT, FlagKind, MemoryImm, OP_ROWS, Op, opNumber } from './ir/ops.ts'
export { printIr } from './ir/print.ts'
export type { PureRow } from './ir/rows.ts'
export { StateBuilder } from './ir/state-builder.ts'
export { type Datum, VALUE_TYPE_NAMES, type Value, ValueType } from './ir/types.ts'
export { stateOffset, x87Opcode } from './lift/concrete.ts'
export { isLifted, type LiftOptions, liftInstruction } from './lift/lift.ts'
export { gprOffset, Lifter } from './lift/lifter.ts'
export { type Lifting, liftingOf } from './lift/registry.ts'
export type { Bits, OperandClass, OperandSource } from './lift/source.ts'
