/** Why an engine stopped running. */
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

/**
 * Executes guest instructions on a processor's state. Two engines on equal states and memories leave equal states after any
 * number of instructions; `@ringfold/testkit` holds the suite.
 */
export interface ExecutionEngine {
  readonly name: string
  /** Retires at most `instructions`, delivering exceptions and pending interrupts on the way; stops exactly there. */
  run(instructions: number): EngineExit
  /** Forgets code of these physical pages; without arguments, all code. */
  invalidateCode(firstPage?: number, pages?: number): void
  /** Puts what the engine keeps elsewhere (lazy flags, cached registers) into the state. */
  settle(): void
}
