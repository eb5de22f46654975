/** Reading and writing whole files, so that what is wrong is said in one line and nothing is ever half there. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { type FileHandle, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HostError, pathError } from '../errors.ts'

export interface ReadLimits {
  /** What the file is, for messages: `kernel`. */
  readonly what: string
  /** Default: 2 GiB less one. */
  readonly mostBytes?: number
}

const MOST_BYTES = 2 ** 31 - 1
const PIECE_BYTES = 1 << 20

/**
 * The bytes of a file, or of a pipe until its end. Throws `HostError` `host.path` where there is none, or an empty or too large one.
 */
export async function readFileChecked(path: string, { what, mostBytes = MOST_BYTES }: ReadLimits): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const found = await file.stat()
    if (found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' })
    const fits = found.size <= mostBytes
    const bytes = fits ? await (found.size > 0 ? file.readFile() : readToEnd(file, mostBytes)) : undefined
    if (bytes === undefined || bytes.length > mostBytes) {
      const size = found.size > 0 ? `${found.size} bytes` : 'more bytes'
      throw new HostError('host.path', `${what} ${path} has ${size}, and may have ${mostBytes}`, 'give a smaller file')
    }
    if (bytes.length === 0) throw new HostError('host.path', `${what} ${path} is empty`, 'give another file')
    return bytes
  } catch (error) {
    throw pathError(`cannot read ${what} ${path}`, error)
  } finally {
    await file?.close()
  }
}

/** Of what has no size: pipes, and files of `/proc`. @returns undefined if there is more */
async function readToEnd(file: FileHandle, mostBytes: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = []
  for (let total = 0; total <= mostBytes; ) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, null)
    if (bytesRead === 0) return Buffer.concat(pieces)
    pieces.push(buffer.subarray(0, bytesRead))
    total += bytesRead
  }
  return undefined
}

/** Lets the names in a directory reach the disk. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } catch (error) {
    // Some file systems of networks have no such thing.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    closeSync(directory)
  }
}

/** What a file is to hold: at once, or piece by piece. */
export type FileContents = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** What is at a path now, behind its symbolic links; undefined if nothing is. */
async function findTarget(path: string) {
  try {
    const target = await realpath(path)
    return { target, found: await stat(target) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Writes a file so that it is there whole, or not at all: under another name in the same directory first, and on disk before it gets its
 * own. A file that was there is replaced, and its permissions are kept; a pipe or a device is written to. If the pieces end with an error, so
 * does this, and all is as it was. Throws `HostError` `host.path`.
 */
export async function writeFileAtomically(path: string, contents: FileContents): Promise<void> {
  try {
    const there = await findTarget(path)
    if (there === undefined) await writeAside(path, contents, undefined)
    else if (there.found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' })
    else if (there.found.isFile()) await writeAside(there.target, contents, there.found.mode & 0o7777)
    else await writeFile(there.target, contents)
  } catch (error) {
    throw pathError(`cannot write ${path}`, error)
  }
}

async function writeAside(path: string, contents: FileContents, mode: number | undefined): Promise<void> {
  const temporary = join(dirname(path), `.ringfold-${randomBytes(8).toString('hex')}`)
  const file = await open(temporary, 'wx')
  try {
    try {
      if (mode !== undefined) await file.chmod(mode)
      await file.writeFile(contents)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    syncDirectory(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
