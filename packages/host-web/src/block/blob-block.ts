/** A disk that is a `Blob` or a `File`: what the guest reads is read from there, and nothing else. */
import type { BlockBackend } from '@ringfold/contracts'
import { HostWebError } from '../errors.ts'

const SECTOR_BYTES = 512

/** It is only read: `ScratchBlock` of `@ringfold/devices` makes a disk of it that is written. */
export class BlobBlock implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly = true
  readonly #blob: Blob

  /** Throws `HostWebError` `web.option` for a size that no disk has. */
  constructor(blob: Blob) {
    this.#blob = blob
    this.sizeBytes = blob.size
    if (blob.size > 0 && blob.size % SECTOR_BYTES === 0) return
    throw new HostWebError('web.option', `a disk of ${blob.size} bytes`, `give a multiple of ${SECTOR_BYTES}`)
  }

  /** Rejects where the file behind it has changed, or is gone. */
  async read(offset: number, into: Uint8Array): Promise<void> {
    into.set(new Uint8Array(await this.#blob.slice(offset, offset + into.length).arrayBuffer()))
  }

  async write(): Promise<void> {
    throw new HostWebError('web.option', 'a write to a disk that is only read', 'put a `ScratchBlock` over it')
  }

  flush(): void {}
  close(): void {}
}
