/**
 * The machine's time: one tick, which is one nanosecond, for each instruction that any processor retires, plus what was skipped
 * (while all wait, while a device is reached, or because the host's clock went ahead). All that happens in a machine happens at a
 * value of it, so a run repeats to the bit.
 */
import type { Clock, Timeline, Timer } from '@ringfold/contracts'

/** Ticks of the time-stamp counters in a second: they tick with the machine's time. */
export const TSC_HZ = 1_000_000_000
const TWO_32 = 2 ** 32
const NEVER = Number.POSITIVE_INFINITY

class MachineTimer implements Timer {
  readonly order: number
  readonly fire: () => void
  dueNs = NEVER
  /** What is still awaited before time may pass `dueNs`. */
  awaited: PromiseLike<unknown> | undefined
  readonly #time: MachineTime

  constructor(time: MachineTime, order: number, fire: () => void) {
    this.#time = time
    this.order = order
    this.fire = fire
  }

  get isArmed(): boolean {
    return this.dueNs !== NEVER
  }

  arm(dueNs: number, ready?: PromiseLike<unknown>): void {
    this.dueNs = dueNs
    this.awaited = ready
    if (ready !== undefined) {
      const settled = () => {
        if (this.awaited === ready) this.awaited = undefined
      }
      ready.then(settled, settled)
    }
    this.#time.rearmed(dueNs)
  }

  disarm(): void {
    if (this.dueNs === NEVER) return
    this.dueNs = NEVER
    this.awaited = undefined
    this.#time.rearmed(NEVER)
  }
}

export class MachineTime implements Clock, Timeline {
  readonly tscHz = TSC_HZ
  readonly #timers: MachineTimer[] = []
  /** Instructions retired by all processors. */
  readonly #retired: () => number
  /** Asks the running processor to stop at the next boundary. */
  readonly #stop: () => void
  #skippedNs = 0
  #nextNs = NEVER
  #nextIsKnown = true
  /** Until when the processors were let run. */
  #horizonNs = 0

  constructor(retired: () => number, stop: () => void) {
    this.#retired = retired
    this.#stop = stop
  }

  get nowNs(): number {
    return this.#retired() + this.#skippedNs
  }

  tscLo(): number {
    return this.nowNs % TWO_32
  }

  tscHi(): number {
    return Math.floor(this.nowNs / TWO_32)
  }

  timer(fire: () => void): Timer {
    const timer = new MachineTimer(this, this.#timers.length, fire)
    this.#timers.push(timer)
    return timer
  }

  /** A timer has a new due time. */
  rearmed(dueNs: number): void {
    this.#nextIsKnown = false
    if (dueNs < this.#horizonNs) this.#stop()
  }

  /** When the next timer is due; `Infinity` if none is armed. */
  get nextNs(): number {
    if (this.#nextIsKnown) return this.#nextNs
    let least = NEVER
    for (const { dueNs } of this.#timers) if (dueNs < least) least = dueNs
    this.#nextNs = least
    this.#nextIsKnown = true
    return least
  }

  /** The processors run until then at most. */
  letRunUntil(horizonNs: number): void {
    this.#horizonNs = horizonNs
  }

  /** Lets time pass without an instruction. Timers that become due fire at the next boundary. */
  skip(ns: number): void {
    this.#skippedNs += ns
    if (this.#horizonNs > 0) this.#stop()
  }

  /** What time waits for: a timer is due whose condition is not met yet. */
  get awaited(): PromiseLike<unknown> | undefined {
    if (this.nextNs > this.nowNs) return undefined
    return this.#first().awaited
  }

  /** Fires the timers that are due, in the order of their times, up to one that has to wait. */
  fireDue(): void {
    const nowNs = this.nowNs
    while (this.nextNs <= nowNs) {
      const timer = this.#first()
      if (timer.awaited !== undefined) return
      timer.disarm()
      timer.fire()
    }
  }

  #first(): MachineTimer {
    const { nextNs } = this
    return this.#timers.find(({ dueNs }) => dueNs === nextNs) as MachineTimer
  }

  get skippedNs(): number {
    return this.#skippedNs
  }

  /** Timers are their devices' to restore. */
  restore(skippedNs: number): void {
    this.#skippedNs = skippedNs
    for (const timer of this.#timers) timer.disarm()
  }
}
