/**
 * The order of things in a machine: inputs, timers that are due, a stretch of instructions; and when everybody waits, time itself.
 * Every turn of the loop is a function of the machine's state and of the inputs, so a run repeats to the bit, in however many
 * stretches it is run.
 */
import type { GroupExit, ProcessorGroup } from '@ringfold/cpu'
import type { MachineHost } from './host.ts'
import type { Inputs } from './inputs.ts'
import type { MachineTime } from './time.ts'

/** How a machine's time goes: by instructions alone, or along with the host's clock too. */
export type ClockKind = 'virtual' | 'real'

export interface RunLoopParts {
  readonly group: ProcessorGroup
  readonly time: MachineTime
  readonly inputs: Inputs
  readonly host: MachineHost
  readonly clock: ClockKind
  /** Called at the end of each turn: output that gathered goes out. */
  readonly drain: () => void
  /** A processor shut down: a triple fault. */
  readonly tripleFault: (processor: number) => void
}

/** Why the loop gave control back. */
export type LoopExit =
  /** `interrupt` was called. */
  | 'interrupted'
  /** The instructions that were asked for are retired. */
  | 'budget'
  /** All processors wait, no timer is armed, and no input can come. */
  | 'dead'

/** Instructions of one stretch: some 10 ms of the host's time. With the real clock a tenth of that, so that timers are on time. */
const STRETCH = 500_000
const REAL_STRETCH = 50_000
/** The host's time that passes before the event loop has a turn. */
const YIELD_NS = 8e6
/** A processor that takes exceptions for ever retires nothing: this much time passes instead. */
const STUCK_NS = 1000
/** The machine's clock follows the host's when it is so far behind: each step is written down in a recording. */
const LEAST_STEP_NS = 100_000
/** A host that slept, or was stopped: ticks of that time are not made up for. */
const MOST_BEHIND_NS = 2e9
/** What processors run between two timers while the machine is behind: enough to take the interrupt. */
const LATE_STRETCH = 5000
const NS_PER_MS = 1e6
/** Shorter waits are not worth one: the host's timers are no finer. */
const SHORTEST_SLEEP_MS = 0.5
const LONGEST_SLEEP_MS = 1000

/** The input channel by which the host's clock moves the machine's. */
export const TIME_CHANNEL = 'time'

export class RunLoop {
  readonly #parts: RunLoopParts
  #interrupted = false
  #wake: () => void = () => undefined
  /** Host time at which the machine's would be 0, with the real clock. */
  #hostEpochNs = 0
  /** The machine's clock is behind the host's, with timers in between. */
  #isLate = false
  /** Whether somebody may still send input. */
  expectsInput = true

