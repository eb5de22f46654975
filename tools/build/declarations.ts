// Last step of a package's build, run in its directory. The sources import each other as `./name.ts`; `tsc` keeps that
// spelling in the declarations that it writes, where it would name files that are not published.
import { globSync, readFileSync, writeFileSync } from 'node:fs'

const RELATIVE_TS_IMPORT = /((?:\bfrom|\bimport)\s*\(?\s*['"]\.\.?\/[^'"]*)\.ts(['"])/g

for (const path of globSync('dist/**/*.d.ts')) {
  const text = readFileSync(path, 'utf8')
  const published = text.replace(RELATIVE_TS_IMPORT, '$1.js$2')
  if (published !== text) writeFileSync(path, published)
}
