/** The same guest in Node, for comparison: this host's speed varies. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

const CLI = join(import.meta.dirname, '..', '..', 'apps', 'ringfold', 'src', 'cli.ts')

export interface NodeFigures {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Boots Debian to its script, which does nothing: there the shell of the pages stands. Start-up of Node is not counted in `seconds`. */
export function bootInNode(engine: string): NodeFigures {
  const folder = mkdtempSync(join(tmpdir(), 'ringfold-browser-'))
  const report = join(folder, 'report.json')
  const words = ['run', '--guest', 'debian', '--clock', 'real', '--script', 'true', '--quiet', '--engine', engine]
  try {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['-C', '@ringfold/source', CLI, ...words, '--report', report],
      { input: '', stdio: ['pipe', 'ignore', 'pipe'], encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`ringfold ended with status ${status}: ${stderr}`)
    const { seconds, cpuSeconds } = JSON.parse(readFileSync(report, 'utf8')) as NodeFigures
    return { seconds, cpuSeconds }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
