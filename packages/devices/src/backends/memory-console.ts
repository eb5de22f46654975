/** A console in memory. */
import type { ConsoleBackend } from '@ringfold/contracts'

const DEFAULT_KEPT_BYTES = 1 << 20

/** Collects what the guest writes, and types for it. */
export class MemoryConsole implements ConsoleBackend {
  readonly #keptBytes: number
  #pieces: Uint8Array[] = []
  #length = 0
  #receive: (bytes: Uint8Array) => void = () => undefined

  /** Of the output the last `keptBytes` are kept: 1 MiB by default. */
  constructor({ keptBytes = DEFAULT_KEPT_BYTES }: { readonly keptBytes?: number } = {}) {
    this.#keptBytes = keptBytes
  }

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes.slice())
    this.#length += bytes.length
    if (this.#length > 2 * this.#keptBytes) this.#join()
  }

  /** One piece out of all, without what is too old. */
  #join(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      all.set(piece, at)
      at += piece.length
    }
    const kept = all.slice(Math.max(0, all.length - this.#keptBytes))
    this.#pieces = [kept]
    this.#length = kept.length
    return kept
  }

  /** What the guest wrote. */
  get output(): Uint8Array {
    return this.#join().slice()
  }

  /** What the guest wrote, as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.#join())
  }

  onInput(receive: (bytes: Uint8Array) => void): void {
    this.#receive = receive
  }

  /** Types. Lost as long as nobody takes it. */
  feed(bytes: Uint8Array | string): void {
    this.#receive(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice())
  }

  close(): void {
    this.#receive = () => undefined
  }
}
