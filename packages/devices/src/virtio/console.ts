/** A virtio console with one port (VIRTIO 1.2, 5.3). */
import { VIRTIO_ID, type VirtioHost, type VirtioModel } from '@ringfold/paravirt'

/** Feature bits (5.3.3). */
export const VIRTIO_CONSOLE_F = { SIZE: 0 } as const
const [RECEIVE, TRANSMIT] = [0, 1]
const QUEUE_SIZE = 64
const CONFIG_BYTES = 12
/** Bytes that wait for buffers of the guest; more are dropped. */
const MOST_WAITING_BYTES = 1 << 20
/** Bytes of one transmission that are handed on at once. */
const PIECE_BYTES = 1 << 16

export interface VirtioConsoleOptions {
  /** Takes what the guest writes. */
  readonly transmit: (bytes: Uint8Array) => void
  readonly columns?: number
  readonly rows?: number
}

export interface VirtioConsoleState {
  readonly waiting: Uint8Array
  readonly columns: number
  readonly rows: number
}

export class VirtioConsole implements VirtioModel<VirtioConsoleState> {
  readonly deviceId = VIRTIO_ID.CONSOLE
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly features = [VIRTIO_CONSOLE_F.SIZE]
  readonly configBytes = new Uint8Array(CONFIG_BYTES)
  readonly #transmit: (bytes: Uint8Array) => void
  #host!: VirtioHost
  #waiting: Uint8Array = new Uint8Array(0)

  constructor({ transmit, columns = 80, rows = 25 }: VirtioConsoleOptions) {
    this.#transmit = transmit
    this.#setSize(columns, rows)
    this.configBytes[4] = 1
  }

  #setSize(columns: number, rows: number): void {
    const view = new DataView(this.configBytes.buffer)
    view.setUint16(0, columns, true)
    view.setUint16(2, rows, true)
  }

  connect(host: VirtioHost): void {
    this.#host = host
  }

  /** The terminal has another size. */
  resize(columns: number, rows: number): void {
    this.#setSize(columns, rows)
    this.#host.configChanged()
  }

  /** Bytes for the guest. */
  receive(bytes: Uint8Array): void {
    const room = MOST_WAITING_BYTES - this.#waiting.length
    const kept = bytes.subarray(0, room)
    const joined = new Uint8Array(this.#waiting.length + kept.length)
    joined.set(this.#waiting)
    joined.set(kept, this.#waiting.length)
    this.#waiting = joined
    this.#deliver()
  }

  notified(queue: number): void {
    if (queue === RECEIVE) this.#deliver()
    else this.#take()
  }

  #take(): void {
    for (let taken = 0; taken < QUEUE_SIZE; taken++) {
      const result = this.#host.pop(TRANSMIT)
      if (result.kind !== 'chain') break
      const { chain } = result
      for (let at = 0; at < chain.readableBytes; at += PIECE_BYTES) this.#transmit(chain.read(at, PIECE_BYTES))
      this.#host.push(TRANSMIT, chain.head, 0)
    }
    this.#host.notify(TRANSMIT)
  }

  #deliver(): void {
    while (this.#waiting.length > 0) {
      const result = this.#host.pop(RECEIVE)
      if (result.kind !== 'chain') break
      const written = result.chain.write(0, this.#waiting)
      this.#waiting = this.#waiting.subarray(written)
      this.#host.push(RECEIVE, result.chain.head, written)
      // A buffer of nothing takes nothing: it must not be asked for ever.
      if (written === 0) break
    }
    this.#host.notify(RECEIVE)
  }

  reset(): void {
    this.#waiting = new Uint8Array(0)
  }

  state(): VirtioConsoleState {
    const view = new DataView(this.configBytes.buffer)
    return { waiting: this.#waiting.slice(), columns: view.getUint16(0, true), rows: view.getUint16(2, true) }
  }

  restore({ waiting, columns, rows }: VirtioConsoleState): void {
    this.#waiting = waiting.slice()
    this.#setSize(columns, rows)
  }
}
