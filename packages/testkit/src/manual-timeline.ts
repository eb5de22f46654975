import type { Timeline, Timer } from '@ringfold/contracts'

class ManualTimer implements Timer {
  dueNs = Number.POSITIVE_INFINITY
  readonly fire: () => void

  constructor(fire: () => void) {
    this.fire = fire
  }

  get isArmed(): boolean {
    return this.dueNs !== Number.POSITIVE_INFINITY
  }

  arm(dueNs: number): void {
    this.dueNs = dueNs
  }

  disarm(): void {
    this.dueNs = Number.POSITIVE_INFINITY
  }
}

/** A timeline that a test moves by hand. It does not wait for what a timer waits for: use `advanceWhenReady` where that matters. */
export class ManualTimeline implements Timeline {
  nowNs = 0
  readonly #timers: ManualTimer[] = []

  timer(fire: () => void): Timer {
    const timer = new ManualTimer(fire)
    this.#timers.push(timer)
    return timer
  }

  /** When the next timer fires; `Infinity` if none is armed. */
  get nextNs(): number {
    return this.#timers.reduce((least, { dueNs }) => Math.min(least, dueNs), Number.POSITIVE_INFINITY)
  }

  /** Moves time on, firing what becomes due at its time, in order. */
  advance(byNs: number): void {
    this.advanceTo(this.nowNs + byNs)
  }

  advanceTo(toNs: number): void {
    for (;;) {
      const dueNs = this.nextNs
      if (dueNs > toNs) break
      this.nowNs = Math.max(this.nowNs, dueNs)
      const timer = this.#timers.find((candidate) => candidate.dueNs === dueNs) as ManualTimer
      timer.disarm()
      timer.fire()
    }
    this.nowNs = Math.max(this.nowNs, toNs)
  }

  /** Lets promises that are about to settle do so, then moves time on. */
  async advanceWhenReady(byNs: number): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await Promise.resolve()
    this.advance(byNs)
  }
}
