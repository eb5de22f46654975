/** A disk that is a file, byte for byte. */
import type { BlockBackend } from '@ringfold/contracts'
import { HostError } from '../errors.ts'
import { type DiskFile, openDiskFile } from './disk-file.ts'
import { lockDisk } from './disk-lock.ts'

export const SECTOR_BYTES = 512
const ZEROS = new Uint8Array(1 << 16)

export interface RawDiskOptions {
  readonly readOnly?: boolean
}

/**
 * Opens a raw image. Who writes it has it alone. Throws `HostError`: `host.path`, `host.format` for a size that no disk has,
 * `host.busy`.
 */
export function openRawDisk(path: string, { readOnly = false }: RawDiskOptions = {}): BlockBackend {
  const file = openDiskFile(path, readOnly ? 'r' : 'r+', 'disk')
  const { sizeBytes } = file
  if (sizeBytes === 0 || sizeBytes % SECTOR_BYTES !== 0) {
    file.close()
    const what = `disk ${path} has ${sizeBytes} bytes`
    throw new HostError(
      'host.format',
      what,
      `give an image of a multiple of ${SECTOR_BYTES} bytes: truncate -s 1G FILE`,
    )
  }
  try {
    return new RawDisk(file, sizeBytes, readOnly, readOnly ? () => undefined : lockDisk(path))
  } catch (error) {
    file.close()
    throw error
  }
}

export class RawDisk implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #file: DiskFile
  readonly #unlock: () => void

  constructor(file: DiskFile, sizeBytes: number, readOnly: boolean, unlock: () => void) {
    this.#file = file
    this.sizeBytes = sizeBytes
    this.isReadOnly = readOnly
    this.#unlock = unlock
  }

  read(offset: number, into: Uint8Array): void {
    this.#file.read(offset, into)
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.isReadOnly) throw new HostError('host.option', 'the disk is only read', 'open it for writing')
    this.#file.write(offset, bytes)
  }

  flush(): void {
    if (!this.isReadOnly) this.#file.sync()
  }

  discard(offset: number, lengthBytes: number): void {
    for (let done = 0; done < lengthBytes; done += ZEROS.length)
      this.write(offset + done, ZEROS.subarray(0, lengthBytes - done))
  }

  close(): void {
    this.flush()
    this.#file.close()
    this.#unlock()
  }
}
