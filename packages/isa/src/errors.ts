/** What went wrong, as a stable string to branch on. */
export type IsaErrorCode = 'isa.bits'

/**
 * Misuse by the host program. Bytes that are no instruction, and operands that none takes, are never reported this way: they are data.
 * Copies of this package may meet in one process, so test `code`, not `instanceof`.
 */
export class IsaError extends Error {
  override readonly name = 'IsaError'
  readonly code: IsaErrorCode
  readonly remedy: string

  constructor(code: IsaErrorCode, message: string, remedy: string) {
    super(`${message} (${remedy})`)
    this.code = code
    this.remedy = remedy
  }
}

/**
 * The code size, which a program without types can give wrongly.
 * @throws IsaError `isa.bits`
 */
export function checkedBits(bits: number): 16 | 32 | 64 {
  if (bits === 16 || bits === 32 || bits === 64) return bits
  throw new IsaError('isa.bits', `there is no code of ${bits} bits`, 'give 16, 32 or 64')
}
