/** Where physical memory lies in WebAssembly memory 0. Every magic address of the physical address space stands here. */

import type { PageNumber } from '@ringfold/contracts'
import { MemoryError } from './errors.ts'

/** Bytes of a page. */
export const PAGE_BYTES = 4096

/** Where RAM ends below 4 GiB: above it lies the PCI hole, with the firmware's ROM at its end. */
export const LOW_RAM_LIMIT = 0xc000_0000

/** Where RAM goes on: physical 4 GiB. */
export const HIGH_RAM_BASE = 0x1_0000_0000

/** Where RAM from `HIGH_RAM_BASE` on lies in the WebAssembly memory: right behind the low RAM at its largest. */
export const HIGH_RAM_HOST_OFFSET = LOW_RAM_LIMIT

/** Number of the page at `HIGH_RAM_BASE`. */
export const HIGH_RAM_PAGE: PageNumber = HIGH_RAM_BASE / PAGE_BYTES

/** RAM and ROM together: what 32-bit offsets into one WebAssembly memory reach. */
export const MAXIMUM_BYTES = 0x1_0000_0000

/** A WebAssembly page. */
export const WASM_PAGE_BYTES = 0x1_0000

/** Room for ROM outside RAM where nothing else is said. */
const DEFAULT_ROM_BYTES = 4 << 20

/** Sizes in bytes, all multiples of a page; host offsets are offsets into memory 0. */
export interface MemoryLayout {
  readonly ramBytes: number
  /** RAM from physical 0 on. */
  readonly lowRamBytes: number
  /** RAM from physical 4 GiB on. */
  readonly highRamBytes: number
  /** Host offset of the room for ROM that does not lie over RAM. */
  readonly romHostOffset: number
  readonly romBytes: number
  /** What the WebAssembly memory must hold. */
  readonly totalBytes: number
}

/**
 * The layout for so much RAM. `roomBytes` is the size of a WebAssembly memory that is given, or the most that one can have.
 * Throws `MemoryError` `memory.ram-size` or `memory.wasm-size`.
 */
export function layoutOf(ramBytes: number, romBytes: number | undefined, roomBytes = MAXIMUM_BYTES): MemoryLayout {
  if (!(Number.isInteger(ramBytes) && ramBytes > 0 && ramBytes % PAGE_BYTES === 0 && ramBytes <= MAXIMUM_BYTES)) {
    const remedy = `give a multiple of ${PAGE_BYTES} bytes, up to 4 GiB`
    throw new MemoryError('memory.ram-size', `there is no RAM of ${ramBytes} bytes`, remedy)
  }
  const room = Math.min(roomBytes, MAXIMUM_BYTES) - ramBytes
  const wanted = romBytes ?? Math.min(DEFAULT_ROM_BYTES, Math.max(room, 0))
  if (!(Number.isInteger(wanted) && wanted >= 0 && wanted % PAGE_BYTES === 0 && wanted <= room)) {
    const what = `RAM of ${ramBytes} bytes and ROM of ${wanted} do not fit into ${Math.min(roomBytes, MAXIMUM_BYTES)}`
    throw new MemoryError('memory.wasm-size', what, 'give less RAM, less romBytes, or a larger WebAssembly memory')
  }
  const lowRamBytes = Math.min(ramBytes, LOW_RAM_LIMIT)
  const highRamBytes = ramBytes - lowRamBytes
  const totalBytes = ramBytes + wanted
  return { ramBytes, lowRamBytes, highRamBytes, romHostOffset: ramBytes, romBytes: wanted, totalBytes }
}
