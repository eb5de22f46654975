import type { IoDevice } from '@ringfold/contracts'
import type { PciFunction } from './function.ts'
import { CONFIG_ADDRESS, DEVICES, ECAM, EXTENDED_CONFIG_BYTES, FUNCTIONS } from './registers.ts'

/** The function in a place, if there is one. */
export type ConfigAccess = (bus: number, device: number, fn: number) => PciFunction | undefined

/** Of a byte within `CONFIG_ADDRESS`: port 0xcf9. */
const RESET_CONTROL_OFFSET = 1

/** What nobody answers (PCI 3.0, 3.2.2.3.4). */
const allOnes = (sizeBytes: 1 | 2 | 4): number => 2 ** (8 * sizeBytes) - 1

/** Configuration mechanism 1 (PCI 3.0, 3.2.2.3.2): two doublewords in I/O space. */
export class Mechanism1 {
  /** `CONFIG_ADDRESS`, which only accesses of a doubleword reach; others pass it by, as I/O to somebody else. */
  readonly address: IoDevice
  /** `CONFIG_DATA` */
  readonly data: IoDevice
  readonly #access: ConfigAccess
  #address = 0

  constructor(access: ConfigAccess, resetControl: IoDevice | undefined) {
    this.#access = access
    this.address = {
      read: (offset, sizeBytes) => {
        if (sizeBytes === 4) return this.#address
        const isReset = offset === RESET_CONTROL_OFFSET && sizeBytes === 1
        return (isReset ? resetControl?.read(0, 1) : undefined) ?? allOnes(sizeBytes)
      },
      write: (offset, sizeBytes, value) => {
        if (sizeBytes === 4) this.addressRegister = value
        else if (offset === RESET_CONTROL_OFFSET && sizeBytes === 1) resetControl?.write(0, 1, value)
      },
    }
    this.data = {
      read: (offset, sizeBytes) => this.#target?.configRead(this.#register + offset, sizeBytes) ?? allOnes(sizeBytes),
      write: (offset, sizeBytes, value) => this.#target?.configWrite(this.#register + offset, sizeBytes, value),
    }
  }

  get addressRegister(): number {
    return this.#address
  }

  set addressRegister(value: number) {
    this.#address = (value & CONFIG_ADDRESS.WRITABLE) >>> 0
  }

  reset(): void {
    this.#address = 0
  }

  get #register(): number {
    return this.#address & CONFIG_ADDRESS.REGISTER
  }

  get #target(): PciFunction | undefined {
    const address = this.#address
    if ((address & CONFIG_ADDRESS.ENABLE) === 0) return undefined
    const bus = (address >>> CONFIG_ADDRESS.BUS_SHIFT) & 0xff
    const device = (address >>> CONFIG_ADDRESS.DEVICE_SHIFT) % DEVICES
    return this.#access(bus, device, (address >>> CONFIG_ADDRESS.FUNCTION_SHIFT) % FUNCTIONS)
  }
}

/**
 * The enhanced configuration access mechanism (PCI Express 3.0, 7.2.2): 4 KiB for each function. An access that reaches from one
 * function into the next is nobody's.
 */
export function ecam(access: ConfigAccess): IoDevice {
  const target = (offset: number, sizeBytes: number): PciFunction | undefined => {
    if ((offset & ECAM.REGISTER) + sizeBytes > EXTENDED_CONFIG_BYTES) return undefined
    const device = (offset >>> ECAM.DEVICE_SHIFT) % DEVICES
    return access(offset >>> ECAM.BUS_SHIFT, device, (offset >>> ECAM.FUNCTION_SHIFT) % FUNCTIONS)
  }
  return {
    read: (offset, sizeBytes) =>
      target(offset, sizeBytes)?.configRead(offset & ECAM.REGISTER, sizeBytes) ?? allOnes(sizeBytes),
    write: (offset, sizeBytes, value) =>
      target(offset, sizeBytes)?.configWrite(offset & ECAM.REGISTER, sizeBytes, value),
  }
}
