/** Where a machine's time comes from. Nothing below `apps/` reads a clock of its own. */
export interface Clock {
  /**
   * Ticks of the time-stamp counter since the clock began, as two 32-bit halves, unsigned. `retired` is the number of
   * instructions that the asking processor has retired: a virtual clock is a function of it, a real one ignores it.
   */
  tscLo(retiredLo: number, retiredHi: number): number
  tscHi(retiredLo: number, retiredHi: number): number
  /** Ticks of the time-stamp counter in a second. */
  readonly tscHz: number
}
