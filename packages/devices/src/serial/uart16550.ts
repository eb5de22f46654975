/** A 16550A UART: National Semiconductor PC16550D datasheet (TL/C/8652), 8 "Registers". */
import type { IoDevice, IrqLine, Stateful } from '@ringfold/contracts'

const REGISTER = { DATA: 0, IER: 1, FCR: 2, IIR: 2, LCR: 3, MCR: 4, LSR: 5, MSR: 6, SCR: 7 } as const
const IER = { RECEIVED: 0x01, THR_EMPTY: 0x02, LINE_STATUS: 0x04, MODEM_STATUS: 0x08 } as const
const IIR = {
  NONE: 0x01,
  MODEM: 0x00,
  THR_EMPTY: 0x02,
  RECEIVED: 0x04,
  TIME_OUT: 0x0c,
  LINE: 0x06,
  FIFO: 0xc0,
} as const
const FCR = { ENABLE: 0x01, CLEAR_RECEIVER: 0x02, CLEAR_TRANSMITTER: 0x04 } as const
const LCR = { BREAK: 0x40, DLAB: 0x80 } as const
const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10 } as const
const LSR = { READY: 0x01, OVERRUN: 0x02, BREAK: 0x10, THR_EMPTY: 0x20, EMPTY: 0x40, FIFO_ERROR: 0x80 } as const
const MSR = { DELTAS: 0x0f, TERI: 0x04, CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80 } as const
/** Bytes in the FIFO at which received data interrupts, by FCR bits 7:6. */
const TRIGGERS = [1, 4, 8, 14] as const
const FIFO_BYTES = 16
/** A peer that is there and ready. */
const CONNECTED = MSR.CTS | MSR.DSR | MSR.DCD

export interface Uart16550AOptions {
  /** Follows OUT2 as on a PC: it must be set for interrupts to get through. */
  readonly irq: IrqLine
  /** Takes what the guest sends: a byte leaves at once, whatever the baud rate. Only valid during the call. */
  readonly transmit: (bytes: Uint8Array) => void
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
  readonly fcr: number
  readonly overrun: boolean
  readonly breaks: boolean
  /** The transmitter-empty interrupt is due. */
  readonly thrInterrupt: boolean
  /** The receiver's FIFO, oldest first. */
  readonly fifo: readonly number[]
  /** What waits for room in it. */
  readonly backlog: Uint8Array
}

const DEFAULT_BACKLOG = 1 << 20

export class Uart16550A implements Stateful<Uart16550AState> {
  readonly #options: Uart16550AOptions
  readonly #byte = new Uint8Array(1)
  #ier = 0
  #lcr = 0
  #mcr = 0
  #msr: number = CONNECTED
  #scr = 0
  #divisor = 12
  #fcr = 0
  #overrun = false
  #break = false
  #thrInterrupt = false
  #fifo: number[] = []
  #backlog: Uint8Array[] = []
  /** Bytes of the first piece of the backlog that are gone. */
  #taken = 0
  #backlogBytes = 0

  constructor(options: Uart16550AOptions) {
    this.#options = options
  }

  /** Eight ports. */
  readonly ports: IoDevice = {
    read: (offset) => this.#read(offset),
    write: (offset, _sizeBytes, value) => this.#write(offset, value & 0xff),
  }

  /** Bytes that wait for the guest to make room. */
  get backlogBytes(): number {
    return this.#backlogBytes
  }