  constructor(parts: RunLoopParts) {
    this.#parts = parts
    parts.inputs.connect(TIME_CHANNEL, (bytes) => parts.time.skip(nsOf(bytes)))
    parts.inputs.onInput(() => this.#wake())
  }

  /** Lets `run` return at the next boundary. */
  interrupt(): void {
    this.#interrupted = true
    this.#parts.group.stop()
    this.#wake()
  }

  /** Runs for at most so many instructions. */
  async run(instructions: number): Promise<LoopExit> {
    const { host, time } = this.#parts
    this.#interrupted = false
    this.#hostEpochNs = host.nowNs() - time.nowNs
    let left = instructions
    for (;;) {
      const until = host.nowNs() + YIELD_NS
      do {
        this.#catchUp()
        const done = this.#turn(left)
        if (done === 'wait') {
          await this.#idle()
          if (this.#isDead()) return 'dead'
        } else left -= done
        if (this.#interrupted) return 'interrupted'
        if (left <= 0) return 'budget'
      } while (host.nowNs() < until)
      await host.yield()
    }
  }

  /**
   * With the real clock, the machine's follows the host's: the difference is an input. It goes from timer to timer, and lets processors run
   * a little at each, so that no tick of a periodic timer is lost to a host that was busy elsewhere.
   */
  #catchUp(): void {
    const { clock, host, time, inputs } = this.#parts
    this.#isLate = false
    if (clock === 'virtual' || inputs.isReplaying) return
    const { nowNs } = time
    const behindNs = Math.floor(host.nowNs() - this.#hostEpochNs - nowNs)
    if (behindNs < LEAST_STEP_NS) return
    const toTimerNs = Math.ceil(time.nextNs - nowNs)
    this.#isLate = toTimerNs < behindNs && behindNs < MOST_BEHIND_NS
    const stepNs = this.#isLate ? toTimerNs : behindNs
    if (stepNs > 0) inputs.push(TIME_CHANNEL, bytesOf(stepNs))
  }

  /** One turn. @returns instructions retired, or that all have to wait */
  #turn(left: number): number | 'wait' {
    const { group } = this.#parts
    return this.turn(left, (budget) => group.run(budget))
  }

  /**
   * One turn with somebody else's way of running processors: a debugger's. @returns instructions retired, or that all have to wait
   */
  turn(left: number, run: (budget: number) => Pick<GroupExit, 'reason' | 'processor' | 'retired'>): number | 'wait' {
    const { time, inputs, clock, drain } = this.#parts
    inputs.apply(time.nowNs)
    if (this.#interrupted) return 0
    time.fireDue()
    if (this.#interrupted) return 0
    if (time.awaited !== undefined) return 'wait'
    const nowNs = time.nowNs
    const stretch = clock === 'virtual' ? STRETCH : this.#isLate ? LATE_STRETCH : REAL_STRETCH
    // An input that is due now, but in a later turn, came while all waited.
    const inputNs = inputs.nextNs > nowNs ? inputs.nextNs : Number.POSITIVE_INFINITY
    const budget = Math.ceil(Math.min(stretch, left, time.nextNs - nowNs, inputNs - nowNs))
    time.letRunUntil(nowNs + budget)
    const { reason, processor, retired } = run(budget)
    time.letRunUntil(0)
    drain()
    if (reason === 'shutdown') this.#parts.tripleFault(processor)
    const isStuck = reason === 'interrupted' && retired === 0 && time.nowNs === nowNs
    if (isStuck && !this.#interrupted) time.skip(STUCK_NS)
    return reason === 'halted' ? this.#leap(retired) : retired
  }

  /** Forgets that `interrupt` was called: before turns that somebody else runs. */
  clearInterrupt(): void {
    this.#interrupted = false
  }

  /** All processors wait: with the virtual clock, until the next timer or recorded input, at once. */
  #leap(retired: number): number | 'wait' {
    const { time, inputs, clock } = this.#parts
    if (inputs.isWaiting) return retired
    const nextNs = Math.min(time.nextNs, inputs.nextNs)
    const isFree = clock === 'virtual' || inputs.isReplaying
    if (!isFree || nextNs === Number.POSITIVE_INFINITY) return retired > 0 ? retired : 'wait'
    time.skip(Math.max(0, Math.ceil(nextNs - time.nowNs)))
    return retired
  }

  /** Waits for what time waits for, the next timer by the host's clock, or an input. */
  async #idle(): Promise<void> {
    const { time, host, inputs, drain } = this.#parts
    drain()
    const { awaited } = time
    if (inputs.isWaiting || this.#isDead()) return
    const dueMs = (time.nextNs - time.nowNs) / NS_PER_MS
    if (awaited === undefined && dueMs < SHORTEST_SLEEP_MS) return host.yield()
    const sleep = host.sleep(Math.min(dueMs > 0 ? dueMs : LONGEST_SLEEP_MS, LONGEST_SLEEP_MS))
    const woken = new Promise<void>((wake) => {
      this.#wake = wake
    })
    const settled =
      awaited === undefined ? woken : Promise.race([woken, Promise.resolve(awaited).then(nothing, nothing)])
    await Promise.race([sleep.done, settled])
    this.#wake = nothing
    sleep.cancel()
  }

  #isDead(): boolean {
    const { time, inputs } = this.#parts
    const nothingDue = time.nextNs === Number.POSITIVE_INFINITY && inputs.nextNs === Number.POSITIVE_INFINITY
    return nothingDue && !inputs.isWaiting && (inputs.isReplaying || !this.expectsInput)
  }
}

function nothing(): void {}

const TIME_BYTES = 8

function bytesOf(ns: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  new DataView(bytes.buffer).setFloat64(0, ns, true)
  return bytes
}

const nsOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getFloat64(0, true)
