/** Who writes a disk: a file beside it, so that two machines do not write one. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { isAlive } from '../alive.ts'
import { HostError, pathError } from '../errors.ts'

/** Takes the lock. @returns gives it back. Throws `HostError` `host.busy`. */
export function lockDisk(path: string): () => void {
  const lock = `${path}.lock`
  for (;;) {
    try {
      const file = openSync(lock, 'wx')
      writeSync(file, `${process.pid}\n`)
      closeSync(file)
      return () => rmSync(lock, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw pathError(`cannot write ${lock}`, error)
    }
    const owner = Number.parseInt(contentsOf(lock), 10) || 0
    if (owner !== 0 && isAlive(owner)) {
      const what = `disk ${path} is written by process ${owner}`
      throw new HostError('host.busy', what, `end that, or give ${path},ro; if nothing uses it, remove ${lock}`)
    }
    // Whoever had it was killed.
    rmSync(lock, { force: true })
  }
}

function contentsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
