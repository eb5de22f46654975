/**
 * A lock that one process has at a time, and that a crash does not leave shut: a symbolic link that leads nowhere. Making one says who
 * made it in the same step, and fails where there is one.
 */
import { randomBytes } from 'node:crypto'
import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { HostError, pathError } from './errors.ts'
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts'

export interface LockOwner extends ProcessIdentity {
  /** Tells apart the locks of one process. */
  readonly token: string
}

/** Somebody else is removing what a crash left: that takes no time, unless it crashed as well. */
const MOST_TRIES = 1000
const TRY_MS = 1

const FIELDS = ['pid', 'started', 'namespace', 'boot', 'host', 'token'] as const
const SEPARATOR = ' '

function encode(owner: LockOwner): string {
  return FIELDS.map((field) => encodeURIComponent(owner[field])).join(SEPARATOR)
}

function decode(text: string): LockOwner | undefined {
  try {
    const words = text.split(SEPARATOR).map((word) => decodeURIComponent(word))
    const [pid, started = '', namespace = '', boot = '', host = '', token] = words
    return token === undefined ? undefined : { pid: Number(pid), started, namespace, boot, host, token }
  } catch {
    return undefined
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

const notOurs = (path: string): HostError =>
  new HostError('host.busy', `${path} is there, and no lock of Ringfold's`, 'move it away')

/** @returns false: there is something of this name */
function make(path: string, text: string): boolean {
  try {
    symlinkSync(text, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw pathError(`cannot make the lock ${path}`, error)
  }
}

/** What the lock says; undefined if there is none. */
function read(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (codeOf(error) !== 'EINVAL') throw pathError(`cannot read the lock ${path}`, error)
    throw notOurs(path)
  }
}

function removeIfItSays(path: string, text: string): void {
  try {
    if (read(path) === text) unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** Who has the lock; undefined if nobody has it, or whoever had it is gone. Throws `HostError` as `tryLock` does. */
export function lockOwner(path: string): LockOwner | undefined {
  const text = read(path)
  const owner = text === undefined ? undefined : decode(text)
  return owner === undefined || isGone(owner) ? undefined : owner
}

/**
 * Takes a lock, if nobody has it or whoever had it is gone. @returns what gives it back, or who has it. Throws `HostError`: `host.path`,
 * `host.busy` where something else has the lock's name.
 */
export function tryLock(path: string): (() => void) | LockOwner {
  const own = encode({ ...ownIdentity(), token: randomBytes(6).toString('hex') })
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (make(path, own)) return () => removeIfItSays(path, own)
    const text = read(path)
    if (text === undefined) continue
    const owner = decode(text)
    if (owner === undefined) throw notOurs(path)
    if (!isGone(owner)) return owner
    removeLeft(path, text, owner.token)
  }
  throw new HostError('host.busy', `${path} is being taken by another program`, 'try again')
}

/**
 * Removes a lock that a crash left. Of several that find it one does: whoever has the lock of that token. It looks again first, since
 * otherwise what it removes may be the next owner's.
 */
function removeLeft(path: string, text: string, token: string): void {
  const release = tryLock(`${path}.${token}`)
  if (typeof release === 'function') {
    removeIfItSays(path, text)
    release()
  } else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS)
}
