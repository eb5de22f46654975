import { DeviceError } from '../errors.ts'
import type { PciBarOptions } from './bars.ts'
import type { PciWindow } from './decoding.ts'
import type { PciHost, PlacedPciFunction } from './host.ts'
import { pirqOf } from './intx.ts'
import { COMMAND, HEADER } from './registers.ts'

export interface AssignResourcesOptions {
  /** What a function's interrupt line register says of a PIRQ, 0 to 3: its interrupt at the 8259 pair (PCI 3.0, 6.2.4). */
  readonly interruptLine: (pirq: number) => number
  /** Whether functions decode what they got: what kernels expect that do not enable it themselves. True if absent. */
  readonly enableDecoding?: boolean
}

/** What a base address register got. */
export interface AssignedRange {
  readonly device: number
  readonly fn: number
  readonly index: number
  readonly kind: PciBarOptions['kind']
  readonly base: number
  readonly sizeBytes: number
}

interface Request {
  readonly placed: PlacedPciFunction
  readonly bar: PciBarOptions
}

/** Devices do not share pages of memory, so that each can be passed on or trapped alone. */
const MEMORY_ALIGNMENT = 4096
const FOUR_GIB = 2 ** 32

/**
 * What firmware does at power-on and after each reset: gives every base address register a range of the host's windows, largest first,
 * aligned to its size, and fills the interrupt line registers. Memory comes from below 4 GiB, where every kernel reaches it;
 * 64-bit registers go above when nothing is left there. Throws `DeviceError` `device.option` if the windows are too small.
 */
export function assignResources(host: PciHost, options: AssignResourcesOptions): AssignedRange[] {
  const { io, memory } = host.windows
  const ports = new Room(io)
  const low = new Room(memory.filter(({ last }) => last < FOUR_GIB))
  const high = new Room(memory.filter(({ first }) => first >= FOUR_GIB))
  const assigned = requests(host).map(({ placed, bar }): AssignedRange => {
    const { index, kind, sizeBytes } = bar
    const base = kind === 'io' ? ports.take(sizeBytes) : takeMemory(bar, low, high)
    if (base === undefined) throw noRoom(placed, bar)
    writeBase(placed, bar, base)
    return { device: placed.device, fn: placed.fn, index, kind, base, sizeBytes }
  })
  for (const placed of host.functions) configure(placed, options)
  return assigned
}

/** Largest first; those of one size by device, function and index. */
function requests({ functions }: PciHost): Request[] {
  const all = functions.flatMap((placed) =>
    [...placed.function.bars].sort((one, other) => one.index - other.index).map((bar) => ({ placed, bar })),
  )
  return all.sort((one, other) => other.bar.sizeBytes - one.bar.sizeBytes)
}

function takeMemory({ kind, sizeBytes }: PciBarOptions, low: Room, high: Room): number | undefined {
  const bytes = Math.max(sizeBytes, MEMORY_ALIGNMENT)
  return low.take(bytes) ?? (kind === 'memory64' ? high.take(bytes) : undefined)
}

function writeBase({ function: target }: PlacedPciFunction, { index, kind }: PciBarOptions, base: number): void {
  const register = HEADER.BAR0 + 4 * index
  target.configWrite(register, 4, base % FOUR_GIB)
  if (kind === 'memory64') target.configWrite(register + 4, 4, Math.floor(base / FOUR_GIB))
}

function configure({ device, function: target }: PlacedPciFunction, options: AssignResourcesOptions): void {
  const { interruptLine, enableDecoding = true } = options
  if (target.interruptPin > 0)
    target.configWrite(HEADER.INTERRUPT_LINE, 1, interruptLine(pirqOf(device, target.interruptPin - 1)))
  if (!enableDecoding) return
  const spaces = target.bars.map(({ kind }) => (kind === 'io' ? COMMAND.IO_SPACE : COMMAND.MEMORY_SPACE))
  const command = spaces.reduce((bits, bit) => bits | bit, target.configRead(HEADER.COMMAND, 2))
  target.configWrite(HEADER.COMMAND, 2, command)
}

/** What is left of windows. */
class Room {
  readonly #left: { next: number; readonly last: number }[]

  constructor(windows: readonly PciWindow[]) {
    this.#left = windows.map(({ first, last }) => ({ next: first, last }))
  }

  /** The lowest aligned range in the first window that has one. Never from zero, which would mean "not assigned". */
  take(sizeBytes: number): number | undefined {
    for (const window of this.#left) {
      const base = Math.max(Math.ceil(window.next / sizeBytes), 1) * sizeBytes
      if (base + sizeBytes - 1 > window.last) continue
      window.next = base + sizeBytes
      return base
    }
    return undefined
  }
}

function noRoom({ device, fn }: PlacedPciFunction, { index, sizeBytes }: PciBarOptions): DeviceError {
  const what = `no window of the PCI bus holds the ${sizeBytes} bytes of BAR ${index} of device ${device}, function ${fn}`
  return new DeviceError('device.option', what, 'give the host bridge larger windows')
}
