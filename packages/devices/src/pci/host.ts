import type { IoDevice, IrqLine, MessageTarget, Stateful } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'
import { type ConfigAccess, ecam, Mechanism1 } from './config-access.ts'
import { Decoding, type PciSpaces, type PciWindows } from './decoding.ts'
import type { PciFunction, PciFunctionState } from './function.ts'
import { genericHostBridge } from './host-bridge.ts'
import { type PciRoute, PirqLine, pciRouting, pirqOf } from './intx.ts'
import { DEVICES, FUNCTIONS, INTERRUPT_PINS } from './registers.ts'

export interface PciHostOptions {
  readonly spaces: PciSpaces
  /**
   * What the bus gets of the address spaces, as the machine's ACPI tables say. Nothing else of the machine may lie in it: so a guest
   * cannot put a device over RAM or over another part, whatever it writes.
   */
  readonly windows: PciWindows
  readonly messages: MessageTarget
  /** The wires of PIRQ A to D, 0 to 3; active high here. Asked once each. */
  readonly irq: (pirq: number) => IrqLine
  /** Function 0 of device 0; `genericHostBridge()` if absent. */
  readonly hostBridge?: PciFunction
  /** Gets accesses of one byte to port 0xcf9, at offset 0: it lies within `configAddress`. */
  readonly resetControl?: IoDevice
}

/** A function in its place. */
export interface PlacedPciFunction {
  readonly device: number
  readonly fn: number
  readonly function: PciFunction
}

export interface PciHostState {
  readonly configAddress: number
  /** In the order of their numbers. */
  readonly functions: readonly { readonly device: number; readonly fn: number; readonly state: PciFunctionState }[]
}

/**
 * A PCI host bridge with one bus, 0, and no bridges behind it. Configuration space by mechanism 1 and by the enhanced mechanism;
 * base addresses mapped by the rule of {@link Decoding}; interrupt pins routed to four PIRQs; messages passed on.
 */
export class PciHost implements Stateful<PciHostState> {
  /** Ports 0xcf8 to 0xcfb. */
  readonly configAddress: IoDevice
  /** Ports 0xcfc to 0xcff. */
  readonly configData: IoDevice
  /** The enhanced configuration space: 1 MiB a bus, up to 256 MiB, of which the first MiB is the bus that there is. */
  readonly ecam: IoDevice
  readonly windows: PciWindows
  readonly #mechanism1: Mechanism1
  readonly #decoding: Decoding
  readonly #messages: MessageTarget
  readonly #pirqs: readonly PirqLine[]
  readonly #places = new Map<number, PlacedPciFunction>()
  #functions: readonly PlacedPciFunction[] = []
  #isQuiet = false

  constructor({ spaces, windows, messages, irq, hostBridge, resetControl }: PciHostOptions) {
    this.windows = windows
    this.#messages = messages
    this.#decoding = new Decoding(spaces, windows)
    this.#pirqs = Array.from({ length: INTERRUPT_PINS }, (_, pirq) => new PirqLine(irq(pirq)))
    const access: ConfigAccess = (bus, device, fn) =>
      bus === 0 ? this.#places.get(place(device, fn))?.function : undefined
    this.#mechanism1 = new Mechanism1(access, resetControl)
    this.configAddress = this.#mechanism1.address
    this.configData = this.#mechanism1.data
    this.ecam = ecam(access)
    this.add(0, 0, hostBridge ?? genericHostBridge())
  }

  /** All functions, by their numbers. */
  get functions(): readonly PlacedPciFunction[] {
    return this.#functions
  }

  /**
   * Puts a function on the bus, function 0 of a device first, while the guest does not run yet. Throws `DeviceError` `device.option`
   * if there is no such place, or it is taken.
   */
  add(device: number, fn: number, added: PciFunction): void {
    this.#checkPlace(device, fn)
    this.#places.set(place(device, fn), { device, fn, function: added })
    this.#functions = [...this.#places].sort(([one], [other]) => one - other).map(([, placed]) => placed)
    if (fn > 0) for (const placed of this.#functions) if (placed.device === device) placed.function.markMultiFunction()
    added.plug({
      messages: this.#messages,
      intx: { set: this.#wire(device, added) },
      decodingChanged: () => this.#decode(),
    })
  }

  /** How pins are wired, for the machine's ACPI tables. */
  routing(): PciRoute[] {
    return pciRouting()
  }

  /** RST# to all functions. What firmware assigned is lost: `assignResources` does it again. */
  reset(): void {
    this.#mechanism1.reset()
    this.#quietly(() => {
      for (const { function: each } of this.#functions) each.reset()
    })
  }

  state(): PciHostState {
    const functions = this.#functions.map(({ device, fn, function: each }) => ({ device, fn, state: each.state() }))
    return { configAddress: this.#mechanism1.addressRegister, functions }
  }

  /** Restores all functions; neither lines are driven nor messages sent. Throws `DeviceError` `device.state`. */
  restore({ configAddress, functions }: PciHostState): void {
    const isAlike =
      functions.length === this.#functions.length &&
      this.#functions.every(({ device, fn }, at) => functions[at]?.device === device && functions[at]?.fn === fn)
    if (!isAlike)
      throw new DeviceError(
        'device.state',
        'other PCI functions than here',
        'restore into a machine that is made alike',
      )
    this.#mechanism1.addressRegister = configAddress
    this.#quietly(() => {
      this.#functions.forEach(({ function: each }, at) => {
        each.restore((functions[at] as PciHostState['functions'][number]).state)
      })
    })
    for (const pirq of this.#pirqs) pirq.settle()
  }

  #checkPlace(device: number, fn: number): void {
    const exists = Number.isInteger(device) && Number.isInteger(fn) && device >= 0 && fn >= 0
    if (!exists || device >= DEVICES || fn >= FUNCTIONS || this.#places.has(place(device, fn)))
      throw new DeviceError(
        'device.option',
        `PCI device ${device}, function ${fn}`,
        'choose a free place below 32 and 8',
      )
    if (fn > 0 && !this.#places.has(place(device, 0)))
      throw new DeviceError('device.option', `PCI device ${device} without function 0`, 'add its function 0 first')
  }

  /** What a pin calls: nothing is wired to functions without one. */
  #wire(device: number, added: PciFunction): () => void {
    if (added.interruptPin === 0) return () => {}
    const pirq = this.#pirqs[pirqOf(device, added.interruptPin - 1)] as PirqLine
    return pirq.join(() => added.pinLevel)
  }

  #decode(): void {
    if (!this.#isQuiet) this.#decoding.update(this.#functions.flatMap((placed) => placed.function.decoded()))
  }

  /** Changes many functions and maps what they decode once, at the end. */
  #quietly(change: () => void): void {
    this.#isQuiet = true
    try {
      change()
    } finally {
      this.#isQuiet = false
    }
    this.#decode()
  }
}

const place = (device: number, fn: number): number => device * FUNCTIONS + fn
