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
  /** A disk is used that was closed, or whose flush has failed. */
  | 'host.disk'

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

const OTHER = 'give another path'
const ALLOW = 'change its permissions, or give another path'

/** Conditions of a path that its user can mend, and how. */
const MENDABLE: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOENT: ['there is no such file or directory', OTHER],
  EACCES: ['permissions forbid it', ALLOW],
  EPERM: ['permissions, or the file system, forbid it', ALLOW],
  EROFS: ['the file system is read-only', OTHER],
  EISDIR: ['it is a directory', OTHER],
  ENOTDIR: ['a part of the path is not a directory', OTHER],
  EEXIST: ['it is there already', OTHER],
  ELOOP: ['its symbolic links go in circles', OTHER],
  ENAMETOOLONG: ['the name is too long', OTHER],
  ENOSPC: ['the disk is full', 'make room, or give another path'],
  EDQUOT: ['the quota is used up', 'make room, or give another path'],
  EFBIG: ['a file cannot be so large there', OTHER],
  EIO: ['the disk fails', 'check the disk'],
  ETXTBSY: ['it is being executed', OTHER],
  ENXIO: ['it is a device or socket that nobody serves', OTHER],
  ERR_INVALID_ARG_VALUE: ['no file can have this name', OTHER],
}

/** A `HostError` for what is wrong with a path that a user gave; other errors as they are. */
export function pathError(what: string, error: unknown): unknown {
  const found = MENDABLE[(error as NodeJS.ErrnoException).code ?? '']
  return found === undefined ? error : new HostError('host.path', `${what}: ${found[0]}`, found[1])
}
