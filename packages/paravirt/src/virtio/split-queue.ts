/**
 * The device's side of a split virtqueue (VIRTIO 1.2, 2.7). What the driver wrote is believed only as far as it was checked: a queue
 * that is not as it must be is broken, and gives nothing any more.
 */
import type { DmaMemory } from '@ringfold/contracts'
import { Chain, type Segment } from './chain.ts'
import { VIRTQ_AVAIL_F_NO_INTERRUPT, VIRTQ_DESC, VIRTQ_LAYOUT } from './facts.ts'

const TWO_32 = 2 ** 32
const WORD = 0xffff
/** Most descriptors of a chain, those of an indirect table too: so many no driver has a use for. */
const MOST_SEGMENTS = 1024
/** Most bytes that a chain may move in all: a device's work for one is bounded. */
const MOST_BYTES = 2 ** 26

export interface QueueAddresses {
  /** Descriptor table, driver area (available ring), device area (used ring): physical. */
  readonly descriptors: number
  readonly available: number
  readonly used: number
}

export interface SplitQueueOptions extends QueueAddresses {
  readonly memory: DmaMemory
  /** Descriptors: a power of two. */
  readonly size: number
  readonly eventIndex: boolean
  readonly indirect: boolean
}

export interface SplitQueueState {
  /** The available entry that is taken next, and the used entry that is written next: 16 bits. */
  readonly nextAvailable: number
  readonly nextUsed: number
  /** The used index at which the driver was last asked whether it wants an interrupt. */
  readonly askedUsed: number
  readonly brokenBy: string | null
}

/** What `pop` found. */
export type PopResult =
  | { readonly kind: 'chain'; readonly chain: Chain }
  | { readonly kind: 'empty' }
  /** The queue is broken, for good: the device needs a reset. */
  | { readonly kind: 'broken'; readonly reason: string }

const EMPTY: PopResult = { kind: 'empty' }

export class SplitQueue {
  readonly size: number
  readonly #options: SplitQueueOptions
  readonly #memory: DmaMemory
  #nextAvailable = 0
  #nextUsed = 0
  #askedUsed = 0
  #brokenBy: string | null = null

  constructor(options: SplitQueueOptions) {
    this.#options = options
    this.#memory = options.memory
    this.size = options.size
    this.#brokenBy = misplaced(options)
  }

  get brokenBy(): string | null {
    return this.#brokenBy
  }

