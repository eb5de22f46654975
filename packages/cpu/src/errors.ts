/** What went wrong, as a stable string to branch on. */
export type CpuErrorCode = 'cpu.engine' | 'cpu.count'

/**
 * Misuse of this package by the host program. What a guest does wrong is never reported this way. `code` is stable and meant for
 * programs, `remedy` tells a person what to do about it.
 */
export class CpuError extends Error {
  override readonly name = 'CpuError'
  readonly code: CpuErrorCode
  readonly remedy: string

  constructor(code: CpuErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
