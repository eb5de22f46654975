import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { GuestMemory } from '@ringfold/contracts'
import { unusablePath } from '../exit.ts'
import { openSource } from '../input.ts'

/** Bytes of the dump at an offset. */
type Reader = (offset: number, into: Uint8Array) => void

/** A dump of physical memory, to be read only. What lies outside it reads as zero, and is noted. */
export class DumpMemory implements GuestMemory {
  readonly base: number
  readonly sizeBytes: number
  /** The first address outside the dump that was read since `forget`. */
  missing: number | undefined
  readonly #read: Reader
  readonly #close: () => void
  readonly #view = new DataView(new ArrayBuffer(4))

  constructor(base: number, sizeBytes: number, read: Reader, close: () => void = () => {}) {
    this.base = base
    this.sizeBytes = sizeBytes
    this.#read = read
    this.#close = close
  }

  close(): void {
    this.#close()
  }

  forget(): void {
    this.missing = undefined
  }

  read8(address: number): number {
    return this.#bytes(address, 1).getUint8(0)
  }

  read16(address: number): number {
    return this.#bytes(address, 2).getUint16(0, true)
  }

  read32(address: number): number {
    return this.#bytes(address, 4).getUint32(0, true)
  }

  write8(): void {}
  write16(): void {}
  write32(): void {}

  #bytes(address: number, sizeBytes: number): DataView {
    const view = this.#view
    view.setUint32(0, 0)
    const offset = address - this.base
    if (offset < 0 || offset + sizeBytes > this.sizeBytes) this.missing ??= address
    else this.#read(offset, new Uint8Array(view.buffer, 0, sizeBytes))
    return view
  }
}

/**
 * Opens a dump. A file is read where it is asked, so that it may be larger than memory; pipes are read as a whole.
 *
 * @throws InputError where there is nothing to read at that path
 */
export async function openDump(path: string, base: number): Promise<DumpMemory> {
  const file = path === '-' ? undefined : openRegular(path)
  if (file !== undefined) {
    const read: Reader = (offset, into) => readSync(file.descriptor, into, 0, into.length, offset)
    return new DumpMemory(base, file.sizeBytes, read, () => closeSync(file.descriptor))
  }
  const bytes = await (await openSource(path)).rest()
  return new DumpMemory(base, bytes.length, (offset, into) => into.set(bytes.subarray(offset, offset + into.length)))
}

/** A regular file, or nothing if it is a pipe or a device. */
function openRegular(path: string): { descriptor: number; sizeBytes: number } | undefined {
  try {
    const descriptor = openSync(path, 'r')
    const status = fstatSync(descriptor)
    if (status.isFile()) return { descriptor, sizeBytes: status.size }
    closeSync(descriptor)
    return undefined
  } catch (error) {
    throw unusablePath(`cannot read ${path}`, error)
  }
}
