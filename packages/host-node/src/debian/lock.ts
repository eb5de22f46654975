/** One at a time: a file that says who works in a directory. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { isAlive } from '../alive.ts'

const WAIT_MS = 200

/** Takes the lock if nobody has it, or whoever had it is gone. @returns who has it, or undefined: it is taken */
function tryLock(path: string): number | undefined {
  try {
    const file = openSync(path, 'wx')
    writeSync(file, `${process.pid}\n`)
    closeSync(file)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = ownerOf(path)
  if (owner !== 0 && isAlive(owner)) return owner
  rmSync(path, { force: true })
  return tryLock(path)
}

/** The process that a lock names; 0 if it names none. */
function ownerOf(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || 0
  } catch {
    return 0
  }
}

/** Waits until nobody else works there, and works. `waiting` is called once if it has to wait. */
export async function withLock<Result>(
  path: string,
  waiting: (owner: number) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let waited = false; ; waited = true) {
    const owner = tryLock(path)
    if (owner === undefined) break
    if (!waited) waiting(owner)
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}
