/** The real-time clock and CMOS memory of a PC: Motorola MC146818A datasheet; Intel ICH9 datasheet (316972), 13.6. */
import type { IoDevice, IrqLine, Stateful, Timeline, Timer } from '@ringfold/contracts'

const REGISTER = {
  SECONDS: 0,
  SECONDS_ALARM: 1,
  MINUTES: 2,
  MINUTES_ALARM: 3,
  HOURS: 4,
  HOURS_ALARM: 5,
  DAY_OF_WEEK: 6,
  DAY: 7,
  MONTH: 8,
  YEAR: 9,
  A: 10,
  B: 11,
  C: 12,
  D: 13,
  CENTURY: 0x32,
} as const
const A = { RATE: 0x0f, DIVIDER: 0x70, UIP: 0x80 } as const
const B = { HOURS_24: 0x02, BINARY: 0x04, UPDATE: 0x10, ALARM: 0x20, PERIODIC: 0x40, SET: 0x80 } as const
const C = { UPDATE: 0x10, ALARM: 0x20, PERIODIC: 0x40, IRQ: 0x80 } as const
const D_VALID = 0x80
const MEMORY_BYTES = 128
const NS = 1e9
/** An update is announced so long before it takes place. */
const UIP_NS = 244_000
/** The dividers run: 010 in bits 6:4 of register A. */
const RUNNING = 0x20
const BASE_HZ = 32_768
const DONT_CARE = 0xc0
const PM = 0x80
const DAY_SECONDS = 86_400

const TIME_REGISTERS: ReadonlySet<number> = new Set([
  ...[REGISTER.SECONDS, REGISTER.MINUTES, REGISTER.HOURS, REGISTER.DAY_OF_WEEK, REGISTER.DAY, REGISTER.MONTH],
  ...[REGISTER.YEAR, REGISTER.CENTURY],
])

export interface RtcCmosOptions {
  readonly timeline: Timeline
  /** IRQ 8. */
  readonly irq: IrqLine
  /** Time at 0 of the timeline: seconds since 1970, UTC. */
  readonly epoch: number
  /** First contents of the memory, from 0 on; registers of the clock are not taken from it. */
  readonly memory?: Uint8Array
}

export interface RtcCmosState {
  readonly memory: Uint8Array
  readonly index: number
  /** Seconds that the clock is ahead of the timeline. */
  readonly offsetSeconds: number
  /** Where the second began when the clock was set, in nanoseconds modulo one second. */
  readonly phaseNs: number
  /** The time at which the clock is stopped (register B, SET); null while it runs. */
  readonly stoppedAt: number | null
  /** Up to when alarms and updates were looked at: seconds of the clock. */
  readonly seenSecond: number
  /** Up to when periodic interrupts were. */
  readonly seenTick: number
}

export class RtcCmos implements Stateful<RtcCmosState> {
  readonly #options: RtcCmosOptions
  readonly #timer: Timer
  #memory = new Uint8Array(MEMORY_BYTES)
  #index = 0
  #offsetSeconds: number
  #phaseNs = 0
  #stoppedAt: number | null = null
  #seenSecond = 0
  #seenTick = 0

  constructor(options: RtcCmosOptions) {
    this.#options = options
    this.#offsetSeconds = options.epoch
    this.#timer = options.timeline.timer(() => this.#fire())
    this.#memory.set((options.memory ?? new Uint8Array(0)).subarray(0, MEMORY_BYTES))
    this.#memory[REGISTER.A] = RUNNING | 6
    this.#memory[REGISTER.B] = B.HOURS_24
    this.#memory[REGISTER.C] = 0
    this.#seenSecond = this.#now
  }

