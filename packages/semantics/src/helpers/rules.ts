/** The rules of `rings` as helpers: three words, and what does not fit in `helperArgument`. */
import { RULES } from '@ringfold/rings'
import type { Helper } from './types.ts'

export const RULE_HELPERS: Readonly<Record<string, Helper>> = {
  cli: (ctx) => RULES.cli(ctx),
  sti: (ctx) => RULES.sti(ctx),
}
