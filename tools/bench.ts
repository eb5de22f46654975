import { join } from 'node:path'
import { runNamed } from './named-runner.ts'

process.exitCode = await runNamed(
  {
    command: 'npm run -s bench --',
    description: 'Runs one benchmark, from source.',
    directory: join(import.meta.dirname, '..', 'bench'),
    patterns: ['*.bench.ts', '*/index.ts'],
  },
  process.argv.slice(2),
)
