import { join } from 'node:path'
import { runNamed } from './named-runner.ts'

process.exitCode = await runNamed(
  {
    command: 'npm run -s conformance --',
    description: 'Runs one outside conformance suite, from source.',
    directory: join(import.meta.dirname, '..', 'conformance'),
    patterns: ['*.ts', '*/index.ts'],
  },
  process.argv.slice(2),
)
