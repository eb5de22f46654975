/** Who writes a disk: a lock beside it, so that two machines do not write one. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { HostError, pathError } from '../errors.ts'
import { type LockOwner, lockOwner, tryLock } from '../lock.ts'

/** One lock for all names of a disk that are symbolic links. The disk itself need not be there yet. */
function lockPath(path: string): string {
  try {
    return `${realpathSync(path)}.lock`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw pathError(`cannot open disk ${path}`, error)
  }
  try {
    return `${join(realpathSync(dirname(path)), basename(path))}.lock`
  } catch (error) {
    throw pathError(`cannot make disk ${path}`, error)
  }
}

function inUse(path: string, { pid, host }: LockOwner, lock: string): HostError {
  const who = pid === process.pid ? 'this process' : `process ${pid} on ${host}`
  const what = `disk ${path} is written by ${who}`
  return new HostError('host.busy', what, `end that, or use a copy; if nothing writes it, remove ${lock}`)
}

/** Takes the lock. @returns gives it back. Throws `HostError` `host.busy`, `host.path`. */
export function lockDisk(path: string): () => void {
  const lock = lockPath(path)
  const taken = tryLock(lock)
  if (typeof taken === 'function') return taken
  throw inUse(path, taken, lock)
}

/** Throws `HostError` `host.busy` if somebody writes a disk. */
export function refuseIfWritten(path: string): void {
  const lock = lockPath(path)
  const owner = lockOwner(lock)
  if (owner !== undefined) throw inUse(path, owner, lock)
}
