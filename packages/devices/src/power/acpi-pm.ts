/** ACPI power management: ACPI 6.5, 4.8 "ACPI Register Model"; reset control: Intel ICH9 datasheet (316972), 13.7.5. */
import type { IoDevice, IrqLine, Stateful, Timeline, Timer } from '@ringfold/contracts'

/** Where this machine has its power management, and what its values mean: the FADT and the DSDT say the same. */
export const ACPI_PM = {
  EVENT_PORT: 0x600,
  EVENT_BYTES: 4,
  CONTROL_PORT: 0x604,
  CONTROL_BYTES: 2,
  TIMER_PORT: 0x608,
  TIMER_BYTES: 4,
  GPE0_PORT: 0x620,
  /** Status and enable registers of 8 events. */
  GPE0_BYTES: 2,
  SMI_COMMAND_PORT: 0xb2,
  ENABLE: 0xf1,
  DISABLE: 0xf0,
  RESET_PORT: 0xcf9,
  RESET_VALUE: 0x06,
  SCI_IRQ: 9,
  /** SLP_TYP of S5. */
  S5_TYPE: 5,
} as const

/** Ticks of the power management timer in a second. */
export const PM_TIMER_HZ = 3_579_545
const NS = 1e9
const STATUS = { TIMER: 0x0001, GLOBAL: 0x0020, POWER_BUTTON: 0x0100, RTC: 0x0400, WAKE: 0x8000 } as const
const ENABLED_BITS = STATUS.TIMER | STATUS.GLOBAL | STATUS.POWER_BUTTON | STATUS.RTC
const CONTROL = { SCI_EN: 0x0001, SLP_TYP_SHIFT: 10, SLP_TYP: 0x1c00, SLP_EN: 0x2000 } as const
/** The timer's status bit is set whenever bit 31 changes. */
const HALF_TICKS = 2 ** 31
const RESET = { SYSTEM: 0x02, CPU: 0x04, FULL: 0x08 } as const

export interface AcpiPmOptions {
  readonly timeline: Timeline
  readonly sci: IrqLine
  /** The guest enters a sleep state: `ACPI_PM.S5_TYPE` is power-off. */
  readonly powerOff: (sleepType: number) => void
  /** The guest asks for a reset. */
  readonly reset: () => void
}

export interface AcpiPmState {
  readonly status: number
  readonly enable: number
  readonly control: number
  readonly gpeStatus: number
  readonly gpeEnable: number
  readonly resetControl: number
  /** Halves of the timer's range that were counted. */
  readonly seenHalves: number
}

export class AcpiPm implements Stateful<AcpiPmState> {
  readonly #options: AcpiPmOptions
  readonly #timer: Timer
  #status = 0
  #enable = 0
  #control = 0
  #gpeStatus = 0
  #gpeEnable = 0
  #resetControl = 0
  #seenHalves = 0

  constructor(options: AcpiPmOptions) {
    this.#options = options
    this.#timer = options.timeline.timer(() => this.#update())
    this.#update()
  }

