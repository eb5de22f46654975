import type { PageNumber, PhysicalAddress } from '@ringfold/contracts'
import { PAGE_ATTRIBUTE } from './attributes.ts'
import { MemoryError } from './errors.ts'
import { HIGH_RAM_PAGE, type MemoryLayout, PAGE_BYTES } from './layout.ts'

/** A ROM image in the physical address space. */
export interface RomRegion {
  readonly base: PhysicalAddress
  readonly sizeBytes: number
}

/** The ROM images, and the pages of memory 0 that those outside RAM take. */
export class RomPages {
  #regions: readonly RomRegion[] = []
  readonly #hostOffsets = new Map<PageNumber, number>()
  readonly #free: number[] = []

  constructor({ romHostOffset, romBytes }: MemoryLayout) {
    for (let offset = romBytes - PAGE_BYTES; offset >= 0; offset -= PAGE_BYTES) this.#free.push(romHostOffset + offset)
  }

  get regions(): readonly RomRegion[] {
    return this.#regions
  }

  /** Where the page of a ROM outside RAM lies in memory 0, or -1. */
  hostOffset(page: PageNumber): number {
    return this.#hostOffsets.get(page) ?? -1
  }

  /** Takes room for a region. Throws `MemoryError` before anything has changed. */
  add(base: PhysicalAddress, sizeBytes: number, attributes: Uint8Array): void {
    const aligned = Number.isInteger(base) && base >= 0 && base % PAGE_BYTES === 0 && sizeBytes % PAGE_BYTES === 0
    const last = (base + sizeBytes) / PAGE_BYTES
    if (!aligned || sizeBytes === 0 || (last > HIGH_RAM_PAGE && last > attributes.length)) {
      const what = `a ROM of ${sizeBytes} bytes cannot lie at 0x${base.toString(16)}`
      throw new MemoryError('memory.range', what, 'give whole pages of 4096 bytes, below 4 GiB or over RAM')
    }
    const outside: PageNumber[] = []
    for (let page = base / PAGE_BYTES; page < last; page++) {
      const bits = attributes[page] as number
      if ((bits & PAGE_ATTRIBUTE.ROM) !== 0) {
        const what = `there is a ROM at 0x${(page * PAGE_BYTES).toString(16)}`
        throw new MemoryError('memory.range-overlap', what, 'remove it first')
      }
      if ((bits & PAGE_ATTRIBUTE.RAM) === 0) outside.push(page)
    }
    if (outside.length > this.#free.length) {
      const what = `${outside.length} pages of ROM outside RAM, and room for ${this.#free.length}`
      throw new MemoryError('memory.rom-room', what, 'give the memory more romBytes')
    }
    for (const page of outside) this.#hostOffsets.set(page, this.#free.pop() as number)
    this.#regions = [...this.#regions, { base, sizeBytes }]
  }

  /** Forgets a region; its room stays taken until `release`. Throws `MemoryError` `memory.range-unknown`. */
  remove(base: PhysicalAddress): RomRegion {
    const region = this.#regions.find((candidate) => candidate.base === base)
    if (region === undefined) {
      const what = `no ROM starts at 0x${base.toString(16)}`
      throw new MemoryError('memory.range-unknown', what, 'give the base that was added')
    }
    this.#regions = this.#regions.filter((other) => other !== region)
    return region
  }

  /** Gives back the room of a region that was removed. */
  release(base: PhysicalAddress, sizeBytes: number): void {
    for (let page = base / PAGE_BYTES; page < (base + sizeBytes) / PAGE_BYTES; page++) {
      const offset = this.#hostOffsets.get(page)
      if (offset === undefined) continue
      this.#hostOffsets.delete(page)
      this.#free.push(offset)
    }
  }
}
