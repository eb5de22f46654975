/** What went wrong, as a stable string to branch on. */
export type MachineErrorCode =
  /** An option that no machine can have. */
  | 'machine.option'
  /** What is to be booted cannot be. */
  | 'machine.boot'
  /** The machine is not in a state in which this can be done. */
  | 'machine.busy'
  /** This is no snapshot, or a damaged one, or of another machine. */
  | 'machine.snapshot'
  /** This is no recording, or a damaged one, or of another run. */
  | 'machine.recording'
  /** A replay came to another state than its recording. */
  | 'machine.diverged'

/**
 * Misuse of a machine by the host program. Whatever a guest does is answered with data.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class MachineError extends Error {
  override readonly name = 'MachineError'
  readonly code: MachineErrorCode
  readonly remedy: string

  constructor(code: MachineErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
