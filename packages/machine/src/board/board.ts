/** The board of a PC: processors, memory and devices, wired. Whoever adds a device of their own adds it here. */
import { FIELD } from '@ringfold/arch'
import type { BootPlan } from '@ringfold/boot'
import type { IoDevice, IrqLine, MessageTarget, Stateful } from '@ringfold/contracts'
import type { ProcessorGroup } from '@ringfold/cpu'
import type { PciHost } from '@ringfold/devices'
import type { PhysicalMemory, PortSpace } from '@ringfold/memory'
import { type AccessCounts, TimedDevice } from '../io-time.ts'
import type { SerialPort } from '../serial-port.ts'
import type { MachineTime } from '../time.ts'
import type { BoardShape } from './shape.ts'

const TWO_32 = 2 ** 32

/** What a guest does to its machine as a whole. */
export type BoardEvent =
  | { readonly kind: 'powered-off' }
  | { readonly kind: 'debug-exit'; readonly status: number }
  | { readonly kind: 'panic' }
  | { readonly kind: 'triple-fault'; readonly processor: number }
  | { readonly kind: 'reset' }

interface Device {
  state(): unknown
  restore(state: unknown): void
  reset?(): void
}

export interface BoardParts {
  readonly memory: PhysicalMemory
  readonly ports: PortSpace
  readonly time: MachineTime
  readonly counts: AccessCounts
}

export class Board {
  readonly memory: PhysicalMemory
  readonly ports: PortSpace
  readonly time: MachineTime
  readonly counts: AccessCounts
  /** Interrupts that processors took. */
  readonly interrupts = { count: 0 }
  /** Everything with a state, by name, in the order in which it was added. */
  readonly devices = new Map<string, Device>()
  readonly serial: SerialPort[] = []
  group!: ProcessorGroup
  /** Where devices send message-signalled interrupts. */
  messages!: MessageTarget
  /** virtio devices over MMIO, as ACPI tells of them. */
  readonly virtioMmio: { readonly address: number; readonly sizeBytes: number; readonly gsi: number }[] = []
  /** The PCI bus. */
  pci!: PciHost
  shape!: BoardShape
  /** What is loaded before the first instruction. */
  bootPlan: BootPlan | null = null
  /** Takes what the guest does to its machine as a whole. */
  onEvent: (event: BoardEvent) => void = () => undefined
  /** Brings the board into the state in which firmware leaves it. */
  powerOn: () => void = () => undefined
  #lines: readonly IrqLine[] = []
  readonly #closers: (() => void | Promise<void>)[] = []
  readonly #drains: (() => void)[] = []

  constructor({ memory, ports, time, counts }: BoardParts) {
    this.memory = memory
    this.ports = ports
    this.time = time
    this.counts = counts
  }

  /** Instructions that all processors have retired. */
  get retired(): number {
    let sum = 0
    for (const { state } of this.group.processors) sum += state.hi(FIELD.retired) * TWO_32 + state.lo(FIELD.retired)
    return sum
  }

  // Building.

  /** Gives a device ports; reaching it takes time. */
  addPorts(base: number, ports: number, device: IoDevice, widestBytes: 1 | 2 | 4 = 4): void {
    this.ports.add(base, ports, new TimedDevice(device, this.time, 'port', this.counts), { widestBytes })
  }

  /** Gives a device a range of memory. */
  addMmio(base: number, sizeBytes: number, device: IoDevice, widestBytes: 1 | 2 | 4 = 4): void {
    this.memory.addMmio(base, sizeBytes, new TimedDevice(device, this.time, 'memory', this.counts), { widestBytes })
  }

  /** Makes a device's state a part of the machine's. */
  addDevice<State>(name: string, device: Stateful<State> & { reset?(): void }): void {
    this.devices.set(name, device as Device)
  }

  setLines(lines: readonly IrqLine[]): void {
    this.#lines = lines
  }

  /** The wire of a global system interrupt: 0 to 15 reach the 8259 pair too. */
  line(gsi: number): IrqLine {
    return this.#lines[gsi] as IrqLine
  }

  /** What gathers output is asked to hand it on after each turn. */
  onDrain(drain: () => void): void {
    this.#drains.push(drain)
  }

  onClose(close: () => void | Promise<void>): void {
    this.#closers.push(close)
  }

  // Running.

  drain(): void {
    for (const drain of this.#drains) drain()
  }

  /** A reset of everything, and what firmware does after it. */
  reset(): void {
    for (const device of this.devices.values()) device.reset?.()
    for (const processor of this.group.processors) resetProcessor(processor)
    this.powerOn()
  }

  async close(): Promise<void> {
    for (const processor of this.group.processors) processor.dispose()
    for (const close of this.#closers.splice(0)) await close()
  }
}

/** The count of instructions goes on over a reset: time does. */
function resetProcessor(processor: ProcessorGroup['processors'][number]): void {
  const { state } = processor
  const [lo, hi] = [state.lo(FIELD.retired), state.hi(FIELD.retired)]
  processor.reset()
  state.set(FIELD.retired, lo, hi)
}
