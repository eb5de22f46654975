/** A disk over another one, of which nothing is changed. */
import type { BlockBackend } from '@ringfold/contracts'

const CLUSTER = 4096

/** What is written stays in this process: for replays and trials. */
export class ScratchBlock implements BlockBackend {
  readonly sizeBytes: number
  readonly isReadOnly = false
  readonly #base: BlockBackend
  readonly #clusters = new Map<number, Uint8Array>()

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
    const missing = pieces(offset, bytes.length).filter(
      ({ cluster, count }) => count < CLUSTER && !this.#clusters.has(cluster),
    )
    const filled = missing.map(({ cluster }) => this.#fill(cluster)).filter((work) => work !== undefined)
    if (filled.length === 0) this.#put(offset, bytes)
    else return Promise.all(filled).then(() => this.#put(offset, bytes))
  }

  /** A cluster that is only written in part begins as the base has it. */
  #fill(cluster: number): void | Promise<void> {
    const bytes = new Uint8Array(Math.min(CLUSTER, this.sizeBytes - cluster * CLUSTER))
    const whole = new Uint8Array(CLUSTER)
    this.#clusters.set(cluster, whole)
    const done = this.#base.read(cluster * CLUSTER, bytes)
    if (done === undefined) whole.set(bytes)
    else return done.then(() => whole.set(bytes))
  }

  #put(offset: number, bytes: Uint8Array): void {
    for (const { cluster, at, from, count } of pieces(offset, bytes.length)) {
      const own = this.#clusters.get(cluster) ?? new Uint8Array(CLUSTER)
      own.set(bytes.subarray(at, at + count), from)
      this.#clusters.set(cluster, own)
    }
  }

  flush(): void {}

  discard(offset: number, lengthBytes: number): void | Promise<void> {
    return this.write(offset, new Uint8Array(lengthBytes))
  }

  close(): void | Promise<void> {
    return this.#base.close()
  }
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
