import { programCounter } from './registers/general.ts'
import { type DebugArchitecture, RegisterTable } from './registers/table.ts'
import { targetDescription } from './registers/target-description.ts'
import { encodePacket, PacketReader, type RspEvent } from './rsp/framing.ts'
import { readMemory, writeMemoryBinary, writeMemoryHex } from './stub/memory-packets.ts'
import { insertPoint, removePoint } from './stub/point-packets.ts'
import { PACKET_BYTES, query } from './stub/queries.ts'
import { readRegister, readRegisters, writeRegister, writeRegisters } from './stub/register-packets.ts'
import {
  continueAt,
  continueWithSignal,
  detach,
  kill,
  stepAt,
  stepWithSignal,
  VCONT_ACTIONS,
  vCont,
} from './stub/run-packets.ts'
import { ERROR, type StubEvents, StubSession } from './stub/session.ts'
import { consoleOutput, interruptReply, stopNotice, stopReply } from './stub/stop-reply.ts'
import { selectThread, threadAlive } from './stub/thread-packets.ts'
import type { DebugStop, DebugTarget } from './target.ts'

type Handler = (session: StubSession, text: string) => string | null

/** Packets that their first letter names. GDB manual, appendix E.2 "Packets". */
const HANDLERS: Readonly<Record<string, Handler>> = {
  g: readRegisters,
  G: writeRegisters,
  p: readRegister,
  P: writeRegister,
  m: readMemory,
  M: writeMemoryHex,
  X: writeMemoryBinary,
  Z: insertPoint,
  z: removePoint,
  H: selectThread,
  T: threadAlive,
  c: continueAt,
  C: continueWithSignal,
  s: stepAt,
  S: stepWithSignal,
  D: detach,
  '?': (session) => session.lastStop,
}

export interface GdbStubOptions extends StubEvents {
  /** Takes what goes to the debugger. */
  readonly onSend: (bytes: Uint8Array) => void
  /** A request to run has arrived: call {@link GdbStub.run} from now on. */
  readonly onRun?: () => void
  /** How the processor is described. The x86-64 one serves all modes; gdb disassembles 16- and 32-bit code with the other. */
  readonly architecture?: DebugArchitecture
}

/** What {@link GdbStub.run} left behind. */
export type StubActivity = 'stopped' | 'running' | 'idle'

/**
 * A debugger's other end: gdb's remote serial protocol over a {@link DebugTarget}. Bytes in, bytes out; whoever owns it brings the
 * connection and the loop. Nothing that arrives makes it throw.
 *
 * It begins stopped. Between calls of `run`, which executes a slice, bytes may be received: so Ctrl-C gets through.
 */
export class GdbStub {
  readonly #session: StubSession
  readonly #options: GdbStubOptions
  // Escapes may double a payload.
  readonly #reader = new PacketReader(2 * PACKET_BYTES)
  #lastSent: Uint8Array | null = null

  constructor(target: DebugTarget, options: GdbStubOptions) {
    const table = new RegisterTable(options.architecture ?? 'i386:x86-64')
    this.#options = options
    this.#session = new StubSession({
      target,
      table,
      description: targetDescription(table),
      events: options,
      notify: (payload) => this.#send(payload),
    })
  }

  /** Whether the debugger waits for the machine to stop. */
  get isRunning(): boolean {
    return this.#session.plan !== null
  }

  /** Takes what has arrived from the debugger, however it was cut. */
  receive(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) this.#event(event)
  }

  /** Ends the session as the debugger's `detach` does: when its connection is lost. */
  disconnect(): void {
    this.#session.removePoints()
    this.#session.plan = null
  }

  /**
   * Executes up to `budget` instructions, if the debugger has let the machine run. `idle`: all processors wait for something
   * outside; `stopped`: the debugger was told.
   */
  run(budget: number): StubActivity {
    const { plan } = this.#session
    if (plan === null) return 'stopped'
    const stop = plan.ranges.size === 0 ? this.#session.target.resume(plan.actions, budget) : this.#stepRange(budget)
    if (stop.kind === 'budget') return 'running'
    if (stop.kind === 'idle') return 'idle'
    const notice = stopNotice(stop)
    if (notice !== null) this.#send(consoleOutput(notice))
    this.#stopped(stopReply(this.#session, stop), stop.thread)
    return 'stopped'
  }

  /** Steps while the program counter is in the range that the debugger gave. */
  #stepRange(budget: number): DebugStop {
    const { plan, target } = this.#session
    for (let n = 0; n < budget && plan !== null; n++) {
      const stop = target.resume(plan.actions, budget)
      if (stop.kind !== 'stepped') return stop
      const range = plan.ranges.get(stop.thread)
      const pc = programCounter({ state: target.state(stop.thread) })
      if (range === undefined || pc < range.start || pc >= range.end) return stop
    }
    return { kind: 'budget' }
  }

  #stopped(reply: string, thread: number): void {
    const session = this.#session
    session.plan = null
    session.thread = thread
    session.lastStop = reply
    this.#send(reply)
  }

  #event(event: RspEvent): void {
    switch (event.kind) {
      case 'interrupt':
        this.#interrupt()
        return
      case 'nak':
        if (this.#lastSent !== null && !this.#session.noAck) this.#options.onSend(this.#lastSent)
        return
      case 'corrupt':
        if (!this.#session.noAck) this.#acknowledge('-')
        return
      case 'oversized':
        if (!this.#session.noAck) this.#acknowledge('+')
        this.#send(ERROR.INVALID)
        return
      case 'packet':
        if (!this.#session.noAck) this.#acknowledge('+')
        this.#packet(event.payload)
    }
  }

  #interrupt(): void {
    const { plan, thread } = this.#session
    if (plan === null) return
    const moving = plan.actions.findIndex((action) => action !== 'stop')
    const stopped = plan.actions[thread] === 'stop' ? Math.max(moving, 0) : thread
    this.#stopped(interruptReply(stopped), stopped)
  }

  #packet(payload: string): void {
    const session = this.#session
    if (payload === 'k') {
      kill(session)
      return
    }
    // gdb sends nothing but interrupts while the machine runs.
    const wasRunning = session.plan !== null
    const reply =
      wasRunning && !payload.startsWith('D') && !payload.startsWith('vKill') ? ERROR.REFUSED : this.#reply(payload)
    if (reply !== null) this.#send(reply)
    else if (!wasRunning) this.#options.onRun?.()
  }

  /** @returns the payload of the reply; '' if the packet is not supported; null if it comes later */
  #reply(payload: string): string | null {
    const session = this.#session
    const letter = payload[0] ?? ''
    if (letter === 'q' || letter === 'Q') return query(session, payload)
    if (payload === 'vCont?') return VCONT_ACTIONS
    if (payload.startsWith('vCont;')) return vCont(session, payload.slice('vCont;'.length))
    if (payload === 'vKill' || payload.startsWith('vKill;')) return kill(session)
    return Object.hasOwn(HANDLERS, letter) ? (HANDLERS[letter] as Handler)(session, payload.slice(1)) : ''
  }

  #acknowledge(sign: '+' | '-'): void {
    this.#options.onSend(Uint8Array.of(sign.charCodeAt(0)))
  }

  #send(payload: string): void {
    const bytes = encodePacket(payload)
    this.#lastSent = bytes
    this.#options.onSend(bytes)
  }
}
