/** What went wrong, as a stable string to branch on. */
export type ArchErrorCode =
  | 'bitfield.definition'
  | 'structure.definition'
  | 'state.memory'
  | 'state.field'
  | 'state.value'
  | 'state.flags-not-settled'
  | 'snapshot.format'
  | 'snapshot.newer-version'
  | 'snapshot.no-migration'
  | 'snapshot.layout'
  | 'snapshot.fields'

/**
 * Misuse of this package by the host program. What a guest does wrong is never reported this way: a guest's fault is data.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class ArchError extends Error {
  override readonly name = 'ArchError'
  readonly code: ArchErrorCode
  readonly remedy: string

  constructor(code: ArchErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
