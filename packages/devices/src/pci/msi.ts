import { DeviceError } from '../errors.ts'
import type { CapabilityList } from './capabilities.ts'
import type { ConfigSpace } from './config-space.ts'
import type { MessageInterrupts, MessagePath } from './messages.ts'
import { CAPABILITY_ID, MESSAGE_ADDRESS_BITS, MSI } from './registers.ts'

export interface PciMsiOptions {
  readonly vectors: 1 | 2 | 4 | 8 | 16 | 32
}

/** MSI with 64-bit addresses and per-vector masking (PCI 3.0, 6.8.1). All of its state stands in configuration space. */
export class Msi implements MessageInterrupts {
  readonly #space: ConfigSpace
  readonly #path: MessagePath
  readonly #offset: number
  readonly #vectors: number

  /** Throws `DeviceError` `device.option`. */
  constructor({ vectors }: PciMsiOptions, space: ConfigSpace, capabilities: CapabilityList, path: MessagePath) {
    const capable = Math.log2(vectors)
    if (!Number.isInteger(capable) || vectors > 32)
      throw new DeviceError('device.option', `${vectors} MSI vectors`, 'give a power of two up to 32')
    this.#space = space
    this.#path = path
    this.#vectors = vectors
    this.#offset = capabilities.add(CAPABILITY_ID.MSI, MSI.BYTES)
    const constant = MSI.ADDRESS_64 | MSI.VECTOR_MASKING | (capable << MSI.MULTIPLE_CAPABLE_SHIFT)
    const vectorBits = 2 ** vectors - 1
    space.define(this.#offset + MSI.CONTROL, 2, constant, { writable: MSI.ENABLE | MSI.MULTIPLE_ENABLE })
    space.define(this.#offset + MSI.ADDRESS, 4, 0, { writable: MESSAGE_ADDRESS_BITS })
    space.define(this.#offset + MSI.UPPER_ADDRESS, 4, 0, { writable: 0xffff_ffff })
    space.define(this.#offset + MSI.DATA, 2, 0, { writable: 0xffff })
    space.define(this.#offset + MSI.MASK, 4, 0, { writable: vectorBits })
    space.define(this.#offset + MSI.PENDING, 4, 0, { live: vectorBits })
  }

  get isEnabled(): boolean {
    return (this.#read(MSI.CONTROL, 2) & MSI.ENABLE) !== 0
  }

  /** A driver that enables fewer vectors than there are gets the others' messages on those (6.8.3.4), by their low bits. */
  signal(vector: number): void {
    if (!this.isEnabled || !Number.isInteger(vector) || vector < 0 || vector >= this.#vectors) return
    const at = vector & (this.#enabledVectors - 1)
    if (this.#path.canMaster() && ((this.#read(MSI.MASK, 4) >>> at) & 1) === 0) this.#send(at)
    else this.#showPending(this.#read(MSI.PENDING, 4) | (1 << at))
  }

  /** After a change of registers: sends what waits no longer; a disabled MSI forgets what was pending. */
  settle(): void {
    if (!this.isEnabled) this.#showPending(0)
    const ready = this.#read(MSI.PENDING, 4) & ~this.#read(MSI.MASK, 4)
    if (ready === 0 || !this.#path.canMaster()) return
    this.#showPending(this.#read(MSI.PENDING, 4) & ~ready)
    for (let vector = 0; vector < this.#vectors; vector++) if ((ready >>> vector) & 1) this.#send(vector)
  }

  /** More than there are is a mistake of the driver, and means all. */
  get #enabledVectors(): number {
    const enabled = (this.#read(MSI.CONTROL, 2) & MSI.MULTIPLE_ENABLE) >>> MSI.MULTIPLE_ENABLE_SHIFT
    return Math.min(2 ** enabled, this.#vectors)
  }

  #send(vector: number): void {
    const count = this.#enabledVectors
    const data = this.#read(MSI.DATA, 2)
    const low = vector & (count - 1)
    this.#path.send(this.#read(MSI.ADDRESS, 4), this.#read(MSI.UPPER_ADDRESS, 4), data - (data % count) + low)
  }

  #showPending(bits: number): void {
    this.#space.show(this.#offset + MSI.PENDING, 4, bits)
  }

  #read(register: number, sizeBytes: number): number {
    return this.#space.read(this.#offset + register, sizeBytes)
  }
}