  get #ticks(): number {
    return Math.floor((this.#options.timeline.nowNs * PM_TIMER_HZ) / NS)
  }

  /** Notes overflows, drives SCI, and waits for the next overflow where it interrupts. */
  #update(): void {
    const halves = Math.floor(this.#ticks / HALF_TICKS)
    if (halves !== this.#seenHalves) this.#status |= STATUS.TIMER
    this.#seenHalves = halves
    const asks = (this.#status & this.#enable & ENABLED_BITS) !== 0 || (this.#gpeStatus & this.#gpeEnable) !== 0
    this.#options.sci.set(asks && (this.#control & CONTROL.SCI_EN) !== 0)
    this.#arm()
  }

  #arm(): void {
    if ((this.#enable & STATUS.TIMER) === 0) this.#timer.disarm()
    else this.#timer.arm(Math.ceil(((this.#seenHalves + 1) * HALF_TICKS * NS) / PM_TIMER_HZ))
  }

  /** PM1a status and enable: 2 bytes each, also one by one. */
  readonly event: IoDevice = {
    read: (offset, sizeBytes) => {
      this.#update()
      return part((this.#enable << 16) | this.#status, offset, sizeBytes)
    },
    write: (offset, sizeBytes, value) => {
      this.#update()
      const bits = (value << (8 * offset)) >>> 0
      this.#status &= ~(bits & 0xffff)
      const mask = ((2 ** (8 * sizeBytes) - 1) * 2 ** (8 * offset)) / 2 ** 16
      const enableMask = Math.floor(mask) & 0xffff
      this.#enable = ((this.#enable & ~enableMask) | ((bits >>> 16) & enableMask)) & ENABLED_BITS
      this.#update()
    },
  }

  /** PM1a control. */
  readonly control: IoDevice = {
    read: (offset, sizeBytes) => part(this.#control, offset, sizeBytes),
    write: (offset, sizeBytes, value) => {
      const mask = ((2 ** (8 * sizeBytes) - 1) << (8 * offset)) & 0xffff
      const word = (this.#control & ~mask) | ((value << (8 * offset)) & mask)
      // SCI_EN is the firmware's, by the SMI command; SLP_EN reads as 0.
      this.#control = (word & ~(CONTROL.SLP_EN | CONTROL.SCI_EN)) | (this.#control & CONTROL.SCI_EN)
      if ((word & CONTROL.SLP_EN) !== 0) this.#options.powerOff((word & CONTROL.SLP_TYP) >>> CONTROL.SLP_TYP_SHIFT)
    },
  }

  /** The timer: 32 bits. */
  readonly timer: IoDevice = {
    read: (offset, sizeBytes) => part(this.#ticks % 2 ** 32, offset, sizeBytes),
    write: () => undefined,
  }

  /** General-purpose events: status, then enable. Nothing here raises one yet. */
  readonly gpe0: IoDevice = {
    read: (offset, sizeBytes) => part((this.#gpeEnable << 8) | this.#gpeStatus, offset, sizeBytes),
    write: (offset, sizeBytes, value) => {
      const bits = value << (8 * offset)
      this.#gpeStatus &= ~(bits & 0xff)
      if (offset + sizeBytes > 1) this.#gpeEnable = (bits >>> 8) & 0xff
      this.#update()
    },
  }

  /** The SMI command port: hands power management to ACPI, and back. */
  readonly smiCommand: IoDevice = {
    read: () => 0,
    write: (_offset, _sizeBytes, value) => {
      if ((value & 0xff) === ACPI_PM.ENABLE) this.#control |= CONTROL.SCI_EN
      else if ((value & 0xff) === ACPI_PM.DISABLE) this.#control &= ~CONTROL.SCI_EN
      this.#update()
    },
  }

  /** The reset control register, port CF9H: a reset when bit 2 goes from 0 to 1. */
  readonly resetControl: IoDevice = {
    read: () => this.#resetControl,
    write: (_offset, _sizeBytes, value) => {
      const rises = (value & ~this.#resetControl & RESET.CPU) !== 0
      this.#resetControl = value & (RESET.SYSTEM | RESET.CPU | RESET.FULL)
      if (rises) this.#options.reset()
    },
  }

  /** Somebody presses the power button. */
  pressPowerButton(): void {
    this.#status |= STATUS.POWER_BUTTON
    this.#update()
  }

  reset(): void {
    this.#status = 0
    this.#enable = 0
    this.#control = 0
    this.#gpeStatus = 0
    this.#gpeEnable = 0
    this.#resetControl = 0
    this.#update()
    this.#status = 0
    this.#update()
  }

  state(): AcpiPmState {
    return {
      ...{ status: this.#status, enable: this.#enable, control: this.#control, gpeStatus: this.#gpeStatus },
      ...{ gpeEnable: this.#gpeEnable, resetControl: this.#resetControl, seenHalves: this.#seenHalves },
    }
  }

  restore(state: AcpiPmState): void {
    this.#status = state.status
    this.#enable = state.enable
    this.#control = state.control
    this.#gpeStatus = state.gpeStatus
    this.#gpeEnable = state.gpeEnable
    this.#resetControl = state.resetControl
    this.#seenHalves = state.seenHalves
    this.#arm()
  }
}

/** `sizeBytes` bytes of a word from `offset` on. */
function part(word: number, offset: number, sizeBytes: number): number {
  return Math.floor((word >>> 0) / 2 ** (8 * offset)) % 2 ** (8 * sizeBytes)
}
