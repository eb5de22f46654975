/** The 8254 programmable interval timer of a PC, with system control port B: Intel 8254 datasheet (231164-005). */
import type { IoDevice, IrqLine, Stateful, Timeline, Timer } from '@ringfold/contracts'

/** The PC's clock of the timer: a third of NTSC's colour carrier. */
export const PIT_HZ = 1_193_182
const NS = 1e9
/** The refresh toggle of port 61H changes every 15.085 us: channel 1 with a count of 18. */
const REFRESH_NS = 15_085

const CONTROL = { READ_BACK: 3, NO_COUNT: 0x20, NO_STATUS: 0x10, BCD: 0x01 } as const
const ACCESS = { LATCH: 0, LOW: 1, HIGH: 2, WORD: 3 } as const
const STATUS = { OUT: 0x80, NULL_COUNT: 0x40 } as const
const PORT61 = { GATE2: 0x01, SPEAKER: 0x02, REFRESH: 0x10, OUT2: 0x20 } as const

export interface PitChannelState {
  readonly mode: number
  readonly access: number
  readonly bcd: boolean
  /** The count register: 0 counts as 65536 (or 10000 in BCD). */
  readonly count: number
  /** When counting began, in nanoseconds; null while it waits for a count or a trigger. */
  readonly startNs: number | null
  readonly gate: boolean
  /** Ticks that were counted when the gate went low; null while it counts. */
  readonly heldTicks: number | null
  readonly latchedCount: number | null
  readonly latchedStatus: number | null
  readonly readsHigh: boolean
  readonly lowByte: number | null
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const INITIAL: PitChannelState = {
  ...{ mode: 3, access: ACCESS.WORD, bcd: false, count: 0, startNs: null, gate: true, heldTicks: null },
  ...{ latchedCount: null, latchedStatus: null, readsHigh: false, lowByte: null },
}

/** One of the three counters; everything follows from the count and from when it began. */
class PitChannel {
  s: Mutable<PitChannelState> = { ...INITIAL }
  readonly #timeline: Timeline

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  /** Ticks of a whole count. */
  get period(): number {
    const { count, bcd } = this.s
    if (count === 0) return bcd ? 10_000 : 0x1_0000
    return count
  }

  get isPeriodic(): boolean {
    return this.s.mode === 2 || this.s.mode === 3
  }

  /** Whether a rising gate starts the count anew, and a low one does not hold it. */
  get #isTriggered(): boolean {
    return this.s.mode === 1 || this.s.mode === 5
  }

