/** What went wrong, as a stable string to branch on. */
export type BootErrorCode =
  /** A name, identifier or number that AML cannot hold. */
  | 'boot.aml'
  /** Options that describe no platform. */
  | 'boot.acpi-option'
  /** More ranges of memory types than a processor has. */
  | 'boot.memory-types'
  /** An entry that no cpio archive can hold. */
  | 'boot.cpio-entry'

/**
 * Misuse of this package by the host program. What is wrong with a file is a rejection, which is a value.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class BootError extends Error {
  override readonly name = 'BootError'
  readonly code: BootErrorCode
  readonly remedy: string

  constructor(code: BootErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
