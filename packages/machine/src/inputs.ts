/**
 * What comes into a machine from outside: bytes typed, frames received, buttons pressed, time that the host's clock gained. Each input
 * takes effect between two instructions, at a moment that is written down; played back at the same moments, the run is the same.
 */
import { MachineError } from './errors.ts'

/** One input, when it took effect. */
export interface LoggedInput {
  /** The machine's time, in nanoseconds. */
  readonly atNs: number
  /** How often the machine had looked for inputs at that time before. */
  readonly turn: number
  /** Where to: `serial0`, `net0`, `power`, `time`... */
  readonly channel: string
  readonly bytes: Uint8Array
}

/** What takes the inputs of one channel. */
export type InputSink = (bytes: Uint8Array) => void

const NEVER = Number.POSITIVE_INFINITY
const NOTHING = new Uint8Array(0)

export class Inputs {
  readonly #sinks = new Map<string, InputSink>()
  readonly #queue: { readonly channel: string; readonly bytes: Uint8Array }[] = []
  #recording: LoggedInput[] | undefined
  #replay: readonly LoggedInput[] | undefined
  #next = 0
  #lastNs = -1
  #turn = 0
  #wake: () => void = () => undefined

  /** Names who takes the inputs of a channel. */
  connect(channel: string, sink: InputSink): void {
    this.#sinks.set(channel, sink)
  }

  /** An input from outside: takes effect at the next boundary at which the machine looks. Dropped while a recording is replayed. */
  push(channel: string, bytes: Uint8Array = NOTHING): void {
    if (this.#replay !== undefined) return
    if (!this.#sinks.has(channel)) {
      const remedy = `use one of ${[...this.#sinks.keys()].join(', ')}`
      throw new MachineError('machine.option', `there is no input ${channel}`, remedy)
    }
    this.#queue.push({ channel, bytes })
    this.#wake()
  }

  get isWaiting(): boolean {
    return this.#queue.length > 0
  }

  /** Called when an input comes. */
  onInput(wake: () => void): void {
    this.#wake = wake
  }

  /** Begins to write down inputs. */
  record(): void {
    this.#recording = []
  }

  get recorded(): readonly LoggedInput[] {
    return this.#recording ?? []
  }

  /** What an input would be written down as that took effect at `nowNs`, before anything else happens. */
  mark(channel: string, nowNs: number): LoggedInput {
    return { atNs: nowNs, turn: nowNs === this.#lastNs ? this.#turn + 1 : 0, channel, bytes: NOTHING }
  }

  /** From now on, inputs come from a recording. */
  replay(entries: readonly LoggedInput[]): void {
    this.#replay = entries
    this.#next = 0
  }

  get isReplaying(): boolean {
    return this.#replay !== undefined
  }

  /** When the next recorded input takes effect; `Infinity` if there is none. */
  get nextNs(): number {
    return this.#replay?.[this.#next]?.atNs ?? NEVER
  }

  /** Lets what is due at `nowNs` take effect. Called once in each turn of the machine's loop. */
  apply(nowNs: number): void {
    this.#turn = nowNs === this.#lastNs ? this.#turn + 1 : 0
    this.#lastNs = nowNs
    if (this.#replay === undefined) this.#applyQueue(nowNs)
    else this.#applyReplay(this.#replay, nowNs)
  }

  #applyQueue(atNs: number): void {
    if (this.#queue.length === 0) return
    for (const { channel, bytes } of this.#queue.splice(0)) {
      this.#recording?.push({ atNs, turn: this.#turn, channel, bytes })
      this.#sinks.get(channel)?.(bytes)
    }
  }

  #applyReplay(replay: readonly LoggedInput[], nowNs: number): void {
    for (;;) {
      const entry = replay[this.#next]
      if (entry === undefined || entry.atNs > nowNs) return
      if (entry.atNs === nowNs && entry.turn > this.#turn) return
      if (entry.atNs < nowNs || entry.turn < this.#turn || !this.#sinks.has(entry.channel)) throw diverged(entry, nowNs)
      this.#next++
      this.#sinks.get(entry.channel)?.(entry.bytes)
    }
  }
}

function diverged({ atNs, channel }: LoggedInput, nowNs: number): MachineError {
  const what = `the recording has an input of ${channel} at ${atNs} ns that cannot take effect at ${nowNs} ns`
  return new MachineError(
    'machine.diverged',
    what,
    'replay it with the guest, disks and options with which it was recorded',
  )
}
