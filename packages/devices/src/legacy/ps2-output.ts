/** What a device on a PS/2 port has to send: answers to commands before anything else. */
export interface Ps2OutputState {
  readonly answers: readonly number[]
  readonly data: readonly number[]
  readonly last: number
}

export class Ps2Output {
  #answers: number[] = []
  #data: number[] = []
  #last = 0

  get isEmpty(): boolean {
    return this.#answers.length === 0 && this.#data.length === 0
  }

  /** Bytes that are no answers. */
  get dataBytes(): number {
    return this.#data.length
  }

  /** Answers a command, in place of answers that were not fetched. */
  answer(...bytes: readonly number[]): void {
    this.#answers = [...bytes]
  }

  /** Sends the last byte again. */
  resend(): void {
    this.#answers = [this.#last]
  }

  push(bytes: readonly number[]): void {
    this.#data.push(...bytes)
  }

  clearData(): void {
    this.#data = []
  }

  /** The next byte; there must be one. */
  shift(): number {
    this.#last = (this.#answers.length > 0 ? this.#answers : this.#data).shift() ?? 0
    return this.#last
  }

  state(): Ps2OutputState {
    return { answers: [...this.#answers], data: [...this.#data], last: this.#last }
  }

  restore({ answers, data, last }: Ps2OutputState): void {
    this.#answers = [...answers]
    this.#data = [...data]
    this.#last = last
  }
}
