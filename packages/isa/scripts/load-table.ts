/** All families of the table, in the order of the support page. */
import { readdirSync } from 'node:fs'
import type { Family } from '../table/notation.ts'

/** Files of the table in their order; others follow by name. */
const ORDER = [
  'general',
  'general-2',
  'system',
  'virtualization',
  'x87',
  'mmx',
  'sse',
  'sse2',
  'sse3-4',
  'avx',
  'avx-int',
  'vex-more',
  'vex-later',
  'later',
]

/** Imports every `table/*.ts` and concatenates the arrays that they export. */
export async function loadFamilies(): Promise<readonly Family[]> {
  const folder = new URL('../table/', import.meta.url)
  const files = readdirSync(folder)
    .filter((f) => f.endsWith('.ts') && f !== 'notation.ts' && !f.endsWith('.test.ts'))
    .map((f) => f.slice(0, -3))
  const rank = (f: string) => (ORDER.includes(f) ? ORDER.indexOf(f) : ORDER.length)
  files.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  const families: Family[] = []
  for (const file of files) {
    const module = (await import(new URL(`${file}.ts`, folder).href)) as Record<string, unknown>
    for (const value of Object.values(module)) if (Array.isArray(value)) families.push(...(value as Family[]))
  }
  return families
}
