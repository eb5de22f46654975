/** Guest memory by effective address: segmentation, canonical form, alignment, then linear memory. */
import {
  CR0 as CR0_TABLE,
  cplOf,
  EXCEPTION,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import type { AccessStatus, LinearAccess } from '@ringfold/contracts'
import { PAGE_BYTES } from '@ringfold/memory'
import type { LinearAccessor } from '@ringfold/mmu'
import {
  ACCESS_KIND,
  BREAK_ON,
  is64Bit,
  isCanonical,
  linearAddress,
  noteDataBreakpoint,
  type RuleContext,
  raise,
  raiseGp,
} from '@ringfold/rings'
import { MemoryImm } from '@ringfold/semantics'

// Constants of this module are folded into code, those of others are loaded each time.
const CR0 = CR0_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE

type Size = 1 | 2 | 4 | 8
const { segmentMask, system, aligned, unchecked } = MemoryImm
const USER: LinearAccess = 0
const SUPERVISOR: LinearAccess = 1
const SYSTEM: LinearAccess = 2

/** What #AC asks for: 8 bytes for 80-bit numbers, 2 or 4 for x87 environments of 14, 28, 94 and 108 bytes (SDM vol. 3A, table 7-7). */
const alignmentOf = (sizeBytes: number): number => (sizeBytes === 10 ? 8 : sizeBytes & -sizeBytes)

/** Told of every data access, once it was made. */
export type AccessObserver = (isWrite: boolean, lo: number, hi: number, sizeBytes: number) => void

export class EffectiveAccess {
  /** Called after accesses while somebody watches: hooks, debug registers. */
  observer: AccessObserver | null = null
  /** The linear address of the last access. */
  linearLo = 0
  linearHi = 0
  /** Kind of access at the present privilege level. */
  #access: LinearAccess = SUPERVISOR
  #long = false
  #alignmentChecked = false
  readonly #ctx: RuleContext
  readonly #linear: LinearAccessor
  readonly #data: DataView

  /** `data`: 16 bytes that loads fill and stores take. */
  constructor(ctx: RuleContext, linear: LinearAccessor, data: DataView) {
    this.#ctx = ctx
    this.#linear = linear
    this.#data = data
  }

  /** Privilege, mode, CR0.AM or EFLAGS.AC may have changed. */
  modeChanged(): void {
    const { state } = this.#ctx
    const isUser = cplOf(state) === 3
    this.#access = isUser ? USER : SUPERVISOR
    this.#long = is64Bit(state)
    const ac = (state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0
    this.#alignmentChecked = isUser && ac && (state.lo(FIELD.cr0) & CR0.lo.AM) !== 0
  }

  /** Whether misaligned accesses raise #AC now. */
  get alignmentChecked(): boolean {
    return this.#alignmentChecked
  }

  load(sizeBytes: number, lo: number, hi: number, imm: number): AccessStatus {
    if (this.locate(sizeBytes, lo, hi, imm, ACCESS_KIND.READ) !== 0) return 1
    const access = this.accessOf(imm)
    const [at, up] = [this.linearLo, this.linearHi]
    if (this.#alignmentChecked && this.#checkAlignment(sizeBytes, imm) !== 0) return 1
    if (sizeBytes === 16 ? this.#load16(at, up, access) : this.#load(sizeBytes as Size, at, up, access)) return 1
    this.observer?.(false, at, up, sizeBytes)
    return 0
  }

  #load(size: Size, lo: number, hi: number, access: LinearAccess): AccessStatus {
    const linear = this.#linear
    if (linear.read(size, lo, hi, access) !== 0) return 1
    this.#data.setUint32(0, linear.lo, true)
    if (size === 8) this.#data.setUint32(4, linear.hi, true)
    return 0
  }

  #load16(lo: number, hi: number, access: LinearAccess): AccessStatus {
    const linear = this.#linear
    if (linear.read(8, lo, hi, access) !== 0) return 1
    const [w0, w1] = [linear.lo, linear.hi]
    const next = lo + 8
    if (linear.read(8, next >>> 0, next > 0xffffffff ? (hi + 1) >>> 0 : hi, access) !== 0) return 1
    const data = this.#data
    data.setUint32(0, w0, true)
    data.setUint32(4, w1, true)
    data.setUint32(8, linear.lo, true)
    data.setUint32(12, linear.hi, true)
    return 0
  }

  store(sizeBytes: number, lo: number, hi: number, imm: number): AccessStatus {
    if (this.locate(sizeBytes, lo, hi, imm, ACCESS_KIND.WRITE) !== 0) return 1
    const access = this.accessOf(imm)
    const [at, up] = [this.linearLo, this.linearHi]
    const linear = this.#linear
    if (this.#alignmentChecked && this.#checkAlignment(sizeBytes, imm) !== 0) return 1
    const data = this.#data
    const [v0, v1] = [data.getUint32(0, true), data.getUint32(4, true)]
    if (sizeBytes === 16) {
      if (linear.probeWrite(16, at, up, access) !== 0) return 1
      const next = at + 8
      linear.write(8, at, up, v0, v1, access)
      const nextHi = next > 0xffffffff ? (up + 1) >>> 0 : up
      linear.write(8, next >>> 0, nextHi, data.getUint32(8, true), data.getUint32(12, true), access)
    } else if (linear.write(sizeBytes as Size, at, up, v0, v1, access) !== 0) return 1
    this.observer?.(true, at, up, sizeBytes)
    return 0
  }

  probe(lo: number, hi: number, imm: number): AccessStatus {
    const sizeBytes = imm >>> MemoryImm.sizeShift
    if (this.locate(sizeBytes, lo, hi, imm, ACCESS_KIND.WRITE) !== 0) return 1
    if (this.#alignmentChecked && this.#checkAlignment(sizeBytes, imm) !== 0) return 1
    return this.#linear.probeWrite(sizeBytes, this.linearLo, this.linearHi, this.accessOf(imm))
  }

  accessOf(imm: number): LinearAccess {
    return (imm & system) !== 0 ? SYSTEM : this.#access
  }

  /** The linear address of an access, into `linearLo` and `linearHi`. @returns 1: a fault of segmentation is pending */
  locate(sizeBytes: number, lo: number, hi: number, imm: number, kind: number): AccessStatus {
    const segment = imm & segmentMask
    // A base of zero: silicon finds what is misaligned before what is not canonical, which would be #SS through SS.
    if ((imm & aligned) !== 0 && this.#long && segment < SEGMENT.FS && (lo & (sizeBytes - 1)) !== 0)
      return raiseGp(this.#ctx.state)
    if (this.#long && segment < SEGMENT.FS && this.#isPlain(lo >>> 0, hi >>> 0, sizeBytes)) {
      this.linearLo = lo >>> 0
      this.linearHi = hi >>> 0
    } else if (this.#bySegment(segment, lo >>> 0, hi >>> 0, sizeBytes, kind) !== 0) return 1
    if ((imm & aligned) !== 0 && (this.linearLo & (sizeBytes - 1)) !== 0) return raiseGp(this.#ctx.state)
    return 0
  }

  /** Whether an operand of 64-bit code has no base, is canonical, as aligned as it must be, and lies in one page. */
  isPlainOperand(sizeBytes: number, lo: number, hi: number, imm: number): boolean {
    if (!this.#long || (imm & segmentMask) >= SEGMENT.FS || (lo & (PAGE_BYTES - 1)) + sizeBytes > PAGE_BYTES)
      return false
    if ((imm & aligned) !== 0 && (lo & (sizeBytes - 1)) !== 0) return false
    return isCanonical(this.#ctx.state, hi >>> 0)
  }

  /** A canonical address without a base, as nearly all of 64-bit code are. */
  #isPlain(lo: number, hi: number, sizeBytes: number): boolean {
    return isCanonical(this.#ctx.state, hi) && lo + sizeBytes <= 0x1_0000_0000
  }

  /** By the rule, whose result stands where liftings may keep an operand. */
  #bySegment(segment: number, lo: number, hi: number, sizeBytes: number, kind: number): AccessStatus {
    const { state } = this.#ctx
    const [keptLo, keptHi] = [state.lo(FIELD.helperArgument), state.hi(FIELD.helperArgument)]
    const status = linearAddress(this.#ctx, segment, lo, hi, sizeBytes, kind)
    if (status === 0) {
      this.linearLo = state.lo(FIELD.helperArgument)
      this.linearHi = state.hi(FIELD.helperArgument)
    }
    state.set(FIELD.helperArgument, keptLo, keptHi)
    return status
  }

  /**
   * #AC(0) for a misaligned access. It comes before page faults: the manuals leave their order open (SDM vol. 3A, 7.9, table 7-2), and
   * silicon has it so (`conformance/silicon`).
   */
  #checkAlignment(sizeBytes: number, imm: number): AccessStatus {
    if ((this.linearLo & (alignmentOf(sizeBytes) - 1)) === 0 || (imm & unchecked) !== 0) return 0
    return raise(this.#ctx.state, EXCEPTION['#AC'].vector, 0)
  }

  /** Notes data breakpoints: an observer for the debug registers. */
  noteBreakpoints(isWrite: boolean, lo: number, hi: number, sizeBytes: number): void {
    noteDataBreakpoint(this.#ctx, isWrite ? BREAK_ON.WRITE : BREAK_ON.ACCESS, lo, hi, sizeBytes)
  }
}
