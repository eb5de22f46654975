/** Where a machine is while nothing comes from it: one line on a terminal, plain lines otherwise. */
import process from 'node:process'
import type { Machine } from '@ringfold/machine'
import { styled } from '../style.ts'

const TERMINAL_INTERVAL_MS = 250
const PLAIN_INTERVAL_MS = 5000
/** The console spoke so lately that nobody needs another sign of life. */
const QUIET_MS = 400
const CLEAR = '\r\u001b[2K'

/** Signs on a Linux console by which one knows where it is. */
const PHASES: readonly (readonly [RegExp, string])[] = [
  [/Run \S+ as init process/, 'user space'],
  [/Linux version /, 'the kernel'],
]

export class StatusLine {
  readonly #machine: Machine
  readonly #isTerminal: boolean
  #phase = 'the boot loader'
  #last = ''
  #spokeMs = 0
  #shown = false
  #timer: NodeJS.Timeout | undefined
  #startMs = 0
  #startInstructions = 0

  constructor(machine: Machine, isTerminal: boolean) {
    this.#machine = machine
    this.#isTerminal = isTerminal
    machine.serial[0]?.onOutput((bytes) => this.#listen(bytes))
  }

  start(): void {
    this.#startMs = performance.now()
    this.#startInstructions = this.#machine.statistics.instructions
    const interval = this.#isTerminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS
    this.#timer = setInterval(() => this.#tick(), interval)
    this.#timer.unref()
  }

  /** Takes the line away. */
  stop(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  /** Takes the line away until there is need of it again: before something else is written. */
  clear(): void {
    if (this.#shown) process.stderr.write(CLEAR)
    this.#shown = false
  }

  #listen(bytes: Uint8Array): void {
    this.#spokeMs = performance.now()
    this.#last = (this.#last + new TextDecoder('latin1').decode(bytes)).slice(-4000)
    const found = PHASES.find(([sign]) => sign.test(this.#last))
    if (found === undefined) return
    this.#phase = found[1]
    // From then on, the guest speaks for itself.
    if (found === PHASES[0]) this.stop()
  }

  #tick(): void {
    const now = performance.now()
    if (this.#isTerminal && now - this.#spokeMs < QUIET_MS) return
    const { instructions, nowNs } = this.#machine.statistics
    const seconds = (now - this.#startMs) / 1000
    const mips = (instructions - this.#startInstructions) / 1e6 / Math.max(seconds, 0.001)
    const text = `in ${this.#phase}: ${(instructions / 1e6).toFixed(0)} million instructions, ${mips.toFixed(0)} MIPS, ${(nowNs / 1e9).toFixed(1)} s of its time`
    if (this.#isTerminal) process.stderr.write(`${CLEAR}${styled('dim', text, process.stderr)}`)
    else process.stderr.write(`ringfold: ${text}\n`)
    this.#shown = this.#isTerminal
  }
}
