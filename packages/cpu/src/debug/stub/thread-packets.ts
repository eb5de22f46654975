import { ACTIVITY_STATE, cplOf, FIELD } from '@ringfold/arch'
import { is64Bit, isLongMode, isRealOrV86, isV86 } from '@ringfold/rings'
import { hexOfText } from '../rsp/hex.ts'
import { ERROR, parseThread, type StubSession, threadId } from './session.ts'

/** `H`: chooses the thread of later packets. */
export function selectThread(session: StubSession, text: string): string {
  const thread = parseThread(session, text.slice(1))
  if (thread === null) return ERROR.INVALID
  if (text.startsWith('c')) session.runThread = /^c(p\w+\.)?0$/.test(text) ? -1 : thread
  else if (!text.startsWith('g')) return ERROR.INVALID
  else if (thread >= 0) session.thread = thread
  return 'OK'
}

/** `T`: whether the thread exists. */
export function threadAlive(session: StubSession, text: string): string {
  return parseThread(session, text) === null ? ERROR.INVALID : 'OK'
}

export function threadList(session: StubSession): string {
  return `m${Array.from({ length: session.target.threads }, (_, thread) => threadId(thread)).join(',')}`
}

/** What gdb shows behind a thread: `processor 0 (64-bit, CPL 0, running)`. */
export function describeThread(session: StubSession, thread: number): string {
  const state = session.target.state(thread)
  const mode = is64Bit(state)
    ? '64-bit'
    : isLongMode(state)
      ? 'compatibility'
      : isV86(state)
        ? 'virtual-8086'
        : isRealOrV86(state)
          ? 'real'
          : 'protected'
  const activity = ACTIVITIES.get(state.lo(FIELD.activityState)) ?? 'waiting'
  return `processor ${thread} (${mode}, CPL ${cplOf(state)}, ${activity})`
}

const ACTIVITIES: ReadonlyMap<number, string> = /* @__PURE__ */ (() =>
  new Map([
    [ACTIVITY_STATE.ACTIVE, 'running'],
    [ACTIVITY_STATE.HLT, 'halted'],
    [ACTIVITY_STATE.SHUTDOWN, 'shut down'],
    [ACTIVITY_STATE.WAIT_FOR_SIPI, 'waiting for SIPI'],
  ]))()

/** `qThreadExtraInfo` */
export function threadExtraInfo(session: StubSession, text: string): string {
  const thread = parseThread(session, text)
  return thread === null || thread < 0 ? ERROR.INVALID : hexOfText(describeThread(session, thread))
}

/** The document that `qXfer:threads:read` gives. GDB manual, appendix E.15 "Thread List Format". */
export function threadsDocument(session: StubSession): string {
  const elements = Array.from(
    { length: session.target.threads },
    (_, n) => `<thread id="${threadId(n)}" core="${n}" name="cpu${n}">${describeThread(session, n)}</thread>`,
  )
  return `<?xml version="1.0"?><threads>${elements.join('')}</threads>`
}
