/** One boot of a contender, with the rows that were asked for in it; and the rows natively. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Guest, MachineContender } from './contenders.ts'
import { Lines, markerOf } from './markers.ts'

/** What a contender took for a row. */
export interface RowResult {
  readonly cpuSeconds: number
  readonly checksum: string
}

export interface Boot {
  readonly rows: ReadonlyMap<string, RowResult>
  /** CPU seconds from the start of the process to the first marker. */
  readonly bootCpuSeconds: number | undefined
  readonly peakMemoryBytes: number
}

export interface Job {
  readonly name: string
  readonly path: string
  readonly arguments: readonly string[]
}

const TICKS_PER_SECOND = 100
const KIBIBYTE = 1024
/** The first marker: the first process of the guest's user space speaks. */
export const FIRST_PROCESS = 'first-process'

/** CPU seconds of all threads of a process: fields 14 and 15 of its stat (proc(5)). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function peakMemoryOf(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  return Number(kilobytes ?? 0) * KIBIBYTE
}

/** What a process took so far; undefined when it has ended, and its last words come late. */
function usageOf(pid: number): { readonly cpuSeconds: number; readonly peakMemoryBytes: number } | undefined {
  try {
    return { cpuSeconds: cpuSecondsOf(pid), peakMemoryBytes: peakMemoryOf(pid) }
  } catch {
    return undefined
  }
}

/** Boots a contender and waits for its end, or for longer than `patienceMs` without a marker. */
export function runBoot(
  contender: MachineContender,
  guest: Guest,
  patienceMs: number,
  onRow: (name: string, result: RowResult) => void,
): Promise<Boot> {
  const child = contender.start(guest)
  const pid = child.pid as number
  const rows = new Map<string, RowResult>()
  let [began, peakMemoryBytes] = [0, 0]
  let bootCpuSeconds: number | undefined
  return new Promise((resolve, reject) => {
    let patience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    const lines = new Lines((line) => {
      const marker = markerOf(line.trim())
      if (marker === undefined) return
      clearTimeout(patience)
      patience = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      const usage = usageOf(pid)
      if (usage === undefined) return
      const now = usage.cpuSeconds
      peakMemoryBytes = Math.max(peakMemoryBytes, usage.peakMemoryBytes)
      bootCpuSeconds ??= now
      if (marker.kind === 'begin') began = now
      else {
        const result = { cpuSeconds: now - began, checksum: marker.checksum }
        rows.set(marker.name, result)
        onRow(marker.name, result)
        if (marker.name === LAST_ROW) child.kill('SIGKILL')
      }
    })
    child.stdout?.on('data', (data: Buffer) => lines.push(data.toString('latin1')))
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(patience)
      resolve({ rows, bootCpuSeconds, peakMemoryBytes })
    })
  })
}

/** Said when nothing is left to do: not every contender can switch itself off. */
export const LAST_ROW = 'last'

/** Shell words that run a program, its output to a file in memory: $sum is of its status and output, a decimal number. */
function summed(command: string): string {
  const run = `out=/tmp/ringfold-out.$$; ${command} >$out 2>&1; echo "status $?" >>$out`
  return `${run}; sum=$((0x$(md5sum <$out | cut -c1-8))); rm -f $out`
}

/** The guest's first process: says so, and goes on as Debian's does here. */
export const FIRST_SCRIPT = `#!/bin/sh
echo
echo RINGFOLD-BEGIN ${FIRST_PROCESS}
exec /init
`

/** What the guest does: a script for its shell. Programs that say nothing of themselves are marked from outside. */
export function guestScript(jobs: readonly Job[]): string {
  const lines = jobs.map(({ name, path, arguments: words }) => {
    const command = [path, ...words].join(' ')
    if (words.length > 0) return command
    return `echo; echo RINGFOLD-BEGIN ${name}; ${summed(command)}; echo; echo RINGFOLD-END ${name} $sum 0`
  })
  return [...lines, `echo; echo RINGFOLD-END ${LAST_ROW} 0 0`, ''].join('\n')
}

/** Runs a program on the host. Its own account is the host's; that of one which keeps none is taken from the shell. */
export function runNatively({ name, path, arguments: words }: Job): RowResult {
  if (words.length === 0) return timedByShell(path)
  const { stdout, status, error } = spawnSync(path, [...words], { encoding: 'latin1', maxBuffer: 1 << 28 })
  if (error !== undefined || status !== 0) throw new Error(`${name} ended natively with ${error?.message ?? status}`)
  for (const line of stdout.split('\n')) {
    const marker = markerOf(line)
    if (marker?.kind === 'end') return { cpuSeconds: marker.microseconds / 1e6, checksum: marker.checksum }
  }
  throw new Error(`${name} did not end natively`)
}

function timedByShell(path: string): RowResult {
  const command = `${summed(`'${path}'`)}; echo "sum $sum"; times`
  const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  const cpuSeconds = seconds.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0)
  return { cpuSeconds, checksum: /sum (\d+)/.exec(stdout)?.[1] ?? '' }
}
