/** A virtio network card (VIRTIO 1.2, 5.1): one pair of queues, no offloads. */
import { VIRTIO_ID, type VirtioHost, type VirtioModel } from '@ringfold/paravirt'

/** Feature bits (5.1.3). */
export const VIRTIO_NET_F = { MAC: 5, STATUS: 16 } as const
const STATUS_LINK_UP = 1
const [RECEIVE, TRANSMIT] = [0, 1]
const QUEUE_SIZE = 256
/** struct virtio_net_hdr with num_buffers (5.1.6). */
const HEADER_BYTES = 12
const NUM_BUFFERS_AT = 10
const MOST_FRAME_BYTES = 65_550
const LEAST_FRAME_BYTES = 14
/** Frames that wait for buffers of the guest; more are dropped, as a wire does. */
const MOST_WAITING = 256
const CONFIG_BYTES = 12

export interface VirtioNetOptions {
  /** Six bytes. */
  readonly mac: Uint8Array
  /** Takes a frame of the guest's, which is the receiver's to keep. */
  readonly send: (frame: Uint8Array) => void
}

export interface VirtioNetState {
  readonly waiting: readonly Uint8Array[]
}

export class VirtioNet implements VirtioModel<VirtioNetState> {
  readonly deviceId = VIRTIO_ID.NET
  readonly queueSizes = [QUEUE_SIZE, QUEUE_SIZE]
  readonly features = [VIRTIO_NET_F.MAC, VIRTIO_NET_F.STATUS]
  readonly configBytes = new Uint8Array(CONFIG_BYTES)
  readonly #send: (frame: Uint8Array) => void
  #host!: VirtioHost
  #waiting: Uint8Array[] = []

  constructor({ mac, send }: VirtioNetOptions) {
    this.#send = send
    this.configBytes.set(mac.subarray(0, 6))
    this.configBytes[6] = STATUS_LINK_UP
    this.configBytes[8] = 1
  }

  connect(host: VirtioHost): void {
    this.#host = host
  }

  /** A frame from the wire. */
  receive(frame: Uint8Array): void {
    if (frame.length < LEAST_FRAME_BYTES || frame.length > MOST_FRAME_BYTES) return
    if (this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push(frame.slice())
    this.#deliver()
  }

  notified(queue: number): void {
    if (queue === TRANSMIT) this.#transmit()
    else this.#deliver()
  }

  #transmit(): void {
    for (let taken = 0; taken < QUEUE_SIZE; taken++) {
      const result = this.#host.pop(TRANSMIT)
      if (result.kind !== 'chain') break
      const { chain } = result
      if (chain.readableBytes < HEADER_BYTES) {
        this.#host.fail('a frame without its header')
        return
      }
      const frame = chain.read(HEADER_BYTES, MOST_FRAME_BYTES)
      if (frame.length >= LEAST_FRAME_BYTES) this.#send(frame)
      this.#host.push(TRANSMIT, chain.head, 0)
    }
    this.#host.notify(TRANSMIT)
  }

  /** Puts waiting frames into buffers of the guest's: each into one. */
  #deliver(): void {
    while (this.#waiting.length > 0) {
      const result = this.#host.pop(RECEIVE)
      if (result.kind !== 'chain') break
      const { chain } = result
      const frame = this.#waiting.shift() as Uint8Array
      // A frame that a buffer has no room for is lost, and the buffer is given back empty.
      const fits = chain.writableBytes >= HEADER_BYTES + frame.length
      if (fits) {
        const header = new Uint8Array(HEADER_BYTES)
        header[NUM_BUFFERS_AT] = 1
        chain.write(0, header)
        chain.write(HEADER_BYTES, frame)
      }
      this.#host.push(RECEIVE, chain.head, fits ? HEADER_BYTES + frame.length : 0)
    }
    this.#host.notify(RECEIVE)
  }

  reset(): void {
    this.#waiting = []
  }

  state(): VirtioNetState {
    return { waiting: this.#waiting.map((frame) => frame.slice()) }
  }

  restore({ waiting }: VirtioNetState): void {
    this.#waiting = waiting.map((frame) => frame.slice())
  }
}
