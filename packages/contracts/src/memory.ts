/** A physical address: a non-negative integer below 2^52. */
export type PhysicalAddress = number

/** A physical address divided by 4096. */
export type PageNumber = number

/** A WebAssembly memory, as far as it is needed without that API's types. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike
}

/**
 * Physical memory as processors, page walks, devices and monitors see it. Values are unsigned up to 32 bits; wider accesses are
 * made of these, so an access of 64 bits is two. Addresses without memory behind them read all ones and ignore writes (open bus).
 * No method throws for anything that a guest can do.
 */
export interface GuestMemory {
  read8(address: PhysicalAddress): number
  read16(address: PhysicalAddress): number
  read32(address: PhysicalAddress): number
  write8(address: PhysicalAddress, value: number): void
  write16(address: PhysicalAddress, value: number): void
  write32(address: PhysicalAddress, value: number): void
}

/** Physical memory as a device reaches it that moves data on its own: whole ranges, and the question whether a range is RAM. */
export interface DmaMemory extends GuestMemory {
  /** Whether all of a range is RAM that a device may read and write: no hole, no ROM, no device. False for lengths below 0. */
  isRam(address: PhysicalAddress, lengthBytes: number): boolean
  /** Fills `into` from memory. */
  readBytes(address: PhysicalAddress, into: Uint8Array): void
  writeBytes(address: PhysicalAddress, from: Uint8Array): void
}

/**
 * A device behind a range of memory or ports. It sees offsets from the start of its range, and accesses of 1, 2 or 4 bytes, as the
 * guest made them; an access of 8 bytes arrives as two of 4, the lower first.
 */
export interface IoDevice {
  /** @returns an unsigned value of `sizeBytes` bytes. */
  read(offset: number, sizeBytes: 1 | 2 | 4): number
  write(offset: number, sizeBytes: 1 | 2 | 4, value: number): void
}
