import { bytesOfHex, hexOfValue, parseHex } from '../rsp/hex.ts'
import type { ThreadAction } from '../target.ts'
import { ERROR, parseThread, type RunPlan, type StepRange, type StubSession } from './session.ts'

/** What `vCont?` answers. */
export const VCONT_ACTIONS = 'vCont;c;C;s;S;t;r'

interface Action {
  readonly action: ThreadAction
  readonly range: StepRange | null
}

/** `c`, `s`, `t`, `Cxx`, `Sxx` (a signal means nothing to a machine) or `rSTART,END`. */
function parseAction(text: string): Action | null {
  if (text === 'c' || /^C[0-9a-fA-F]{2}$/.test(text)) return { action: 'continue', range: null }
  if (text === 's' || /^S[0-9a-fA-F]{2}$/.test(text)) return { action: 'step', range: null }
  if (text === 't') return { action: 'stop', range: null }
  if (!text.startsWith('r')) return null
  const [start, end] = text.slice(1).split(',').map(parseHex)
  return start == null || end == null ? null : { action: 'step', range: { start, end } }
}

/** `vCont;ACTION[:THREAD]...`: for each thread the first action that names it. Without one it stays where it is. */
function parsePlan(session: StubSession, text: string): RunPlan | null {
  const { threads } = session.target
  const actions: (ThreadAction | undefined)[] = new Array(threads)
  const ranges = new Map<number, StepRange>()
  for (const part of text.split(';')) {
    const [what = '', who] = part.split(':')
    const parsed = parseAction(what)
    const thread = who === undefined ? -1 : parseThread(session, who)
    if (parsed === null || thread === null) return null
    for (let n = 0; n < threads; n++) {
      if ((thread >= 0 && n !== thread) || actions[n] !== undefined) continue
      actions[n] = parsed.action
      if (parsed.range !== null) ranges.set(n, parsed.range)
    }
  }
  return { actions: Array.from(actions, (action) => action ?? 'stop'), ranges }
}

/** `vCont`. @returns null: the reply comes when something stops */
export function vCont(session: StubSession, text: string): string | null {
  const plan = parsePlan(session, text)
  if (plan === null || plan.actions.every((action) => action === 'stop')) return ERROR.INVALID
  session.plan = plan
  return null
}

/** `c [ADDRESS]` and `s [ADDRESS]`. */
function resumeAt(session: StubSession, address: string, action: 'step' | 'continue'): string | null {
  if (address !== '') {
    const value = parseHex(address)
    if (value === null || !setProgramCounter(session, value)) return ERROR.INVALID
  }
  const { target, runThread, thread } = session
  // Legacy packets: without vCont, gdb steps one thread alone and continues all.
  const only = runThread >= 0 ? runThread : action === 'step' ? thread : -1
  const actions = Array.from({ length: target.threads }, (_, n) => (only < 0 || n === only ? action : 'stop'))
  session.plan = { actions, ranges: new Map() }
  return null
}

function setProgramCounter(session: StubSession, value: bigint): boolean {
  const { registers } = session.table
  const number = registers.findIndex(({ name }) => name === 'rip' || name === 'eip')
  const bytes = (registers[number]?.bits ?? 0) / 8
  if (!session.table.write(session.registers(), number, hexOfValue(value, bytes))) return false
  session.target.stateWritten(session.thread)
  return true
}

export function continueAt(session: StubSession, text: string): string | null {
  return resumeAt(session, text, 'continue')
}

export function stepAt(session: StubSession, text: string): string | null {
  return resumeAt(session, text, 'step')
}

/** `C SIGNAL[;ADDRESS]` and `S SIGNAL[;ADDRESS]`: the signal is dropped. */
function withSignal(text: string): string | null {
  const [signal = '', address = ''] = text.split(';')
  return bytesOfHex(signal)?.length === 1 ? address : null
}

export function continueWithSignal(session: StubSession, text: string): string | null {
  const address = withSignal(text)
  return address === null ? ERROR.INVALID : resumeAt(session, address, 'continue')
}

export function stepWithSignal(session: StubSession, text: string): string | null {
  const address = withSignal(text)
  return address === null ? ERROR.INVALID : resumeAt(session, address, 'step')
}

/** `D`: the machine goes on alone. */
export function detach(session: StubSession): string {
  session.removePoints()
  session.plan = null
  session.events.onDetach?.()
  return 'OK'
}

/** `vKill`, and `k`, which wants no reply. */
export function kill(session: StubSession): string {
  session.removePoints()
  session.plan = null
  session.events.onKill?.()
  return 'OK'
}
