/** Values of a machine, by field: what two machines are compared by. */
export type Observation = ReadonlyMap<string, bigint>

/** What became of a request to go on. */
export interface Advance {
  /** Instructions that were retired. */
  readonly retired: number
  /** Why it cannot go on. */
  readonly end?: 'halted' | 'shutdown'
}

/** The instruction that comes next. */
export interface NextInstruction {
  readonly address: bigint
  readonly bits: 16 | 32 | 64
  /** From its first byte on, as far as memory can be read. */
  readonly bytes: Uint8Array
}

/** A machine that can be run beside another. Fields are compared by name, where both have them. */
export interface LockstepSubject {
  readonly name: string
  /**
   * Retires so many instructions. One alone is a debugger's step: where an exception is delivered, it ends at the handler, and has
   * retired none.
   */
  advance(instructions: number): Promise<Advance>
  observe(): Promise<Observation>
  /** The instruction pointer, in terms of its own. */
  position(): Promise<bigint>
  /** Absent where the machine does not show enough of itself; one of two must have it. */
  next?(): Promise<NextInstruction>
  /** Sets a field. @returns whether it could */
  write(field: string, value: bigint): Promise<boolean>
  /** Linear memory; null where it cannot be read. */
  readMemory(address: bigint, lengthBytes: number): Promise<Uint8Array | null>
  /** Remembers this point. @returns what goes back to it, any number of times; absent if the machine cannot */
  checkpoint?(): Promise<() => Promise<void>>
}
