import { once } from 'node:events'
import process from 'node:process'
import type { Writable } from 'node:stream'

/** Characters that are gathered before they are written: large enough that the calls do not count, small enough to stream. */
const CHUNK_CHARACTERS = 1 << 16

/**
 * Text for a stream in large pieces. `add` never waits; whoever writes much awaits `drained` whenever `isFull`, so that memory stays
 * bounded however slow the reader is. A reader that went away is the affair of the stream's `error` event.
 */
export class BufferedOutput {
  readonly #stream: Writable
  #pending = ''

  constructor(stream: Writable = process.stdout) {
    this.#stream = stream
  }

  get isFull(): boolean {
    return this.#pending.length >= CHUNK_CHARACTERS
  }

  add(text: string): void {
    this.#pending += text
  }

  /** Hands over what was gathered and waits until the stream takes more. */
  async drained(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '' && !this.#stream.write(text)) await once(this.#stream, 'drain')
  }
}
