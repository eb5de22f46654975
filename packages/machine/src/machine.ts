/** A PC that runs: its board, the loop, and what its user does with it. */
import type { EngineStatistics } from '@ringfold/contracts'
import type { DebugTarget } from '@ringfold/cpu'
import type { Board } from './board/board.ts'
import { machineTarget } from './debug-target.ts'
import { MachineError } from './errors.ts'
import type { Inputs } from './inputs.ts'
import type { AccessCounts } from './io-time.ts'
import { decodeRecording, encodeRecording, type Recording } from './recording.ts'
import type { RunLoop } from './run-loop.ts'
import type { SerialPort } from './serial-port.ts'
import { restoreMachine, saveMachine } from './snapshot.ts'
import { machineHash } from './state-hash.ts'

/** How a machine's run ended. */
export type MachineEnd =
  /** The guest switched itself off: ACPI S5. */
  | { readonly kind: 'powered-off' }
  /** It wrote to the debug-exit port; `status` is `(value << 1) | 1`. */
  | { readonly kind: 'debug-exit'; readonly status: number }
  /** It told the pvpanic device that it panicked. */
  | { readonly kind: 'panic' }
  | { readonly kind: 'triple-fault'; readonly processor: number }
  /** It reset itself, and the machine was made to stop then. */
  | { readonly kind: 'reset' }
  /** The instructions that were asked for are retired. */
  | { readonly kind: 'budget' }
  /** All processors wait, no timer is armed, and no input can come. */
  | { readonly kind: 'dead' }
  /** `stop` was called, or the signal aborted. */
  | { readonly kind: 'stopped' }

/** What is used of an `AbortSignal`. */
export interface StopSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface RunOptions {
  /** Retires at most so many instructions, of all processors together. Default: no limit. */
  readonly instructions?: number
  /** Stops the machine when it aborts: an `AbortSignal`. */
  readonly signal?: StopSignal
}

export interface MachineStatistics {
  readonly instructions: number
  /** The machine's own time. */
  readonly nowNs: number
  /** Interrupts that processors took. */
  readonly interrupts: number
  /** Accesses to devices: what would be exits if a monitor stood between. */
  readonly accesses: Readonly<AccessCounts>
  readonly resets: number
}

/** The input that ends a replay where its recording ended. */
const END_CHANNEL = 'end'

/** What `createMachine` puts together. */
export interface MachineParts {
  readonly board: Board
  readonly inputs: Inputs
  readonly loop: RunLoop
  readonly stopsOnReset: boolean
  readonly stopsOnTripleFault: boolean
}

/** Made by `createMachine`. One that is not running can be looked at and changed through its `board`. */
export class Machine {
  readonly board: Board
  readonly #parts: MachineParts
  #isRunning = false
  #end: MachineEnd | undefined
  #resetWanted = false
  #resets = 0
  #recordedFrom: string | undefined
  #replayed: Recording | undefined
  #paused: { readonly reached: () => void; resumed: Promise<void>; resume: () => void } | undefined

