import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkArchitecture } from './architecture/check.ts'
import { readArchitecture } from './architecture/model.ts'
import { renewPage } from './architecture/page.ts'

const root = join(import.meta.dirname, '..')
const page = join(root, 'docs', 'architecture.md')

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const violations = checkArchitecture(root)
const current = readFileSync(page, 'utf8')
const renewed = renewPage(current, readArchitecture(root))
if (values.write) writeFileSync(page, renewed)
else if (current !== renewed)
  violations.push({
    rule: 'stale-page',
    where: 'docs/architecture.md',
    message: 'differs from architecture.json; renew it with `npm run -s check:architecture -- --write`',
  })
for (const { rule, where, message } of violations) process.stderr.write(`${where}: ${message} [${rule}]\n`)
process.stderr.write(`architecture: ${violations.length === 0 ? 'holds' : `${violations.length} violations`}\n`)
process.exitCode = violations.length === 0 ? 0 : 2
