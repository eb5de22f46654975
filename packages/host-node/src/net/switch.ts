/** A learning Ethernet switch: IEEE 802.1D, 7.7 and 7.8, as far as one switch alone needs it. */
import type { NetBackend } from '@ringfold/contracts'
import { isFrame } from './framed-socket.ts'

const ADDRESS_BYTES = 6
/** Addresses that are remembered; beyond that the oldest is forgotten. */
const MOST_ADDRESSES = 1024

/** What a port gives out. */
type Deliver = (frame: Uint8Array) => void

const addressAt = (frame: Uint8Array, at: number): string =>
  Buffer.from(frame.buffer, frame.byteOffset + at, ADDRESS_BYTES).toString('hex')

/** Whether it is the address of many: such frames go to all, and come from nobody. */
const isGroup = (frame: Uint8Array, at: number): boolean => ((frame[at] as number) & 1) !== 0

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
    if (!isFrame(frame) || !this.#ports.has(from)) return
    if (!isGroup(frame, ADDRESS_BYTES)) this.#learn(addressAt(frame, ADDRESS_BYTES), from)
    const known = isGroup(frame, 0) ? undefined : this.#addresses.get(addressAt(frame, 0))
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
