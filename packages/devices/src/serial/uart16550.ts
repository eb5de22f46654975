/** A 16550A UART: National Semiconductor PC16550D datasheet (TL/C/8652), 8 "Registers". */
import type { IoDevice, IrqLine, Stateful, Timeline, Timer } from '@ringfold/contracts'
import { DeviceError } from '../errors.ts'
import { dueOf, rearm, UartReceiver, type UartReceiverState } from './uart-receiver.ts'
import { CLOCKS_PER_BIT, FCR, IER, IIR, LCR, LSR, MCR, MSR, UART } from './uart-registers.ts'

const DEFAULT_BACKLOG = 1 << 20
/** The crystal of a PC's serial card: 115200 baud with a divisor of 1. */
const DEFAULT_CLOCK_HZ = 1_843_200
/** 9600 baud, as firmware leaves it. */
const DEFAULT_DIVISOR = 12
/** What a character takes at most, in nanoseconds: ten bits at 115200 baud. */
const SLOWEST_CHARACTER_NS = 86_806
/**
 * Bytes after which the transmitter rests for a character: a handler that sends as long as it is told that there is room has an end, also
 * when another processor gives it ever more to send. Linux's driver has 4 KiB to send at most, and complains of 8 KiB.
 */
const REST_BYTES = 4096

/** The modem's outputs, as its DTE sees them. */
export interface ModemLines {
  readonly cts: boolean
  readonly dsr: boolean
  readonly ri: boolean
  readonly dcd: boolean
}

export interface Uart16550AOptions {
  readonly timeline: Timeline
  /** Follows OUT2 as on a PC: it must be set for interrupts to get through. */
  readonly irq: IrqLine
  /** Takes what the guest sends, a byte each time. Only valid during the call. */
  readonly transmit: (bytes: Uint8Array) => void
  /** The guest begins or ends to send a break. */
  readonly setBreak?: (level: boolean) => void
  /** Of the baud generator. Default 1,843,200. */
  readonly clockHz?: number
  /** Most bytes that wait for the guest; more are dropped. Default 1 MiB. */
  readonly backlogBytes?: number
}

export interface Uart16550AState {
  readonly ier: number
  readonly lcr: number
  readonly mcr: number
  readonly msr: number
  readonly scr: number
  readonly divisor: number
  /** What the peer drives, as bits of MSR. */
  readonly lines: number
  /** The interrupt of the empty transmitter is due. */
  readonly isThrDue: boolean
  /** When it will be due; null: no transmission is awaited. */
  readonly thrNs: number | null
  /** Bytes since the transmitter rested. */
  readonly sentBytes: number
  readonly receiver: UartReceiverState
}

/**
 * A byte that the guest writes leaves at once, and LSR always shows an empty transmitter: whoever polls never waits. IIR tells it too when
 * it is read, so a handler sends all that there is to send; the wire follows a character's time after the first byte of a burst, for who
 * waits for the next interrupt, and so that no edge is left over from what a handler has seen already.
 * Input comes at the baud rate, but never slower than at 115200 baud (Linux sets a console to 9600 unless it is told otherwise), and is
 * held back as long as the guest has no room for it: nothing is lost between host and guest.
 */
export class Uart16550A implements Stateful<Uart16550AState> {
  readonly #options: Uart16550AOptions
  readonly #clockHz: number
  readonly #receiver: UartReceiver
  readonly #sent: Timer
  readonly #byte = new Uint8Array(1)
  #ier = 0
  #lcr = 0
  #mcr = 0
  #lines: number = MSR.CTS | MSR.DSR | MSR.DCD
  #msr = this.#lines
  #scr = 0
  #divisor = DEFAULT_DIVISOR
  #isThrDue = false
  #sentBytes = 0

