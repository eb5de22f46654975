import type { GuestMemory, IoDevice, PageNumber, PhysicalAddress, WasmMemory } from '@ringfold/contracts'
import { type AttributesListener, type CodeWriteListener, PAGE_ATTRIBUTE } from './attributes.ts'
import {
  type AccessBytes,
  type DeviceRange,
  type DeviceRangeOptions,
  type DeviceTarget,
  holds,
  openBus,
  readDevice,
  writeDevice,
} from './device-access.ts'
import {
  HIGH_RAM_HOST_OFFSET,
  HIGH_RAM_PAGE,
  layoutOf,
  type MemoryLayout,
  PAGE_BYTES,
  WASM_PAGE_BYTES,
} from './layout.ts'
import { PageAttributes } from './page-table.ts'
import { largestGap } from './plain-range.ts'
import { RangeMap } from './range-map.ts'
import { RomPages, type RomRegion } from './rom.ts'
import { type MemorySnapshot, restoreRam, saveRam } from './snapshot.ts'

const { RAM, ROM, MMIO, CODE, LOGGED } = PAGE_ATTRIBUTE
const TRACKED = CODE | LOGGED
/** Physical addresses have 52 bits at most. */
const PHYSICAL_LIMIT = 2 ** 52
/** What the A20 gate holds at zero: bit 20. */
const A20_BYTES = 1 << 20

export interface PhysicalMemoryOptions {
  /** Bytes of RAM: a multiple of 4096, up to 4 GiB. What is beyond 3 GiB lies from physical 4 GiB on. */
  readonly ramBytes: number
  /** Bytes of room for ROM that lies outside RAM; 4 MiB, or what is left of 4 GiB, if absent. */
  readonly romBytes?: number
  /** A WebAssembly memory to use as it is. It must never grow. */
  readonly wasm?: WasmMemory
}

/**
 * The physical address space of a machine: RAM and ROM on one WebAssembly memory, devices behind ranges, open bus where there is
 * nothing; and per page, what a processor must know before it goes to the memory by itself.
 *
 * This is the one way into memory for processors' slow paths, devices and monitors: it honours ROM, devices, the A20 gate, code
 * and dirty tracking. Whoever keeps `hostOffset` of pages instead listens to `onAttributesChanged`.
 */
export class PhysicalMemory implements GuestMemory {
  /** Memory 0 of translated code. */
  readonly wasm: WasmMemory
  readonly layout: MemoryLayout
  /** The attributes of each page, indexed by page number: below 4 GiB, and high RAM. To be read only; A20 does not count in it. */
  readonly attributeTable: Uint8Array
  /** The whole of memory 0, by host offset. Writing here is the business of those who have checked the attributes. */
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly view: DataView
  readonly #attributes: PageAttributes
  readonly #mmio = new RangeMap<DeviceTarget>(PHYSICAL_LIMIT)
  readonly #rom: RomPages
  #a20 = true
  /** Below this address host offsets are physical addresses, whatever the A20 gate does. */
  #directBytes: number
  #plainFrom = 0
  #plainBytes = 0

  /** Throws `MemoryError` `memory.ram-size` or `memory.wasm-size`. */
  constructor({ ramBytes, romBytes, wasm }: PhysicalMemoryOptions) {
    this.layout = layoutOf(ramBytes, romBytes, wasm?.buffer.byteLength)
    this.wasm = wasm ?? newWasmMemory(this.layout.totalBytes)
    const { buffer } = this.wasm
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
    this.view = new DataView(buffer)
    this.#attributes = new PageAttributes(this.layout)
    this.attributeTable = this.#attributes.table
    this.#rom = new RomPages(this.layout)
    this.#directBytes = this.layout.lowRamBytes
    this.#findPlain()
  }

  /** Bytes of RAM. */
  get ramBytes(): number {
    return this.layout.ramBytes
  }

  // Accesses. The fast paths serve aligned accesses to low RAM that nothing watches.