  /** Ports 70H and 71H. */
  readonly ports: IoDevice = {
    read: (offset) => (offset === 0 ? 0xff : this.#read(this.#index)),
    write: (offset, _sizeBytes, value) => {
      // Bit 7 of port 70H masks NMI, which nothing here raises.
      if (offset === 0) this.#index = value & 0x7f
      else this.#write(this.#index, value & 0xff)
    },
  }

  /** A byte of the memory, as firmware leaves it there. */
  setMemory(at: number, value: number): void {
    this.#memory[at] = value
  }

  #flag(bit: number): boolean {
    return ((this.#memory[REGISTER.B] as number) & bit) !== 0
  }

  get #isRunning(): boolean {
    return this.#stoppedAt === null && ((this.#memory[REGISTER.A] as number) & A.DIVIDER) === RUNNING
  }

  /** Seconds since 1970 that the clock shows. */
  get #now(): number {
    if (this.#stoppedAt !== null) return this.#stoppedAt
    return Math.floor((this.#options.timeline.nowNs - this.#phaseNs) / NS) + this.#offsetSeconds
  }

  #timeOf(second: number): number {
    return (second - this.#offsetSeconds) * NS + this.#phaseNs
  }

  #read(index: number): number {
    if (TIME_REGISTERS.has(index)) return this.#encode(index, fieldsOf(this.#now))
    const value = this.#memory[index] as number
    if (index === REGISTER.A) return (value & ~A.UIP) | (this.#isUpdating ? A.UIP : 0)
    if (index === REGISTER.D) return D_VALID
    if (index !== REGISTER.C) return value
    this.#look()
    const flags = this.#memory[REGISTER.C] as number
    this.#memory[REGISTER.C] = 0
    this.#options.irq.set(false)
    this.#arm()
    return flags
  }

  get #isUpdating(): boolean {
    if (!this.#isRunning) return false
    return this.#timeOf(this.#now + 1) - this.#options.timeline.nowNs <= UIP_NS
  }

  #encode(index: number, fields: ClockFields): number {
    const value = fields[index as keyof ClockFields]
    if (index !== REGISTER.HOURS || this.#flag(B.HOURS_24)) return this.#digits(value)
    return this.#digits(value % 12 === 0 ? 12 : value % 12) | (value >= 12 ? PM : 0)
  }

  #digits(value: number): number {
    return this.#flag(B.BINARY) ? value : ((Math.floor(value / 10) << 4) | (value % 10)) & 0xff
  }

  #number(value: number): number {
    return this.#flag(B.BINARY) ? value : (value >>> 4) * 10 + (value & 0xf)
  }

  #hours(value: number): number {
    if (this.#flag(B.HOURS_24)) return this.#number(value)
    return (this.#number(value & ~PM) % 12) + ((value & PM) !== 0 ? 12 : 0)
  }

  #write(index: number, value: number): void {
    if (index === REGISTER.C || index === REGISTER.D) return
    this.#look()
    if (TIME_REGISTERS.has(index)) this.#setField(index, value)
    else if (index === REGISTER.A) this.#writeA(value)
    else if (index === REGISTER.B) this.#writeB(value)
    else this.#memory[index] = value
    this.#arm()
  }

  #setField(index: number, value: number): void {
    const fields = { ...fieldsOf(this.#now) }
    fields[index as keyof ClockFields] = index === REGISTER.HOURS ? this.#hours(value) : this.#number(value)
    this.#setTime(secondsOf(fields))
  }

  #setTime(second: number): void {
    if (this.#stoppedAt !== null) this.#stoppedAt = second
    else this.#offsetSeconds += second - this.#now
    this.#seenSecond = second
  }

  /** The second begins half a second after the dividers are released. */
  #writeA(value: number): void {
    const wasRunning = this.#isRunning
    const now = this.#now
    this.#memory[REGISTER.A] = value & ~A.UIP
    if (!wasRunning && this.#isRunning) this.#begin(now, NS / 2)
    this.#seenTick = this.#tick
  }

  #writeB(value: number): void {
    const wasStopped = this.#stoppedAt
    const now = this.#now
    this.#memory[REGISTER.B] = (value & B.SET) !== 0 ? value & ~B.UPDATE : value
    if ((value & B.SET) !== 0) this.#stoppedAt = now
    else if (wasStopped !== null) this.#begin(wasStopped, 0)
    this.#seenTick = this.#tick
    this.#raise(0)
  }

  #begin(second: number, delayNs: number): void {
    this.#stoppedAt = null
    const { nowNs } = this.#options.timeline
    this.#phaseNs = (nowNs + delayNs) % NS
    this.#offsetSeconds = 0
    this.#offsetSeconds = second - Math.floor((nowNs - this.#phaseNs) / NS)
    this.#seenSecond = second
  }

  // Interrupts.

  /** Ticks a second of the periodic interrupt: 0 for none. */
  get #rateHz(): number {
    const rate = (this.#memory[REGISTER.A] as number) & A.RATE
    if (rate === 0) return 0
    return BASE_HZ >>> ((rate < 3 ? rate + 7 : rate) - 1)
  }