  /** Bytes from the line. They are held back until the guest has room for them, so nothing overruns. */
  receive(bytes: Uint8Array): void {
    const room = (this.#options.backlogBytes ?? DEFAULT_BACKLOG) - this.#backlogBytes
    const kept = bytes.slice(0, Math.max(0, room))
    if (kept.length === 0) return
    this.#backlog.push(kept)
    this.#backlogBytes += kept.length
    this.#refill()
    this.#update()
  }

  get #capacity(): number {
    return (this.#fcr & FCR.ENABLE) !== 0 ? FIFO_BYTES : 1
  }

  /** Moves what waits into the FIFO; in loopback the line is cut off. */
  #refill(): void {
    if ((this.#mcr & MCR.LOOP) !== 0) return
    while (this.#fifo.length < this.#capacity) {
      const first = this.#backlog[0]
      if (first === undefined) return
      this.#fifo.push(first[this.#taken++] as number)
      this.#backlogBytes--
      if (this.#taken < first.length) continue
      this.#backlog.shift()
      this.#taken = 0
    }
  }

  #read(offset: number): number {
    const latched = (this.#lcr & LCR.DLAB) !== 0
    switch (offset) {
      case REGISTER.DATA:
        return latched ? this.#divisor & 0xff : this.#readData()
      case REGISTER.IER:
        return latched ? this.#divisor >>> 8 : this.#ier
      case REGISTER.IIR:
        return this.#readIir()
      case REGISTER.LCR:
        return this.#lcr
      case REGISTER.MCR:
        return this.#mcr
      case REGISTER.LSR:
        return this.#readLsr()
      case REGISTER.MSR:
        return this.#readMsr()
      default:
        return this.#scr
    }
  }

  #readData(): number {
    const byte = this.#fifo.shift() ?? 0
    this.#refill()
    this.#update()
    return byte
  }

  /** Reading says that the transmitter is empty once. */
  #readIir(): number {
    const cause = this.#cause()
    if (cause === IIR.THR_EMPTY) {
      this.#thrInterrupt = false
      this.#update()
    }
    return cause | ((this.#fcr & FCR.ENABLE) !== 0 ? IIR.FIFO : 0)
  }

  #readLsr(): number {
    let value = LSR.THR_EMPTY | LSR.EMPTY
    if (this.#fifo.length > 0) value |= LSR.READY
    if (this.#overrun) value |= LSR.OVERRUN
    if (this.#break) value |= LSR.BREAK | ((this.#fcr & FCR.ENABLE) !== 0 ? LSR.FIFO_ERROR : 0)
    this.#overrun = false
    this.#break = false
    this.#update()
    return value
  }

  #readMsr(): number {
    const value = this.#msr
    this.#msr &= ~MSR.DELTAS
    this.#update()
    return value
  }

  #write(offset: number, value: number): void {
    const latched = (this.#lcr & LCR.DLAB) !== 0
    switch (offset) {
      case REGISTER.DATA:
        if (latched) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#send(value)
        break
      case REGISTER.IER:
        if (latched) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else this.#writeIer(value & 0x0f)
        break
      case REGISTER.FCR:
        this.#writeFcr(value)
        break
      case REGISTER.LCR:
        this.#writeLcr(value)
        break
      case REGISTER.MCR:
        this.#writeMcr(value & 0x1f)
        break
      case REGISTER.SCR:
        this.#scr = value
        break
      default:
        break
    }
    this.#update()
  }

  #send(value: number): void {
    this.#thrInterrupt = true
    if ((this.#mcr & MCR.LOOP) === 0) {
      this.#byte[0] = value
      this.#options.transmit(this.#byte)
    } else this.#loop(value)
  }

  #loop(value: number): void {
    if (this.#fifo.length < this.#capacity) this.#fifo.push(value)
    else {
      this.#overrun = true
      // Without a FIFO the newer byte takes the place of the older one.
      if (this.#capacity === 1) this.#fifo[0] = value
    }
  }

  /** Switching the transmitter's interrupt on, while it is empty, makes it due. */
  #writeIer(value: number): void {
    if ((value & ~this.#ier & IER.THR_EMPTY) !== 0) this.#thrInterrupt = true
    this.#ier = value
  }

  #writeFcr(value: number): void {
    const switched = ((value ^ this.#fcr) & FCR.ENABLE) !== 0
    if (switched || (value & FCR.CLEAR_RECEIVER) !== 0) this.#fifo = []
    this.#fcr = (value & FCR.ENABLE) !== 0 ? value & 0xc9 : 0
    this.#refill()
  }

  #writeLcr(value: number): void {
    const begins = (value & ~this.#lcr & LCR.BREAK) !== 0
    this.#lcr = value
    if (!begins || (this.#mcr & MCR.LOOP) === 0) return
    this.#loop(0)
    this.#break = true
  }

  #writeMcr(value: number): void {
    const wasLooped = (this.#mcr & MCR.LOOP) !== 0
    this.#mcr = value
    const loops = (value & MCR.LOOP) !== 0
    if (wasLooped && !loops) this.#refill()
    this.#setModemLines(loops ? loopedLines(value) : CONNECTED)
  }

  #setModemLines(lines: number): void {
    const changed = (lines ^ this.#msr) & 0xf0
    const ringEnded = (this.#msr & ~lines & MSR.RI) !== 0 ? MSR.TERI : 0
    const deltas = ((changed >>> 4) & ~MSR.TERI) | ringEnded
    this.#msr = lines | (this.#msr & MSR.DELTAS) | deltas
  }

  /** The cause of highest priority, as IIR bits 3:0. */
  #cause(): number {
    const ier = this.#ier
    if ((ier & IER.LINE_STATUS) !== 0 && (this.#overrun || this.#break)) return IIR.LINE
    if ((ier & IER.RECEIVED) !== 0 && this.#fifo.length > 0) {
      // Less than the trigger level: the character time-out, which here comes at once.
      const trigger = this.#capacity === 1 ? 1 : (TRIGGERS[this.#fcr >>> 6] as number)
      return this.#fifo.length >= trigger ? IIR.RECEIVED : IIR.TIME_OUT
    }
    if ((ier & IER.THR_EMPTY) !== 0 && this.#thrInterrupt) return IIR.THR_EMPTY
    if ((ier & IER.MODEM_STATUS) !== 0 && (this.#msr & MSR.DELTAS) !== 0) return IIR.MODEM
    return IIR.NONE
  }

  #update(): void {
    const isOut2 = (this.#mcr & MCR.OUT2) !== 0 && (this.#mcr & MCR.LOOP) === 0
    this.#options.irq.set(isOut2 && this.#cause() !== IIR.NONE)
  }

  reset(): void {
    this.#ier = 0
    this.#lcr = 0
    this.#mcr = 0
    this.#msr = CONNECTED
    this.#fcr = 0
    this.#overrun = false
    this.#break = false
    this.#thrInterrupt = false
    this.#fifo = []
    this.#refill()
    this.#update()
  }

  state(): Uart16550AState {
    const backlog = new Uint8Array(this.#backlogBytes)
    let at = 0
    for (const [n, piece] of this.#backlog.entries()) {
      const rest = n === 0 ? piece.subarray(this.#taken) : piece
      backlog.set(rest, at)
      at += rest.length
    }
    return {
      ...{ ier: this.#ier, lcr: this.#lcr, mcr: this.#mcr, msr: this.#msr, scr: this.#scr, divisor: this.#divisor },
      ...{ fcr: this.#fcr, overrun: this.#overrun, breaks: this.#break, thrInterrupt: this.#thrInterrupt },
      ...{ fifo: [...this.#fifo], backlog },
    }
  }

  restore(state: Uart16550AState): void {
    this.#ier = state.ier
    this.#lcr = state.lcr
    this.#mcr = state.mcr
    this.#msr = state.msr
    this.#scr = state.scr
    this.#divisor = state.divisor
    this.#fcr = state.fcr
    this.#overrun = state.overrun
    this.#break = state.breaks
    this.#thrInterrupt = state.thrInterrupt
    this.#fifo = [...state.fifo]
    this.#backlog = state.backlog.length > 0 ? [state.backlog.slice()] : []
    this.#backlogBytes = state.backlog.length
    this.#taken = 0
  }
}

/** In loopback the modem's outputs come back as its inputs: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2 as DCD. */
function loopedLines(mcr: number): number {
  return (
    ((mcr & MCR.DTR) !== 0 ? MSR.DSR : 0) |
    ((mcr & MCR.RTS) !== 0 ? MSR.CTS : 0) |
    ((mcr & MCR.OUT1) !== 0 ? MSR.RI : 0) |
    ((mcr & MCR.OUT2) !== 0 ? MSR.DCD : 0)
  )
}
