/** What it costs to reach a device: on a PC a port takes a microsecond, memory behind a bridge some hundred nanoseconds. */
import type { IoDevice } from '@ringfold/contracts'
import type { MachineTime } from './time.ts'

/** Nanoseconds of an access. Guests that poll a port until something happens, or wait by writing to port 80H, rely on such times. */
export const ACCESS_NS = { port: 1000, memory: 250 } as const

/** How often devices were reached since the machine was made: what would be exits if a monitor stood between. */
export interface AccessCounts {
  portReads: number
  portWrites: number
  memoryReads: number
  memoryWrites: number
}

/** A device whose accesses take time, and are counted. */
export class TimedDevice implements IoDevice {
  readonly #device: IoDevice
  readonly #time: MachineTime
  readonly #kind: 'port' | 'memory'
  readonly #counts: AccessCounts

  constructor(device: IoDevice, time: MachineTime, kind: 'port' | 'memory', counts: AccessCounts) {
    this.#device = device
    this.#time = time
    this.#kind = kind
    this.#counts = counts
  }

  read(offset: number, sizeBytes: 1 | 2 | 4): number {
    if (this.#kind === 'port') this.#counts.portReads++
    else this.#counts.memoryReads++
    this.#time.skip(ACCESS_NS[this.#kind])
    return this.#device.read(offset, sizeBytes)
  }

  write(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    if (this.#kind === 'port') this.#counts.portWrites++
    else this.#counts.memoryWrites++
    this.#time.skip(ACCESS_NS[this.#kind])
    this.#device.write(offset, sizeBytes, value)
  }
}
