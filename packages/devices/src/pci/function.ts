import type { IrqLine, MessageTarget, Stateful } from '@ringfold/contracts'
import { BaseAddresses, type DecodedRange, type PciBarOptions } from './bars.ts'
import { CapabilityList, type CapabilityWindow, type PciCapabilityOptions } from './capabilities.ts'
import { ConfigSpace } from './config-space.ts'
import { checkIds, defineHeader, type PciHeaderOptions } from './header.ts'
import type { MessageInterrupts, MessagePath } from './messages.ts'
import { Msi, type PciMsiOptions } from './msi.ts'
import { Msix, type PciMsixOptions } from './msix.ts'
import type { MsixTableState } from './msix-table.ts'
import { PowerState } from './power.ts'
import { COMMAND, EXTENDED_CONFIG_BYTES, HEADER, MULTI_FUNCTION, STATUS } from './registers.ts'

export interface PciFunctionOptions extends PciHeaderOptions {
  readonly bars?: readonly PciBarOptions[]
  /** 64-bit addresses, per-vector masking. */
  readonly msi?: PciMsiOptions
  readonly msix?: PciMsixOptions
  /** D0 and D3hot. */
  readonly powerManagement?: boolean
  /** More capabilities, in the order of the list; they follow those that this package makes. */
  readonly capabilities?: readonly PciCapabilityOptions[]
}

/** What a function's place on its bus gives it. */
export interface PciSlot {
  readonly messages: MessageTarget
  /** The wire of its interrupt pin. */
  readonly intx: IrqLine
  /** What it wants decoded may have changed: see `decoded`. */
  decodingChanged(): void
}

export interface PciFunctionState {
  /** Configuration space: bits that can change, all others zero. */
  readonly registers: Uint8Array
  readonly msix: MsixTableState | null
}

const UNPLUGGED: PciSlot = {
  messages: { deliver: () => {} },
  intx: { set: () => {} },
  decodingChanged: () => {},
}

/**
 * One function of a PCI device: header of type 0, base address registers, capabilities, and its ways to interrupt (PCI Local Bus
 * Specification 3.0, chapter 6). Described as data, so that a device model says what it is and gets `intx`, `interrupt` and
 * `canMaster` back. The host bridge that it is added to maps what it decodes, and saves, restores and resets it: its device does not.
 */
