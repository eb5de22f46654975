/** A learning Ethernet switch: IEEE 802.1D, 7.7 and 7.8, as far as one switch alone needs it. */
import type { NetBackend } from '@ringfold/contracts'

const ADDRESS_BYTES = 6
const HEADER_BYTES = 14
/** Addresses that are remembered; beyond that the oldest is forgotten. */
const MOST_ADDRESSES = 1024

/** What a port gives out. */
type Deliver = (frame: Uint8Array) => void

const addressAt = (frame: Uint8Array, at: number): string =>
  Buffer.from(frame.buffer, frame.byteOffset + at, ADDRESS_BYTES).toString('hex')

export class NetSwitch {
  readonly #ports = new Set<Deliver>()
  readonly #addresses = new Map<string, Deliver>()

  /** Plugs something in. @returns what it sends by, and how it leaves */
  plug(deliver: Deliver): { readonly send: (frame: Uint8Array) => void; readonly unplug: () => void } {
    this.#ports.add(deliver)
    return {
      send: (frame) => this.#forward(frame, deliver),
      unplug: () => {
        this.#ports.delete(deliver)
        for (const [address, port] of this.#addresses) if (port === deliver) this.#addresses.delete(address)
      },
    }
  }

  /** A port as the back end of a network card. */
  port(): NetBackend {
    let receive: Deliver = () => undefined
    const { send, unplug } = this.plug((frame) => receive(frame))
    return {
      send,
      onReceive: (taker) => {
        receive = taker
      },
      close: unplug,
    }
  }

  #forward(frame: Uint8Array, from: Deliver): void {
    if (frame.length < HEADER_BYTES || !this.#ports.has(from)) return
    this.#learn(addressAt(frame, ADDRESS_BYTES), from)
    const isGroup = ((frame[0] as number) & 1) !== 0
    const known = isGroup ? undefined : this.#addresses.get(addressAt(frame, 0))
    if (known !== undefined) {
      if (known !== from) known(frame.slice())
    } else for (const port of this.#ports) if (port !== from) port(frame.slice())
  }

  #learn(address: string, port: Deliver): void {
    this.#addresses.delete(address)
    this.#addresses.set(address, port)
    if (this.#addresses.size > MOST_ADDRESSES) this.#addresses.delete(this.#addresses.keys().next().value as string)
  }
}
