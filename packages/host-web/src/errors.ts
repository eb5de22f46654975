/** What goes wrong between a page and its machine, as a stable string to branch on. */
export type HostWebErrorCode =
  /** What an address names could not be had. */
  | 'web.download'
  /** An option that cannot be: no address, no size of a disk, no such serial line or disk. */
  | 'web.option'
  /** Page and worker do not speak the same protocol, or not in its order. */
  | 'web.protocol'
  /** The worker could not be loaded, or failed. */
  | 'web.worker'
  /** The machine was closed. */
  | 'web.closed'

/**
 * Something that whoever embeds a machine can mend; `remedy` tells how. What the machine itself refuses comes out of the worker as one of
 * these too, with the code that it had there: `machine.snapshot`, `machine.busy`...
 *
 * `code` is stable and meant for programs. Copies of this package may meet in one page, so test `code`, not `instanceof`.
 */
export class HostWebError extends Error {
  override readonly name = 'HostWebError'
  readonly code: string
  readonly remedy: string

  constructor(code: string, message: string, remedy: string) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}

/** An error as data. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

const WORKER: HostWebErrorCode = 'web.worker'

/** What is told of an error to the other side. One without a code is nobody's mistake but the worker's. */
export function errorData(error: unknown): ErrorData {
  const { code, message, remedy } = error as Partial<ErrorData>
  return {
    code: typeof code === 'string' ? code : WORKER,
    message: message ?? String(error),
    remedy: typeof remedy === 'string' ? remedy : 'report this, with the options of the machine',
  }
}
