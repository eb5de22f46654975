import process from 'node:process'

/** How commands end. Odd statuses belong to guests, whose debug-exit value `(v << 1) | 1` is passed on. */
export const ExitStatus = { ok: 0, usage: 2, tripleFault: 4, guestPanic: 6, budget: 8, hostError: 10 } as const
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus]

let status: number = ExitStatus.ok

/** Says how the command ends, other than by an error: with a guest's own status, say. */
export function setCommandStatus(value: number): void {
  status = value
}

/** How the command ends. */
export function commandStatus(): number {
  return status
}

/** What the user gave cannot be used. Ends a command with status 2; `remedy` says what would do. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'cli.input'
  readonly remedy: string

  constructor(message: string, remedy = '') {
    super(message)
    this.remedy = remedy
  }
}

/** Whether an error is the user's to mend; copies of this module may meet in one process. */
export function isInputError(error: unknown): error is InputError {
  return error instanceof Error && (error as Partial<InputError>).code === 'cli.input'
}

/** Conditions of a path that its user can mend. */
const MENDABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permissions forbid it',
  EPERM: 'permissions forbid it',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'its symbolic links go in circles',
  ENAMETOOLONG: 'the name is too long',
  ERR_INVALID_ARG_VALUE: 'no file can have this name',
}

/** An {@link InputError} for what is wrong with the path that the user gave; other errors as they are. */
export function unusablePath(what: string, error: unknown): unknown {
  const reason = MENDABLE[(error as NodeJS.ErrnoException).code ?? '']
  return reason === undefined ? error : new InputError(`${what}: ${reason}`)
}

/** An error that is ours, or the machine's: everything that is known about it on stderr, and status 10. */
export function reportHostError(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`ringfold: host error: ${text}\n`)
  process.exit(ExitStatus.hostError)
}