  /** Ticks since the count began; -1 while it has not. */
  get ticks(): number {
    const { startNs, heldTicks } = this.s
    if (startNs === null) return -1
    return heldTicks ?? Math.max(0, Math.floor(((this.#timeline.nowNs - startNs) * PIT_HZ) / NS))
  }

  /** What the counting element holds. */
  get current(): number {
    const ticks = this.ticks
    if (ticks < 0) return this.period
    if (this.s.mode === 3) return this.period - ((2 * ticks) % this.period)
    if (this.isPeriodic) return this.period - (ticks % this.period)
    const wrap = this.s.bcd ? 10_000 : 0x1_0000
    return (((this.period - ticks) % wrap) + wrap) % wrap
  }

  get out(): boolean {
    const ticks = this.ticks
    const { mode, gate } = this.s
    if (ticks < 0) return mode !== 0
    switch (mode) {
      case 0:
      case 1:
        return ticks >= this.period
      case 2:
        return !gate || ticks % this.period !== this.period - 1
      case 3:
        return !gate || ticks % this.period < Math.ceil(this.period / 2)
      default:
        return ticks !== this.period
    }
  }

  /** When the output next changes, counting from now, in nanoseconds; null: never. */
  get nextChangeNs(): number | null {
    const { startNs, heldTicks } = this.s
    if (startNs === null || heldTicks !== null) return null
    const at = this.#nextChangeTick(this.ticks)
    return at === null ? null : Math.ceil(startNs + (at * NS) / PIT_HZ)
  }

  #nextChangeTick(ticks: number): number | null {
    const { period } = this
    if (!this.isPeriodic) {
      const changes = this.s.mode === 4 || this.s.mode === 5 ? [period, period + 1] : [period]
      return changes.find((at) => at > ticks) ?? null
    }
    const base = ticks - (ticks % period)
    const middle = this.s.mode === 2 ? period - 1 : Math.ceil(period / 2)
    return ticks < base + middle ? base + middle : base + period
  }

  #start(): void {
    this.s.startNs = this.#timeline.nowNs
    this.s.heldTicks = this.s.gate || this.#isTriggered ? null : 0
  }

  setGate(gate: boolean): void {
    const { s } = this
    if (s.gate === gate) return
    s.gate = gate
    if (this.#isTriggered || this.isPeriodic) {
      if (gate && s.startNs !== null) this.#start()
      else if (gate && this.#isTriggered) this.#start()
      else if (!gate && this.isPeriodic && s.startNs !== null) s.heldTicks = this.ticks
    } else if (s.startNs !== null) this.#hold(gate)
  }

  /** Modes 0 and 4: a low gate holds the count. */
  #hold(gate: boolean): void {
    const { s } = this
    if (!gate) s.heldTicks = this.ticks
    else if (s.heldTicks !== null) {
      s.startNs = this.#timeline.nowNs - Math.ceil((s.heldTicks * NS) / PIT_HZ)
      s.heldTicks = null
    }
  }

  control(value: number): void {
    const access = (value >>> 4) & 3
    if (access === ACCESS.LATCH) {
      this.latchCount()
      return
    }
    const mode = (value >>> 1) & 7
    const { gate } = this.s
    this.s = { ...INITIAL, gate, access, mode: mode > 5 ? mode - 4 : mode, bcd: (value & CONTROL.BCD) !== 0 }
  }

  latchCount(): void {
    this.s.latchedCount ??= this.#encoded(this.current)
  }

  latchStatus(): void {
    const { mode, access, bcd, startNs } = this.s
    const status = (this.out ? STATUS.OUT : 0) | (startNs === null ? STATUS.NULL_COUNT : 0)
    this.s.latchedStatus ??= status | (access << 4) | (mode << 1) | (bcd ? 1 : 0)
  }

  #encoded(value: number): number {
    if (!this.s.bcd) return value & 0xffff
    return Number.parseInt(String(value % 10_000), 16)
  }

  write(value: number): void {
    const { s } = this
    if (s.access === ACCESS.WORD && s.lowByte === null) {
      s.lowByte = value
      // In mode 0 the first byte stops the count.
      if (s.mode === 0) s.startNs = null
      return
    }
    const word =
      s.access === ACCESS.WORD ? (s.lowByte as number) | (value << 8) : s.access === ACCESS.LOW ? value : value << 8
    s.lowByte = null
    s.count = s.bcd ? Number.parseInt(word.toString(16), 10) || 0 : word
    if (!this.#isTriggered) this.#start()
    else if (s.startNs === null) s.startNs = null
  }

  read(): number {
    const { s } = this
    if (s.latchedStatus !== null) {
      const status = s.latchedStatus
      s.latchedStatus = null
      return status
    }
    const value = s.latchedCount ?? this.#encoded(this.current)
    const high = s.access === ACCESS.HIGH || (s.access === ACCESS.WORD && s.readsHigh)
    if (s.access === ACCESS.WORD) s.readsHigh = !s.readsHigh
    if (!(s.access === ACCESS.WORD && s.readsHigh)) s.latchedCount = null
    return high ? value >>> 8 : value & 0xff
  }
}

export interface Pit8254Options {
  readonly timeline: Timeline
  /** Output of channel 0. */
  readonly irq: IrqLine
}

export interface Pit8254State {
  readonly channels: readonly PitChannelState[]
  readonly speaker: boolean
}

export class Pit8254 implements Stateful<Pit8254State> {
  readonly #timeline: Timeline
  readonly #irq: IrqLine
  readonly #channels: readonly PitChannel[]
  readonly #timer: Timer
  #speaker = false

  constructor({ timeline, irq }: Pit8254Options) {
    this.#timeline = timeline
    this.#irq = irq
    this.#channels = [0, 1, 2].map(() => new PitChannel(timeline))
    this.#timer = timeline.timer(() => this.#update())
    this.#channel(2).s.gate = false
  }

  #channel(n: number): PitChannel {
    return this.#channels[n] as PitChannel
  }

  /** Ports 40H to 43H. */
  readonly ports: IoDevice = {
    read: (offset) => (offset < 3 ? this.#channel(offset).read() : 0xff),
    write: (offset, _sizeBytes, value) => {
      if (offset < 3) this.#channel(offset).write(value & 0xff)
      else this.#control(value & 0xff)
      this.#update()
    },
  }

  #control(value: number): void {
    const selected = value >>> 6
    if (selected !== CONTROL.READ_BACK) {
      this.#channel(selected).control(value)
      return
    }
    for (const [n, channel] of this.#channels.entries()) {
      if ((value & (2 << n)) === 0) continue
      if ((value & CONTROL.NO_COUNT) === 0) channel.latchCount()
      if ((value & CONTROL.NO_STATUS) === 0) channel.latchStatus()
    }
  }

  /** Port 61H: gate and output of channel 2, speaker, refresh toggle. */
  readonly port61: IoDevice = {
    read: () => {
      const { s, out } = this.#channel(2)
      const refresh = Math.floor(this.#timeline.nowNs / REFRESH_NS) % 2 === 1
      return (
        (s.gate ? PORT61.GATE2 : 0) |
        (this.#speaker ? PORT61.SPEAKER : 0) |
        (refresh ? PORT61.REFRESH : 0) |
        (out ? PORT61.OUT2 : 0)
      )
    },
    write: (_offset, _sizeBytes, value) => {
      this.#channel(2).setGate((value & PORT61.GATE2) !== 0)
      this.#speaker = (value & PORT61.SPEAKER) !== 0
    },
  }

  /** Drives IRQ 0 as channel 0 says, and waits for its next change. */
  #update(): void {
    const channel = this.#channel(0)
    this.#irq.set(channel.out)
    const nextNs = channel.nextChangeNs
    if (nextNs === null) this.#timer.disarm()
    else this.#timer.arm(nextNs)
  }

  reset(): void {
    for (const [n, channel] of this.#channels.entries()) channel.s = { ...INITIAL, gate: n !== 2 }
    this.#speaker = false
    this.#update()
  }

  state(): Pit8254State {
    return { channels: this.#channels.map(({ s }) => ({ ...s })), speaker: this.#speaker }
  }

  restore({ channels, speaker }: Pit8254State): void {
    for (const [n, channel] of this.#channels.entries()) channel.s = { ...(channels[n] as PitChannelState) }
    this.#speaker = speaker
    const nextNs = this.#channel(0).nextChangeNs
    if (nextNs === null) this.#timer.disarm()
    else this.#timer.arm(nextNs)
  }
}
