/** Helpers by number: one table, to which each family adds its own. */
import type { Helper, HelperEnvironment } from './types.ts'

export type { Helper, HelperEnvironment }

const TABLE: [string, Helper][] = []
const NUMBERS = new Map<string, number>()

/** Adds helpers; liftings refer to them by {@link helperNumber}. Called by the modules that define them, once. */
export function defineHelpers(helpers: Readonly<Record<string, Helper>>): void {
  for (const [name, helper] of Object.entries(helpers)) {
    if (NUMBERS.has(name)) throw new Error(`helper ${name} is defined twice`)
    NUMBERS.set(name, TABLE.push([name, helper]) - 1)
  }
}

/** Number of a helper, for `Lifter.call`. */
export function helperNumber(name: string): number {
  const number = NUMBERS.get(name)
  if (number === undefined) throw new Error(`there is no helper ${name}`)
  return number
}

/** Calls a helper by number. */
export function callHelper(number: number, e: HelperEnvironment, a: number, b: number, c: number): 0 | 1 {
  return (TABLE[number] as [string, Helper])[1](e, a, b, c)
}

export const helperName = (number: number): string => TABLE[number]?.[0] ?? '?'
