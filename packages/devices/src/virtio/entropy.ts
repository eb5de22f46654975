/** A virtio entropy device (VIRTIO 1.2, 5.4). */
import { VIRTIO_ID, type VirtioHost, type VirtioModel } from '@ringfold/paravirt'

const QUEUE_SIZE = 8
/** Bytes that are given for one request; a driver asks again. */
const MOST_BYTES = 4096
const WORD_BYTES = 4

export interface VirtioEntropyOptions {
  /** The next 32 bits of the sequence `seed` begins: a function of a number that is kept in the state. */
  readonly seed?: number
}

export interface VirtioEntropyState {
  readonly word: number
}

/** A seeded source, so that a run repeats (xorshift32; Marsaglia 2003): fit for a guest's tests, not for its secrets. */
export class VirtioEntropy implements VirtioModel<VirtioEntropyState> {
  readonly deviceId = VIRTIO_ID.ENTROPY
  readonly queueSizes = [QUEUE_SIZE]
  readonly features = []
  readonly configBytes = new Uint8Array(0)
  #host!: VirtioHost
  #word: number

  constructor({ seed = 0x9e3779b9 }: VirtioEntropyOptions = {}) {
    this.#word = seed >>> 0 || 1
  }

  connect(host: VirtioHost): void {
    this.#host = host
  }

  #next(): number {
    let word = this.#word
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    this.#word = word >>> 0
    return this.#word
  }

  notified(): void {
    for (let taken = 0; taken < QUEUE_SIZE; taken++) {
      const result = this.#host.pop(0)
      if (result.kind !== 'chain') break
      const { chain } = result
      const bytes = new Uint8Array(Math.min(chain.writableBytes, MOST_BYTES))
      for (let at = 0; at < bytes.length; at += WORD_BYTES) {
        const word = this.#next()
        for (let n = 0; n < WORD_BYTES && at + n < bytes.length; n++) bytes[at + n] = (word >>> (8 * n)) & 0xff
      }
      this.#host.push(0, chain.head, chain.write(0, bytes))
    }
    this.#host.notify(0)
  }

  reset(): void {}

  state(): VirtioEntropyState {
    return { word: this.#word }
  }

  restore({ word }: VirtioEntropyState): void {
    this.#word = word
  }
}
