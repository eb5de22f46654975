/** Reading and writing whole files, so that what is wrong is said in one line and nothing is ever half there. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HostError, pathError } from '../errors.ts'

export interface ReadLimits {
  /** What the file is, for messages: `kernel`. */
  readonly what: string
  /** Default: 2 GiB less one. */
  readonly mostBytes?: number
}

const MOST_BYTES = 2 ** 31 - 1

/** The bytes of a file. Throws `HostError` `host.path` where there is none, or an empty or too large one. */
export async function readFileChecked(path: string, { what, mostBytes = MOST_BYTES }: ReadLimits): Promise<Uint8Array> {
  try {
    const { size, ...found } = await stat(path).then((s) => ({ size: s.size, isDirectory: s.isDirectory() }))
    if (found.isDirectory) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (size > mostBytes)
      throw new HostError('host.path', `${what} ${path} has ${size} bytes`, `give a file of at most ${mostBytes}`)
    const bytes = await readFile(path)
    if (bytes.length === 0) throw new HostError('host.path', `${what} ${path} is empty`, 'give another file')
    return bytes
  } catch (error) {
    throw pathError(`cannot read ${what} ${path}`, error)
  }
}

/** Lets the names in a directory reach the disk. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/**
 * Writes a file so that it is there whole, or not at all: under another name in the same directory first. What was there is replaced.
 * Throws `HostError` `host.path`.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw pathError(`cannot write ${path}`, error)
  }
}