  /** Throws `DeviceError` `device.option`. */
  constructor(options: Uart16550AOptions) {
    const { timeline, clockHz = DEFAULT_CLOCK_HZ, backlogBytes = DEFAULT_BACKLOG } = options
    if (!(clockHz > 0) || !Number.isInteger(backlogBytes) || backlogBytes < 1) {
      const what = `a UART with a clock of ${clockHz} Hz and a backlog of ${backlogBytes} bytes`
      throw new DeviceError('device.option', what, 'give numbers above 0')
    }
    this.#options = options
    this.#clockHz = clockHz
    this.#receiver = new UartReceiver({
      timeline,
      backlogBytes,
      characterNs: () => this.#characterNs,
      changed: () => this.#update(),
    })
    this.#sent = timeline.timer(() => {
      this.#isThrDue = true
      this.#sentBytes = 0
      this.#update()
    })
  }

  /** Eight ports of a byte. */
  readonly ports: IoDevice = {
    read: (offset) => this.#read(offset),
    write: (offset, _sizeBytes, value) => this.#write(offset, value & 0xff),
  }

  /** Bytes from the line that wait until the guest has room for them. */
  get backlogBytes(): number {
    return this.#receiver.backlogBytes
  }

  /** Bytes from the line. */
  receive(bytes: Uint8Array): void {
    this.#receiver.receive(bytes)
    this.#update()
  }

  /** A break from the line, after what waits already. */
  receiveBreak(): void {
    this.#receiver.receiveBreak()
    this.#update()
  }

  /** What the peer drives; lines that are not named stay. At first it is there and ready: CTS, DSR and DCD. */
  setModemLines(lines: Partial<ModemLines>): void {
    for (const [name, level] of Object.entries(lines)) {
      const bit = MSR[name.toUpperCase() as 'CTS' | 'DSR' | 'RI' | 'DCD']
      this.#lines = level ? this.#lines | bit : this.#lines & ~bit
    }
    if (!this.#isLooped) this.#showLines(this.#lines)
    this.#update()
  }

  get #isLooped(): boolean {
    return (this.#mcr & MCR.LOOP) !== 0
  }

  /** Start bit, word, parity, stop bits; one and a half of them with 5 bits (8.1). */
  get #characterNs(): number {
    const word = 5 + (this.#lcr & LCR.WORD_LENGTH)
    const stops = (this.#lcr & LCR.TWO_STOPS) === 0 ? 1 : word === 5 ? 1.5 : 2
    const bits = 1 + word + ((this.#lcr & LCR.PARITY) === 0 ? 0 : 1) + stops
    const ns = Math.ceil((bits * CLOCKS_PER_BIT * Math.max(1, this.#divisor) * 1e9) / this.#clockHz)
    return Math.min(ns, SLOWEST_CHARACTER_NS)
  }

  // Reading.

  #read(offset: number): number {
    const isLatched = (this.#lcr & LCR.DLAB) !== 0
    switch (offset) {
      case UART.DATA:
        return isLatched ? this.#divisor & 0xff : this.#readData()
      case UART.IER:
        return isLatched ? this.#divisor >>> 8 : this.#ier
      case UART.IIR:
        return this.#readIir()
      case UART.LCR:
        return this.#lcr
      case UART.MCR:
        return this.#mcr
      case UART.LSR:
        return this.#readLsr()
      case UART.MSR:
        return this.#readMsr()
      default:
        return this.#scr
    }
  }

  #readData(): number {
    const byte = this.#receiver.read()
    this.#update()
    return byte
  }

  /** Reading takes back the interrupt of the empty transmitter, if it is the one that is told (table IV). */
  #readIir(): number {
    if (this.#sent.isArmed && this.#sentBytes < REST_BYTES) {
      this.#sent.disarm()
      this.#isThrDue = true
    }
    const cause = this.#cause
    if (cause === IIR.THR_EMPTY) {
      this.#isThrDue = false
      this.#update()
    }
    return cause | ((this.#receiver.fcr & FCR.ENABLE) !== 0 ? IIR.FIFO : 0)
  }

  #readLsr(): number {
    const status = this.#receiver.takeStatus() | LSR.THR_EMPTY | LSR.EMPTY
    this.#update()
    return status
  }

  #readMsr(): number {
    const value = this.#msr
    this.#msr &= ~MSR.DELTAS
    this.#update()
    return value
  }

  // Writing.

  #write(offset: number, value: number): void {
    const isLatched = (this.#lcr & LCR.DLAB) !== 0
    switch (offset) {
      case UART.DATA:
        if (isLatched) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#send(value)
        break
      case UART.IER:
        if (isLatched) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else this.#writeIer(value & IER.MASK)
        break
      case UART.FCR:
        this.#receiver.control(value)
        break
      case UART.LCR:
        this.#writeLcr(value)
        break
      case UART.MCR:
        this.#writeMcr(value & MCR.MASK)
        break
      case UART.SCR:
        this.#scr = value
        break
      default:
        break
    }
    this.#update()
  }

  #send(value: number): void {
    if (this.#isLooped) this.#receiver.loop(value)
    else {
      this.#byte[0] = value
      this.#options.transmit(this.#byte)
    }
    this.#isThrDue = false
    // Whoever does not ask for the interrupt is told at once when asking: see `#writeIer`.
    if ((this.#ier & IER.THR_EMPTY) === 0) return
    this.#sentBytes++
    if (!this.#sent.isArmed) this.#sent.arm(this.#options.timeline.nowNs + this.#characterNs)
  }

  /** Enabling the interrupt of the transmitter while that is empty makes it due: drivers begin to send, and test UARTs, so. */
  #writeIer(value: number): void {
    const rising = value & ~this.#ier
    this.#ier = value
    if ((rising & IER.THR_EMPTY) !== 0) this.#isThrDue = true
    if ((value & IER.THR_EMPTY) !== 0) return
    this.#sent.disarm()
    this.#sentBytes = 0
  }

  #writeLcr(value: number): void {
    const changed = (value ^ this.#lcr) & LCR.BREAK
    this.#lcr = value
    if (changed === 0) return
    const isOn = (value & LCR.BREAK) !== 0
    if (!this.#isLooped) this.#options.setBreak?.(isOn)
    else if (isOn) this.#receiver.loopBreak()
  }

  #writeMcr(value: number): void {
    const wasLooped = this.#isLooped
    this.#mcr = value
    if (this.#isLooped) this.#showLines(loopedLines(value))
    else if (wasLooped) this.#showLines(this.#lines)
    if (wasLooped !== this.#isLooped) this.#receiver.isConnected = wasLooped
  }

  #showLines(lines: number): void {
    const changed = ((lines ^ this.#msr) & MSR.LINES) >>> 4
    // The ring indicator tells its end only.
    const ringEnded = (this.#msr & ~lines & MSR.RI) !== 0 ? MSR.TERI : 0
    this.#msr = lines | (this.#msr & MSR.DELTAS) | (changed & ~MSR.TERI) | ringEnded
  }

  // Interrupts.

  /** The cause of highest priority, as IIR bits 3:0 (table IV). */
  get #cause(): number {
    const ier = this.#ier
    if ((ier & IER.LINE_STATUS) !== 0 && this.#receiver.hasError) return IIR.LINE
    const received = (ier & IER.RECEIVED) !== 0 ? this.#receiver.cause : IIR.NONE
    if (received !== IIR.NONE) return received
    if ((ier & IER.THR_EMPTY) !== 0 && this.#isThrDue) return IIR.THR_EMPTY
    if ((ier & IER.MODEM_STATUS) !== 0 && (this.#msr & MSR.DELTAS) !== 0) return IIR.MODEM
    return IIR.NONE
  }

  /** In loopback OUT2 does not reach its pin, which opens the way of the interrupt on a PC. */
  #update(): void {
    const isOpen = (this.#mcr & MCR.OUT2) !== 0 && !this.#isLooped
    this.#options.irq.set(isOpen && this.#cause !== IIR.NONE)
  }

  // State.

  /** Master reset (table III): SCR and divisor stay, and what waits on the line. */
  reset(): void {
    this.#ier = 0
    this.#lcr = 0
    this.#mcr = 0
    this.#msr = this.#lines
    this.#isThrDue = false
    this.#sentBytes = 0
    this.#sent.disarm()
    this.#receiver.reset()
    this.#update()
  }

  state(): Uart16550AState {
    return {
      ...{ ier: this.#ier, lcr: this.#lcr, mcr: this.#mcr, msr: this.#msr, scr: this.#scr, divisor: this.#divisor },
      ...{ lines: this.#lines, isThrDue: this.#isThrDue, thrNs: dueOf(this.#sent), sentBytes: this.#sentBytes },
      receiver: this.#receiver.state(),
    }
  }

  restore(state: Uart16550AState): void {
    this.#ier = state.ier
    this.#lcr = state.lcr
    this.#mcr = state.mcr
    this.#msr = state.msr
    this.#scr = state.scr
    this.#divisor = state.divisor
    this.#lines = state.lines
    this.#isThrDue = state.isThrDue
    this.#sentBytes = state.sentBytes
    rearm(this.#sent, state.thrNs)
    this.#receiver.restore(state.receiver)
  }
}

/** In loopback the modem's outputs come back as its inputs: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2 as DCD (8.8). */
function loopedLines(mcr: number): number {
  return (
    ((mcr & MCR.DTR) !== 0 ? MSR.DSR : 0) |
    ((mcr & MCR.RTS) !== 0 ? MSR.CTS : 0) |
    ((mcr & MCR.OUT1) !== 0 ? MSR.RI : 0) |
    ((mcr & MCR.OUT2) !== 0 ? MSR.DCD : 0)
  )
}
