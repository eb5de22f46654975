import type { RuleContext } from '@ringfold/rings'
import type { StateBuilder } from '../ir/state-builder.ts'

/**
 * A helper in TypeScript: rules of `rings`, and what is neither hot nor short. `state.rip` is the current instruction and flags
 * are settled, as rules want it. Operands beyond three words, and results, travel in the state's `helperArgument`.
 * @returns 0 when done; 1 when a fault is pending, in which case nothing was changed.
 */
export type Helper = (ctx: RuleContext, a: number, b: number, c: number) => 0 | 1

/**
 * A helper in IR, which every engine has in its own form: arithmetic with loops and branches that liftings share (soft-float,
 * cryptography). It works on the state (`helperArgument`, registers) and on its three words ({@link StateBuilder.argumentWord});
 * it accesses no guest memory. `fault` ends it, and the instruction that called it.
 */
export type Routine = (b: StateBuilder) => void
