/** Drives a guest by its console, as a person at a terminal would. */
import { TestkitError } from './check.ts'

/** A serial line: `machine.serial[0]`. */
export interface DrivenConsole {
  write(text: string): void
  /** @returns ends it */
  onOutput(listener: (bytes: Uint8Array) => void): () => void
}

export interface ConsoleDriverOptions {
  /** What stands before the cursor when a command may be given. */
  readonly prompt: string
  /** Milliseconds of the host's after which a wait is given up. Default: 60,000. */
  readonly patienceMs?: number
}

const DEFAULT_PATIENCE_MS = 60_000
/** Of what was printed, the end is shown where a wait fails. */
const SHOWN_CHARACTERS = 2000

export class ConsoleDriver {
  readonly #console: DrivenConsole
  readonly #options: ConsoleDriverOptions
  #output = ''
  #waiter: (() => void) | undefined

  constructor(console: DrivenConsole, options: ConsoleDriverOptions) {
    this.#console = console
    this.#options = options
    const decoder = new TextDecoder('latin1')
    console.onOutput((bytes) => {
      this.#output += decoder.decode(bytes)
      this.#waiter?.()
    })
  }

  /** Everything that was printed and not taken yet. */
  get output(): string {
    return this.#output
  }

  /** Waits for a text, and takes everything up to it. Throws `TestkitError` if it does not come. */
  async expect(text: string, patienceMs = this.#options.patienceMs ?? DEFAULT_PATIENCE_MS): Promise<string> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#waiter?.()
    }, patienceMs)
    try {
      for (;;) {
        const at = this.#output.indexOf(text)
        if (at >= 0) return this.#take(at, text.length)
        if (isLate) throw this.#failure(text, patienceMs)
        await new Promise<void>((resolve) => {
          this.#waiter = resolve
        })
      }
    } finally {
      clearTimeout(timer)
      this.#waiter = undefined
    }
  }

  #take(at: number, length: number): string {
    const taken = this.#output.slice(0, at)
    this.#output = this.#output.slice(at + length)
    return taken
  }

  #failure(text: string, patienceMs: number): TestkitError {
    const end = this.#output.slice(-SHOWN_CHARACTERS)
    return new TestkitError(
      `${JSON.stringify(text)} did not come within ${patienceMs} ms; the console ends in:\n${end}`,
    )
  }

  /** Waits until a command may be given. */
  async ready(patienceMs?: number): Promise<string> {
    return this.expect(this.#options.prompt, patienceMs)
  }

  /** Gives a command. @returns what it printed, in lines of the host */
  async run(command: string, patienceMs?: number): Promise<string> {
    this.#console.write(`${command}\n`)
    const output = (await this.ready(patienceMs)).replaceAll('\r\n', '\n')
    // The terminal shows the command, perhaps in several lines.
    const echoed = output.indexOf('\n')
    return output.slice(echoed + 1)
  }

  /** Types something, and waits for nothing. */
  type(text: string): void {
    this.#console.write(text)
  }
}
