import type { IoDevice } from '@ringfold/contracts'
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
import { RangeMap } from './range-map.ts'

/** Number of I/O ports. Intel SDM vol. 1, 19.3 "I/O Address Space". */
export const PORT_COUNT = 0x1_0000

/**
 * The I/O address space: devices behind ranges of ports. Ports that nobody claims read all ones and ignore writes.
 *
 * An access that lies in one range arrives there as it was made. One that reaches beyond its range is split into bytes, as
 * a chipset splits what is wider than a device decodes; ports behind 0xffff are nobody's.
 */
export class PortSpace {
  readonly #ranges = new RangeMap<DeviceTarget>(PORT_COUNT)

  /** The ranges that are mapped, lowest first. */
  get ranges(): readonly DeviceRange[] {
    return this.#ranges.ranges
  }

  /** Gives a device the ports from `base` on. Throws `MemoryError` `memory.range` or `memory.range-overlap`. */
  add(base: number, ports: number, device: IoDevice, { widestBytes = 4 }: DeviceRangeOptions = {}): void {
    this.#ranges.add(base, ports, { device, widestBytes })
  }

  /** Takes away the range that starts at `base`. Throws `MemoryError` `memory.range-unknown`. */
  remove(base: number): void {
    this.#ranges.remove(base)
  }

  /** IN. @returns an unsigned value of `sizeBytes` bytes. */
  in(port: number, sizeBytes: AccessBytes): number {
    const range = this.#ranges.find(port)
    if (range !== undefined && holds(range, port, sizeBytes)) return readDevice(range, port, sizeBytes)
    if (sizeBytes === 1) return openBus(1)
    let result = 0
    for (let at = 0; at < sizeBytes; at++) result |= this.in(port + at, 1) << (8 * at)
    return result >>> 0
  }

  /** OUT. Bits of `value` beyond `sizeBytes` bytes are dropped. */
  out(port: number, sizeBytes: AccessBytes, value: number): void {
    const range = this.#ranges.find(port)
    if (range !== undefined && holds(range, port, sizeBytes)) writeDevice(range, port, sizeBytes, value)
    else if (sizeBytes > 1) for (let at = 0; at < sizeBytes; at++) this.out(port + at, 1, value >>> (8 * at))
  }
}
