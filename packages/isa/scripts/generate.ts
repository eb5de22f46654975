/**
 * Writes `src/generated/` and `docs/instructions.md` from `table/`: `npm run generate` (`-- --check`: only compare, exit 2 when stale).
 * The generated files are committed, so that everything runs from source without a build.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { projections } from './emit.ts'
import { loadFamilies } from './load-table.ts'
import { parseFamilies } from './parse.ts'
import { supportPage } from './support-page.ts'

const check = process.argv.includes('--check')
const keepGoing = process.argv.includes('--keep-going')
const report = keepGoing ? (m: string) => console.error(m) : undefined
const forms = parseFamilies(await loadFamilies(), report)
const root = new URL('../', import.meta.url)
let stale = 0
for (const [path, text] of Object.entries({
  ...projections(forms, report),
  '../../docs/instructions.md': supportPage(forms),
})) {
  const file = new URL(path, root)
  const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (old === text) continue
  stale++
  if (check) console.error(`stale: ${file.pathname.replace(new URL('../../', root).pathname, '')}`)
  else {
    mkdirSync(new URL('.', file), { recursive: true })
    writeFileSync(file, text)
  }
}
if (check && stale > 0) {
  console.error('run: npm run generate')
  process.exitCode = 2
} else console.error(`${forms.length} forms, ${stale} files ${check ? 'stale' : 'written'}`)
