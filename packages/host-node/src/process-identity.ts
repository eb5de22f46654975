/** Who a process is, so that others can tell later whether it still runs: its number alone is given to another one day. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { isAlive } from './alive.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in ticks since the host did: proc(5), field 22 of `stat`. Empty where there is no `/proc`. */
  readonly started: string
  /** Numbers of processes mean something within a namespace, of a run, of a host. Empty where it is not known. */
  readonly namespace: string
  readonly boot: string
  readonly host: string
}

function textOr(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
}

/** Empty for a process that is gone, or only waits to be reaped: what it had open is closed. */
function startOf(pid: number): string {
  const stat = textOr(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // The name of the program, in parentheses, may hold anything; state is the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '')
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    namespace: textOr(() => readlinkSync('/proc/self/ns/pid')),
    boot: textOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    host: hostname(),
  }
}

/** Whether a process is gone for certain: of one on another host, or in another container, that cannot be known. */
export function isGone(process: ProcessIdentity): boolean {
  const own = ownIdentity()
  if (process.host !== own.host) return false
  if (process.boot !== own.boot) return true
  if (process.namespace !== own.namespace) return false
  return process.started === '' ? !isAlive(process.pid) : startOf(process.pid) !== process.started
}
