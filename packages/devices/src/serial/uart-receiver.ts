/** The receiving half of a 16550A: the line, its FIFO, what its errors and its silence tell. */
import type { Stateful, Timeline, Timer } from '@ringfold/contracts'
import { BREAK_CHARACTER, LineQueue, type LineQueueState } from './line-queue.ts'
import { FCR, FIFO_BYTES, IIR, LSR, TIME_OUT_CHARACTERS, TRIGGERS } from './uart-registers.ts'

export interface UartReceiverOptions {
  readonly timeline: Timeline
  readonly backlogBytes: number
  /** What a character takes on the line, in nanoseconds. */
  readonly characterNs: () => number
  /** Something came, or the time-out did. */
  readonly changed: () => void
}

export interface UartReceiverState {
  readonly fcr: number
  readonly isConnected: boolean
  /** Characters that the guest can read, oldest first, with the flags of `line-queue`. */
  readonly fifo: readonly number[]
  /** OE and BI of LSR, until it is read. */
  readonly errors: number
  readonly isTimedOut: boolean
  readonly timeOutNs: number | null
  /** When the line is free for what comes next; null: it is. */
  readonly freeNs: number | null
  readonly line: LineQueueState
}

/**
 * The line holds back what the guest has no room for: only loopback overruns. As many characters as there is room for come together,
 * and the line is then busy for the time that they take.
 */
export class UartReceiver implements Stateful<UartReceiverState> {
  readonly #options: UartReceiverOptions
  readonly #line: LineQueue
  readonly #free: Timer
  readonly #timeOut: Timer
  #fcr = 0
  #isConnected = true
  #fifo: number[] = []
  #errors = 0
  #isTimedOut = false

  constructor(options: UartReceiverOptions) {
    this.#options = options
    this.#line = new LineQueue(options.backlogBytes)
    this.#free = options.timeline.timer(() => {
      this.#arrive()
      options.changed()
    })
    this.#timeOut = options.timeline.timer(() => {
      this.#isTimedOut = true
      options.changed()
    })
  }

  get backlogBytes(): number {
    return this.#line.length
  }

  receive(bytes: Uint8Array): void {
    this.#line.push(bytes)
    if (!this.#free.isArmed) this.#arrive()
  }

  receiveBreak(): void {
    this.#line.pushBreak()
    if (!this.#free.isArmed) this.#arrive()
  }

  get #hasFifo(): boolean {
    return (this.#fcr & FCR.ENABLE) !== 0
  }

  get #capacity(): number {
    return this.#hasFifo ? FIFO_BYTES : 1
  }

  /** Brings in what there is room for; while the line is looped back it is cut off. */
  #arrive(): void {
    if (!this.#isConnected) return
    const count = Math.min(this.#capacity - this.#fifo.length, this.#line.length)
    if (count === 0) return
    for (let n = 0; n < count; n++) this.#fifo.push(this.#line.shift())
    this.#free.arm(this.#options.timeline.nowNs + count * this.#options.characterNs())
    this.#touched()
  }

  /** There is room again: what was held back comes after the time of a character, so that the interrupt has an edge. */
  #release(): void {
    if (!this.#isConnected || this.#free.isArmed || this.#line.length === 0) return
    this.#free.arm(this.#options.timeline.nowNs + this.#options.characterNs())
  }

  /** A character came, or was read: the time-out begins anew, and the oldest one tells its error. */
  #touched(): void {
    const [oldest] = this.#fifo
    if (oldest !== undefined && (oldest & BREAK_CHARACTER) !== 0) {
      this.#errors |= LSR.BREAK
      this.#fifo[0] = oldest & ~BREAK_CHARACTER
    }
    if (oldest === undefined) this.#isTimedOut = false
    if (oldest === undefined || !this.#hasFifo) this.#timeOut.disarm()
    else if (!this.#isTimedOut)
      this.#timeOut.arm(this.#options.timeline.nowNs + TIME_OUT_CHARACTERS * this.#options.characterNs())
  }

  /** RBR. Nothing reads as 0. */
  read(): number {
    const byte = (this.#fifo.shift() ?? 0) & 0xff
    this.#isTimedOut = false
    this.#touched()
    this.#release()
    return byte
  }

  /** A character of the own transmitter's. Without room it is lost: the one in the shift register is overwritten (8.4, OE). */
  loop(byte: number): void {
    if (this.#fifo.length < this.#capacity) {
      this.#fifo.push(byte)
      this.#touched()
      return
    }
    this.#errors |= LSR.OVERRUN
    // Without a FIFO it is the holding register that is overwritten.
    if (!this.#hasFifo) this.#fifo[0] = byte
  }

  loopBreak(): void {
    this.loop(BREAK_CHARACTER)
  }

  /** Whether the line reaches the receiver: not in loopback. */
  set isConnected(connected: boolean) {
    this.#isConnected = connected
    if (connected && !this.#free.isArmed) this.#arrive()
  }

  /** FCR. Bits are only taken with bit 0; switching the FIFOs on or off empties them (8.5). */
  control(value: number): void {
    const enabled = (value & FCR.ENABLE) !== 0
    const empties = enabled !== this.#hasFifo || (enabled && (value & FCR.CLEAR_RECEIVER) !== 0)
    this.#fcr = enabled ? value & FCR.KEPT : 0
    if (!empties) return
    this.#fifo = []
    this.#touched()
    this.#release()
  }

  get fcr(): number {
    return this.#fcr
  }

  /** Whether there is an error to tell. */
  get hasError(): boolean {
    return this.#errors !== 0
  }

  /** Bits of LSR; errors are told once. */
  takeStatus(): number {
    let status = this.#errors | (this.#fifo.length > 0 ? LSR.READY : 0)
    const isBroken = (this.#errors & LSR.BREAK) !== 0 || this.#fifo.some((entry) => (entry & BREAK_CHARACTER) !== 0)
    if (this.#hasFifo && isBroken) status |= LSR.FIFO_ERROR
    this.#errors = 0
    return status
  }

  /** What of the received data there is to interrupt for: a value of IIR. */
  get cause(): number {
    const trigger = this.#hasFifo ? (TRIGGERS[this.#fcr >>> FCR.TRIGGER_SHIFT] as number) : 1
    if (this.#fifo.length >= trigger) return IIR.RECEIVED
    return this.#isTimedOut ? IIR.TIME_OUT : IIR.NONE
  }

  /** Master reset: what the line holds stays there. */
  reset(): void {
    this.#fcr = 0
    this.#fifo = []
    this.#errors = 0
    this.#isConnected = true
    this.#touched()
    this.#release()
  }

  state(): UartReceiverState {
    return {
      fcr: this.#fcr,
      isConnected: this.#isConnected,
      fifo: [...this.#fifo],
      errors: this.#errors,
      isTimedOut: this.#isTimedOut,
      timeOutNs: dueOf(this.#timeOut),
      freeNs: dueOf(this.#free),
      line: this.#line.state(),
    }
  }

  restore(state: UartReceiverState): void {
    this.#fcr = state.fcr
    this.#isConnected = state.isConnected
    this.#fifo = [...state.fifo]
    this.#errors = state.errors
    this.#isTimedOut = state.isTimedOut
    this.#line.restore(state.line)
    rearm(this.#timeOut, state.timeOutNs)
    rearm(this.#free, state.freeNs)
  }
}

/** When a timer fires, as a state holds it. */
export function dueOf(timer: Timer): number | null {
  return timer.isArmed ? timer.dueNs : null
}

export function rearm(timer: Timer, dueNs: number | null): void {
  if (dueNs === null) timer.disarm()
  else timer.arm(dueNs)
}
