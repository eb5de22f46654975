/** Helpers and routines by number: one table of all families. */
import type { RuleContext } from '@ringfold/rings'
import { FLOAT_HELPERS, FLOAT_ROUTINES } from '../float/index.ts'
import { IrCode } from '../ir/builder.ts'
import { StateBuilder } from '../ir/state-builder.ts'
import { CRYPTO_ROUTINES } from './crypto/index.ts'
import { STRING_ROUTINES } from './packed-strings.ts'
import { RULE_HELPERS } from './rules.ts'
import { SSE_FLOAT_ROUTINES } from './sse/index.ts'
import type { Helper, Routine } from './types.ts'
import { XSTATE_HELPERS } from './xstate/index.ts'

export { WIDE_OPERAND } from './rules.ts'
export type { Helper, Routine }

/** A family adds its record here. */
const HELPERS: readonly (readonly [string, Helper])[] = /* @__PURE__ */ Object.entries<Helper>({
  ...RULE_HELPERS,
  ...XSTATE_HELPERS,
  ...FLOAT_HELPERS,
})
const ROUTINES: readonly (readonly [string, Routine])[] = /* @__PURE__ */ Object.entries<Routine>({
  ...CRYPTO_ROUTINES,
  ...STRING_ROUTINES,
  ...FLOAT_ROUTINES,
  ...SSE_FLOAT_ROUTINES,
})

const NUMBERS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  [...HELPERS, ...ROUTINES].map(([name], n) => [name, n]),
)
const CODES: (IrCode | undefined)[] = []

/** Number of a helper or routine, for `call`. */
export function helperNumber(name: string): number {
  const number = NUMBERS.get(name)
  if (number === undefined) throw new Error(`there is no helper ${name}`)
  return number
}

/** Numbers of all routines. */
export const routineNumbers = (): readonly number[] => ROUTINES.map((_, n) => HELPERS.length + n)

export const isRoutine = (number: number): boolean => number >= HELPERS.length

/** The IR of a routine. */
export function routineCode(number: number): IrCode {
  const known = CODES[number]
  if (known !== undefined) return known
  const builder = new StateBuilder(new IrCode())
  ;(ROUTINES[number - HELPERS.length] as readonly [string, Routine])[1](builder)
  CODES[number] = builder.code
  return builder.code
}

/** Calls a helper in TypeScript by number. */
export function callHelper(number: number, ctx: RuleContext, a: number, b: number, c: number): 0 | 1 {
  return (HELPERS[number] as readonly [string, Helper])[1](ctx, a, b, c)
}

export const helperName = (number: number): string => [...HELPERS, ...ROUTINES][number]?.[0] ?? '?'
