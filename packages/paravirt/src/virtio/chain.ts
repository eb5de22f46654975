/** The buffers of one request, as a stream to read and a stream to write. */
import type { DmaMemory } from '@ringfold/contracts'

/** A piece of memory that was checked. */
export interface Segment {
  readonly address: number
  readonly lengthBytes: number
}

const totalOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)

export class Chain {
  /** The descriptor by which the driver knows it. */
  readonly head: number
  /** Bytes that the device may read, and may write. */
  readonly readableBytes: number
  readonly writableBytes: number
  readonly #memory: DmaMemory
  readonly #readable: readonly Segment[]
  readonly #writable: readonly Segment[]

  constructor(memory: DmaMemory, head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.#memory = memory
    this.head = head
    this.#readable = readable
    this.#writable = writable
    this.readableBytes = totalOf(readable)
    this.writableBytes = totalOf(writable)
  }

  /** Bytes from `offset` on of what the device may read; fewer where it ends. */
  read(offset: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(lengthBytes, this.readableBytes - offset)))
    this.#each(this.#readable, offset, bytes, (address, part) => this.#memory.readBytes(address, part))
    return bytes
  }

  /** Writes at `offset` of what the device may write; what does not fit is dropped. @returns bytes written */
  write(offset: number, bytes: Uint8Array): number {
    const fitting = bytes.subarray(0, Math.max(0, this.writableBytes - offset))
    this.#each(this.#writable, offset, fitting, (address, part) => this.#memory.writeBytes(address, part))
    return fitting.length
  }

  #each(
    segments: readonly Segment[],
    offset: number,
    bytes: Uint8Array,
    move: (address: number, part: Uint8Array) => void,
  ): void {
    let skip = offset
    let done = 0
    for (const { address, lengthBytes } of segments) {
      if (done >= bytes.length) return
      if (skip >= lengthBytes) {
        skip -= lengthBytes
        continue
      }
      const count = Math.min(lengthBytes - skip, bytes.length - done)
      move(address + skip, bytes.subarray(done, done + count))
      done += count
      skip = 0
    }
  }
}
