/** What engines counted, as lines for people. */
import type { EngineStatistics } from '@ringfold/contracts'

const INDENT = 2
const NAME_WIDTH = 28

const shown = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en-US') : value.toLocaleString('en-US', { maximumFractionDigits: 1 })

function linesOf(statistics: EngineStatistics, depth: number): string[] {
  return Object.entries(statistics).flatMap(([name, value]) => {
    const indented = `${' '.repeat(depth * INDENT)}${name}`
    if (typeof value !== 'number') return [indented, ...linesOf(value, depth + 1)]
    return [`${indented.padEnd(NAME_WIDTH)}${shown(value).padStart(16)}`]
  })
}

/** A table for each processor. */
export const statsTable = (engines: readonly EngineStatistics[]): string =>
  engines.flatMap((engine, n) => [`processor ${n}`, ...linesOf(engine, 1)]).join('\n')
