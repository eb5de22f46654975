/** One end of the channel between page and worker, as far as all of them are alike: `Worker`, a worker's global scope, `MessagePort`. */
export interface Endpoint {
  /** What is in `transfer` is the other side's from then on. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: string, listener: (event: object) => void): void
  /** A message port waits for this. */
  start?(): void
  /** Ends a worker. */
  terminate?(): void
  /** Ends a message port, or a worker from within. */
  close?(): void
}

/** Takes messages from the other side. Who posts them is the program's own other half: they are not checked one by one. */
export function receive<Message>(endpoint: Endpoint, take: (message: Message) => void): void {
  endpoint.addEventListener('message', (event) => take((event as { readonly data: Message }).data))
  endpoint.start?.()
}

/** The buffer of bytes that nobody here needs any more, to be handed over. */
export function transferred(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : []
}
