/** What went wrong, as a stable string to branch on. */
export type HostErrorCode =
  /** A path that its user can mend: missing, forbidden, a directory, empty, too large. */
  | 'host.path'
  /** Somebody else uses it: a disk, a port, a socket. */
  | 'host.busy'
  /** A file is not what it should be, or damaged. */
  | 'host.format'
  /** A tool of the system is missing, or failed. */
  | 'host.tool'
  /** Something could not be obtained. */
  | 'host.obtain'
  /** A parameter that cannot be. */
  | 'host.option'

/**
 * Something of the host's that the user of the program can mend; `remedy` tells how. Other errors are passed on as they are.
 *
 * `code` is stable and meant for programs. Copies of this package may meet in one process, so test `code`, not `instanceof`.
 */
export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode
  readonly remedy: string

  constructor(code: HostErrorCode, message: string, remedy: string) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
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
  ENOSPC: 'the disk is full',
  ETXTBSY: 'it is being executed',
  ENXIO: 'it is a device or socket that nobody serves',
  ERR_INVALID_ARG_VALUE: 'no file can have this name',
}

/** A `HostError` for what is wrong with a path that a user gave; other errors as they are. */
export function pathError(what: string, error: unknown): unknown {
  const reason = MENDABLE[(error as NodeJS.ErrnoException).code ?? '']
  return reason === undefined ? error : new HostError('host.path', `${what}: ${reason}`, 'give another path')
}
