/**
 * From IR to WebAssembly: what engines of other people's making can be built with. A `ModuleBuilder` collects functions;
 * `IrEmitter` writes the body of one from IR; `GuestEffects` says what ops with effects become.
 */
export { type EffectEmitter, IrEmitter, LocalPool } from './emit/emitter.ts'
export { type AddressMode, GuestEffects, type RuntimeFunctions, SlotField } from './emit/guest-effects.ts'
export { baseModule, defineRuntime, importMemories, importRuntime } from './interpreter/base-module.ts'
export type { PlacedInstruction, RegionSource } from './region/blocks.ts'
export {
  type CompiledModule,
  type CompiledRegion,
  type CompileOptions,
  compileRegions,
  type PlacedSource,
  STAGES,
  type Stage,
} from './region/compile.ts'
export type { TlbArrays } from './region/effects.ts'
export { IrPool } from './region/plan.ts'
export { enclosingLoops, type Shape, shapeOf } from './region/shape.ts'
export { ByteWriter } from './wasm/bytes.ts'
export { type BranchHint, type FunctionIndex, type FunctionType, ModuleBuilder } from './wasm/module.ts'
export { Wasm, WasmType } from './wasm/opcodes.ts'