export class PciFunction implements Stateful<PciFunctionState> {
  readonly msi: MessageInterrupts | undefined
  readonly msix: MessageInterrupts | undefined
  /** The device's own interrupt, level-triggered. It reaches the pin in D0, unless the driver disabled it or chose messages. */
  readonly intx: IrqLine = { set: (level) => this.#requestIntx(level) }
  /** INTA# to INTD# as 1 to 4; 0: none. */
  readonly interruptPin: number
  readonly bars: readonly PciBarOptions[]
  readonly #space = new ConfigSpace()
  readonly #windows: readonly CapabilityWindow[]
  readonly #addresses: BaseAddresses
  readonly #msi: Msi | undefined
  readonly #msix: Msix | undefined
  readonly #power: PowerState | undefined
  #slot = UNPLUGGED
  #pinLevel = false

  /** Throws `DeviceError` `device.option` for what no function can be. */
  constructor(options: PciFunctionOptions) {
    checkIds(options)
    const space = this.#space
    defineHeader(space, options)
    const list = new CapabilityList(space)
    const path: MessagePath = {
      canMaster: () => this.canMaster,
      send: (addressLo, addressHi, data) => this.#slot.messages.deliver(addressLo, addressHi, data),
    }
    const { bars = [], msi, msix, powerManagement = false, capabilities = [] } = options
    this.#power = powerManagement ? new PowerState(space, list) : undefined
    this.msi = this.#msi = msi && new Msi(msi, space, list, path)
    this.msix = this.#msix = msix && new Msix(msix, space, list, path)
    for (const capability of capabilities) list.addDescribed(capability)
    this.#windows = list.windows
    this.bars = msix && this.#msix ? [...bars, this.#msix.bar(msix.bar)] : bars
    this.#addresses = new BaseAddresses(space, this.bars)
    this.interruptPin = options.interruptPin ?? 0
  }

  /** Whether the function may read and write memory on its own and send messages: bus master enable, in D0. */
  get canMaster(): boolean {
    return this.#isOn && (this.#command & COMMAND.BUS_MASTER) !== 0
  }

  /**
   * Interrupts by a message: of MSI-X if it is enabled, else of MSI.
   * @returns whether either is; if not, `intx` is the way that is left
   */
  interrupt(vector: number): boolean {
    const messages = this.#chosenMessages
    messages?.signal(vector)
    return messages !== undefined
  }

  /** @returns an unsigned value of `sizeBytes` bytes; zero from offset 256 on. Bytes behind 4096 are nobody's, and read all ones. */
  configRead(offset: number, sizeBytes: 1 | 2 | 4): number {
    const window = this.#windowOf(offset, sizeBytes)
    if (window === 'split' || offset + sizeBytes > EXTENDED_CONFIG_BYTES) {
      let value = 0
      for (let at = 0; at < sizeBytes; at++) value |= this.#readByte(offset + at) << (8 * at)
      return value >>> 0
    }
    const read = window?.capability.read
    if (window === undefined || read === undefined) return this.#space.read(offset, sizeBytes)
    const value = read.call(window.capability, offset - window.first, sizeBytes)
    return (value & (2 ** (8 * sizeBytes) - 1)) >>> 0
  }

  configWrite(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const window = this.#windowOf(offset, sizeBytes)
    if (window === 'split')
      for (let at = 0; at < sizeBytes; at++) this.configWrite(offset + at, 1, (value >>> (8 * at)) & 0xff)
    else if (window !== undefined) window.capability.write?.(offset - window.first, sizeBytes, value)
    else this.#writeRegister(offset, sizeBytes, value)
  }

  /** What the function decodes now, as far as it is up to itself, lowest base address register first. */
  decoded(): DecodedRange[] {
    return this.#isOn ? this.#addresses.decoded(this.#command) : []
  }

  /** Whether the pin is driven. */
  get pinLevel(): boolean {
    return this.#pinLevel
  }

  /** For the host bridge: puts the function into its place. */
  plug(slot: PciSlot): void {
    this.#slot = slot
    slot.intx.set(this.#pinLevel)
    slot.decodingChanged()
  }

  /** For the host bridge: there are other functions in the device (PCI 3.0, 6.2.1). */
  markMultiFunction(): void {
    this.#space.define(HEADER.HEADER_TYPE, 1, MULTI_FUNCTION)
  }

  /** RST#: nothing is decoded, no interrupt is requested. The device behind it is reset by its owner. */
  reset(): void {
    this.#space.reset()
    this.#msix?.reset()
    this.#settle()
  }

  state(): PciFunctionState {
    return { registers: this.#space.changes(), msix: this.#msix?.state() ?? null }
  }

  /** Changes what is decoded, and neither drives the pin nor sends messages. Throws `DeviceError` `device.state`. */
  restore({ registers, msix }: PciFunctionState): void {
    if (this.#msix) this.#msix.restore(msix ?? { table: new Uint8Array(0), pending: new Uint8Array(0) })
    this.#space.restore(registers)
    this.#pinLevel = this.#wantsPin
    this.#slot.decodingChanged()
  }

  get #command(): number {
    return this.#space.read(HEADER.COMMAND, 2)
  }

  get #isOn(): boolean {
    return this.#power?.isOn ?? true
  }

  get #chosenMessages(): MessageInterrupts | undefined {
    if (this.#msix?.isEnabled) return this.#msix
    return this.#msi?.isEnabled ? this.#msi : undefined
  }

  /** Interrupts by messages silence the pin (PCI 3.0, 6.8.1.3 and 6.8.2.3). */
  get #wantsPin(): boolean {
    const isRequested = (this.#space.read(HEADER.STATUS, 2) & STATUS.INTERRUPT) !== 0
    const isDisabled = (this.#command & COMMAND.INTERRUPT_DISABLE) !== 0
    return isRequested && !isDisabled && this.#isOn && this.#chosenMessages === undefined
  }

  #requestIntx(level: boolean): void {
    if (this.interruptPin === 0) return
    this.#space.show(HEADER.STATUS, 2, level ? STATUS.INTERRUPT : 0)
    this.#drivePin()
  }

  #drivePin(): void {
    const level = this.#wantsPin
    if (level === this.#pinLevel) return
    this.#pinLevel = level
    this.#slot.intx.set(level)
  }

  #writeRegister(offset: number, sizeBytes: number, value: number): void {
    const write = () => this.#space.write(offset, sizeBytes, value)
    if (this.#power) this.#power.around(write)
    else write()
    this.#settle()
  }

  #settle(): void {
    this.#drivePin()
    this.#msi?.settle()
    this.#msix?.settle()
    this.#slot.decodingChanged()
  }

  #readByte(offset: number): number {
    return offset < EXTENDED_CONFIG_BYTES ? this.configRead(offset, 1) : 0xff
  }

  /** The capability that an access lies in; `split` where only a part of it does. */
  #windowOf(offset: number, sizeBytes: number): CapabilityWindow | 'split' | undefined {
    const window = this.#windows.find(({ first, end }) => offset < end && offset + sizeBytes > first)
    if (window === undefined) return undefined
    return offset >= window.first && offset + sizeBytes <= window.end ? window : 'split'
  }
}
