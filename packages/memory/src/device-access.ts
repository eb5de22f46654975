import type { IoDevice } from '@ringfold/contracts'
import type { MappedRange } from './range-map.ts'

/** Bytes of one access. */
export type AccessBytes = 1 | 2 | 4

/** What may be said of a range when it is added. */
export interface DeviceRangeOptions {
  /** The widest access that the device takes: wider ones arrive in parts of this size, the lowest first. 4 if absent. */
  readonly widestBytes?: AccessBytes
}

/** What lies behind a range. */
export interface DeviceTarget {
  readonly device: IoDevice
  readonly widestBytes: AccessBytes
}

/** A range of a device, as it was added. */
export type DeviceRange = MappedRange<DeviceTarget>

/** All ones, `sizeBytes` wide: what nobody answers. */
export function openBus(sizeBytes: AccessBytes): number {
  return 0xffff_ffff >>> (32 - 8 * sizeBytes)
}

/** Whether an access lies in the range as a whole. */
export function holds(range: DeviceRange, address: number, sizeBytes: number): boolean {
  return address >= range.base && address + sizeBytes <= range.base + range.sizeBytes
}

/** Reads from a device; the access lies in its range. */
export function readDevice({ base, value }: DeviceRange, address: number, sizeBytes: AccessBytes): number {
  const { device, widestBytes } = value
  const offset = address - base
  if (sizeBytes <= widestBytes) return (device.read(offset, sizeBytes) & openBus(sizeBytes)) >>> 0
  let result = 0
  for (let at = 0; at < sizeBytes; at += widestBytes)
    result |= (device.read(offset + at, widestBytes) & openBus(widestBytes)) << (8 * at)
  return result >>> 0
}

/** Writes to a device; the access lies in its range. */
export function writeDevice(range: DeviceRange, address: number, sizeBytes: AccessBytes, data: number): void {
  const { device, widestBytes } = range.value
  const offset = address - range.base
  if (sizeBytes <= widestBytes) {
    device.write(offset, sizeBytes, (data & openBus(sizeBytes)) >>> 0)
    return
  }
  for (let at = 0; at < sizeBytes; at += widestBytes)
    device.write(offset + at, widestBytes, ((data >>> (8 * at)) & openBus(widestBytes)) >>> 0)
}
