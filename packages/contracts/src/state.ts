/**
 * Something whose state can be taken and put back. States are data for structured clone and for files: numbers, strings, booleans,
 * null, arrays, plain objects, `Uint8Array`. A state holds nothing that construction gives (sizes, wires, names).
 */
export interface Stateful<State = unknown> {
  state(): State
  /** Puts a state back into something that was made in the same way. Timers of it are armed again. */
  restore(state: State): void
}
