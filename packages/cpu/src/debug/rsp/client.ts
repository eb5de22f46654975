import { encodePacket, expandRuns, PacketReader, unescapeBinary } from './framing.ts'
import { bytesOfHex, hexOfBytes, valueOfBytes } from './hex.ts'

/** A register of the machine at the other end, as its description has it. */
export interface RemoteRegister {
  readonly name: string
  readonly bits: number
}

/** Replies are as long as the stub likes; this only ends what would never end. */
const MOST_REPLY_BYTES = 1 << 22
const TRANSFER_BYTES = 0x800

interface Waiting {
  readonly isStop: boolean
  readonly resolve: (reply: string) => void
  readonly reject: (error: Error) => void
}

/**
 * The debugger's side of the remote serial protocol: bytes in, bytes out. One request at a time; a reply of another stub is
 * data, and may be wrong: what cannot be understood rejects the promise.
 */
export class RspClient {
  readonly #send: (bytes: Uint8Array) => void
  readonly #reader = new PacketReader(MOST_REPLY_BYTES)
  #waiting: Waiting | null = null
  #registers: readonly RemoteRegister[] = []

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send
  }

  /** Takes what has arrived. */
  receive(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      if (event.kind !== 'packet') continue
      this.#send(Uint8Array.of('+'.charCodeAt(0)))
      const waiting = this.#waiting
      const payload = expandRuns(event.payload)
      // Output of the target's console, between a request to run and its stop.
      if (waiting === null || (waiting.isStop && payload.startsWith('O') && payload !== 'OK')) continue
      this.#waiting = null
      waiting.resolve(payload)
    }
  }

  /** The connection is lost. */
  close(): void {
    this.#waiting?.reject(new Error('the connection to the stub is closed'))
    this.#waiting = null
  }

  request(payload: string, isStop = false): Promise<string> {
    if (this.#waiting !== null) return Promise.reject(new Error('a request is under way'))
    return new Promise((resolve, reject) => {
      this.#waiting = { isStop, resolve, reject }
      this.#send(encodePacket(payload))
    })
  }

  /** Introduces itself and reads the description of the registers. */
  async connect(): Promise<readonly RemoteRegister[]> {
    await this.request('qSupported:xmlRegisters=i386;swbreak+;hwbreak+')
    this.#registers = parseRegisters(await this.#description('target.xml', 0))
    return this.#registers
  }

  /** A document with the documents that it includes in their places. */
  async #description(annex: string, depth: number): Promise<string> {
    let text = ''
    for (let more = true; more; ) {
      const range = `${text.length.toString(16)},${TRANSFER_BYTES.toString(16)}`
      const reply = await this.request(`qXfer:features:read:${annex}:${range}`)
      more = reply.startsWith('m')
      if (!more && !reply.startsWith('l')) throw new Error(`the stub has no ${annex}: ${reply}`)
      text += unescapeBinary(reply.slice(1)) ?? ''
    }
    const included = [...text.matchAll(/<xi:include href="([^"]+)"\/>/g)]
    for (const [element, href] of included)
      if (depth < 4) text = text.replace(element, await this.#description(href as string, depth + 1))
    return text
  }

  /** All registers, by name. */
  async readRegisters(): Promise<Map<string, bigint>> {
    const bytes = bytesOfHex((await this.request('g')).replaceAll('x', '0'))
    if (bytes === null) throw new Error('g: no registers came')
    const values = new Map<string, bigint>()
    let offset = 0
    for (const { name, bits } of this.#registers) {
      const end = offset + Math.ceil(bits / 8)
      // Registers that `g` does not reach are left out.
      if (end > bytes.length) break
      values.set(name, valueOfBytes(bytes.subarray(offset, end)))
      offset = end
    }
    return values
  }

  /** @returns the bytes, or null where the stub could not read them all */
  async readMemory(address: bigint, lengthBytes: number): Promise<Uint8Array | null> {
    const bytes = bytesOfHex(await this.request(`m${address.toString(16)},${lengthBytes.toString(16)}`))
    return bytes?.length === lengthBytes ? bytes : null
  }

  async writeMemory(address: bigint, bytes: Uint8Array): Promise<boolean> {
    const reply = await this.request(`M${address.toString(16)},${bytes.length.toString(16)}:${hexOfBytes(bytes)}`)
    return reply === 'OK'
  }

  /** One instruction. @returns the stop reply */
  step(): Promise<string> {
    return this.request('s', true)
  }
}

/** Registers of a description, in the order of their numbers. */
export function parseRegisters(description: string): RemoteRegister[] {
  const registers: RemoteRegister[] = []
  let number = 0
  const elements = description.replace(/<!--[\s\S]*?-->/g, '')
  for (const [element] of elements.matchAll(/<reg\b[^>]*>/g)) {
    const attribute = (name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(element)?.[1]
    const [name, bits, at] = [attribute('name'), Number(attribute('bitsize')), attribute('regnum')]
    if (name === undefined || !(bits > 0 && bits <= 1024)) continue
    if (at !== undefined) number = Number(at)
    registers[number++] = { name, bits }
  }
  return registers.filter((register) => register !== undefined)
}
