/** Ethernet frames over a stream: each behind its length, 32 bits, big-endian, as QEMU and passt have it. */
import type { Socket } from 'node:net'

const LENGTH_BYTES = 4
/** Addresses and type: less is no frame. */
export const HEADER_BYTES = 14
export const MOST_FRAME_BYTES = 65_550
/** Frames are dropped while more than this waits to be sent: a wire does not wait. */
const MOST_WAITING_BYTES = 4 << 20

/** Whether a wire carries it. */
export function isFrame({ length }: Uint8Array): boolean {
  return length >= HEADER_BYTES && length <= MOST_FRAME_BYTES
}

export class FramedSocket {
  readonly #socket: Socket
  #pending: Buffer = Buffer.alloc(0)

  /** `receive` takes frames, each its own; a peer that sends what is no frame is hung up on. */
  constructor(socket: Socket, receive: (frame: Uint8Array) => void) {
    this.#socket = socket
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
      this.#take(receive)
    })
  }

  #take(receive: (frame: Uint8Array) => void): void {
    const pending = this.#pending
    let at = 0
    // Whoever takes a frame may close the socket.
    while (pending.length - at >= LENGTH_BYTES && !this.#socket.destroyed) {
      const length = pending.readUInt32BE(at)
      if (length > MOST_FRAME_BYTES) {
        this.#socket.destroy()
        return
      }
      const [start, end] = [at + LENGTH_BYTES, at + LENGTH_BYTES + length]
      if (end > pending.length) break
      at = end
      if (length >= HEADER_BYTES) receive(new Uint8Array(pending.subarray(start, end)))
    }
    this.#pending = pending.subarray(at)
  }

  send(frame: Uint8Array): void {
    const { writable, writableLength } = this.#socket
    if (!writable || !isFrame(frame) || writableLength > MOST_WAITING_BYTES) return
    const bytes = Buffer.alloc(LENGTH_BYTES + frame.length)
    bytes.writeUInt32BE(frame.length)
    bytes.set(frame, LENGTH_BYTES)
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.destroySoon()
  }
}
