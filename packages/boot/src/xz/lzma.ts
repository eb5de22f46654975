/**
 * LZMA, as chunks of LZMA2 hold it: the range coder and the state machine, after the description of the format in the LZMA
 * specification (Igor Pavlov, "LZMA specification", 2015).
 */
import type { Output } from '../load/output.ts'

const PROBABILITY_BITS = 11
const MOVE_BITS = 5
const HALF = 1 << (PROBABILITY_BITS - 1)
const TOP = 2 ** 24

const STATES = 12
const POSITION_STATES = 16
/** Below this, the last symbol was a literal. */
const FIRST_NO_LITERAL = 7
const LENGTH_STATES = 4
const SLOT_BITS = 6
const ALIGN_BITS = 4
const FIRST_DIRECT_SLOT = 4
const FIRST_ALIGNED_SLOT = 14
const SHORTEST_MATCH = 2
const LITERAL_PROBABILITIES = 0x300

/** Of a length coder: two choices, 16 low and 16 middle trees of 8, a high one of 256. */
const LENGTH = { CHOICE: 0, CHOICE2: 1, LOW: 2, MIDDLE: 130, HIGH: 258, COUNT: 514 } as const

/** Where each group of probabilities starts. */
const IS_MATCH = 0
const IS_REP = IS_MATCH + STATES * POSITION_STATES
const IS_REP0_LONG = IS_REP + STATES
const IS_REP_G0 = IS_REP0_LONG + STATES * POSITION_STATES
const IS_REP_G1 = IS_REP_G0 + STATES
const IS_REP_G2 = IS_REP_G1 + STATES
const SLOT = IS_REP_G2 + STATES
const SPECIAL = SLOT + (LENGTH_STATES << SLOT_BITS)
const ALIGN = SPECIAL + 128
const MATCH_LENGTH = ALIGN + (1 << ALIGN_BITS)
const REP_LENGTH = MATCH_LENGTH + LENGTH.COUNT
const LITERAL = REP_LENGTH + LENGTH.COUNT
/** `lc + lp` is at most 4 in LZMA2. */
const PROBABILITIES = LITERAL + (LITERAL_PROBABILITIES << 4)

/** The largest byte of properties that means something. */
const LAST_PROPERTIES = 224
const CONTEXT_BITS_MAX = 4

/** The decoder of one block. Corrupt data makes `decode` false; work is bounded by the output that is asked for. */
export class LzmaDecoder {
  readonly #output: Output
  readonly #probabilities = new Uint16Array(PROBABILITIES)
  #source: Uint8Array = new Uint8Array(0)
  #at = 0
  #range = 0
  #code = 0
  #state = 0
  #rep0 = 0
  #rep1 = 0
  #rep2 = 0
  #rep3 = 0
  #literalContextBits = 0
  #literalPositionMask = 0
  #positionMask = 0
  /** Where in the output the dictionary begins. */
  #start = 0

  constructor(output: Output) {
    this.#output = output
    this.resetDictionary()
  }

  resetDictionary(): void {
    this.#start = this.#output.length
  }

  resetState(): void {
    this.#probabilities.fill(HALF)
    this.#state = 0
    this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0
  }

  /** The byte `(pb * 5 + lp) * 9 + lc`. @returns false if it means nothing */
  setProperties(byte: number): boolean {
    const [lc, lp, pb] = [byte % 9, Math.floor(byte / 9) % 5, Math.floor(byte / 45)]
    this.#literalContextBits = lc
    this.#literalPositionMask = (1 << lp) - 1
    this.#positionMask = (1 << pb) - 1
    return byte <= LAST_PROPERTIES && lc + lp <= CONTEXT_BITS_MAX
  }

  /** Decodes `count` bytes, for which there is room, from all of `source`. @returns false if that is not what it holds */
  decode(source: Uint8Array, count: number): boolean {
    if (source.length < 5 || source[0] !== 0) return false
    this.#source = source
    this.#at = 5
    this.#range = 0xffff_ffff
    this.#code = new DataView(source.buffer, source.byteOffset).getUint32(1)
    const end = this.#output.length + count
    while (this.#output.length < end) if (!this.#symbol(end)) return false
    if (this.#range < TOP) this.#normalize()
    return this.#at === source.length && this.#code === 0
  }

  // The range coder.

  #normalize(): void {
    this.#range = (this.#range << 8) >>> 0
    this.#code = ((this.#code << 8) | (this.#source[this.#at++] ?? 0)) >>> 0
  }

  #bit(index: number): number {
    const probability = this.#probabilities[index] as number
    if (this.#range < TOP) this.#normalize()
    const bound = (this.#range >>> PROBABILITY_BITS) * probability
    if (this.#code < bound) {
      this.#range = bound
      this.#probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >>> MOVE_BITS)
      return 0
    }
    this.#range -= bound
    this.#code -= bound
    this.#probabilities[index] = probability - (probability >>> MOVE_BITS)
    return 1
  }

  /** Bits that are as likely one as zero, the highest first. */
  #direct(count: number): number {
    let value = 0
    for (let n = 0; n < count; n++) {
      if (this.#range < TOP) this.#normalize()
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit !== 0) this.#code -= this.#range
      value = value * 2 + bit
    }
    return value
  }

  /** A number of `bits` bits by a tree of probabilities, the highest bit first. */
  #tree(base: number, bits: number): number {
    let node = 1
    for (let n = 0; n < bits; n++) node = node * 2 + this.#bit(base + node)
    return node - (1 << bits)
  }

