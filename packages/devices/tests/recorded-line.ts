import type { IrqLine } from '@ringfold/contracts'

/** An interrupt line that remembers its level and how often it rose. */
export class RecordedLine implements IrqLine {
  level = false
  edges = 0

  set(level: boolean): void {
    if (level && !this.level) this.edges++
    this.level = level
  }
}
