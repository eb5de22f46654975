/** Packets of the remote protocol: `$payload#checksum`. GDB manual, appendix E.1 "Overview". */
import { bytesOfText, hexOfByte } from './hex.ts'

const ESCAPE = '}'
const ESCAPE_XOR = 0x20

/** A packet as it goes over the line; `payload` has its escapes already. */
export function encodePacket(payload: string): Uint8Array {
  let sum = 0
  for (let n = 0; n < payload.length; n++) sum += payload.charCodeAt(n)
  return bytesOfText(`$${payload}#${hexOfByte(sum & 0xff)}`)
}

/** Binary data for a payload: `#`, `$`, `}` and `*` are escaped. GDB manual, E.1, "Binary Data". */
export function escapeBinary(data: string): string {
  return data.replace(/[#$}*]/g, (c) => ESCAPE + String.fromCharCode(c.charCodeAt(0) ^ ESCAPE_XOR))
}

/** @returns null if the last character is half an escape. */
export function unescapeBinary(data: string): string | null {
  if (!data.includes(ESCAPE)) return data
  let text = ''
  for (let n = 0; n < data.length; n++) {
    if (data[n] !== ESCAPE) text += data[n]
    else if (++n < data.length) text += String.fromCharCode(data.charCodeAt(n) ^ ESCAPE_XOR)
    else return null
  }
  return text
}

const RUN_BIAS = 29

/** Expands run-length encoding in what a stub sent: `0* ` is `0000`. GDB manual, E.1, "Run-Length Encoding". */
export function expandRuns(payload: string): string {
  if (!payload.includes('*')) return payload
  let text = ''
  for (let n = 0; n < payload.length; n++) {
    const character = payload[n] as string
    if (character === ESCAPE) {
      text += character + (payload[++n] ?? '')
    } else if (character === '*' && text !== '' && n + 1 < payload.length) {
      text += (text.at(-1) as string).repeat(Math.max(0, payload.charCodeAt(++n) - RUN_BIAS))
    } else text += character
  }
  return text
}

/** What arrived. */
export type RspEvent =
  | { readonly kind: 'packet'; readonly payload: string }
  | { readonly kind: 'ack' }
  | { readonly kind: 'nak' }
  /** The byte 03H outside a packet. */
  | { readonly kind: 'interrupt' }
  /** A packet with a wrong checksum. */
  | { readonly kind: 'corrupt' }
  /** A packet that was longer than the limit; it was dropped. */
  | { readonly kind: 'oversized' }

const DOLLAR = 0x24
const HASH = 0x23
const INTERRUPT = 0x03

/** Takes packets out of a stream of bytes, however it is cut. What is no packet is dropped, as the protocol wants. */
export class PacketReader {
  readonly #limitBytes: number
  #state: 'idle' | 'payload' | 'checksum' = 'idle'
  #payload: string[] = []
  #sum = 0
  #checksum = ''

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  push(bytes: Uint8Array): RspEvent[] {
    const events: RspEvent[] = []
    for (const byte of bytes) {
      const event = this.#byte(byte)
      if (event !== null) events.push(event)
    }
    return events
  }

  #byte(byte: number): RspEvent | null {
    switch (this.#state) {
      case 'idle':
        return this.#outside(byte)
      case 'payload':
        if (byte === HASH) this.#state = 'checksum'
        // A new packet begins: the end of the former was lost.
        else if (byte === DOLLAR) this.#begin()
        else {
          this.#sum = (this.#sum + byte) & 0xff
          if (this.#payload.length <= this.#limitBytes) this.#payload.push(String.fromCharCode(byte))
        }
        return null
      default:
        this.#checksum += String.fromCharCode(byte)
        return this.#checksum.length < 2 ? null : this.#end()
    }
  }

  #outside(byte: number): RspEvent | null {
    if (byte === DOLLAR) this.#begin()
    else if (byte === INTERRUPT) return { kind: 'interrupt' }
    else if (byte === 0x2b) return { kind: 'ack' }
    else if (byte === 0x2d) return { kind: 'nak' }
    return null
  }

  #begin(): void {
    this.#state = 'payload'
    this.#payload = []
    this.#sum = 0
    this.#checksum = ''
  }

  #end(): RspEvent {
    const characters = this.#payload
    this.#state = 'idle'
    this.#payload = []
    if (!/^[0-9a-fA-F]{2}$/.test(this.#checksum)) return { kind: 'corrupt' }
    if (Number.parseInt(this.#checksum, 16) !== this.#sum) return { kind: 'corrupt' }
    if (characters.length > this.#limitBytes) return { kind: 'oversized' }
    return { kind: 'packet', payload: characters.join('') }
  }
}
