/**
 * The swap interfaces and value types of Ringfold. Types only: importing this package costs nothing at run time.
 *
 * Interfaces are structural and have no run-time identity: implement them with a class, an object or a closure. An interface
 * enters together with its first consumer and its conformance suite.
 */
export type { BlockBackend, ConsoleBackend, NetBackend } from './backends.ts'
export type { Clock } from './clock.ts'
export type {
  EngineEvents,
  EngineExit,
  EngineExitReason,
  EngineStatistics,
  EngineStatus,
  ExecutionEngine,
} from './engine.ts'
export type { InterruptSource, MsrBank } from './interrupts.ts'
export type { AccessStatus, LinearAccess, LinearMemory } from './linear.ts'
export type { IrqLine, MessageTarget } from './lines.ts'
export type { DmaMemory, GuestMemory, IoDevice, PageNumber, PhysicalAddress, WasmMemory } from './memory.ts'
export type { Stateful } from './state.ts'
export type { Timeline, Timer } from './timeline.ts'
export type { AddressTranslator, Translation, TranslationAccess } from './translation.ts'
