import { DeviceError } from '../errors.ts'
import type { ConfigSpace } from './config-space.ts'
import { COMMAND, HEADER, INTERRUPT_PINS, STATUS } from './registers.ts'

/** What a function says it is. */
export interface PciHeaderOptions {
  readonly vendorId: number
  readonly deviceId: number
  readonly revision?: number
  /** Base class, sub-class and programming interface: 0xccsspp (PCI 3.0, appendix D). */
  readonly classCode: number
  readonly subsystemVendorId?: number
  readonly subsystemId?: number
  /** INTA# to INTD# as 1 to 4; 0, and if absent: none. */
  readonly interruptPin?: number
}

const WRITABLE_COMMAND =
  COMMAND.IO_SPACE |
  COMMAND.MEMORY_SPACE |
  COMMAND.BUS_MASTER |
  COMMAND.PARITY_ERROR_RESPONSE |
  COMMAND.SERR_ENABLE |
  COMMAND.INTERRUPT_DISABLE

/** Lays the registers of a header of type 0 (PCI 3.0, 6.1 and 6.2), without base addresses. There is no expansion ROM. */
export function defineHeader(space: ConfigSpace, options: PciHeaderOptions): void {
  space.define(HEADER.VENDOR_ID, 2, options.vendorId)
  space.define(HEADER.DEVICE_ID, 2, options.deviceId)
  space.define(HEADER.COMMAND, 2, 0, { writable: WRITABLE_COMMAND })
  space.define(HEADER.STATUS, 2, 0, { live: STATUS.INTERRUPT })
  space.define(HEADER.REVISION_ID, 1, options.revision ?? 0)
  space.define(HEADER.CLASS_CODE, 3, options.classCode)
  space.define(HEADER.CACHE_LINE_SIZE, 1, 0, { writable: 0xff })
  space.define(HEADER.LATENCY_TIMER, 1, 0, { writable: 0xff })
  space.define(HEADER.SUBSYSTEM_VENDOR_ID, 2, options.subsystemVendorId ?? 0)
  space.define(HEADER.SUBSYSTEM_ID, 2, options.subsystemId ?? 0)
  space.define(HEADER.INTERRUPT_LINE, 1, 0, { writable: 0xff })
  space.define(HEADER.INTERRUPT_PIN, 1, options.interruptPin ?? 0)
}

/** Throws `DeviceError` `device.option`. A vendor of 0xffff would be no function at all (6.2.1). */
export function checkIds(options: PciHeaderOptions): void {
  const { vendorId, deviceId, revision = 0, classCode, subsystemVendorId = 0, subsystemId = 0 } = options
  const fields: readonly (readonly [string, number, number])[] = [
    ['vendorId', vendorId, 0xfffe],
    ['deviceId', deviceId, 0xffff],
    ['revision', revision, 0xff],
    ['classCode', classCode, 0xff_ffff],
    ['subsystemVendorId', subsystemVendorId, 0xffff],
    ['subsystemId', subsystemId, 0xffff],
    ['interruptPin', options.interruptPin ?? 0, INTERRUPT_PINS],
  ]
  for (const [name, value, most] of fields) {
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new DeviceError('device.option', `${value} as ${name} of a PCI function`, `give an integer up to ${most}`)
  }
}
