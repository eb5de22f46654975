import type { PageNumber } from './memory.ts'

/** Why a processor stopped running. */
export type EngineExitReason =
  /** The instruction budget is used up. */
  | 'budget'
  /** The processor waits for an event: HLT, MWAIT, wait for SIPI. */
  | 'halted'
  /** A triple fault. */
  | 'shutdown'
  /** An event became due, or a device, a hook or a breakpoint asked for the processor to stop, at an instruction boundary. */
  | 'interrupted'

export interface EngineExit {
  readonly reason: EngineExitReason
  /** Instructions that were retired in this run. */
  readonly retired: number
}

/** Why an engine gave the processor back. */
export type EngineStatus =
  /** All of the budget is retired. */
  | 'budget'
  /** An exception is pending; RIP is on the instruction that raised it, and nothing of that instruction is to be seen. */
  | 'fault'
  /** The last instruction may have moved the next event, or changed mode or privilege: the processor looks. */
  | 'boundary'
  /** The next instruction is not this engine's to execute: it reaches a device, the clock, a port, or changes code. */
  | 'foreign'

/** What an engine counted since it was made: numbers, or groups of them, by names of its own. Times are milliseconds. */
export interface EngineStatistics {
  readonly [name: string]: number | EngineStatistics
}

/** What an engine may ask of its processor while it executes. */
export interface EngineEvents {
  /**
   * At an instruction boundary, with RIP and flags in the state: applies a changed mode, and looks for events. @returns whether the next
   * instruction may be executed at once, as if the engine had been left and entered again
   */
  boundary(): boolean
  /**
   * With an exception pending and RIP on its instruction: delivers it, if nobody watches. `retired`: instructions since `execute` began,
   * at least one of them since the last delivery. @returns whether it did: then {@link boundary} is asked
   */
  deliver(retired: number): boolean
  /** Whether {@link boundary} has to be asked after every instruction that may have moved an event. */
  isDue(): boolean
}

/**
 * Executes instructions on a processor's state, from RIP on. It knows no policy: the processor delivers events between
 * instructions, and executes by its reference evaluator what an engine leaves to it. Two engines on equal states and memories leave
 * equal states after any number of instructions; `@ringfold/testkit` holds the suite.
 */
export interface ExecutionEngine {
  readonly name: string
  /** How the last `execute` ended. */
  readonly status: EngineStatus
  /** Whether it ended between two iterations of a repeated string instruction, with RIP on it. */
  readonly isRepeating: boolean
  /** How many of those that the last `execute` retired the state's `retired` counts already: the clock was read on the way. */
  readonly counted: number
  /** Retires at most `budget` instructions, each iteration of a string instruction being one. @returns how many */
  execute(budget: number): number
  /** Puts what the engine keeps elsewhere (lazy flags, cached registers) into the state. */
  settle(): void
  /** Mode, privilege or control registers may have changed. */
  modeChanged(): void
  /**
   * Something may be due at the next boundary: an engine that goes on by itself behind an instruction that changes modes, or what
   * events depend on, asks its {@link EngineEvents} there from now on. Absent: it never does.
   */
  attend?(): void
  /** Translations of linear addresses have changed; with `keepGlobal`, not those of global pages. */
  translationsChanged(keepGlobal?: boolean): void
  /** The translation of one page of 4096 bytes has changed, and that of no other. Absent: {@link translationsChanged} is called. */
  translationChanged?(lo: number, hi: number): void
  /** Forgets code of these physical pages; without arguments, all code. */
  invalidateCode(firstPage?: PageNumber, pages?: number): void
  /** What it counted; for people, and never part of a state. */
  statistics?(): EngineStatistics
  /** The processor is thrown away. */
  dispose(): void
}