  /** The same, the lowest bit first. */
  #reverseTree(base: number, bits: number): number {
    let [node, value] = [1, 0]
    for (let n = 0; n < bits; n++) {
      const bit = this.#bit(base + node)
      node = node * 2 + bit
      value |= bit << n
    }
    return value
  }

  // Symbols.

  #symbol(end: number): boolean {
    const positionState = (this.#output.length - this.#start) & this.#positionMask
    if (this.#bit(IS_MATCH + this.#state * POSITION_STATES + positionState) === 0) {
      this.#literal()
      return true
    }
    const isRep = this.#bit(IS_REP + this.#state) !== 0
    const length = isRep ? this.#repeated(positionState) : this.#match(positionState)
    return this.#copy(length, end)
  }

  #literal(): void {
    const { bytes, length } = this.#output
    const isFirst = length === this.#start
    const previous = isFirst ? 0 : (bytes[length - 1] as number)
    const context =
      (((length - this.#start) & this.#literalPositionMask) << this.#literalContextBits) +
      (previous >>> (8 - this.#literalContextBits))
    const base = LITERAL + LITERAL_PROBABILITIES * context
    const symbol =
      this.#state < FIRST_NO_LITERAL || isFirst
        ? this.#tree(base, 8)
        : this.#matchedLiteral(base, bytes[length - this.#rep0 - 1] ?? 0)
    bytes[this.#output.length++] = symbol
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6)
  }

  /** A literal after a match: as long as its bits are those of the byte that the match would have gone on with, it has trees of its own. */
  #matchedLiteral(base: number, matched: number): number {
    let node = 1
    let rest = matched
    while (node < 0x100) {
      const expected = (rest >>> 7) & 1
      rest <<= 1
      const bit = this.#bit(base + ((1 + expected) << 8) + node)
      node = node * 2 + bit
      if (bit !== expected) break
    }
    while (node < 0x100) node = node * 2 + this.#bit(base + node)
    return node - 0x100
  }

  #length(base: number, positionState: number): number {
    if (this.#bit(base + LENGTH.CHOICE) === 0) return this.#tree(base + LENGTH.LOW + positionState * 8, 3)
    if (this.#bit(base + LENGTH.CHOICE2) === 0) return 8 + this.#tree(base + LENGTH.MIDDLE + positionState * 8, 3)
    return 16 + this.#tree(base + LENGTH.HIGH, 8)
  }

  #match(positionState: number): number {
    this.#rep3 = this.#rep2
    this.#rep2 = this.#rep1
    this.#rep1 = this.#rep0
    const length = this.#length(MATCH_LENGTH, positionState)
    this.#state = this.#state < FIRST_NO_LITERAL ? 7 : 10
    this.#rep0 = this.#distance(Math.min(length, LENGTH_STATES - 1))
    return length + SHORTEST_MATCH
  }

  #distance(lengthState: number): number {
    const slot = this.#tree(SLOT + (lengthState << SLOT_BITS), SLOT_BITS)
    if (slot < FIRST_DIRECT_SLOT) return slot
    const bits = (slot >>> 1) - 1
    const base = (2 + (slot & 1)) * 2 ** bits
    if (slot < FIRST_ALIGNED_SLOT) return base + this.#reverseTree(SPECIAL + base - slot, bits)
    const upper = this.#direct(bits - ALIGN_BITS) * (1 << ALIGN_BITS)
    return base + upper + this.#reverseTree(ALIGN, ALIGN_BITS)
  }

  /** A match at one of the last four distances, or one byte at the last of them. */
  #repeated(positionState: number): number {
    const state = this.#state
    if (this.#bit(IS_REP_G0 + state) === 0) {
      if (this.#bit(IS_REP0_LONG + state * POSITION_STATES + positionState) === 0) {
        this.#state = state < FIRST_NO_LITERAL ? 9 : 11
        return 1
      }
    } else this.#rotate(state)
    this.#state = state < FIRST_NO_LITERAL ? 8 : 11
    return this.#length(REP_LENGTH, positionState) + SHORTEST_MATCH
  }

  /** Makes the second, third or fourth of the last distances the last. */
  #rotate(state: number): void {
    let distance = this.#rep1
    if (this.#bit(IS_REP_G1 + state) !== 0) {
      distance = this.#rep2
      if (this.#bit(IS_REP_G2 + state) !== 0) {
        distance = this.#rep3
        this.#rep3 = this.#rep2
      }
      this.#rep2 = this.#rep1
    }
    this.#rep1 = this.#rep0
    this.#rep0 = distance
  }

  /** @returns false if the match begins before the dictionary, or is longer than what is still to come */
  #copy(length: number, end: number): boolean {
    const output = this.#output
    const { bytes } = output
    let to = output.length
    const stop = to + length
    if (this.#rep0 >= to - this.#start || stop > end) return false
    let from = to - this.#rep0 - 1
    while (to < stop) bytes[to++] = bytes[from++] as number
    output.length = stop
    return true
  }
}
