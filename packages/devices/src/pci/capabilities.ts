import { DeviceError } from '../errors.ts'
import type { ConfigSpace } from './config-space.ts'
import { CONFIG_BYTES, HEADER, STATUS } from './registers.ts'

/** A capability that a device brings with it. Offsets count from the start of `body`. */
export interface PciCapabilityOptions {
  /** PCI 3.0, appendix H; 0x09 is the vendor's own. */
  readonly id: number
  /** What follows id and next pointer: what reads give, unless `read` is there. Never written. */
  readonly body: Uint8Array
  /** Answers reads that lie in the body, in place of it. */
  read?(offset: number, sizeBytes: 1 | 2 | 4): number
  /** Takes writes that lie in the body. */
  write?(offset: number, sizeBytes: 1 | 2 | 4, value: number): void
}

/** The part of configuration space that a capability answers for. */
export interface CapabilityWindow {
  readonly first: number
  /** The first byte behind it. */
  readonly end: number
  readonly capability: PciCapabilityOptions
}

/** Id and next pointer. */
const CAPABILITY_HEADER_BYTES = 2

/** The capabilities list (PCI 3.0, 6.7): doubleword-aligned, in the order in which it is added to. */
export class CapabilityList {
  readonly #space: ConfigSpace
  readonly #windows: CapabilityWindow[] = []
  #end: number = HEADER.END
  #link: number = HEADER.CAPABILITIES_POINTER

  constructor(space: ConfigSpace) {
    this.#space = space
  }

  /** Where devices answer for themselves. */
  get windows(): readonly CapabilityWindow[] {
    return this.#windows
  }

  /** Takes room for a capability and links it. @returns its offset. Throws `DeviceError` `device.option` if there is no room. */
  add(id: number, sizeBytes: number): number {
    const offset = this.#end
    this.#end += Math.ceil(sizeBytes / 4) * 4
    if (this.#end > CONFIG_BYTES) {
      const what = `no room for the capability of id ${id} with ${sizeBytes} bytes`
      throw new DeviceError('device.option', what, 'all capabilities of a function share 192 bytes')
    }
    this.#space.define(HEADER.STATUS, 2, STATUS.CAPABILITIES_LIST, { live: STATUS.INTERRUPT })
    this.#space.define(this.#link, 1, offset)
    this.#space.define(offset, 1, id)
    this.#link = offset + 1
    return offset
  }

  /** Adds a capability that the device describes. */
  addDescribed(capability: PciCapabilityOptions): void {
    const { id, body } = capability
    const first = this.add(id, CAPABILITY_HEADER_BYTES + body.length) + CAPABILITY_HEADER_BYTES
    body.forEach((byte, at) => {
      this.#space.define(first + at, 1, byte)
    })
    if (capability.read === undefined && capability.write === undefined) return
    this.#windows.push({ first, end: first + body.length, capability })
  }
}