  constructor(parts: MachineParts) {
    this.#parts = parts
    this.board = parts.board
    const { board, inputs } = parts
    inputs.connect('reset', () => this.#guestReset())
    inputs.connect(END_CHANNEL, () => this.#finish({ kind: 'stopped' }))
    board.onEvent = (event) => {
      if (event.kind === 'reset') this.#guestReset()
      else this.#finish(event)
    }
  }

  /** The serial lines, COM1 first. */
  get serial(): readonly SerialPort[] {
    return this.board.serial
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** What the engine of each processor counted; no part of the state. */
  engineStatistics(): readonly EngineStatistics[] {
    return this.board.group.processors.map((processor) => processor.engineStatistics())
  }

  get statistics(): MachineStatistics {
    const { time, counts, interrupts } = this.board
    return {
      instructions: this.board.retired,
      nowNs: time.nowNs,
      interrupts: interrupts.count,
      accesses: { ...counts },
      resets: this.#resets,
    }
  }

  // Running.

  /**
   * Runs until the machine ends, or the instructions that were asked for are retired; a machine that ended by itself is run again by
   * `reset` first. Throws `MachineError` `machine.busy` if it runs already, `machine.diverged` if a replay cannot go on.
   */
  async run({ instructions = Number.POSITIVE_INFINITY, signal }: RunOptions = {}): Promise<MachineEnd> {
    if (this.#isRunning) throw new MachineError('machine.busy', 'the machine runs already', 'wait for its end')
    this.#isRunning = true
    this.#end = undefined
    const stop = () => this.stop()
    if (signal?.aborted === true) this.#end = { kind: 'stopped' }
    signal?.addEventListener('abort', stop, { once: true })
    try {
      return await this.#runOn(instructions)
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#isRunning = false
      // It may have ended before it could be held.
      this.#paused?.reached()
      this.#paused = undefined
      this.board.drain()
    }
  }

  async #runOn(instructions: number): Promise<MachineEnd> {
    const { loop } = this.#parts
    const last = this.board.retired + instructions
    for (;;) {
      if (this.#end !== undefined) return this.#end
      if (this.#paused !== undefined) {
        this.#paused.reached()
        await this.#paused.resumed
        continue
      }
      if (this.#resetWanted) this.#reset()
      const exit = await loop.run(last - this.board.retired)
      if (exit !== 'interrupted') return { kind: exit }
    }
  }

  #finish(end: MachineEnd): void {
    if (end.kind === 'triple-fault' && !this.#parts.stopsOnTripleFault) this.#resetWanted = true
    else this.#end ??= end
    this.#parts.loop.interrupt()
  }

  #guestReset(): void {
    if (this.#parts.stopsOnReset) this.#end ??= { kind: 'reset' }
    else this.#resetWanted = true
    this.#parts.loop.interrupt()
  }

  #reset(): void {
    this.#resetWanted = false
    this.#resets++
    this.board.reset()
  }

  /** Ends the run, with `stopped`. */
  stop(): void {
    if (this.#isRunning) this.#finish({ kind: 'stopped' })
    this.resume()
  }

  /** Holds the machine between two instructions. @returns when it is held, or has ended before */
  async pause(): Promise<void> {
    if (!this.#isRunning || this.#paused !== undefined) return
    let resume = () => {}
    const resumed = new Promise<void>((resolve) => {
      resume = resolve
    })
    await new Promise<void>((reached) => {
      this.#paused = { reached, resumed, resume }
      this.#parts.loop.interrupt()
    })
  }

  resume(): void {
    const { resume } = this.#paused ?? {}
    this.#paused = undefined
    resume?.()
  }

  get isPaused(): boolean {
    return this.#paused !== undefined
  }

  /**
   * The machine under a debugger, which runs it from now on: instead of `run`. `ended` is called when the machine ends; then the debugger
   * finds its first processor shut down.
   */
  debugTarget(ended: (end: MachineEnd) => void): DebugTarget {
    const { loop } = this.#parts
    return machineTarget(this.board, loop, () => {
      if (this.#resetWanted) this.#reset()
      if (this.#end !== undefined) ended(this.#end)
      return this.#end !== undefined
    })
  }

  // Inputs: what a person does to the machine takes effect at the next boundary, and is recorded.

  /** Presses the reset button. */
  reset(): void {
    this.#parts.inputs.push('reset')
  }

  /** Presses the power button: an operating system then powers off. */
  pressPowerButton(): void {
    this.#parts.inputs.push('power')
  }

  /** Presses or releases a key, by its name in `KeyboardEvent.code`. */
  key(code: string, pressed: boolean): void {
    this.#parts.inputs.push('keyboard', new TextEncoder().encode(`${pressed ? '+' : '-'}${code}`))
  }

  /** Says that nobody will send input any more: a guest that waits for some for ever is then at its end. */
  endOfInput(): void {
    this.#parts.loop.expectsInput = false
  }

  /** Begins to write down inputs: before the first run. */
  record(): void {
    this.#requireStill('a recording begins')
    this.#recordedFrom = this.stateHash()
    this.#parts.inputs.record()
  }

  /** What was written down, from `record` to now, with notes for whoever replays it. The machine must not be running. */
  recording(notes: Recording['notes'] = {}): Uint8Array {
    this.#requireStill('its recording is taken')
    const { inputs } = this.#parts
    if (this.#recordedFrom === undefined)
      throw new MachineError('machine.busy', 'nothing was recorded', 'call `record` before the first run')
    return encodeRecording({
      from: this.#recordedFrom,
      inputs: [...inputs.recorded, inputs.mark(END_CHANNEL, this.board.time.nowNs)],
      instructions: this.board.retired,
      to: this.stateHash(),
      notes,
    })
  }

  /**
   * Takes inputs from a recording, and no others: before the first run. `run` then ends where the recording ended.
   * Throws `MachineError` `machine.recording` if it is none, or begins with another state than this machine's.
   */
  replay(bytes: Uint8Array): void {
    this.#requireStill('a recording is replayed')
    const recording = decodeRecording(bytes)
    if (recording.from !== this.stateHash()) {
      const remedy = 'give the guest, snapshot and options with which it was recorded'
      throw new MachineError('machine.recording', 'the recording begins with another machine', remedy)
    }
    this.#replayed = recording
    this.#parts.inputs.replay(recording.inputs)
  }

  /** Whether a replay has come to the state to which its recording came. */
  get replayMatches(): boolean {
    return this.#replayed !== undefined && this.#replayed.to === this.stateHash()
  }

  // State.

  /** 64 bits in hexadecimal of everything that a guest can tell apart. The machine must not be running, or paused. */
  stateHash(): string {
    this.#requireStill('its state is hashed')
    return machineHash(this.board)
  }

  /** The state of everything but disks, as bytes. The machine must not be running, or paused. */
  snapshot(): Uint8Array {
    this.#requireStill('a snapshot is taken')
    return saveMachine(this.board)
  }

  /** Puts a snapshot into a machine that was made alike. Throws `MachineError` `machine.snapshot`; then nothing has changed. */
  restore(snapshot: Uint8Array): void {
    this.#requireStill('a snapshot is restored')
    restoreMachine(this.board, snapshot)
  }

  #requireStill(when: string): void {
    if (!this.#isRunning || this.isPaused) return
    throw new MachineError('machine.busy', `the machine must not run while ${when}`, 'pause it first')
  }

  /** The machine is thrown away: back ends are closed. */
  async close(): Promise<void> {
    this.stop()
    await this.board.close()
  }
}
