/** A serial line of the machine, as its user sees it: a back end, listeners, web streams. */
import type { ConsoleBackend } from '@ringfold/contracts'

/** The platform's web streams, where its types are in sight; else as much of them as there is to know. */
export type ByteReadable = typeof globalThis extends { ReadableStream: { prototype: infer Stream } }
  ? Stream
  : { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(reason?: unknown): Promise<void> } }
export type ByteWritable = typeof globalThis extends { WritableStream: { prototype: infer Stream } }
  ? Stream
  : { getWriter(): { write(bytes: Uint8Array | string): Promise<void>; close(): Promise<void> } }

/** Output that is kept for whoever asks for it later. */
const KEPT_BYTES = 64 << 10
const FIRST_BUFFER_BYTES = 4096

export class SerialPort {
  readonly #send: (bytes: Uint8Array) => void
  readonly #listeners = new Set<(bytes: Uint8Array) => void>()
  readonly #backend: ConsoleBackend | undefined
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES)
  #length = 0
  #kept: Uint8Array[] = []
  #keptBytes = 0

  /** `send` hands bytes to the guest. */
  constructor(send: (bytes: Uint8Array) => void, backend?: ConsoleBackend) {
    this.#send = send
    this.#backend = backend
    backend?.onInput(send)
  }

  /** A byte from the guest: it goes out at the end of the turn. */
  transmit(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#buffer.length) this.#grow(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(2 * (this.#buffer.length + bytes))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }

  /** Hands on what gathered. */
  drain(): void {
    if (this.#length === 0) return
    const bytes = this.#buffer.slice(0, this.#length)
    this.#length = 0
    this.#keep(bytes)
    this.#backend?.write(bytes)
    for (const listener of this.#listeners) listener(bytes)
  }

  #keep(bytes: Uint8Array): void {
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    if (this.#keptBytes >= 2 * KEPT_BYTES) this.#joinKept()
  }

  /** One piece out of many, without what is too old: a guest's output comes a few bytes at a time. */
  #joinKept(): Uint8Array {
    const all = new Uint8Array(this.#keptBytes)
    let at = 0
    for (const piece of this.#kept) {
      all.set(piece, at)
      at += piece.length
    }
    const last = all.slice(-KEPT_BYTES)
    this.#kept = [last]
    this.#keptBytes = last.length
    return last
  }

  /** Bytes to the guest, as if they were typed. */
  write(bytes: Uint8Array | string): void {
    this.#send(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
  }

  /** Listens to the guest's output. @returns ends it */
  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The guest's output as a web stream, from the last 64 KiB on. Each call gives one of its own. */
  get readable(): ByteReadable {
    let end = () => {}
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (this.#keptBytes > 0) controller.enqueue(this.#joinKept().slice())
        end = this.onOutput((bytes) => controller.enqueue(bytes))
      },
      cancel: () => end(),
    }) as unknown as ByteReadable
  }

  /** Input for the guest as a web stream. */
  get writable(): ByteWritable {
    return new WritableStream<Uint8Array | string>({ write: (bytes) => this.write(bytes) }) as unknown as ByteWritable
  }
}