  get #tick(): number {
    return Math.floor((this.#options.timeline.nowNs * this.#rateHz) / NS)
  }

  /** Sets the flags for what has come since it was looked last. */
  #look(): void {
    let flags = 0
    if (this.#isRunning) {
      const now = this.#now
      if (now > this.#seenSecond) flags |= C.UPDATE | (this.#alarmIn(this.#seenSecond + 1, now) !== null ? C.ALARM : 0)
      this.#seenSecond = now
    }
    const tick = this.#tick
    if (tick > this.#seenTick) flags |= C.PERIODIC
    this.#seenTick = tick
    this.#raise(flags)
  }

  #raise(flags: number): void {
    const all = ((this.#memory[REGISTER.C] as number) & ~C.IRQ) | flags
    const asks = (all & (this.#memory[REGISTER.B] as number) & (C.UPDATE | C.ALARM | C.PERIODIC)) !== 0
    this.#memory[REGISTER.C] = all | (asks ? C.IRQ : 0)
    this.#options.irq.set(asks)
  }

  #fire(): void {
    this.#look()
    this.#arm()
  }

  /** The first second from `from` to `to` that the alarm matches, or null. It repeats after a day at the latest. */
  #alarmIn(from: number, to: number): number | null {
    const fields = [REGISTER.HOURS_ALARM, REGISTER.MINUTES_ALARM, REGISTER.SECONDS_ALARM].map((index) => {
      const value = this.#memory[index] as number
      if ((value & DONT_CARE) === DONT_CARE) return null
      return index === REGISTER.HOURS_ALARM ? this.#hours(value) : this.#number(value)
    }) as [number | null, number | null, number | null]
    for (let second = from; second <= Math.min(to, from + DAY_SECONDS); ) {
      const step = untilMatch(second, fields)
      if (step === 0) return second
      second += step
    }
    return null
  }

  /** Waits for what can interrupt next, and for nothing else. */
  #arm(): void {
    const { nowNs } = this.#options.timeline
    let dueNs = Number.POSITIVE_INFINITY
    const asked = (this.#memory[REGISTER.C] as number) & C.IRQ
    if (this.#isRunning && asked === 0) {
      if (this.#flag(B.UPDATE)) dueNs = this.#timeOf(this.#now + 1)
      const next = this.#flag(B.ALARM) ? this.#alarmIn(this.#now + 1, this.#now + DAY_SECONDS) : null
      if (next !== null) dueNs = Math.min(dueNs, this.#timeOf(next))
    }
    if (this.#flag(B.PERIODIC) && this.#rateHz > 0 && asked === 0)
      dueNs = Math.min(dueNs, Math.ceil(((this.#tick + 1) * NS) / this.#rateHz))
    if (dueNs === Number.POSITIVE_INFINITY) this.#timer.disarm()
    else this.#timer.arm(Math.max(dueNs, nowNs))
  }

  /** A reset clears what interrupts; time and memory stay (ICH9, 13.6.2). */
  reset(): void {
    this.#look()
    this.#memory[REGISTER.B] = (this.#memory[REGISTER.B] as number) & ~(B.UPDATE | B.ALARM | B.PERIODIC)
    this.#memory[REGISTER.C] = 0
    this.#options.irq.set(false)
    this.#arm()
  }

  state(): RtcCmosState {
    return {
      ...{ memory: this.#memory.slice(), index: this.#index, offsetSeconds: this.#offsetSeconds },
      ...{ phaseNs: this.#phaseNs, stoppedAt: this.#stoppedAt },
      ...{ seenSecond: this.#seenSecond, seenTick: this.#seenTick },
    }
  }

  restore(state: RtcCmosState): void {
    this.#memory = state.memory.slice()
    this.#index = state.index
    this.#offsetSeconds = state.offsetSeconds
    this.#phaseNs = state.phaseNs
    this.#stoppedAt = state.stoppedAt
    this.#seenSecond = state.seenSecond
    this.#seenTick = state.seenTick
    this.#arm()
  }
}

/** Fields of the clock by their registers. */
type ClockFields = Record<0 | 2 | 4 | 6 | 7 | 8 | 9 | 0x32, number>

/** Calendar of a second since 1970: `Date` with a number reads no clock. */
function fieldsOf(second: number): ClockFields {
  const date = new Date(second * 1000)
  const year = date.getUTCFullYear()
  return {
    [REGISTER.SECONDS]: date.getUTCSeconds(),
    [REGISTER.MINUTES]: date.getUTCMinutes(),
    [REGISTER.HOURS]: date.getUTCHours(),
    [REGISTER.DAY_OF_WEEK]: date.getUTCDay() + 1,
    [REGISTER.DAY]: date.getUTCDate(),
    [REGISTER.MONTH]: date.getUTCMonth() + 1,
    [REGISTER.YEAR]: year % 100,
    [REGISTER.CENTURY]: Math.floor(year / 100),
  }
}

function secondsOf(fields: ClockFields): number {
  const year = fields[REGISTER.CENTURY] * 100 + fields[REGISTER.YEAR]
  const [month, day] = [fields[REGISTER.MONTH] - 1, fields[REGISTER.DAY]]
  return Date.UTC(year, month, day, fields[REGISTER.HOURS], fields[REGISTER.MINUTES], fields[REGISTER.SECONDS]) / 1000
}

/** Seconds from `second` to the next one that may match an alarm: 0 if it does itself. */
function untilMatch(
  second: number,
  [hour, minute, seconds]: readonly [number | null, number | null, number | null],
): number {
  if (hour !== null && Math.floor((second % DAY_SECONDS) / 3600) !== hour) return 3600 - (second % 3600)
  if (minute !== null && Math.floor((second % 3600) / 60) !== minute) return 60 - (second % 60)
  return seconds === null || second % 60 === seconds ? 0 : 1
}
