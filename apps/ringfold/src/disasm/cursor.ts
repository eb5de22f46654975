import type { SymbolIndex } from '@ringfold/boot/elf'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import type { Bits } from '../numbers.ts'

/** Most bytes of an instruction (SDM vol. 2, 2.3.11). */
export const LONGEST_INSTRUCTION = 15

/** A symbol that stands at, or within, the instruction before which or after which it is shown. */
export interface Label {
  readonly name: string
  readonly address: bigint
}

/** What decodes a region instruction by instruction, and knows the address and the next label. */
export class Cursor {
  readonly instruction = new Instruction()
  /** Bytes that the current line covers. */
  length = 0
  readonly #decoder: Decoder
  readonly #symbols: SymbolIndex | undefined
  readonly #start: bigint
  #position = 0
  #nextPlace = 0
  #nextLabelAt = Number.POSITIVE_INFINITY

  constructor(bits: Bits, start: bigint, symbols?: SymbolIndex) {
    this.#decoder = new Decoder(bits)
    this.#start = start
    this.#symbols = symbols
    const [lo, hi] = [Number(start & 0xffffffffn), Number(start >> 32n)]
    this.instruction.ipLo = lo | 0
    this.instruction.ipHi = hi | 0
    if (symbols === undefined) return
    const exact = symbols.exactly(lo, hi)
    this.#aimAt(exact >= 0 ? exact : symbols.atOrBelow(lo, hi) + 1)
  }

  /** Whether a symbol stands at the address of the instruction that comes next. */
  get isAtLabel(): boolean {
    return this.#position === this.#nextLabelAt
  }

  /** Whether the line that was just passed hides a symbol within it. */
  get hasPassedLabel(): boolean {
    return this.#position > this.#nextLabelAt
  }

  /** Takes the label that was announced. */
  takeLabel(): Label {
    const symbols = this.#symbols as SymbolIndex
    const label = { name: symbols.name(this.#nextPlace), address: symbols.address(this.#nextPlace) }
    this.#aimAt(this.#nextPlace + 1)
    return label
  }

  /**
   * Decodes at `offset` of `bytes`, which end at `end`. Bytes that are no instruction, and the beginning of one that the bytes do not
   * complete, are passed one at a time; what is only missing in the table is passed as a whole.
   */
  decode(bytes: Uint8Array, offset: number, end: number): Status {
    const status = this.#decoder.decode(this.instruction, bytes, offset, end)
    this.length = status === Status.ok || status === Status.notInTable ? this.instruction.length : 1
    return status
  }

  /** Goes on behind the current line. */
  advance(): void {
    const i = this.instruction
    const lo = (i.ipLo >>> 0) + this.length
    if (lo > 0xffffffff) i.ipHi = (i.ipHi + 1) | 0
    i.ipLo = lo | 0
    this.#position += this.length
  }

  #aimAt(place: number): void {
    const symbols = this.#symbols as SymbolIndex
    this.#nextPlace = place
    this.#nextLabelAt = place < symbols.count ? Number(symbols.address(place) - this.#start) : Number.POSITIVE_INFINITY
  }
}
