import process from 'node:process'
import type { RunOptions } from '../run/command.ts'
import { runRun } from '../run/run.ts'
import type { StartOptions } from './command.ts'

/** `ringfold start`. @returns the exit status */
export async function runStart({ offline }: StartOptions): Promise<number> {
  const options: RunOptions = {
    ...{ guest: 'debian', offline, module: [], append: [], disk: [], net: [], serial: [] },
    ...{ engine: 'auto', reboot: true, quiet: false },
  }
  try {
    return await runRun(options)
  } catch (error) {
    if (!isUnobtainable(error)) throw error
    process.stderr.write(`${(error as Error).message}: the lab guest runs instead\n`)
    return runRun({ ...options, guest: 'lab' })
  }
}

function isUnobtainable(error: unknown): boolean {
  return error instanceof Error && /obtain|not installed|no package|cannot be/.test(error.message)
}
