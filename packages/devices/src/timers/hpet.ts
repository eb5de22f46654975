/** A high precision event timer: IA-PC HPET Specification 1.0a. */
import type { IoDevice, IrqLine, MessageTarget, Stateful, Timeline, Timer } from '@ringfold/contracts'

/** 100 MHz: a tick takes 10,000,000 fs. */
const TICK_NS = 10
const TICK_FS = 10_000_000
const COMPARATORS = 3
const TWO_32 = 2 ** 32
const VENDOR = 0x8086
/** Inputs of the I/O APIC that comparators may use: 16 to 23, which no ISA device has; and the message of the FSB. */
const ROUTES = 0x00ff_0000

const GENERAL = { CAPABILITIES: 0x000, CONFIGURATION: 0x010, STATUS: 0x020, COUNTER: 0x0f0 } as const
const CONFIGURATION = { ENABLE: 1, LEGACY: 2 } as const
const TIMERS_AT = 0x100
const TIMER_BYTES = 0x20
const OFFSET = { CONFIGURATION: 0x00, COMPARATOR: 0x08, FSB: 0x10 } as const
/** Timer configuration: 2.3.8. */
const T = {
  LEVEL: 0x0002,
  ENABLE: 0x0004,
  PERIODIC: 0x0008,
  PERIODIC_CAPABLE: 0x0010,
  WIDE_CAPABLE: 0x0020,
  SET_VALUE: 0x0040,
  NARROW: 0x0100,
  ROUTE: 0x3e00,
  FSB_ENABLE: 0x4000,
  FSB_CAPABLE: 0x8000,
} as const
const WRITABLE = T.LEVEL | T.ENABLE | T.PERIODIC | T.NARROW | T.ROUTE | T.FSB_ENABLE

/** GCAP_ID, bits 31:0, which the ACPI table repeats: revision 1, three comparators, 64 bits, legacy replacement. */
export const HPET_BLOCK_ID = ((VENDOR << 16) | 0x8000 | 0x2000 | ((COMPARATORS - 1) << 8) | 1) >>> 0
export const HPET_BYTES = 0x400

export interface HpetOptions {
  readonly timeline: Timeline
  /** The wire of a global system interrupt. */
  readonly irq: (gsi: number) => IrqLine
  readonly messages?: MessageTarget
  /** Legacy replacement: comparators 0 and 1 take the places of the 8254's and the clock's interrupts. */
  readonly legacyReplacement?: (on: boolean) => void
}

interface ComparatorState {
  readonly configuration: number
  readonly comparator: readonly [number, number]
  readonly period: readonly [number, number]
  readonly fsb: readonly [number, number]
}

export interface HpetState {
  readonly configuration: number
  readonly status: number
  /** What the counter showed when it was stopped; while it runs, minus the ticks of the timeline when it was started. */
  readonly counter: number
  readonly comparators: readonly ComparatorState[]
}

class Comparator {
  configuration: number = T.PERIODIC_CAPABLE | T.WIDE_CAPABLE | T.FSB_CAPABLE
  comparator: [number, number] = [0xffff_ffff, 0xffff_ffff]
  period: [number, number] = [0, 0]
  fsb: [number, number] = [0, 0]
  readonly timer: Timer

  constructor(timer: Timer) {
    this.timer = timer
  }

  has(bit: number): boolean {
    return (this.configuration & bit) !== 0
  }
}

export class Hpet implements Stateful<HpetState> {
  readonly #options: HpetOptions
  readonly #comparators: readonly Comparator[]
  #configuration = 0
  #status = 0
  #counter = 0

  constructor(options: HpetOptions) {
    this.#options = options
    this.#comparators = Array.from(
      { length: COMPARATORS },
      (_, n) => new Comparator(options.timeline.timer(() => this.#fire(n))),
    )
  }

  get #isRunning(): boolean {
    return (this.#configuration & CONFIGURATION.ENABLE) !== 0
  }

  get #ticks(): number {
    return Math.floor(this.#options.timeline.nowNs / TICK_NS)
  }

  /** The main counter: it does not reach 2^53 in our lifetimes, unless it is set so. */
  get #now(): number {
    return this.#isRunning ? this.#counter + this.#ticks : this.#counter
  }

