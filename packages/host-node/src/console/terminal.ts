/** The terminal as the other end of a serial line. */
import process from 'node:process'
import type { ReadStream, WriteStream } from 'node:tty'
import type { ConsoleBackend } from '@ringfold/contracts'

/** Ctrl-]: what telnet has used for it since long. */
export const ESCAPE_KEY = 0x1d
/** Signals at which a process ends, and Node does not restore the terminal itself, as it does at SIGINT and SIGTERM. */
const ENDING_SIGNALS = ['SIGHUP', 'SIGQUIT'] as const

/** Ctrl takes 64 from a letter. */
const controlKey = (byte: number): string => `Ctrl-${String.fromCharCode(byte + 64)}`

export interface TerminalConsoleOptions {
  /** Default: standard input. */
  readonly input?: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
  /** Default: standard output. */
  readonly output?: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>
  /** Where the escape key is announced. Default: standard error. */
  readonly notices?: NodeJS.WritableStream
  /** The escape key: a byte from 1 to 31, as Ctrl makes them. Default: `ESCAPE_KEY`. */
  readonly escapeKey?: number
  /** What is said of the keys behind it. */
  readonly escapes?: string
  /** A key was pressed behind the escape key, which was pressed once: twice sends it. */
  readonly onEscape?: (key: string) => void
  /** The input has ended. */
  readonly onEnd?: () => void
}

/**
 * A terminal in raw mode: every key is the guest's, Ctrl-C too, but the escape key. Its mode is restored after any end of the process that
 * runs handlers. Where the input is no terminal, it is passed on as it is.
 */
export function terminalConsole(options: TerminalConsoleOptions = {}): ConsoleBackend {
  const { input = process.stdin, output = process.stdout, notices = process.stderr, onEscape, onEnd } = options
  const { escapeKey = ESCAPE_KEY, escapes = 'x ends the machine, p presses its power button' } = options
  const isRaw = input.isTTY === true && output.isTTY === true
  const setRaw = (raw: boolean) => input.setRawMode?.(raw)
  let receive: (bytes: Uint8Array) => void = () => undefined
  let isListening = false
  const keys = new EscapeKeys((bytes) => receive(bytes), onEscape ?? (() => undefined), escapeKey)
  const onData = (chunk: Buffer) => (isRaw ? keys.take(chunk) : receive(chunk))
  const restore = () => setRaw(false)
  const onEndingSignal = (signal: NodeJS.Signals) => {
    restore()
    // Nobody else takes it: it ends the process, as if it had not been looked at.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  // Whoever had the terminal meanwhile may have left it otherwise.
  const onContinue = () => {
    restore()
    setRaw(true)
  }
  let hasEnded = false
  const end = () => {
    if (!hasEnded) onEnd?.()
    hasEnded = true
  }
  const begin = () => {
    if (isRaw) {
      setRaw(true)
      process.once('exit', restore)
      for (const signal of ENDING_SIGNALS) process.once(signal, onEndingSignal)
      process.on('SIGCONT', onContinue)
      notices.write(`The escape key is ${controlKey(escapeKey)} (twice sends it): ${escapes}.\r\n`)
    }
    input.on('data', onData)
    input.once('end', end)
    // A terminal that is gone, for one.
    input.on('error', end)
  }
  return {
    write: (bytes) => void output.write(bytes.slice()),
    onInput: (taker) => {
      receive = taker
      if (!isListening) begin()
      isListening = true
    },
    close: () => {
      hasEnded = true
      input.off('data', onData)
      input.off('end', end)
      input.pause()
      if (!isRaw) return
      restore()
      process.off('exit', restore)
      for (const signal of ENDING_SIGNALS) process.off(signal, onEndingSignal)
      process.off('SIGCONT', onContinue)
    },
  }
}

/** Parts keys into those for the guest and those behind the escape key. */
export class EscapeKeys {
  readonly #send: (bytes: Uint8Array) => void
  readonly #escape: (key: string) => void
  readonly #escapeKey: number
  #isEscaped = false

  constructor(send: (bytes: Uint8Array) => void, onEscape: (key: string) => void, escapeKey: number = ESCAPE_KEY) {
    this.#send = send
    this.#escape = onEscape
    this.#escapeKey = escapeKey
  }

  take(bytes: Uint8Array): void {
    let from = 0
    for (const [at, byte] of bytes.entries()) {
      if (this.#isEscaped) {
        this.#isEscaped = false
        from = byte === this.#escapeKey ? at : at + 1
        if (byte !== this.#escapeKey) this.#escape(String.fromCharCode(byte))
      } else if (byte === this.#escapeKey) {
        if (at > from) this.#send(bytes.slice(from, at))
        this.#isEscaped = true
        from = at + 1
      }
    }
    if (!this.#isEscaped && from < bytes.length) this.#send(bytes.slice(from))
  }
}
