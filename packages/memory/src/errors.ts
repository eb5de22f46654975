/** What went wrong, as a stable string to branch on. */
export type MemoryErrorCode =
  | 'memory.ram-size'
  | 'memory.wasm-size'
  | 'memory.range'
  | 'memory.range-overlap'
  | 'memory.range-unknown'
  | 'memory.rom-room'
  | 'memory.snapshot'

/**
 * Misuse of this package by the host program. Whatever a guest does is answered with data: open bus, ignored writes.
 *
 * `code` is stable and meant for programs, `remedy` tells a person what to do about it. Copies of this package may meet in
 * one process, so test `code`, not `instanceof`.
 */
export class MemoryError extends Error {
  override readonly name = 'MemoryError'
  readonly code: MemoryErrorCode
  readonly remedy: string

  constructor(code: MemoryErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}
