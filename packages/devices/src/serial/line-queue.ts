/** What waits on a line: a ring of characters, which grows up to a limit. */

/** A flag of a character: it is no data but a break. */
export const BREAK_CHARACTER = 0x100
const FIRST_ROOM = 64

export interface LineQueueState {
  readonly bytes: Uint8Array
  /** Which of them are breaks, by their places. */
  readonly breaks: readonly number[]
}

export class LineQueue {
  readonly #limit: number
  #ring = new Uint16Array(FIRST_ROOM)
  #first = 0
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  /** Takes bytes, as many as there is room for; the rest is dropped. */
  push(bytes: Uint8Array): void {
    const count = Math.min(bytes.length, this.#limit - this.#length)
    this.#grow(this.#length + count)
    for (let at = 0; at < count; at++) this.#append(bytes[at] as number)
  }

  pushBreak(): void {
    if (this.#length === this.#limit) return
    this.#grow(this.#length + 1)
    this.#append(BREAK_CHARACTER)
  }

  #append(character: number): void {
    this.#ring[(this.#first + this.#length) % this.#ring.length] = character
    this.#length++
  }

  #grow(length: number): void {
    if (length <= this.#ring.length) return
    const ring = new Uint16Array(Math.max(length, 2 * this.#ring.length))
    for (let at = 0; at < this.#length; at++) ring[at] = this.#at(at)
    this.#ring = ring
    this.#first = 0
  }

  #at(place: number): number {
    return this.#ring[(this.#first + place) % this.#ring.length] as number
  }

  /** The oldest character, with its flags. There must be one. */
  shift(): number {
    const character = this.#at(0)
    this.#first = (this.#first + 1) % this.#ring.length
    this.#length--
    return character
  }

  state(): LineQueueState {
    const bytes = new Uint8Array(this.#length)
    const breaks: number[] = []
    for (let at = 0; at < this.#length; at++) {
      const character = this.#at(at)
      bytes[at] = character
      if ((character & BREAK_CHARACTER) !== 0) breaks.push(at)
    }
    return { bytes, breaks }
  }

  restore({ bytes, breaks }: LineQueueState): void {
    this.#ring = new Uint16Array(Math.max(FIRST_ROOM, bytes.length))
    this.#ring.set(bytes)
    for (const place of breaks) this.#ring[place] = BREAK_CHARACTER
    this.#first = 0
    this.#length = bytes.length
  }
}
