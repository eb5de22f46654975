/** Helpers that save and restore the state of x87, SSE and what XSAVE manages, over linear memory. */
import type { Helper } from '../types.ts'
import { fxrstor, fxsave } from './fxsave.ts'
import { xrstor, xrstors } from './xrstor.ts'
import { xsave, xsavec, xsaveopt, xsaves } from './xsave.ts'

/** Words: segment of the operand, 1 with REX.W; the effective address in element 0 of `helperArgument`. */
export const XSTATE_HELPERS: Readonly<Record<string, Helper>> = {
  fxsave,
  fxrstor,
  xsave,
  xsaveopt,
  xsavec,
  xsaves,
  xrstor,
  xrstors,
}
