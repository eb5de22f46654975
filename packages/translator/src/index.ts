/** x86 to WebAssembly: the interpreter tier, and regions of hot code. */
export type { AddressMode } from './emit/guest-effects.ts'
export type { HostFunctions } from './interpreter/base-module.ts'
export type { CodeMode } from './interpreter/code-mode.ts'
export { Interpreter, type InterpreterHost, type RunResult } from './interpreter/interpreter.ts'
export { HandlerStatus, SCRATCH, SLOTS_OFFSET, TLB_ARRAY_BYTES, TLB_OFFSET } from './layout.ts'
export type { RegionOptions, RegionStatistics } from './region/regions.ts'