  read8(address: PhysicalAddress): number {
    if (address < this.#directBytes && ((this.attributeTable[address >>> 12] as number) & MMIO) === 0)
      return this.bytes[address] as number
    return this.#read(address, 1)
  }

  read16(address: PhysicalAddress): number {
    if (
      (address & 1) === 0 &&
      address < this.#directBytes &&
      ((this.attributeTable[address >>> 12] as number) & MMIO) === 0
    )
      return this.view.getUint16(address, true)
    return this.#read(address, 2)
  }

  read32(address: PhysicalAddress): number {
    if (
      (address & 3) === 0 &&
      address < this.#directBytes &&
      ((this.attributeTable[address >>> 12] as number) & MMIO) === 0
    )
      return this.words[address >>> 2] as number
    return this.#read(address, 4)
  }

  write8(address: PhysicalAddress, value: number): void {
    if (address < this.#directBytes && this.attributeTable[address >>> 12] === RAM) this.bytes[address] = value
    else this.#write(address, 1, value)
  }

  write16(address: PhysicalAddress, value: number): void {
    if ((address & 1) === 0 && address < this.#directBytes && this.attributeTable[address >>> 12] === RAM)
      this.view.setUint16(address, value, true)
    else this.#write(address, 2, value)
  }

  write32(address: PhysicalAddress, value: number): void {
    if ((address & 3) === 0 && address < this.#directBytes && this.attributeTable[address >>> 12] === RAM)
      this.words[address >>> 2] = value
    else this.#write(address, 4, value)
  }

  /** Reads `into.length` bytes. Devices see accesses of one byte. */
  readBytes(address: PhysicalAddress, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const at = this.gate(address + done)
      const count = Math.min(into.length - done, PAGE_BYTES - (at % PAGE_BYTES))
      const host = this.#hostOf(at)
      if (host >= 0) into.set(this.bytes.subarray(host, host + count), done)
      else for (let n = done; n < done + count; n++) into[n] = this.read8(address + n)
      done += count
    }
  }

  /** Writes bytes, page by page, with the checks of every write. */
  writeBytes(address: PhysicalAddress, from: Uint8Array): void {
    for (let done = 0; done < from.length; ) {
      const at = this.gate(address + done)
      const count = Math.min(from.length - done, PAGE_BYTES - (at % PAGE_BYTES))
      const host = this.#hostOf(at)
      if (host < 0) for (let n = done; n < done + count; n++) this.write8(address + n, from[n] as number)
      else if (this.#mayWrite(at, count)) this.bytes.set(from.subarray(done, done + count), host)
      done += count
    }
  }

  #read(address: PhysicalAddress, sizeBytes: AccessBytes): number {
    const at = this.gate(address)
    if ((at % PAGE_BYTES) + sizeBytes <= PAGE_BYTES) {
      const host = this.#hostOf(at)
      if (host >= 0) return this.#readHost(host, sizeBytes)
    }
    const range = this.#mmio.find(at)
    if (range !== undefined && holds(range, at, sizeBytes)) return readDevice(range, at, sizeBytes)
    if (sizeBytes === 1) return this.#readUnclaimed(at)
    let result = 0
    for (let n = 0; n < sizeBytes; n++) result |= this.#read(address + n, 1) << (8 * n)
    return result >>> 0
  }

  #readHost(host: number, sizeBytes: AccessBytes): number {
    if (sizeBytes === 1) return this.bytes[host] as number
    return sizeBytes === 2 ? this.view.getUint16(host, true) : this.view.getUint32(host, true)
  }

  /** A byte of a page of which a device has only a part, or open bus. */
  #readUnclaimed(at: PhysicalAddress): number {
    const host = this.#storageOf(Math.floor(at / PAGE_BYTES))
    return host < 0 ? openBus(1) : (this.bytes[host + (at % PAGE_BYTES)] as number)
  }

  #write(address: PhysicalAddress, sizeBytes: AccessBytes, value: number): void {
    const at = this.gate(address)
    if ((at % PAGE_BYTES) + sizeBytes <= PAGE_BYTES) {
      const host = this.#hostOf(at)
      if (host >= 0) {
        if (this.#mayWrite(at, sizeBytes)) this.#writeHost(host, sizeBytes, value)
        return
      }
    }
    const range = this.#mmio.find(at)
    if (range !== undefined && holds(range, at, sizeBytes)) writeDevice(range, at, sizeBytes, value)
    else if (sizeBytes === 1) this.#writeUnclaimed(at, value)
    else for (let n = 0; n < sizeBytes; n++) this.#write(address + n, 1, value >>> (8 * n))
  }

  #writeHost(host: number, sizeBytes: AccessBytes, value: number): void {
    if (sizeBytes === 1) this.bytes[host] = value
    else if (sizeBytes === 2) this.view.setUint16(host, value, true)
    else this.view.setUint32(host, value, true)
  }

  #writeUnclaimed(at: PhysicalAddress, value: number): void {
    const host = this.#storageOf(Math.floor(at / PAGE_BYTES))
    if (host >= 0 && this.#mayWrite(at, 1)) this.bytes[host + (at % PAGE_BYTES)] = value
  }

