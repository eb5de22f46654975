import type { IoDevice } from '@ringfold/contracts'
import type { DecodedRange, PciBarOptions } from './bars.ts'

/** Addresses that a host bridge passes on to its bus; both ends are included. */
export interface PciWindow {
  readonly first: number
  readonly last: number
}

export interface PciWindows {
  readonly io: readonly PciWindow[]
  readonly memory: readonly PciWindow[]
}

/** The address spaces of the machine. What is given to `add` lies in a window, and overlaps nothing that was added here. */
export interface PciSpaces {
  addMemory(base: number, sizeBytes: number, device: IoDevice, widestBytes: 1 | 2 | 4): void
  removeMemory(base: number, sizeBytes: number): void
  addPorts(base: number, ports: number, device: IoDevice, widestBytes: 1 | 2 | 4): void
  removePorts(base: number, ports: number): void
}

/**
 * Maps what functions decode. The rule looks at registers alone, never at their history: a range is mapped if it lies in a window
 * as a whole, does not start at zero (which means "not assigned"), and overlaps no range of a function of lower device number,
 * function number or index of the base address register. All others are not mapped, until a register changes that.
 */
export class Decoding {
  readonly #spaces: PciSpaces
  readonly #windows: PciWindows
  readonly #mapped = new Map<PciBarOptions, DecodedRange>()

  constructor(spaces: PciSpaces, windows: PciWindows) {
    this.#spaces = spaces
    this.#windows = windows
  }

  /** Makes the address spaces as the wanted ranges, in the order of their rank, have it. */
  update(wanted: readonly DecodedRange[]): void {
    const accepted = this.#accept(wanted)
    for (const [bar, { base }] of this.#mapped) {
      if (accepted.get(bar)?.base === base) continue
      this.#mapped.delete(bar)
      if (bar.kind === 'io') this.#spaces.removePorts(base, bar.sizeBytes)
      else this.#spaces.removeMemory(base, bar.sizeBytes)
    }
    for (const [bar, range] of accepted) {
      if (this.#mapped.has(bar)) continue
      const { kind, sizeBytes, device, widestBytes = 4 } = bar
      if (kind === 'io') this.#spaces.addPorts(range.base, sizeBytes, device, widestBytes)
      else this.#spaces.addMemory(range.base, sizeBytes, device, widestBytes)
      this.#mapped.set(bar, range)
    }
  }

  #accept(wanted: readonly DecodedRange[]): Map<PciBarOptions, DecodedRange> {
    const accepted: DecodedRange[] = []
    for (const range of wanted)
      if (this.#isInWindow(range) && !accepted.some((other) => overlap(range, other))) accepted.push(range)
    return new Map(accepted.map((range) => [range.bar, range]))
  }

  #isInWindow({ bar, base }: DecodedRange): boolean {
    const windows = bar.kind === 'io' ? this.#windows.io : this.#windows.memory
    return base !== 0 && windows.some(({ first, last }) => base >= first && base + bar.sizeBytes - 1 <= last)
  }
}

function overlap(one: DecodedRange, other: DecodedRange): boolean {
  if ((one.bar.kind === 'io') !== (other.bar.kind === 'io')) return false
  return one.base < other.base + other.bar.sizeBytes && other.base < one.base + one.bar.sizeBytes
}
