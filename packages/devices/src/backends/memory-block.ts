/** A disk in memory. */
import type { BlockBackend } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'

const SECTOR = 512

/** A disk whose contents are bytes of this process; nothing of it outlives that. */
export class MemoryBlock implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  readonly bytes: Uint8Array

  /** Of so many zeros, or of these bytes, which it changes. Throws `DeviceError` `device.option`. */
  constructor(contents: number | Uint8Array, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.bytes = typeof contents === 'number' ? new Uint8Array(contents) : contents
    this.sizeBytes = this.bytes.length
    this.isReadOnly = readOnly
    if (this.sizeBytes > 0 && this.sizeBytes % SECTOR === 0) return
    throw new DeviceError('device.option', `a disk of ${this.sizeBytes} bytes`, `give a multiple of ${SECTOR}`)
  }

  read(offset: number, into: Uint8Array): void {
    into.set(this.bytes.subarray(offset, offset + into.length))
  }

  write(offset: number, bytes: Uint8Array): void {
    refuseIfReadOnly(this)
    this.bytes.set(bytes, offset)
  }

  flush(): void {}

  discard(offset: number, lengthBytes: number): void {
    refuseIfReadOnly(this)
    this.bytes.fill(0, offset, offset + lengthBytes)
  }

  close(): void {}
}

/** Throws `DeviceError` `device.option` for a disk that is not written. */
export function refuseIfReadOnly({ isReadOnly }: Pick<BlockBackend, 'isReadOnly'>): void {
  if (isReadOnly) throw new DeviceError('device.option', 'a write to a disk that is only read', 'open it for writing')
}
