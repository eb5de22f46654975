import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/**
 * Runs one turbo task over the workspace, or over what `filters` select.
 *
 * turbo prints to stdout whatever it is told; here it goes to stderr, so that callers own their stdout.
 *
 * @returns the exit status of turbo.
 */
export function runTurbo(task: string, filters: readonly string[] = []): number {
  const args = ['run', task, '--output-logs=errors-only', ...filters.map((filter) => `--filter=${filter}`)]
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' }
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'turbo'), args, { cwd: root, env, stdio: [0, 2, 2] })
  return status ?? 10
}

if (import.meta.main) {
  const [task, ...filters] = process.argv.slice(2)
  if (task === undefined) {
    process.stderr.write('usage: node tools/turbo.ts TASK [FILTER...]\n')
    process.exitCode = 2
  } else process.exitCode = runTurbo(task, filters)
}
