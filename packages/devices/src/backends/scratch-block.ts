/** A disk over another one, of which nothing is changed. */
import type { BlockBackend } from '@ringfold/contracts'

const CLUSTER = 4096
/** All clusters that were discarded: never written. */
const ZEROS = new Uint8Array(CLUSTER)

/** What is written stays in this process: for replays and trials. */
export class ScratchBlock implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly = false
  readonly #base: BlockBackend
  readonly #clusters = new Map<number, Uint8Array>()
  /** Clusters that are being read from the base. */
  readonly #filling = new Map<number, Promise<void>>()

  constructor(base: BlockBackend) {
    this.#base = base
    this.sizeBytes = base.sizeBytes
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    const done = this.#base.read(offset, into)
    if (done === undefined) this.#overlay(offset, into)
    else return done.then(() => this.#overlay(offset, into))
  }

  #overlay(offset: number, into: Uint8Array): void {
    for (const { cluster, at, from, count } of pieces(offset, into.length)) {
      const bytes = this.#clusters.get(cluster)
      if (bytes !== undefined) into.set(bytes.subarray(from, from + count), at)
    }
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    const filled = this.#fillPartial(offset, bytes.length)
    if (filled === undefined) this.#put(offset, bytes)
    else return filled.then(() => this.#put(offset, bytes))
  }

  /** Clusters that are only written in part begin as the base has them. */
  #fillPartial(offset: number, lengthBytes: number): Promise<unknown> | undefined {
    const partial = pieces(offset, lengthBytes).filter(({ cluster, count }) => !isWhole(count, cluster, this.sizeBytes))
    const reads = partial.map(({ cluster }) => this.#fill(cluster)).filter((read) => read !== undefined)
    return reads.length > 0 ? Promise.all(reads) : undefined
  }

  #fill(cluster: number): void | Promise<void> {
    if (this.#clusters.has(cluster)) return
    const running = this.#filling.get(cluster)
    if (running !== undefined) return running
    const bytes = new Uint8Array(Math.min(CLUSTER, this.sizeBytes - cluster * CLUSTER))
    const done = this.#base.read(cluster * CLUSTER, bytes)
    if (done === undefined) this.#clusters.set(cluster, bytes)
    else {
      const filled = done.then(() => {
        // It may have been written as a whole meanwhile.
        if (!this.#clusters.has(cluster)) this.#clusters.set(cluster, bytes)
      })
      const ended = filled.finally(() => this.#filling.delete(cluster))
      this.#filling.set(cluster, ended)
      return ended
    }
  }

  #put(offset: number, bytes: Uint8Array): void {
    for (const { cluster, at, from, count } of pieces(offset, bytes.length))
      this.#own(cluster).set(bytes.subarray(at, at + count), from)
  }

  #own(cluster: number): Uint8Array {
    const found = this.#clusters.get(cluster)
    if (found !== undefined && found !== ZEROS) return found
    const own = new Uint8Array(CLUSTER)
    this.#clusters.set(cluster, own)
    return own
  }

  flush(): void {}

  discard(offset: number, lengthBytes: number): void | Promise<void> {
    const filled = this.#fillPartial(offset, lengthBytes)
    if (filled === undefined) this.#zero(offset, lengthBytes)
    else return filled.then(() => this.#zero(offset, lengthBytes))
  }

  #zero(offset: number, lengthBytes: number): void {
    for (const { cluster, from, count } of pieces(offset, lengthBytes)) {
      if (isWhole(count, cluster, this.sizeBytes)) this.#clusters.set(cluster, ZEROS)
      else this.#own(cluster).fill(0, from, from + count)
    }
  }

  close(): void | Promise<void> {
    return this.#base.close()
  }
}

/** Whether so many bytes are all that the disk has of a cluster. */
function isWhole(count: number, cluster: number, sizeBytes: number): boolean {
  return count === Math.min(CLUSTER, sizeBytes - cluster * CLUSTER)
}

interface Piece {
  readonly cluster: number
  /** Where in the request, and where in the cluster. */
  readonly at: number
  readonly from: number
  readonly count: number
}

function pieces(offset: number, lengthBytes: number): Piece[] {
  const found: Piece[] = []
  for (let at = 0; at < lengthBytes; ) {
    const from = (offset + at) % CLUSTER
    const count = Math.min(CLUSTER - from, lengthBytes - at)
    found.push({ cluster: Math.floor((offset + at) / CLUSTER), at, from, count })
    at += count
  }
  return found
}
