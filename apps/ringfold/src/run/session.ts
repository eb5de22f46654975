/** A machine and the person, or the program, that runs it: signals, keys behind the escape key, progress. */
import process from 'node:process'
import { writeFileAtomically } from '@ringfold/host-node'
import type { Machine, MachineEnd } from '@ringfold/machine'
import type { RunOptions } from './command.ts'
import { debugged } from './debugged.ts'
import type { SerialUse } from './devices.ts'
import { StatusLine } from './status-line.ts'

/** How long a guest has to power off before it is stopped. */
const PATIENCE_MS = 10_000

export class Session {
  readonly serialUse: SerialUse
  readonly #options: RunOptions
  readonly #isInteractive: boolean
  #machine: Machine | undefined
  #status: StatusLine | undefined
  #patience: NodeJS.Timeout | undefined
  readonly #onSignal = () => this.#powerButton()

  constructor(options: RunOptions, isInteractive: boolean) {
    this.#options = options
    this.#isInteractive = isInteractive
    this.serialUse = {
      onEscape: (key) => this.#escape(key),
      onEnd: () => this.#machine?.endOfInput(),
      isDeaf: options.replay !== undefined || (options.guest !== undefined && !isInteractive),
    }
  }

  attach(machine: Machine): void {
    this.#machine = machine
    if (this.serialUse.isDeaf) machine.endOfInput()
    if (!this.#options.quiet) this.#status = new StatusLine(machine, this.#isInteractive)
    process.on('SIGTERM', this.#onSignal)
    // On a terminal Ctrl-C is a byte for the guest; this is for who sends the signal.
    process.on('SIGINT', this.#onSignal)
  }

  async run(): Promise<MachineEnd> {
    const { maxInstructions } = this.#options
    this.#status?.start()
    const machine = this.#machine as Machine
    const { gdb } = this.#options
    if (gdb !== undefined) {
      const end = await debugged(machine, gdb)
      if (end !== undefined) return end
    }
    return machine.run(maxInstructions === undefined ? {} : { instructions: maxInstructions })
  }

  end(): void {
    this.#status?.stop()
    clearTimeout(this.#patience)
    process.off('SIGTERM', this.#onSignal)
    process.off('SIGINT', this.#onSignal)
  }

  /** The power button first; pressed again, or without an answer, the machine is stopped. */
  #powerButton(): void {
    if (this.#patience !== undefined) {
      this.#machine?.stop()
      return
    }
    this.#machine?.pressPowerButton()
    this.#patience = setTimeout(() => this.#machine?.stop(), PATIENCE_MS)
    this.#patience.unref()
  }

  #escape(key: string): void {
    if (key === 'x') this.#machine?.stop()
    else if (key === 'p') this.#machine?.pressPowerButton()
    else if (key === 's') void this.#snapshot()
  }

  async #snapshot(): Promise<void> {
    const { snapshot } = this.#options
    if (snapshot === undefined) {
      process.stderr.write('\r\nno --snapshot FILE was given\r\n')
      return
    }
    const machine = this.#machine as Machine
    await machine.pause()
    const bytes = machine.snapshot()
    machine.resume()
    await writeFileAtomically(snapshot, bytes)
    process.stderr.write(`\r\nsnapshot: ${snapshot}\r\n`)
  }
}
