/** What a run was, as JSON. */
import type { EngineStatistics } from '@ringfold/contracts'
import type { Machine, MachineEnd } from '@ringfold/machine'

/** The version of the report. */
const REPORT_VERSION = 1

export interface Report {
  readonly version: number
  readonly guest: string
  readonly end: MachineEnd
  readonly instructions: number
  /** Of the host. */
  readonly seconds: number
  /** Of the host's processors, all threads. */
  readonly cpuSeconds: number
  readonly mips: number
  /** Of the machine's own time. */
  readonly guestSeconds: number
  readonly interrupts: number
  /** Accesses that reach a device: what would be exits if a monitor stood between. */
  readonly exits: Readonly<Record<string, number>>
  readonly resets: number
  readonly peakMemoryBytes: number
  /** What the engine of each processor counted. */
  readonly engines: readonly EngineStatistics[]
  readonly stateHash?: string
}

export function reportOf(guest: string, machine: Machine, end: MachineEnd, seconds: number): Report {
  const { instructions, nowNs, interrupts, accesses, resets } = machine.statistics
  const { user, system } = process.cpuUsage()
  return {
    ...{ version: REPORT_VERSION, guest, end, instructions, seconds },
    cpuSeconds: (user + system) / 1e6,
    mips: instructions / 1e6 / Math.max(seconds, 1e-6),
    guestSeconds: nowNs / 1e9,
    interrupts,
    exits: { ...accesses },
    resets,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    engines: machine.engineStatistics(),
  }
}
