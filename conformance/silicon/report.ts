/** What a replay prints. */
import type { Counts, Tally } from './replay.ts'

const COLUMNS = ['vectors', 'passed', 'approximate', 'explained', 'failed'] as const
const MOST_FAILURES = 200

const share = (c: Counts): string => (c.undefinedBits === 0 ? '' : `${c.undefinedEqual} of ${c.undefinedBits}`)

const row = (name: string, cells: readonly string[]): string =>
  name.padEnd(12) + cells.map((c, n) => c.padStart(n < COLUMNS.length ? 12 : 24)).join('')

/** A table by file, the explanations with their counts, and the first failure of each form. */
export function reportOf(tally: Tally): string {
  const lines = [`engine ${tally.subject}`, row('group', [...COLUMNS, 'undefined flags equal'])]
  const counts: [string, Counts][] = [...tally.groups, ['all', tally.total]]
  for (const [name, c] of counts) lines.push(row(name, [...COLUMNS.map((k) => String(c[k])), share(c)]))
  for (const [why, count] of tally.explanations) lines.push(`explained ${count}: ${why}`)
  const failures = [...tally.failures.values()].sort((a, b) => b.count - a.count)
  for (const { name, count, first, fields } of failures.slice(0, MOST_FAILURES)) {
    const kinds = [...fields].sort((a, b) => b[1] - a[1]).map(([f, n]) => `${n} x ${f}`)
    lines.push(`FAILED ${name}: ${count} (${kinds.slice(0, 4).join(', ')})`, `  ${first}`)
  }
  if (failures.length > MOST_FAILURES) lines.push(`and ${failures.length - MOST_FAILURES} more forms`)
  return lines.join('\n')
}

/** Undefined flags by mnemonic: how often they are as on silicon. */
export function undefinedOf(tally: Tally): string {
  const rows = [...tally.undefinedFlags.values()].sort((a, b) => a.equal / a.vectors - b.equal / b.vectors)
  return rows.map(({ name, equal, vectors }) => `undefined ${name}: equal in ${equal} of ${vectors}`).join('\n')
}

export function jsonOf(tally: Tally) {
  return {
    engine: tally.subject,
    ...tally.total,
    groups: Object.fromEntries(tally.groups),
    explanations: Object.fromEntries(tally.explanations),
    undefinedFlags: [...tally.undefinedFlags.values()],
    failures: [...tally.failures.values()].map(({ name, count, first }) => ({ name, count, first })),
  }
}
