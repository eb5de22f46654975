import type { GuestMemory, PageNumber, PhysicalAddress } from '@ringfold/contracts'
import { openBus } from './device-access.ts'
import { PAGE_BYTES } from './layout.ts'

/** A page that a copy has of its own. */
interface OwnPage {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * A memory that starts as another and shares its pages until they are written: many machines from one image, or an experiment
 * that is thrown away. The base may be bytes (from physical 0 on; behind them is open bus) or any other memory, and must not
 * change while it is shared.
 */
export class CopyOnWriteMemory implements GuestMemory {
  readonly #base: GuestMemory
  /** Where the base ends; writes behind it are ignored. */
  readonly #limit: number
  readonly #own = new Map<PageNumber, OwnPage>()

  constructor(base: Uint8Array | GuestMemory) {
    const isImage = base instanceof Uint8Array
    this.#base = isImage ? new ImageMemory(base) : base
    this.#limit = isImage ? base.length : Number.POSITIVE_INFINITY
  }

  /** Number of pages that are no longer shared. */
  get ownedPages(): number {
    return this.#own.size
  }

  /** The numbers of the pages that are no longer shared, in ascending order. */
  ownedPageNumbers(): PageNumber[] {
    return [...this.#own.keys()].sort((a, b) => a - b)
  }

  /** Shares everything again: all writes are forgotten. */
  reset(): void {
    this.#own.clear()
  }

  read8(address: PhysicalAddress): number {
    const own = this.#own.get(Math.floor(address / PAGE_BYTES))
    return own === undefined ? this.#base.read8(address) : (own.bytes[address % PAGE_BYTES] as number)
  }

  read16(address: PhysicalAddress): number {
    if (address % PAGE_BYTES > PAGE_BYTES - 2) return this.read8(address) | (this.read8(address + 1) << 8)
    const own = this.#own.get(Math.floor(address / PAGE_BYTES))
    return own === undefined ? this.#base.read16(address) : own.view.getUint16(address % PAGE_BYTES, true)
  }

  read32(address: PhysicalAddress): number {
    if (address % PAGE_BYTES > PAGE_BYTES - 4) return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0
    const own = this.#own.get(Math.floor(address / PAGE_BYTES))
    return own === undefined ? this.#base.read32(address) : own.view.getUint32(address % PAGE_BYTES, true)
  }

  write8(address: PhysicalAddress, value: number): void {
    if (address < this.#limit) this.#ownPage(address).bytes[address % PAGE_BYTES] = value
  }

  write16(address: PhysicalAddress, value: number): void {
    if (address % PAGE_BYTES <= PAGE_BYTES - 2 && address + 2 <= this.#limit) {
      this.#ownPage(address).view.setUint16(address % PAGE_BYTES, value, true)
      return
    }
    this.write8(address, value)
    this.write8(address + 1, value >>> 8)
  }

  write32(address: PhysicalAddress, value: number): void {
    if (address % PAGE_BYTES <= PAGE_BYTES - 4 && address + 4 <= this.#limit) {
      this.#ownPage(address).view.setUint32(address % PAGE_BYTES, value, true)
      return
    }
    this.write16(address, value)
    this.write16(address + 2, value >>> 16)
  }

  #ownPage(address: PhysicalAddress): OwnPage {
    const page = Math.floor(address / PAGE_BYTES)
    const known = this.#own.get(page)
    if (known !== undefined) return known
    const bytes = new Uint8Array(PAGE_BYTES)
    const own = { bytes, view: new DataView(bytes.buffer) }
    for (let offset = 0; offset < PAGE_BYTES; offset += 4)
      own.view.setUint32(offset, this.#base.read32(page * PAGE_BYTES + offset), true)
    this.#own.set(page, own)
    return own
  }
}

/** Bytes as a memory from physical 0 on: reads behind them are open bus, writes are ignored. */
export class ImageMemory implements GuestMemory {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read8(address: PhysicalAddress): number {
    return this.bytes[address] ?? openBus(1)
  }

  read16(address: PhysicalAddress): number {
    if (address + 2 <= this.bytes.length) return this.#view.getUint16(address, true)
    return this.read8(address) | (this.read8(address + 1) << 8)
  }

  read32(address: PhysicalAddress): number {
    if (address + 4 <= this.bytes.length) return this.#view.getUint32(address, true)
    return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0
  }

  write8(_address: PhysicalAddress, _value: number): void {}
  write16(_address: PhysicalAddress, _value: number): void {}
  write32(_address: PhysicalAddress, _value: number): void {}
}
