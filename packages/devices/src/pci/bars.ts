import type { IoDevice } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'
import type { ConfigSpace } from './config-space.ts'
import { BAR, BARS, COMMAND, HEADER } from './registers.ts'

/** What a function wants decoded by one of its base address registers. */
export interface PciBarOptions {
  /** 0 to 5; a 64-bit register takes the next index too. */
  readonly index: number
  readonly kind: 'io' | 'memory32' | 'memory64'
  /** A power of two. Memory: 16 bytes to 2 GiB, or to 2^46 with 64-bit addresses. Ports: 4 to 256 (PCI 3.0, 6.2.5.1). */
  readonly sizeBytes: number
  readonly prefetchable?: boolean
  readonly device: IoDevice
  /** The widest access that the device takes; 4 if absent. */
  readonly widestBytes?: 1 | 2 | 4
}

/** The range that a function asks its bus to decode, now. */
export interface DecodedRange {
  readonly bar: PciBarOptions
  readonly base: number
}

const SIZE_LIMITS = {
  io: [4, 256],
  memory32: [16, 2 ** 31],
  memory64: [16, 2 ** 46],
} as const

/** The base address registers of a function (PCI 3.0, 6.2.5.1). Sizing by writing ones is what their constant bits do. */
export class BaseAddresses {
  readonly #space: ConfigSpace
  readonly #bars: readonly PciBarOptions[]

  /** Throws `DeviceError` `device.option`. */
  constructor(space: ConfigSpace, bars: readonly PciBarOptions[]) {
    check(bars)
    this.#space = space
    this.#bars = [...bars].sort((one, other) => one.index - other.index)
    for (const bar of bars) define(space, bar)
  }

  /** What is enabled by a command register, lowest index first. */
  decoded(command: number): DecodedRange[] {
    return this.#bars
      .filter(({ kind }) => (command & (kind === 'io' ? COMMAND.IO_SPACE : COMMAND.MEMORY_SPACE)) !== 0)
      .map((bar) => ({ bar, base: this.#base(bar) }))
  }

  #base({ index, kind }: PciBarOptions): number {
    const register = offsetOf(index)
    const low = this.#space.read(register, 4)
    if (kind === 'io') return (low & ~3) >>> 0
    const high = kind === 'memory64' ? this.#space.read(register + 4, 4) : 0
    return high * 2 ** 32 + ((low & ~15) >>> 0)
  }
}

const offsetOf = (index: number): number => HEADER.BAR0 + 4 * index

function define(space: ConfigSpace, { index, kind, sizeBytes, prefetchable = false }: PciBarOptions): void {
  const register = offsetOf(index)
  const kindBits = { io: BAR.IO, memory32: 0, memory64: BAR.MEMORY_64 }[kind]
  const value = kindBits | (prefetchable && kind !== 'io' ? BAR.PREFETCHABLE : 0)
  space.define(register, 4, value, { writable: 2 ** 32 - Math.min(sizeBytes, 2 ** 32) })
  if (kind === 'memory64') space.define(register + 4, 4, 0, { writable: 2 ** 32 - Math.ceil(sizeBytes / 2 ** 32) })
}

function check(bars: readonly PciBarOptions[]): void {
  const taken = new Set<number>()
  for (const { index, kind, sizeBytes } of bars) {
    const [least, most] = SIZE_LIMITS[kind]
    if (!Number.isInteger(Math.log2(sizeBytes)) || sizeBytes < least || sizeBytes > most)
      throw wrong(`${sizeBytes} bytes in BAR ${index}`, `give a power of two from ${least} to ${most}`)
    for (const at of kind === 'memory64' ? [index, index + 1] : [index]) {
      if (!Number.isInteger(at) || at < 0 || at >= BARS || taken.has(at))
        throw wrong(`BAR ${at} twice, or none`, 'give indices of 0 to 5; a 64-bit BAR takes two of them')
      taken.add(at)
    }
  }
}

const wrong = (what: string, remedy: string): DeviceError => new DeviceError('device.option', what, remedy)
