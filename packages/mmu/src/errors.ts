/** What went wrong, as a stable string to branch on. */
export type MmuErrorCode = 'mmu.tlb-memory' | 'mmu.capabilities'

/**
 * Misuse of this package by the host program. A page fault is never reported this way: it is data.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class MmuError extends Error {
  override readonly name = 'MmuError'
  readonly code: MmuErrorCode
  readonly remedy: string

  constructor(code: MmuErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
