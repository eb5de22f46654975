/** What cases are held against: anything that takes a case and says what became of it. */
import type { SiliconCase, SiliconOutcome } from './case.ts'

export interface SiliconSubject {
  readonly name: string
  /** Runs a case from its initial state up to the exception that ends it. A fault of the case is data; a host exception is a defect. */
  run(c: SiliconCase): SiliconOutcome
}
