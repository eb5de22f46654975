import { EXCEPTION } from '@ringfold/arch'
import { hexOfText } from '../rsp/hex.ts'
import type { DebugStop } from '../target.ts'
import { type StubSession, threadId } from './session.ts'

/** Signals as gdb numbers them. */
const SIGNAL = { INT: '02', TRAP: '05', SEGV: '0b' } as const

const WATCH_KEYS = { write: 'watch', read: 'rwatch', access: 'awatch' } as const

/** Names of exceptions by vector: `#PF`. */
export function exceptionName(vector: number): string {
  const known = Object.entries(EXCEPTION).find(([, exception]) => exception.vector === vector)
  return known?.[0] ?? `vector ${vector}`
}

/** A stop as a packet tells it. GDB manual, E.3 "Stop Reply Packets". */
export function stopReply(session: StubSession, stop: Exclude<DebugStop, { kind: 'budget' | 'idle' }>): string {
  const thread = `thread:${threadId(stop.thread)};`
  switch (stop.kind) {
    case 'breakpoint': {
      const isKnown = stop.hardware ? session.hwbreak : session.swbreak
      return `T${SIGNAL.TRAP}${isKnown ? (stop.hardware ? 'hwbreak:;' : 'swbreak:;') : ''}${thread}`
    }
    case 'watchpoint':
      return `T${SIGNAL.TRAP}${WATCH_KEYS[stop.access]}:${stop.address.toString(16)};${thread}`
    case 'shutdown':
    case 'exception':
      return `T${SIGNAL.SEGV}${thread}`
    default:
      return `T${SIGNAL.TRAP}${thread}`
  }
}

/** The reply to an interrupt by the user. */
export function interruptReply(thread: number): string {
  return `T${SIGNAL.INT}thread:${threadId(thread)};`
}

/** What is said on gdb's console about stops that its signals cannot tell. */
export function stopNotice(stop: DebugStop): string | null {
  switch (stop.kind) {
    case 'shutdown':
      return `processor ${stop.thread}: triple fault\n`
    case 'halted':
      return 'all processors are halted, and nothing can wake them\n'
    case 'exception':
      return `processor ${stop.thread}: ${exceptionName(stop.vector)} was delivered\n`
    default:
      return null
  }
}

/** Console output as a packet. */
export function consoleOutput(text: string): string {
  return `O${hexOfText(text)}`
}
