/** Which slots of an overlay's file are free. A slot is used again only when no map that a crash can leave refers to it. */
import { HostError } from '../errors.ts'
import { OVERLAY } from './overlay-format.ts'

export class Slots {
  /** Nothing refers to them. */
  #free: number[] = []
  /** The map on disk may refer to them until the next flush. */
  #givenUp: number[] = []
  /** Taken since the last flush: no map on disk refers to them. */
  readonly #fresh = new Set<number>()
  #next = 1

  /** Throws `HostError` `host.format` where a slot belongs to two clusters, or lies outside of the file. */
  constructor(entries: Readonly<Uint32Array>, slotsInFile: number, path: string) {
    const used = new Set<number>()
    for (const [cluster, slot] of entries.entries()) {
      if (slot === OVERLAY.UNMAPPED || slot === OVERLAY.ZEROS) continue
      if (used.has(slot) || slot > slotsInFile) {
        const what = `${path} is damaged: cluster ${cluster} is in slot ${slot} of ${slotsInFile}`
        throw new HostError('host.format', what, 'restore it from its backup')
      }
      used.add(slot)
      this.#next = Math.max(this.#next, slot + 1)
    }
    for (let slot = this.#next - 1; slot > 0; slot--) if (!used.has(slot)) this.#free.push(slot)
  }

  /** How many slots the file needs. */
  get count(): number {
    return this.#next - 1
  }

  take(): number {
    const slot = this.#free.pop() ?? this.#next++
    this.#fresh.add(slot)
    return slot
  }

  giveUp(slot: number): void {
    if (this.#fresh.delete(slot)) this.#free.push(slot)
    else this.#givenUp.push(slot)
  }

  /** The map on disk is the one in memory. */
  flushed(): void {
    this.#fresh.clear()
    for (const slot of this.#givenUp) this.#free.push(slot)
    this.#givenUp = []
  }

  /** Forgets free slots at the end: the file may be cut off behind `count`. To be done after a flush. */
  trim(): void {
    const free = new Set(this.#free)
    while (this.#next > 1 && free.delete(this.#next - 1)) this.#next--
    this.#free = [...free]
  }
}