  #break(reason: string): PopResult {
    this.#brokenBy = reason
    return { kind: 'broken', reason }
  }

  /** Takes the next chain that the driver made available. */
  pop(): PopResult {
    if (this.#brokenBy !== null) return { kind: 'broken', reason: this.#brokenBy }
    const { available, eventIndex, used } = this.#options
    const waiting = (this.#memory.read16(available + 2) - this.#nextAvailable) & WORD
    if (waiting > this.size) return this.#break(`${waiting} chains available in a queue of ${this.size}`)
    if (waiting === 0) {
      // The driver is to notify of the next one.
      if (eventIndex) this.#memory.write16(used + 4 + 8 * this.size, this.#nextAvailable)
      return EMPTY
    }
    const head = this.#memory.read16(available + 4 + 2 * (this.#nextAvailable % this.size))
    const result = this.#chain(head)
    if (result.kind === 'chain') this.#nextAvailable = (this.#nextAvailable + 1) & WORD
    return result
  }

  /** A chain by its head, as it stands in memory: for `pop`, and for a device that goes on after its state was restored. */
  chainAt(head: number): PopResult {
    if (this.#brokenBy !== null) return { kind: 'broken', reason: this.#brokenBy }
    return this.#chain(head)
  }

  #chain(head: number): PopResult {
    const { descriptors, indirect } = this.#options
    const walk = new ChainWalk(this.#memory)
    const reason = walk.take(descriptors, this.size, head, indirect)
    if (reason !== null) return this.#break(reason)
    return { kind: 'chain', chain: new Chain(this.#memory, head, walk.readable, walk.writable) }
  }

  /** Gives a chain back, with how many bytes were written to it. */
  push(head: number, writtenBytes: number): void {
    if (this.#brokenBy !== null) return
    const { used } = this.#options
    const entry = used + 4 + 8 * (this.#nextUsed % this.size)
    this.#memory.write32(entry, head)
    this.#memory.write32(entry + 4, writtenBytes)
    this.#nextUsed = (this.#nextUsed + 1) & WORD
    this.#memory.write16(used + 2, this.#nextUsed)
  }

  /** Whether the driver wants an interrupt for what was pushed since it was asked last (2.7.7, 2.7.10). */
  wantsInterrupt(): boolean {
    if (this.#brokenBy !== null) return false
    const { available, eventIndex } = this.#options
    const before = this.#askedUsed
    this.#askedUsed = this.#nextUsed
    if (before === this.#nextUsed) return false
    if (!eventIndex) return (this.#memory.read16(available) & VIRTQ_AVAIL_F_NO_INTERRUPT) === 0
    const event = this.#memory.read16(available + 4 + 2 * this.size)
    return ((this.#nextUsed - event - 1) & WORD) < ((this.#nextUsed - before) & WORD)
  }

  state(): SplitQueueState {
    return {
      ...{ nextAvailable: this.#nextAvailable, nextUsed: this.#nextUsed },
      ...{ askedUsed: this.#askedUsed, brokenBy: this.#brokenBy },
    }
  }

  restore({ nextAvailable, nextUsed, askedUsed, brokenBy }: SplitQueueState): void {
    this.#nextAvailable = nextAvailable
    this.#nextUsed = nextUsed
    this.#askedUsed = askedUsed
    this.#brokenBy = brokenBy
  }
}

/** Why the parts of a queue cannot be where they are, or null. */
function misplaced({ memory, size, descriptors, available, used }: SplitQueueOptions): string | null {
  const parts = { descriptors, available, used }
  for (const [name, { align, bytes }] of Object.entries(VIRTQ_LAYOUT)) {
    const address = parts[name as keyof typeof parts]
    if (address % align !== 0) return `the ${name} are not aligned to ${align} bytes`
    if (!memory.isRam(address, bytes(size))) return `the ${name} do not lie in memory`
  }
  return null
}

/** Follows a chain of descriptors. */
class ChainWalk {
  readonly readable: Segment[] = []
  readonly writable: Segment[] = []
  readonly #memory: DmaMemory
  #count = 0
  #bytes = 0

  constructor(memory: DmaMemory) {
    this.#memory = memory
  }

  /** @returns why the chain is bad, or null */
  take(table: number, size: number, head: number, indirect: boolean): string | null {
    let index = head
    for (let count = 0; ; count++) {
      if (index >= size) return `descriptor ${index} of ${size}`
      if (count >= size) return 'a chain that is a loop, or longer than its table'
      const at = table + VIRTQ_DESC.BYTES * index
      const flags = this.#memory.read16(at + 12)
      const reason =
        (flags & VIRTQ_DESC.F_INDIRECT) !== 0 ? this.#indirect(at, flags, indirect) : this.#segment(at, flags)
      if (reason !== null) return reason
      if ((flags & VIRTQ_DESC.F_NEXT) === 0) return null
      index = this.#memory.read16(at + 14)
    }
  }

  #address(at: number): number {
    return this.#memory.read32(at) + this.#memory.read32(at + 4) * TWO_32
  }

  #segment(at: number, flags: number): string | null {
    const address = this.#address(at)
    const lengthBytes = this.#memory.read32(at + 8)
    const isWritable = (flags & VIRTQ_DESC.F_WRITE) !== 0
    this.#bytes += lengthBytes
    if (++this.#count > MOST_SEGMENTS) return `a chain of more than ${MOST_SEGMENTS} descriptors`
    if (this.#bytes > MOST_BYTES) return `a chain of more than ${MOST_BYTES} bytes`
    if (!this.#memory.isRam(address, lengthBytes)) return 'a buffer that does not lie in memory'
    if (!isWritable && this.writable.length > 0) return 'a readable buffer behind a writable one'
    if (isWritable) this.writable.push({ address, lengthBytes })
    else this.readable.push({ address, lengthBytes })
    return null
  }

  /** A table of descriptors elsewhere (2.7.5.3). */
  #indirect(at: number, flags: number, allowed: boolean): string | null {
    if (!allowed) return 'an indirect table, which was not negotiated, or within another'
    if ((flags & VIRTQ_DESC.F_NEXT) !== 0) return 'an indirect table with a next descriptor'
    const table = this.#address(at)
    const lengthBytes = this.#memory.read32(at + 8)
    if (lengthBytes === 0 || lengthBytes % VIRTQ_DESC.BYTES !== 0) return `an indirect table of ${lengthBytes} bytes`
    const size = lengthBytes / VIRTQ_DESC.BYTES
    if (size > MOST_SEGMENTS) return `an indirect table of ${size} descriptors`
    if (!this.#memory.isRam(table, lengthBytes)) return 'an indirect table that does not lie in memory'
    return this.take(table, size, 0, false)
  }
}