  /** Whether bytes of one page of memory may be written; tells those who watch it. */
  #mayWrite(at: PhysicalAddress, sizeBytes: number): boolean {
    const page = Math.floor(at / PAGE_BYTES)
    const bits = this.attributeTable[page] as number
    if ((bits & (RAM | ROM)) !== RAM) return false
    if ((bits & TRACKED) !== 0) this.#attributes.beforeWrite(page, at % PAGE_BYTES, (at % PAGE_BYTES) + sizeBytes - 1)
    return true
  }

  // Pages.

  /** The address that memory sees: with bit 20 held at zero while the A20 gate is closed. */
  gate(address: PhysicalAddress): PhysicalAddress {
    if (this.#a20) return address
    return Math.floor(address / A20_BYTES) % 2 === 0 ? address : address - A20_BYTES
  }

  /** What a page is, as bits of `PAGE_ATTRIBUTE`; the A20 gate counts. */
  attributes(page: PageNumber): number {
    const at = this.#a20 ? page : this.gate(page * PAGE_BYTES) / PAGE_BYTES
    if (at < this.attributeTable.length) return this.attributeTable[at] as number
    return this.#mmio.overlaps(at * PAGE_BYTES, PAGE_BYTES) ? MMIO : 0
  }

  /** Whether the page may be read and written without the write path. */
  isPlainRam(page: PageNumber): boolean {
    return this.attributes(page) === RAM
  }

  /** Whether all of a range is RAM that a device may read and write: no hole, no ROM, no device. */
  isRam(address: PhysicalAddress, lengthBytes: number): boolean {
    if (!(address >= 0 && lengthBytes >= 0)) return false
    const last = Math.floor((address + lengthBytes - 1) / PAGE_BYTES)
    for (let page = Math.floor(address / PAGE_BYTES); page <= last; page++)
      if ((this.attributes(page) & (RAM | ROM | MMIO)) !== RAM) return false
    return true
  }

  /** Where a page of RAM or ROM lies in memory 0; -1 for pages of which a device has a part, and for open bus. */
  hostOffset(page: PageNumber): number {
    return this.#hostOf(this.gate(page * PAGE_BYTES))
  }

  /** Host offset of an address behind the A20 gate, or -1. */
  #hostOf(at: PhysicalAddress): number {
    const page = Math.floor(at / PAGE_BYTES)
    if (((this.attributeTable[page] ?? 0) & MMIO) !== 0) return -1
    const storage = this.#storageOf(page)
    return storage < 0 ? -1 : storage + (at % PAGE_BYTES)
  }

  /** Host offset of the memory of a page, also where a device hides it; or -1. */
  #storageOf(page: PageNumber): number {
    const bits = this.attributeTable[page] ?? 0
    if ((bits & RAM) === 0) return this.#rom.hostOffset(page)
    return page < HIGH_RAM_PAGE ? page * PAGE_BYTES : (page - HIGH_RAM_PAGE) * PAGE_BYTES + HIGH_RAM_HOST_OFFSET
  }

  #findPlain(): void {
    const [from, to] = largestGap(this.#mmio.ranges, this.#directBytes)
    this.#plainFrom = from
    this.#plainBytes = to - from
  }

  /**
   * A range of physical addresses, `plainFrom` to `plainFrom + plainBytes - 1`, that may be read in `words` and `bytes` in place: the
   * largest piece of low RAM without a device, whole pages. It changes when devices or the A20 gate do; so ask each time.
   */
  get plainFrom(): number {
    return this.#plainFrom
  }

  get plainBytes(): number {
    return this.#plainBytes
  }

  /** Opens or closes the A20 gate, which all accesses go through. Open at first. */
  setA20(enabled: boolean): void {
    if (enabled === this.#a20) return
    this.#a20 = enabled
    this.#directBytes = enabled ? this.layout.lowRamBytes : Math.min(this.layout.lowRamBytes, A20_BYTES)
    this.#findPlain()
    this.#attributes.changedAll()
  }

  get a20Enabled(): boolean {
    return this.#a20
  }

  // Devices and ROM.

  /** The ranges of devices, lowest first. */
  get mmioRanges(): readonly DeviceRange[] {
    return this.#mmio.ranges
  }

  /**
   * Puts a device before whatever lies at `base` to `base + sizeBytes - 1`. Throws `MemoryError` `memory.range` or
   * `memory.range-overlap` (with another device).
   */
  addMmio(base: PhysicalAddress, sizeBytes: number, device: IoDevice, options: DeviceRangeOptions = {}): void {
    this.#mmio.add(base, sizeBytes, { device, widestBytes: options.widestBytes ?? 4 })
    this.#updateMmio(base, sizeBytes)
  }

  /** Takes away the device whose range starts at `base`. Throws `MemoryError` `memory.range-unknown`. */
  removeMmio(base: PhysicalAddress): void {
    const { sizeBytes } = this.#mmio.remove(base)
    this.#updateMmio(base, sizeBytes)
  }

  #updateMmio(base: PhysicalAddress, sizeBytes: number): void {
    this.#findPlain()
    const last = Math.min(Math.floor((base + sizeBytes - 1) / PAGE_BYTES), this.attributeTable.length - 1)
    for (let page = Math.floor(base / PAGE_BYTES); page <= last; page++) {
      const device = this.#mmio.overlaps(page * PAGE_BYTES, PAGE_BYTES)
      this.#replaced(page)
      this.#attributes.change(page, device ? MMIO : 0, device ? 0 : MMIO)
    }
  }

  /** Tells the owners of code that the page is about to read differently. */
  #replaced(page: PageNumber): void {
    const tracked = (this.attributeTable[page] as number) & TRACKED
    if (tracked !== 0) this.#attributes.beforeWrite(page, 0, PAGE_BYTES - 1)
  }

  /** The ROM images, in the order in which they were added. */
  get romRegions(): readonly RomRegion[] {
    return this.#rom.regions
  }

  /**
   * Lays a ROM image at `base`. Over RAM it is copied into the RAM, which stays when the ROM is removed: so firmware shadows
   * itself. Elsewhere it takes room of its own. Base and length are multiples of 4096. Throws `MemoryError` `memory.range`,
   * `memory.range-overlap` or `memory.rom-room`.
   */
  addRom(base: PhysicalAddress, contents: Uint8Array): void {
    this.#rom.add(base, contents.length, this.attributeTable)
    for (let offset = 0; offset < contents.length; offset += PAGE_BYTES) {
      const page = (base + offset) / PAGE_BYTES
      this.#replaced(page)
      this.#attributes.change(page, ROM, 0)
      this.bytes.set(contents.subarray(offset, offset + PAGE_BYTES), this.#storageOf(page))
    }
  }

  /** Removes the ROM that starts at `base`. Throws `MemoryError` `memory.range-unknown`. */
  removeRom(base: PhysicalAddress): void {
    const { sizeBytes } = this.#rom.remove(base)
    for (let offset = 0; offset < sizeBytes; offset += PAGE_BYTES) {
      const page = (base + offset) / PAGE_BYTES
      this.#replaced(page)
      this.#attributes.change(page, 0, (this.attributeTable[page] as number) & RAM ? ROM : ROM | CODE)
    }
    this.#rom.release(base, sizeBytes)
  }

  // Tracking.

  /** Calls `listener` before writes to pages that are `CODE`. @returns what ends it. */
  onCodeWrite(listener: CodeWriteListener): () => void {
    return this.#attributes.onCodeWrite(listener)
  }

  /** Calls `listener` whenever the attributes of a page have changed. @returns what ends it. */
  onAttributesChanged(listener: AttributesListener): () => void {
    return this.#attributes.onChange(listener)
  }

  /** Code was made from this page of RAM or ROM (as `gate` gives it). */
  markCode(page: PageNumber): void {
    if (((this.attributeTable[page] ?? 0) & (RAM | ROM)) !== 0) this.#attributes.change(page, CODE, 0)
  }

  /** No code is left that was made from this page. */
  unmarkCode(page: PageNumber): void {
    this.#attributes.change(page, 0, CODE)
  }

  /** Begins to track which pages of RAM are written; all are clean. */
  startDirtyLog(): void {
    this.#attributes.startDirtyLog()
  }

  /** The pages that were written since tracking began or since the last call, in ascending order; tracking goes on. */
  takeDirtyPages(): Uint32Array {
    return this.#attributes.takeDirtyPages()
  }

  /** Ends tracking. */
  stopDirtyLog(): void {
    this.#attributes.stopDirtyLog()
  }

  // Snapshots.

  /** The contents of RAM, without pages that are all zero, and the A20 gate. Devices and ROM outside RAM are the machine's to restore. */
  save(): MemorySnapshot {
    return saveRam(this.layout, this.words, this.#a20)
  }

  /** Puts a snapshot back, as writes to all pages that differ. Throws `MemoryError` `memory.snapshot`, and changes nothing then. */
  restore(snapshot: MemorySnapshot): void {
    restoreRam(snapshot, this.layout, this.bytes, this.words, (page) => this.#replaced(page))
    this.setA20(snapshot.a20)
  }
}

function newWasmMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES)
  // Never grown, so that buffer and views stay; the operating system provides a page when it is touched.
  return new WebAssembly.Memory({ initial: pages, maximum: pages })
}
