import { DeviceError } from '../errors.ts'
import { MESSAGE_ADDRESS_BITS, MSIX } from './registers.ts'

export interface MsixTableState {
  /** Entries as the guest reads them. */
  readonly table: Uint8Array
  /** A bit for each vector. */
  readonly pending: Uint8Array
}

/** Writable bits of each doubleword of an entry (PCI 3.0, 6.8.2.6 to 6.8.2.9). */
const WRITABLE = [MESSAGE_ADDRESS_BITS, 0xffff_ffff, 0xffff_ffff, MSIX.ENTRY_MASKED] as const

/**
 * Vectors of MSI-X: their messages, masks and pending bits. Accesses of any size and alignment are taken, though the specification
 * asks for whole doublewords (PCI 3.0, 6.8.2). What is neither table nor pending bit reads zero.
 */
export class MsixTable {
  readonly #vectors: number
  readonly #table: DataView
  readonly #pending: Uint8Array
  #pendingCount = 0

  constructor(vectors: number) {
    this.#vectors = vectors
    this.#table = new DataView(new ArrayBuffer(vectors * MSIX.ENTRY_BYTES))
    this.#pending = new Uint8Array(Math.ceil(vectors / 64) * 8)
    this.reset()
  }

  /** The room that pending bits take: whole quadwords (6.8.2.10). */
  get pendingBytes(): number {
    return this.#pending.length
  }

  has(vector: number): boolean {
    return Number.isInteger(vector) && vector >= 0 && vector < this.#vectors
  }

  isMasked(vector: number): boolean {
    return (this.#entry(vector, MSIX.ENTRY_CONTROL) & MSIX.ENTRY_MASKED) !== 0
  }

  message(vector: number): { readonly addressLo: number; readonly addressHi: number; readonly data: number } {
    return {
      addressLo: this.#entry(vector, MSIX.ENTRY_ADDRESS),
      addressHi: this.#entry(vector, MSIX.ENTRY_UPPER_ADDRESS),
      data: this.#entry(vector, MSIX.ENTRY_DATA),
    }
  }

  setPending(vector: number, isPending: boolean): void {
    const byte = this.#pending[vector >>> 3] as number
    const bit = 1 << (vector & 7)
    if (((byte & bit) !== 0) === isPending) return
    this.#pending[vector >>> 3] = byte ^ bit
    this.#pendingCount += isPending ? 1 : -1
  }

  clearPending(): void {
    if (this.#pendingCount === 0) return
    this.#pending.fill(0)
    this.#pendingCount = 0
  }

  /** The vectors that are pending and not masked, lowest first. */
  ready(): number[] {
    const found: number[] = []
    if (this.#pendingCount === 0) return found
    for (let vector = 0; vector < this.#vectors; vector++)
      if (this.#isPending(vector) && !this.isMasked(vector)) found.push(vector)
    return found
  }

  read(offset: number, sizeBytes: number): number {
    return readBytes(new Uint8Array(this.#table.buffer), offset, sizeBytes)
  }

  readPending(offset: number, sizeBytes: number): number {
    return readBytes(this.#pending, offset, sizeBytes)
  }

  write(offset: number, sizeBytes: number, value: number): void {
    for (let at = offset; at < Math.min(offset + sizeBytes, this.#table.byteLength); at++) {
      const writable = (WRITABLE[(at >>> 2) & 3] as number) >>> (8 * (at & 3))
      this.#table.setUint8(at, (value >>> (8 * (at - offset))) & writable)
    }
  }

  /** All vectors are masked (6.8.2.9), nothing is pending. */
  reset(): void {
    for (let at = 0; at < this.#table.byteLength; at += 4)
      this.#table.setUint32(at, at % MSIX.ENTRY_BYTES === MSIX.ENTRY_CONTROL ? MSIX.ENTRY_MASKED : 0, true)
    this.clearPending()
  }

  state(): MsixTableState {
    return { table: new Uint8Array(this.#table.buffer.slice(0)), pending: this.#pending.slice() }
  }

  /** Throws `DeviceError` `device.state`, and changes nothing then. */
  restore({ table, pending }: MsixTableState): void {
    if (table?.length !== this.#table.byteLength || pending?.length !== this.#pending.length) {
      const what = `an MSI-X table of ${this.#vectors} vectors has another size`
      throw new DeviceError('device.state', what, 'give a state that such a function made')
    }
    this.clearPending()
    for (let at = 0; at < table.length; at++) this.write(at, 1, table[at] as number)
    for (let vector = 0; vector < this.#vectors; vector++)
      this.setPending(vector, (((pending[vector >>> 3] as number) >>> (vector & 7)) & 1) === 1)
  }

  #isPending(vector: number): boolean {
    return (((this.#pending[vector >>> 3] as number) >>> (vector & 7)) & 1) === 1
  }

  #entry(vector: number, register: number): number {
    return this.#table.getUint32(vector * MSIX.ENTRY_BYTES + register, true)
  }
}

function readBytes(bytes: Uint8Array, offset: number, sizeBytes: number): number {
  let value = 0
  for (let at = 0; at < sizeBytes; at++) value |= (bytes[offset + at] ?? 0) << (8 * at)
  return value >>> 0
}
