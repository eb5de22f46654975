/** A set of callbacks that may change while it is being called: those present when the call began are called. */
export class Listeners<Listener> {
  #entries: readonly { readonly listener: Listener }[] = []

  /** What is called now; a snapshot. */
  get all(): readonly { readonly listener: Listener }[] {
    return this.#entries
  }

  /** @returns what takes it away again. A listener that was added twice is called twice. */
  add(listener: Listener): () => void {
    const entry = { listener }
    this.#entries = [...this.#entries, entry]
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry)
    }
  }
}
