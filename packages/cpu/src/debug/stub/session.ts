import type { RegisterAccess } from '../registers/register.ts'
import type { RegisterTable } from '../registers/table.ts'
import type { DebugPoint, DebugTarget, ThreadAction } from '../target.ts'

/** Error numbers in replies: gdb shows them, and asks no more of them. */
export const ERROR = {
  /** The packet, or a number in it, makes no sense. */
  INVALID: 'E16',
  /** Memory that is not there. */
  FAULT: 'E0e',
  /** The register or place cannot take the value. */
  REFUSED: 'E01',
} as const

/** Steps go on while the program counter is in a range, if there is one. */
export interface StepRange {
  readonly start: bigint
  readonly end: bigint
}

/** What was asked for and is going on. */
export interface RunPlan {
  readonly actions: readonly ThreadAction[]
  readonly ranges: ReadonlyMap<number, StepRange>
}

export interface StubEvents {
  /** The debugger went; it removed its breakpoints. The machine should run on. */
  readonly onDetach?: () => void
  /** The debugger wants the machine to end. */
  readonly onKill?: () => void
}

/** Everything that a connection knows. Handlers of packets work on it and answer with a payload. */
export class StubSession {
  readonly target: DebugTarget
  readonly table: RegisterTable
  readonly events: StubEvents
  /** Sends a packet between a request and its reply: console output. */
  readonly notify: (payload: string) => void
  readonly description: string
  /** Processor of registers and memory. */
  thread = 0
  /** Processor of `c` and `s`; -1: all. */
  runThread = -1
  /** See `RegisterAccess.linearPc`. */
  linearPc = true
  noAck = false
  swbreak = false
  hwbreak = false
  /** The last stop reply, for `?`. */
  lastStop: string
  plan: RunPlan | null = null
  /** What is inserted, by kind and place. */
  readonly points = new Map<string, DebugPoint>()

  constructor(options: {
    readonly target: DebugTarget
    readonly table: RegisterTable
    readonly description: string
    readonly events: StubEvents
    readonly notify: (payload: string) => void
  }) {
    this.target = options.target
    this.table = options.table
    this.description = options.description
    this.events = options.events
    this.notify = options.notify
    this.lastStop = `T05thread:${threadId(0)};`
  }

  /** Registers of a processor. */
  registers(thread = this.thread): RegisterAccess {
    const { target, linearPc } = this
    return {
      state: target.state(thread),
      linearPc,
      readMemory: (address, lengthBytes) => target.readMemory(thread, address, lengthBytes),
    }
  }

  /** Takes all breakpoints and watchpoints away. */
  removePoints(): void {
    for (const point of this.points.values()) this.target.remove(point)
    this.points.clear()
  }
}

/** Processors are threads, and threads are numbered from 1: 0 means any. */
export function threadId(thread: number): string {
  return (thread + 1).toString(16)
}

/** @returns the processor; -1 for all; for 0 (any) the present one; null for what is no thread here. */
export function parseThread(session: StubSession, text: string): number | null {
  // With multiprocess extensions: pPROCESS.THREAD. There is one process.
  const id = text.startsWith('p') ? (text.split('.')[1] ?? '0') : text
  if (id === '-1') return -1
  if (!/^[0-9a-fA-F]{1,8}$/.test(id)) return null
  const number = Number.parseInt(id, 16)
  if (number === 0) return session.thread
  return number <= session.target.threads ? number - 1 : null
}
