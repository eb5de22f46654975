/** A logical processor: the parts above composed. */

export { seededRandom, virtualClock } from './clock.ts'
export * from './debug/index.ts'
export { ENGINES, type EngineName } from './engines.ts'
export { CpuError, type CpuErrorCode } from './errors.ts'
export {
  type ExceptionEvent,
  type HookEvents,
  type HookName,
  Hooks,
  type MemoryAccess,
  type MsrAccess,
  type PortAccess,
  type Unsubscribe,
} from './hooks.ts'
export { Processor, type ProcessorOptions } from './processor.ts'
export { type GroupExit, ProcessorGroup, type ProcessorGroupOptions } from './processor-group.ts'
export { initState, resetState } from './reset.ts'
