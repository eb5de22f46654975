/** The file under a disk: what is needed of it, so that tests can lose what was not flushed. */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { HostError, pathError } from '../errors.ts'

export interface DiskFile {
  readonly sizeBytes: number
  /** Fills `into`; what lies behind the end reads as zeros. */
  read(offset: number, into: Uint8Array): void
  write(offset: number, bytes: Uint8Array): void
  /** Cuts the end off. */
  truncate(sizeBytes: number): void
  /** Whatever was written before is on disk when this returns. */
  sync(): void
  close(): void
}

/** Opens a regular file. Throws `HostError` `host.path`. */
export function openDiskFile(path: string, flags: 'r' | 'r+' | 'wx+', what: string): DiskFile {
  try {
    // Looked at before it is opened: opening a pipe waits for its other end.
    const found = flags === 'wx+' ? undefined : statSync(path)
    if (found !== undefined && !found.isFile()) {
      if (found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' })
      throw new HostError('host.path', `${what} ${path} is no regular file`, 'give a file')
    }
    return new OpenFile(openSync(path, flags), `${what} ${path}`)
  } catch (error) {
    throw pathError(`cannot open ${what} ${path}`, error)
  }
}

class OpenFile implements DiskFile {
  readonly #what: string
  /** Undefined when it is closed: its number may be another file's by then. */
  #descriptor: number | undefined
  #hasFailed = false

  constructor(descriptor: number, what: string) {
    this.#descriptor = descriptor
    this.#what = what
  }

  get #file(): number {
    if (this.#descriptor !== undefined) return this.#descriptor
    throw new HostError('host.disk', `${this.#what} is closed`, 'open it again')
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

  truncate(sizeBytes: number): void {
    ftruncateSync(this.#file, sizeBytes)
  }

  /** Once it has failed it fails for ever: the kernel reports lost writes once, and takes the pages for written from then on. */
  sync(): void {
    if (this.#hasFailed) throw new HostError('host.disk', `${this.#what} has lost writes`, 'check the disk below')
    try {
      fdatasyncSync(this.#file)
    } catch (error) {
      this.#hasFailed = this.#descriptor !== undefined
      throw error
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    closeSync(descriptor)
  }
}