  /** Registers of 64 bits; an access of 64 arrives as two of 32. Narrower ones read a part, and write nothing. */
  readonly mmio: IoDevice = {
    read: (offset, sizeBytes) => {
      const word = this.#read(offset & ~3)
      return Math.floor(word / 2 ** (8 * (offset & 3))) % 2 ** (8 * sizeBytes)
    },
    write: (offset, sizeBytes, value) => {
      if (sizeBytes === 4 && (offset & 3) === 0) this.#write(offset, value)
    },
  }

  #read(offset: number): number {
    const half = (offset & 4) !== 0 ? 1 : 0
    if (offset >= TIMERS_AT) return this.#readTimer(offset, half)
    switch (offset & ~7) {
      case GENERAL.CAPABILITIES:
        return half === 1 ? TICK_FS : HPET_BLOCK_ID
      case GENERAL.CONFIGURATION:
        return half === 1 ? 0 : this.#configuration
      case GENERAL.STATUS:
        return half === 1 ? 0 : this.#status
      case GENERAL.COUNTER:
        return half === 1 ? Math.floor(this.#now / TWO_32) % TWO_32 : this.#now % TWO_32
      default:
        return 0
    }
  }

  #comparatorAt(offset: number): Comparator | undefined {
    return this.#comparators[Math.floor((offset - TIMERS_AT) / TIMER_BYTES)]
  }

  #readTimer(offset: number, half: 0 | 1): number {
    const timer = this.#comparatorAt(offset)
    if (timer === undefined) return 0
    switch (offset & (TIMER_BYTES - 8)) {
      case OFFSET.CONFIGURATION:
        return half === 1 ? ROUTES : timer.configuration
      case OFFSET.COMPARATOR:
        return timer.comparator[half]
      case OFFSET.FSB:
        return timer.fsb[half]
      default:
        return 0
    }
  }

  #write(offset: number, value: number): void {
    const half = (offset & 4) !== 0 ? 1 : 0
    if (offset >= TIMERS_AT) this.#writeTimer(offset, half, value)
    else if ((offset & ~7) === GENERAL.COUNTER) this.#writeCounter(half, value)
    else if (half === 0 && offset === GENERAL.CONFIGURATION) this.#configure(value & 3)
    else if (half === 0 && offset === GENERAL.STATUS) this.#clearStatus(value)
  }

  #configure(value: number): void {
    const now = this.#now
    const legacyChanged = ((value ^ this.#configuration) & CONFIGURATION.LEGACY) !== 0
    this.#configuration = value
    this.#counter = this.#isRunning ? now - this.#ticks : now
    if (legacyChanged) this.#options.legacyReplacement?.((value & CONFIGURATION.LEGACY) !== 0)
    for (const n of this.#comparators.keys()) this.#arm(n)
  }

  /** A stopped counter is set; a running one takes it too, though the specification forbids it. */
  #writeCounter(half: 0 | 1, value: number): void {
    const now = this.#now
    const [lo, hi] = half === 0 ? [value, Math.floor(now / TWO_32)] : [now % TWO_32, value]
    const set = hi * TWO_32 + lo
    this.#counter = this.#isRunning ? set - this.#ticks : set
    for (const n of this.#comparators.keys()) this.#arm(n)
  }

  #clearStatus(value: number): void {
    const cleared = this.#status & value
    this.#status &= ~value
    for (const [n] of this.#comparators.entries()) if ((cleared & (1 << n)) !== 0) this.#line(n)?.set(false)
  }

  #writeTimer(offset: number, half: 0 | 1, value: number): void {
    const n = Math.floor((offset - TIMERS_AT) / TIMER_BYTES)
    const timer = this.#comparators[n]
    if (timer === undefined) return
    switch (offset & (TIMER_BYTES - 8)) {
      case OFFSET.CONFIGURATION:
        if (half === 0) this.#configureTimer(timer, value)
        break
      case OFFSET.COMPARATOR:
        writeComparator(timer, half, value)
        break
      case OFFSET.FSB:
        timer.fsb[half] = value
        break
      default:
        return
    }
    this.#arm(n)
  }

  #configureTimer(timer: Comparator, value: number): void {
    timer.configuration = (timer.configuration & ~WRITABLE) | (value & (WRITABLE | T.SET_VALUE))
    if (timer.has(T.NARROW)) {
      timer.comparator[1] = 0
      timer.period[1] = 0
    }
  }

  /** Where a comparator's interrupt goes, if by a wire. */
  #line(n: number): IrqLine | undefined {
    const timer = this.#comparators[n] as Comparator
    if (timer.has(T.FSB_ENABLE)) return undefined
    const isLegacy = (this.#configuration & CONFIGURATION.LEGACY) !== 0
    if (isLegacy && n < 2) return this.#options.irq(n === 0 ? 0 : 8)
    const route = (timer.configuration & T.ROUTE) >>> 9
    return ((ROUTES >>> route) & 1) !== 0 ? this.#options.irq(route) : undefined
  }

  /** Waits until the counter meets the comparator. */
  #arm(n: number): void {
    const timer = this.#comparators[n] as Comparator
    if (!this.#isRunning) {
      timer.timer.disarm()
      return
    }
    const range = timer.has(T.NARROW) ? TWO_32 : 2 ** 64
    const target = timer.has(T.NARROW) ? timer.comparator[0] : wide(timer.comparator)
    const now = this.#now
    const ahead = timer.has(T.NARROW) ? (target - (now % TWO_32) + range) % range || range : target - now
    // What lies behind comes again only when the counter has gone round: that is never, with 64 bits.
    if (ahead <= 0 || !Number.isFinite(ahead) || ahead > 2 ** 50) timer.timer.disarm()
    else timer.timer.arm((this.#ticks + ahead) * TICK_NS)
  }

  #fire(n: number): void {
    const timer = this.#comparators[n] as Comparator
    if (timer.has(T.PERIODIC)) this.#advance(timer)
    this.#interrupt(n, timer)
    this.#arm(n)
  }

  /** The accumulator moves on by whole periods, past the counter. */
  #advance(timer: Comparator): void {
    const period = timer.has(T.NARROW) ? timer.period[0] : wide(timer.period)
    if (period <= 0) return
    const range = timer.has(T.NARROW) ? TWO_32 : 2 ** 64
    const current = timer.has(T.NARROW) ? timer.comparator[0] : wide(timer.comparator)
    const late = timer.has(T.NARROW) ? 0 : Math.max(0, this.#now - current)
    const next = (current + (Math.floor(late / period) + 1) * period) % range
    timer.comparator = [next % TWO_32, Math.floor(next / TWO_32)]
  }

  #interrupt(n: number, timer: Comparator): void {
    const isLevel = timer.has(T.LEVEL)
    if (isLevel) this.#status |= 1 << n
    if (!timer.has(T.ENABLE)) return
    if (timer.has(T.FSB_ENABLE)) {
      this.#options.messages?.deliver(timer.fsb[1], 0, timer.fsb[0])
      return
    }
    const line = this.#line(n)
    line?.set(true)
    if (!isLevel) line?.set(false)
  }

  reset(): void {
    this.#configure(0)
    this.#status = 0
    this.#counter = 0
    for (const timer of this.#comparators) {
      const fresh = new Comparator(timer.timer)
      Object.assign(timer, fresh)
      timer.timer.disarm()
    }
  }

  state(): HpetState {
    return {
      ...{ configuration: this.#configuration, status: this.#status, counter: this.#counter },
      comparators: this.#comparators.map(({ configuration, comparator, period, fsb }) => ({
        ...{ configuration, comparator: [...comparator], period: [...period], fsb: [...fsb] },
      })) as unknown as readonly ComparatorState[],
    }
  }

  restore({ configuration, status, counter, comparators }: HpetState): void {
    this.#configuration = configuration
    this.#status = status
    this.#counter = counter
    this.#options.legacyReplacement?.((configuration & CONFIGURATION.LEGACY) !== 0)
    for (const [n, saved] of comparators.entries()) {
      const timer = this.#comparators[n] as Comparator
      timer.configuration = saved.configuration
      timer.comparator = [saved.comparator[0], saved.comparator[1]]
      timer.period = [saved.period[0], saved.period[1]]
      timer.fsb = [saved.fsb[0], saved.fsb[1]]
      this.#arm(n)
    }
  }
}

const wide = ([lo, hi]: readonly [number, number]): number => hi * TWO_32 + lo

/** A periodic timer takes its period; with SET_VALUE the accumulator too (2.3.9.2.2). */
function writeComparator(timer: Comparator, half: 0 | 1, value: number): void {
  if (timer.has(T.NARROW) && half === 1) return
  const setsValue = !timer.has(T.PERIODIC) || timer.has(T.SET_VALUE)
  if (timer.has(T.PERIODIC)) timer.period[half] = value
  if (setsValue) timer.comparator[half] = value
  // The bit stays for the other half of a 64-bit write; it is gone with the first write of 32-bit timers.
  if (half === 1 || timer.has(T.NARROW)) timer.configuration &= ~T.SET_VALUE
}
