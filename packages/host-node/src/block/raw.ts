/** A disk that is a file, byte for byte. */
import { HostError } from '../errors.ts'
import { type DiskFile, openDiskFile } from './disk-file.ts'
import { lockDisk } from './disk-lock.ts'
import { OVERLAY } from './overlay-format.ts'
import { endAll, type SyncBlockBackend } from './sync-block.ts'

const SECTOR_BYTES = 512
/** A range is discarded in pieces of so many bytes, where it does not read as zeros already. */
const PIECE_BYTES = 1 << 16
const ZEROS = new Uint8Array(PIECE_BYTES)

export interface RawDiskOptions {
  readonly readOnly?: boolean
}

/** How images begin that are no raw disks, and what to do with them. */
const OTHER_FORMATS: readonly (readonly [magic: string, name: string, remedy: string])[] = [
  [OVERLAY.MAGIC, 'an overlay', 'give its base first: BASE,overlay=FILE'],
  ['QFI\u00fb', 'a qcow2 image', 'qemu-img convert -O raw FILE RAW'],
  ['KDMV', 'a VMDK image', 'qemu-img convert -O raw FILE RAW'],
  ['vhdxfile', 'a VHDX image', 'qemu-img convert -O raw FILE RAW'],
]

function checkRaw(file: DiskFile, path: string): void {
  const { sizeBytes } = file
  if (sizeBytes === 0 || sizeBytes % SECTOR_BYTES !== 0) {
    const what = `disk ${path} has ${sizeBytes} bytes`
    const remedy = `give an image of a multiple of ${SECTOR_BYTES} bytes: truncate -s 1G FILE`
    throw new HostError('host.format', what, remedy)
  }
  const first = new Uint8Array(8)
  file.read(0, first)
  const start = String.fromCharCode(...first)
  const other = OTHER_FORMATS.find(([magic]) => start.startsWith(magic))
  if (other !== undefined) throw new HostError('host.format', `disk ${path} is ${other[1]}, not raw`, other[2])
}

/**
 * Opens a raw image. Who writes it has it alone; who only reads it may see it change. Throws `HostError`: `host.path`; `host.format` for a
 * size that no disk has, and for images of other formats; `host.busy`.
 */
export function openRawDisk(path: string, { readOnly = false }: RawDiskOptions = {}): SyncBlockBackend {
  const file = openDiskFile(path, readOnly ? 'r' : 'r+', 'disk')
  try {
    checkRaw(file, path)
    return new RawDisk(file, readOnly, readOnly ? () => undefined : lockDisk(path))
  } catch (error) {
    file.close()
    throw error
  }
}

class RawDisk implements SyncBlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly #file: DiskFile
  readonly #unlock: () => void
  #isClosed = false

  constructor(file: DiskFile, readOnly: boolean, unlock: () => void) {
    this.#file = file
    this.sizeBytes = file.sizeBytes
    this.isReadOnly = readOnly
    this.#unlock = unlock
  }

  read(offset: number, into: Uint8Array): void {
    this.#file.read(offset, into)
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.isReadOnly) throw new HostError('host.disk', 'the disk is only read', 'open it for writing')
    this.#file.write(offset, bytes)
  }

  flush(): void {
    if (!this.isReadOnly) this.#file.sync()
  }

  /** Node can give no room back in the middle of a file. What reads as zeros stays as it is, so holes stay holes. */
  discard(offset: number, lengthBytes: number): void {
    const piece = new Uint8Array(PIECE_BYTES)
    for (let done = 0; done < lengthBytes; done += PIECE_BYTES) {
      const count = Math.min(PIECE_BYTES, lengthBytes - done)
      this.#file.read(offset + done, piece.subarray(0, count))
      if (Buffer.compare(piece.subarray(0, count), ZEROS.subarray(0, count)) !== 0 || this.isReadOnly)
        this.write(offset + done, ZEROS.subarray(0, count))
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    endAll(
      () => this.flush(),
      () => this.#file.close(),
      this.#unlock,
    )
  }
}
