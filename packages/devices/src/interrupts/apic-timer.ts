/** The timer of a local APIC: Intel SDM vol. 3A, 12.5.4. */
import type { Timeline, Timer } from '@ringfold/contracts'
import { LVT } from './apic-registers.ts'

const NS = 1e9

export interface ApicTimerState {
  readonly initialCount: number
  readonly divide: number
  /** When the count began, in nanoseconds. */
  readonly startNs: number
  readonly isCounting: boolean
  readonly deadlineLo: number
  readonly deadlineHi: number
}

export interface ApicTimerOptions {
  readonly timeline: Timeline
  readonly timerHz: number
  readonly tsc: { deadlineNs(lo: number, hi: number): number }
}

export class ApicTimer {
  readonly #options: ApicTimerOptions
  readonly #timer: Timer
  readonly #fired: () => void
  #initialCount = 0
  #divide = 0
  #startNs = 0
  #isCounting = false
  #deadlineLo = 0
  #deadlineHi = 0
  #lvt = 0

  constructor(options: ApicTimerOptions, fired: () => void) {
    this.#options = options
    this.#fired = fired
    this.#timer = options.timeline.timer(() => this.#fire())
  }

  get #usesDeadline(): boolean {
    return (this.#lvt & LVT.TIMER_MODE) === LVT.TSC_DEADLINE
  }

  get #isPeriodic(): boolean {
    return (this.#lvt & LVT.TIMER_MODE) === LVT.PERIODIC
  }

  /** Nanoseconds of one count. */
  get #countNs(): number {
    const code = (this.#divide & 3) | ((this.#divide & 8) >>> 1)
    return ((code === 7 ? 1 : 2 << code) * NS) / this.#options.timerHz
  }

  get #periodNs(): number {
    return this.#initialCount * this.#countNs
  }

  get initialCount(): number {
    return this.#usesDeadline ? 0 : this.#initialCount
  }

  get divideConfiguration(): number {
    return this.#divide
  }

  get currentCount(): number {
    if (!this.#isCounting || this.#usesDeadline) return 0
    const counts = Math.floor((this.#options.timeline.nowNs - this.#startNs) / this.#countNs)
    if (this.#isPeriodic) return this.#initialCount - (counts % this.#initialCount)
    return Math.max(0, this.#initialCount - counts)
  }

  writeInitialCount(value: number): void {
    if (this.#usesDeadline) return
    this.#initialCount = value
    this.#startNs = this.#options.timeline.nowNs
    this.#isCounting = value !== 0
    this.#arm()
  }

  /** The count goes on from where it is, at its new pace. */
  writeDivide(value: number): void {
    const count = this.currentCount
    this.#divide = value & 0xb
    this.#startNs = this.#options.timeline.nowNs - (this.#initialCount - count) * this.#countNs
    this.#arm()
  }

  /** A change between deadline and the other modes disarms the timer. */
  lvtChanged(lvt: number): void {
    const used = this.#usesDeadline
    this.#lvt = lvt
    if (used !== this.#usesDeadline) this.#disarm()
    else this.#arm()
  }

  #disarm(): void {
    this.#isCounting = false
    this.#initialCount = 0
    this.#deadlineLo = 0
    this.#deadlineHi = 0
    this.#arm()
  }

  get deadline(): readonly [lo: number, hi: number] {
    return [this.#deadlineLo, this.#deadlineHi]
  }

  /** Arms it in deadline mode, and disarms it with 0; in other modes nothing is written (12.5.4.1). */
  writeDeadline(lo: number, hi: number): void {
    if (!this.#usesDeadline) return
    this.#deadlineLo = lo
    this.#deadlineHi = hi
    this.#arm()
  }

  #arm(): void {
    const { timeline, tsc } = this.#options
    if (this.#usesDeadline) {
      if (this.#deadlineLo === 0 && this.#deadlineHi === 0) this.#timer.disarm()
      else this.#timer.arm(tsc.deadlineNs(this.#deadlineLo, this.#deadlineHi))
    } else if (!this.#isCounting) this.#timer.disarm()
    else {
      const elapsed = this.#isPeriodic ? Math.floor((timeline.nowNs - this.#startNs) / this.#periodNs) : 0
      this.#timer.arm(this.#startNs + (elapsed + 1) * this.#periodNs)
    }
  }

  #fire(): void {
    if (this.#usesDeadline) {
      this.#deadlineLo = 0
      this.#deadlineHi = 0
    } else if (this.#isPeriodic) this.#arm()
    else this.#isCounting = false
    this.#fired()
  }

  reset(): void {
    this.#divide = 0
    this.#disarm()
  }

  state(): ApicTimerState {
    return {
      ...{ initialCount: this.#initialCount, divide: this.#divide, startNs: this.#startNs },
      ...{ isCounting: this.#isCounting, deadlineLo: this.#deadlineLo, deadlineHi: this.#deadlineHi },
    }
  }

  restore(state: ApicTimerState, lvt: number): void {
    this.#initialCount = state.initialCount
    this.#divide = state.divide
    this.#startNs = state.startNs
    this.#isCounting = state.isCounting
    this.#deadlineLo = state.deadlineLo
    this.#deadlineHi = state.deadlineHi
    this.#lvt = lvt
    this.#arm()
  }
}
