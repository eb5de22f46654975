/** Ethernet frames over a stream: each behind its length, 32 bits, big-endian, as QEMU and passt have it. */
import type { Socket } from 'node:net'

const LENGTH_BYTES = 4
export const MOST_FRAME_BYTES = 65_550
/** Frames are dropped while more than this waits to be sent: a wire does not wait. */
const MOST_WAITING_BYTES = 4 << 20

export class FramedSocket {
  readonly #socket: Socket
  #pending: Buffer = Buffer.alloc(0)

  /** `receive` takes frames; a peer that sends what is no frame is hung up on. */
  constructor(socket: Socket, receive: (frame: Uint8Array) => void) {
    this.#socket = socket
    socket.setNoDelay?.(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
      this.#take(receive)
    })
  }

  #take(receive: (frame: Uint8Array) => void): void {
    let at = 0
    while (this.#pending.length - at >= LENGTH_BYTES) {
      const length = this.#pending.readUInt32BE(at)
      if (length > MOST_FRAME_BYTES) {
        this.#socket.destroy()
        return
      }
      if (this.#pending.length - at - LENGTH_BYTES < length) break
      receive(new Uint8Array(this.#pending.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length)))
      at += LENGTH_BYTES + length
    }
    this.#pending = this.#pending.subarray(at)
  }

  send(frame: Uint8Array): void {
    const { writable, writableLength } = this.#socket
    if (!writable || frame.length > MOST_FRAME_BYTES || writableLength > MOST_WAITING_BYTES) return
    const bytes = Buffer.alloc(LENGTH_BYTES + frame.length)
    bytes.writeUInt32BE(frame.length)
    bytes.set(frame, LENGTH_BYTES)
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroySoon()
  }
}
