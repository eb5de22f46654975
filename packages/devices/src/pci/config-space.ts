import { DeviceError } from '../errors.ts'
import { CONFIG_BYTES } from './registers.ts'

/** Which bits of a register may change; all others are as they were defined, for ever. */
export interface RegisterBits {
  /** That the guest may write. */
  readonly writable?: number
  /** That the device changes by itself and the guest can only read. */
  readonly live?: number
}

/** The 256 bytes of a function's configuration space: little-endian registers with constant, writable and live bits. */
export class ConfigSpace {
  readonly #bytes = new Uint8Array(CONFIG_BYTES)
  readonly #initial = new Uint8Array(CONFIG_BYTES)
  readonly #writable = new Uint8Array(CONFIG_BYTES)
  readonly #live = new Uint8Array(CONFIG_BYTES)

  /** Lays a register of 1 to 4 bytes: what it reads after reset, and which bits change. */
  define(offset: number, sizeBytes: number, value: number, { writable = 0, live = 0 }: RegisterBits = {}): void {
    for (let at = 0; at < sizeBytes; at++) {
      this.#initial[offset + at] = this.#bytes[offset + at] = value >>> (8 * at)
      this.#writable[offset + at] = writable >>> (8 * at)
      this.#live[offset + at] = live >>> (8 * at)
    }
  }

  /** @returns an unsigned value; bytes behind the end are zero. */
  read(offset: number, sizeBytes: number): number {
    let value = 0
    for (let at = 0; at < sizeBytes; at++) value |= (this.#bytes[offset + at] ?? 0) << (8 * at)
    return value >>> 0
  }

  /** The guest's write: of writable bits. */
  write(offset: number, sizeBytes: number, value: number): void {
    this.#merge(offset, sizeBytes, value, this.#writable)
  }

  /** The device's own write: of live bits. */
  show(offset: number, sizeBytes: number, value: number): void {
    this.#merge(offset, sizeBytes, value, this.#live)
  }

  #merge(offset: number, sizeBytes: number, value: number, masks: Uint8Array): void {
    for (let at = offset; at < Math.min(offset + sizeBytes, CONFIG_BYTES); at++) {
      const mask = masks[at] as number
      const byte = value >>> (8 * (at - offset))
      this.#bytes[at] = ((this.#bytes[at] as number) & ~mask) | (byte & mask)
    }
  }

  reset(): void {
    this.#bytes.set(this.#initial)
  }

  /** The bits that may change, each at its place; all others zero. */
  changes(): Uint8Array {
    return this.#bytes.map((byte, at) => byte & this.#changing(at))
  }

  /** Puts back what `changes` gave. Throws `DeviceError` `device.state`. */
  restore(changes: Uint8Array): void {
    if (!(changes instanceof Uint8Array) || changes.length !== CONFIG_BYTES) {
      const what = 'a PCI function has 256 bytes of configuration space'
      throw new DeviceError('device.state', what, 'give a state that such a function made')
    }
    for (let at = 0; at < CONFIG_BYTES; at++) {
      const mask = this.#changing(at)
      this.#bytes[at] = ((this.#initial[at] as number) & ~mask) | ((changes[at] as number) & mask)
    }
  }

  #changing(at: number): number {
    return (this.#writable[at] as number) | (this.#live[at] as number)
  }
}
