/** One alarm on a timeline. */
export interface Timer {
  readonly isArmed: boolean
  /** When it fires, in nanoseconds; `Infinity` while it is not armed. */
  readonly dueNs: number
  /**
   * Fires once, at `dueNs` or as soon as time has passed it; replaces what was armed. Where `ready` is given, time does not pass
   * `dueNs` before it is settled: the host's delay is never seen by the guest. How it settled is for the caller to keep.
   */
  arm(dueNs: number, ready?: PromiseLike<unknown>): void
  disarm(): void
}

/** Time as devices see it: they never read a clock, and never wait for one. */
export interface Timeline {
  /** Nanoseconds since the machine was powered on. Never goes backwards; a double, exact to the nanosecond for 104 days. */
  readonly nowNs: number
  /**
   * A timer that is not armed. Timers that are due at the same time fire in the order in which they were made, so devices make theirs
   * when they are made, and keep them.
   */
  timer(fire: () => void): Timer
}
