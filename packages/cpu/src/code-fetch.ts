/** Fetching and decoding of the instruction at RIP, as the reference engine does it: byte by byte where pages or segments end. */
import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  cplOf,
  FIELD as FIELD_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import { Decoder, type Instruction, InvalidReason, Status } from '@ringfold/isa/decoder'
import type { LinearAccessor } from '@ringfold/mmu'
import { isAmd, isCanonical, type RuleContext, type RuleStatus, raiseGp, raiseUd } from '@ringfold/rings'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE

const PAGE = 4096
const LONGEST = 15
/** Zeros behind the bytes, so that the decoder's fast path may look ahead. */
const SLACK = 32
/** x86 instructions are at most this long; beyond, #GP(0) (SDM vol. 2A, 2.3.11). */
const ACROSS_HI = 1

export class CodeFetch {
  readonly #ctx: RuleContext
  readonly #linear: LinearAccessor
  readonly #decoders = new Map<number, Decoder>()
  readonly #bytes = new Uint8Array(LONGEST + SLACK)
  /** Its first n bytes. */
  readonly #firstBytes = Array.from({ length: LONGEST + 1 }, (_, n) => this.#bytes.subarray(0, n))
  #length = 0

  constructor(ctx: RuleContext, linear: LinearAccessor) {
    this.#ctx = ctx
    this.#linear = linear
  }

  /** The bytes of the last instruction. */
  get bytes(): Uint8Array {
    return this.#firstBytes[this.#length] as Uint8Array
  }

  /** Decodes the instruction at RIP. @returns 1: fetching or decoding faults, which is pending */
  fetch(into: Instruction, bits: 16 | 32 | 64): RuleStatus {
    const { state } = this.#ctx
    const [ripLo, ripHi] = [state.lo(FIELD.rip), state.hi(FIELD.rip)]
    const limit = this.#bytesInSegment(bits, ripLo, ripHi)
    if (limit <= 0) return raiseGp(state)
    const lo = ripLo + (bits === 64 ? 0 : state.lo(FIELD.csBase))
    const inPage = PAGE - (lo & (PAGE - 1))
    let have = Math.min(LONGEST, limit, inPage)
    if (this.#read(0, lo >>> 0, ripHi, have) !== 0) return 1
    let status = this.#decode(into, bits, have)
    if (status === Status.needMoreBytes && have < Math.min(LONGEST, limit)) {
      const rest = Math.min(LONGEST, limit) - have
      const next = lo + have
      const hi = bits === 64 ? (ripHi + (next > 0xffffffff ? ACROSS_HI : 0)) >>> 0 : 0
      if (this.#read(have, next >>> 0, hi, rest) !== 0) return 1
      have += rest
      status = this.#decode(into, bits, have)
    }
    if (status === Status.ok) {
      this.#length = into.length
      return 0
    }
    // The bytes end with the segment, or there are too many of them.
    const tooLong = status === Status.invalid && into.reason === InvalidReason.tooLong
    return status === Status.needMoreBytes || tooLong ? raiseGp(state) : raiseUd(state)
  }

  /** How many bytes of the code segment are left from RIP on, as far as it matters; none: #GP(0). */
  #bytesInSegment(bits: number, ripLo: number, ripHi: number): number {
    const { state } = this.#ctx
    if (bits === 64) {
      if (!isCanonical(state, ripHi)) return 0
      // Behind the last canonical address of the lower half nothing can be fetched.
      return ripHi === 0x7fff ? 0x1_0000_0000 - ripLo : LONGEST
    }
    return ripHi !== 0 ? 0 : state.lo(FIELD.segLimit, SEGMENT.CS) - ripLo + 1
  }

  #read(at: number, lo: number, hi: number, count: number): RuleStatus {
    const { state } = this.#ctx
    const physical = this.#linear.translateForFetch(lo, hi, cplOf(state))
    if (physical < 0) return 1
    const into = at === 0 ? (this.#firstBytes[count] as Uint8Array) : this.#bytes.subarray(at, at + count)
    this.#linear.mmu.memory.readBytes(physical, into)
    return 0
  }

  #decode(into: Instruction, bits: 16 | 32 | 64, have: number): number {
    let decoder = this.#decoders.get(bits)
    if (decoder === undefined) {
      decoder = new Decoder(bits, { vendor: isAmd(this.#ctx) ? 'amd' : 'intel' })
      this.#decoders.set(bits, decoder)
    }
    return decoder.decode(into, this.#firstBytes[have] as Uint8Array, 0)
  }
}

/** Bits of the code segment: by CS.L in IA-32e mode, and CS.D. */
export function codeBits(access: number, isLong: boolean): 16 | 32 | 64 {
  if (isLong && (access & ACCESS_RIGHTS.lo.L) !== 0) return 64
  return (access & ACCESS_RIGHTS.lo.DB) !== 0 ? 32 : 16
}
