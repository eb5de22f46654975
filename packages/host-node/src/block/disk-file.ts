/** The file under a disk: what is needed of it, so that tests can lose what was not flushed. */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { HostError, pathError } from '../errors.ts'

export interface DiskFile {
  readonly sizeBytes: number
  /** Fills `into`; what lies behind the end reads as zeros. */
  read(offset: number, into: Uint8Array): void
  write(offset: number, bytes: Uint8Array): void
  /** Whatever was written before is on disk when this returns. */
  sync(): void
  close(): void
}

/** Opens a regular file. Throws `HostError` `host.path`. */
export function openDiskFile(path: string, flags: 'r' | 'r+' | 'wx+', what: string): DiskFile {
  let file: number
  try {
    file = openSync(path, flags)
  } catch (error) {
    throw pathError(`cannot open ${what} ${path}`, error)
  }
  if (!fstatSync(file).isFile()) {
    closeSync(file)
    throw new HostError('host.path', `${what} ${path} is no regular file`, 'give a file')
  }
  return new OpenFile(file)
}

class OpenFile implements DiskFile {
  readonly #file: number

  constructor(file: number) {
    this.#file = file
  }

  get sizeBytes(): number {
    return fstatSync(this.#file).size
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#file, into, done, into.length - done, offset + done)
      if (count === 0) {
        into.fill(0, done)
        return
      }
      done += count
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#file, bytes, done, bytes.length - done, offset + done)
  }

  sync(): void {
    fdatasyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
