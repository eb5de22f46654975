/** A logical processor: the parts above composed. */

export { Availability } from './availability.ts'
export { seededRandom, virtualClock } from './clock.ts'
export { CodeModes } from './code-modes.ts'
export * from './debug/index.ts'
export { EffectiveAccess } from './effective-access.ts'
export {
  ENGINES,
  type EngineFactory,
  type EngineName,
  type EngineParts,
  type RegionEngineOptions,
  regionEngine,
} from './engines.ts'
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
export { Memory1 } from './memory1.ts'
export { Processor, type ProcessorOptions } from './processor.ts'
export { type GroupExit, ProcessorGroup, type ProcessorGroupOptions } from './processor-group.ts'
export type { RegionWatch } from './region-watch.ts'
export { initState, resetState } from './reset.ts'
