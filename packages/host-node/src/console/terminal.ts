/** The terminal as the other end of a serial line. */
import process from 'node:process'
import type { ReadStream, WriteStream } from 'node:tty'
import type { ConsoleBackend } from '@ringfold/contracts'

/** Ctrl-]: what telnet has used for it since long. */
export const ESCAPE_KEY = 0x1d

export interface TerminalConsoleOptions {
  /** Default: standard input. */
  readonly input?: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
  /** Default: standard output. */
  readonly output?: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY'>>
  /** Where the escape key is announced. Default: standard error. */
  readonly notices?: NodeJS.WritableStream
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
  const isRaw = input.isTTY === true && output.isTTY === true
  const setRaw = (raw: boolean) => input.setRawMode?.(raw)
  let receive: (bytes: Uint8Array) => void = () => undefined
  let isListening = false
  const keys = new EscapeKeys((bytes) => receive(bytes), onEscape ?? (() => undefined))
  const onData = (chunk: Buffer) => (isRaw ? keys.take(chunk) : receive(chunk))
  const restore = () => setRaw(false)
  const onHangup = () => {
    restore()
    // Nobody else takes it: it ends the process, as if it had not been looked at.
    if (process.listenerCount('SIGHUP') === 0) process.kill(process.pid, 'SIGHUP')
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
      process.once('SIGHUP', onHangup)
      notices.write('The escape key is Ctrl-]: Ctrl-] x ends the machine, Ctrl-] p presses its power button.\r\n')
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
      process.off('SIGHUP', onHangup)
    },
  }
}

/** Parts keys into those for the guest and those behind the escape key. */
export class EscapeKeys {
  readonly #send: (bytes: Uint8Array) => void
  readonly #escape: (key: string) => void
  #isEscaped = false

  constructor(send: (bytes: Uint8Array) => void, onEscape: (key: string) => void) {
    this.#send = send
    this.#escape = onEscape
  }

  take(bytes: Uint8Array): void {
    let from = 0
    for (const [at, byte] of bytes.entries()) {
      if (this.#isEscaped) {
        this.#isEscaped = false
        from = byte === ESCAPE_KEY ? at : at + 1
        if (byte !== ESCAPE_KEY) this.#escape(String.fromCharCode(byte))
      } else if (byte === ESCAPE_KEY) {
        if (at > from) this.#send(bytes.slice(from, at))
        this.#isEscaped = true
        from = at + 1
      }
    }
    if (!this.#isEscaped && from < bytes.length) this.#send(bytes.slice(from))
  }
}
