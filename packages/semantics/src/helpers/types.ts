import type { CpuState } from '@ringfold/arch'

/** What a helper may ask of the processor around it. Rules of `rings` come in with its `RuleContext`. */
export interface HelperEnvironment {
  readonly state: CpuState
  /** Makes an exception pending. @returns 1. */
  raise(vector: number, errorCode?: number): 1
}

/**
 * What liftings call for where IR would be long or slow to write: operands beyond three words, and results, travel in the state's
 * `helperArgument`, or the helper works on the state's registers itself.
 * @returns 0 when done; 1 when a fault is pending, in which case nothing was changed.
 */
export type Helper<E extends HelperEnvironment = HelperEnvironment> = (e: E, a: number, b: number, c: number) => 0 | 1
