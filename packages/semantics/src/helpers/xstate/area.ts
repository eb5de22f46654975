/** The memory operand of FXSAVE, XSAVE and their kin: found and checked as a whole, then read, probed and written in pieces. */
import { cplOf, FIELD } from '@ringfold/arch'
import {
  type ACCESS_KIND,
  is64Bit,
  linearAddress,
  type RuleContext,
  type RuleStatus,
  raiseGp,
  resultLo,
} from '@ringfold/rings'

const PAGE_BYTES = 4096
const WORD_BYTES = 8

type LinearAccess = Parameters<RuleContext['linear']['probeWrite']>[3]

/** A range of bytes of the area, in multiples of 8. */
export type Piece = readonly [offsetBytes: number, sizeBytes: number]

/** An effective address, as the lifting gives it. */
export interface Operand {
  readonly segment: number
  readonly lo: number
  readonly hi: number
}

/** The effective address that the lifting left in element 0 of `helperArgument`. */
export function operandOf(ctx: RuleContext, segment: number): Operand {
  const { state } = ctx
  return { segment, lo: state.lo(FIELD.helperArgument), hi: state.hi(FIELD.helperArgument) }
}

/** The image of the area that was found last: a kernel saves and restores at every switch, and looks at one area at a time. */
let scratch = /* @__PURE__ */ new Uint8Array(1024)
let scratchView = /* @__PURE__ */ new DataView(scratch.buffer)

/** An area in linear memory, with an image of its bytes in which it is composed or examined. */
export class Area {
  /** Its bytes, until another area is found; what stands behind them is of no meaning. */
  readonly image: Uint8Array
  readonly view: DataView
  readonly #ctx: RuleContext
  readonly #lo: number
  readonly #hi: number
  readonly #access: LinearAccess

  /** At the linear address that the last rule gave. */
  constructor(ctx: RuleContext, sizeBytes: number) {
    this.#ctx = ctx
    this.#lo = ctx.state.lo(FIELD.helperArgument)
    this.#hi = ctx.state.hi(FIELD.helperArgument)
    this.#access = cplOf(ctx.state) === 3 ? 0 : 1
    if (scratch.length < sizeBytes) {
      scratch = new Uint8Array(sizeBytes)
      scratchView = new DataView(scratch.buffer)
    }
    scratch.fill(0)
    this.image = scratch
    this.view = scratchView
  }

  /** Reads pieces into the image. */
  read(pieces: readonly Piece[]): RuleStatus {
    const { linear } = this.#ctx
    for (const [start, size] of pieces)
      for (let at = start; at < start + size; at += WORD_BYTES) {
        if (linear.read(WORD_BYTES, this.#low(at), this.#high(at), this.#access) !== 0) return 1
        this.view.setUint32(at, linear.lo, true)
        this.view.setUint32(at + 4, linear.hi, true)
      }
    return 0
  }

  /** Writes pieces of the image, all or none. */
  write(pieces: readonly Piece[]): RuleStatus {
    for (const [start, size] of pieces) if (this.#probe(start, size) !== 0) return 1
    for (const [start, size] of pieces)
      for (let at = start; at < start + size; at += WORD_BYTES) {
        const lo = this.view.getUint32(at, true)
        const hi = this.view.getUint32(at + 4, true)
        if (this.#ctx.linear.write(WORD_BYTES, this.#low(at), this.#high(at), lo, hi, this.#access) !== 0) return 1
      }
    return 0
  }

  #probe(start: number, size: number): RuleStatus {
    let at = start
    while (at < start + size) {
      const left = Math.min(start + size - at, PAGE_BYTES - (this.#low(at) & (PAGE_BYTES - 1)))
      if (this.#ctx.linear.probeWrite(left, this.#low(at), this.#high(at), this.#access) !== 0) return 1
      at += left
    }
    return 0
  }

  #low(offset: number): number {
    return (this.#lo + offset) >>> 0
  }

  /** Outside 64-bit mode linear addresses wrap at 4 GByte. */
  #high(offset: number): number {
    if (this.#lo + offset <= 0xffffffff) return this.#hi
    return is64Bit(this.#ctx.state) ? (this.#hi + 1) >>> 0 : 0
  }
}

/**
 * Finds an area of `sizeBytes`. Faults, as `null`: those of the segment; #GP(0) where it is not aligned. The manual leaves it to
 * processors whether #AC comes instead (Intel SDM vol. 2A, FXSAVE, "Protected Mode Exceptions").
 */
export function findArea(
  ctx: RuleContext,
  { segment, lo, hi }: Operand,
  sizeBytes: number,
  alignBytes: number,
  kind: (typeof ACCESS_KIND)[keyof typeof ACCESS_KIND],
): Area | null {
  if (linearAddress(ctx, segment, lo, hi, sizeBytes, kind) !== 0) return null
  if ((resultLo(ctx.state) & (alignBytes - 1)) !== 0) {
    raiseGp(ctx.state)
    return null
  }
  return new Area(ctx, sizeBytes)
}
