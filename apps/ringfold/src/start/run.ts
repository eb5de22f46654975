import process from 'node:process'
import type { RunOptions } from '../run/command.ts'
import { runRun } from '../run/run.ts'
import type { StartOptions } from './command.ts'

/** `ringfold start`. @returns the exit status */
export async function runStart({ offline }: StartOptions): Promise<number> {
  const options: RunOptions = {
    ...{ guest: 'debian', offline, module: [], append: [], disk: [], net: [], serial: [] },
    ...{ engine: 'auto', reboot: true, quiet: false, stats: false },
  }
  try {
    return await runRun(options)
  } catch (error) {
    if (!isUnobtainable(error)) throw error
    process.stderr.write(`${(error as Error).message}: the lab guest runs instead\n`)
    return runRun({ ...options, guest: 'lab' })
  }
}

/** Whether an error is one of obtaining Debian: its tools, its packages, or the cache. */
function isUnobtainable(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: string }
  return code === 'host.obtain' || code === 'host.tool' || code === 'host.path'
}
