/** The driver's side of a split virtqueue (VIRTIO 1.2, 2.7): for small guests, and to try devices with. */
import type { GuestMemory } from '@ringfold/contracts'
import { VIRTQ_DESC, VIRTQ_LAYOUT, VIRTQ_USED_F_NO_NOTIFY } from '../facts.ts'
import type { QueueAddresses } from '../split-queue.ts'

const TWO_32 = 2 ** 32
const WORD = 0xffff

/** A buffer for the device: to read, or to write. */
export interface DriverBuffer {
  readonly address: number
  readonly lengthBytes: number
  readonly writable: boolean
}

/** A chain that came back. */
export interface UsedChain {
  /** What `add` gave. */
  readonly head: number
  readonly writtenBytes: number
}

export interface SplitQueueDriverOptions {
  readonly memory: GuestMemory
  /** Where the queue may lie: `SplitQueueDriver.bytes(size)` from there on, aligned to 16. */
  readonly address: number
  readonly size: number
  readonly eventIndex?: boolean
}

export class SplitQueueDriver {
  readonly addresses: QueueAddresses
  readonly size: number
  readonly #memory: GuestMemory
  readonly #eventIndex: boolean
  readonly #free: number[]
  readonly #lengths = new Map<number, number>()
  #nextAvailable = 0
  #kicked = 0
  #nextUsed = 0

  constructor({ memory, address, size, eventIndex = false }: SplitQueueDriverOptions) {
    this.#memory = memory
    this.size = size
    this.#eventIndex = eventIndex
    const available = address + VIRTQ_LAYOUT.descriptors.bytes(size)
    const used = Math.ceil((available + VIRTQ_LAYOUT.available.bytes(size)) / 4) * 4
    this.addresses = { descriptors: address, available, used }
    this.#free = Array.from({ length: size }, (_, n) => size - 1 - n)
    for (let at = address; at < address + SplitQueueDriver.bytes(size); at++) memory.write8(at, 0)
  }

  /** Bytes that a queue takes. */
  static bytes(size: number): number {
    const { descriptors, available, used } = VIRTQ_LAYOUT
    return descriptors.bytes(size) + available.bytes(size) + 2 + used.bytes(size)
  }

  /** Makes buffers available, the readable ones first. @returns the chain's head; -1 if there is no room */
  add(buffers: readonly DriverBuffer[]): number {
    if (buffers.length === 0 || buffers.length > this.#free.length) return -1
    const indices = buffers.map(() => this.#free.pop() as number)
    for (const [n, { address, lengthBytes, writable }] of buffers.entries()) {
      const at = this.addresses.descriptors + VIRTQ_DESC.BYTES * (indices[n] as number)
      const next = indices[n + 1]
      this.#memory.write32(at, address % TWO_32)
      this.#memory.write32(at + 4, Math.floor(address / TWO_32))
      this.#memory.write32(at + 8, lengthBytes)
      this.#memory.write16(at + 12, (writable ? VIRTQ_DESC.F_WRITE : 0) | (next === undefined ? 0 : VIRTQ_DESC.F_NEXT))
      this.#memory.write16(at + 14, next ?? 0)
    }
    const head = indices[0] as number
    this.#lengths.set(head, buffers.length)
    const { available } = this.addresses
    this.#memory.write16(available + 4 + 2 * (this.#nextAvailable % this.size), head)
    this.#nextAvailable = (this.#nextAvailable + 1) & WORD
    this.#memory.write16(available + 2, this.#nextAvailable)
    return head
  }

  /** Whether the device is to be notified of what was added since this was asked last. */
  needsKick(): boolean {
    const before = this.#kicked
    this.#kicked = this.#nextAvailable
    const { used } = this.addresses
    if (!this.#eventIndex) return (this.#memory.read16(used) & VIRTQ_USED_F_NO_NOTIFY) === 0
    const event = this.#memory.read16(used + 4 + 8 * this.size)
    return ((this.#nextAvailable - event - 1) & WORD) < ((this.#nextAvailable - before) & WORD)
  }

  /** Takes the next chain that the device has given back. */
  take(): UsedChain | undefined {
    const { used, available } = this.addresses
    if (this.#memory.read16(used + 2) === this.#nextUsed) return undefined
    const entry = used + 4 + 8 * (this.#nextUsed % this.size)
    const head = this.#memory.read32(entry)
    const writtenBytes = this.#memory.read32(entry + 4)
    this.#nextUsed = (this.#nextUsed + 1) & WORD
    if (this.#eventIndex) this.#memory.write16(available + 4 + 2 * this.size, this.#nextUsed)
    this.#release(head)
    return { head, writtenBytes }
  }

  #release(head: number): void {
    let index = head
    for (let left = this.#lengths.get(head) ?? 0; left > 0; left--) {
      this.#free.push(index)
      index = this.#memory.read16(this.addresses.descriptors + VIRTQ_DESC.BYTES * index + 14)
    }
    this.#lengths.delete(head)
  }
}
