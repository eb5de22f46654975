import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  type CpuState,
  CR0 as CR0_TABLE,
  EXCEPTION,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import type { LinearAccess } from '@ringfold/contracts'
import { type RuleContext, type RuleStatus, raise } from '../context.ts'
import { currentAccess, is64Bit, isCanonical } from '../mode.ts'
import type { Descriptor } from './descriptor.ts'
import { withinLimit } from './linear-address.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const CR0 = CR0_TABLE
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE

const RSP = 4
const AC = EXCEPTION['#AC'].vector
/** The kind of an access that CPL 3 makes. */
const USER_ACCESS: LinearAccess = 0
const WIDTH_64 = 64
const PAGE_OFFSET = 0xfff

/**
 * A stack that a rule pushes to or pops from: the current one, or one that is about to become current. Pushes are probed all
 * before the first is made; nothing of the processor changes until `commit`.
 */
export class StackCursor {
  #baseLo = 0
  #limit = 0
  #rights = 0
  #width: 16 | 32 | 64 = 16
  #access: LinearAccess = 0
  spLo = 0
  spHi = 0
  #addressLo = 0
  #addressHi = 0

  /** The stack of SS and RSP, at the current privilege level. */
  useCurrent(state: CpuState): void {
    this.#baseLo = state.lo(FIELD.segBase, SEGMENT.SS)
    this.#limit = state.lo(FIELD.segLimit, SEGMENT.SS)
    this.#rights = state.lo(FIELD.segAccess, SEGMENT.SS)
    const wide = (this.#rights & ACCESS_RIGHTS.lo.DB) !== 0 ? 32 : 16
    this.#width = is64Bit(state) ? WIDTH_64 : wide
    this.#access = currentAccess(state)
    this.spLo = state.lo(FIELD.gpr, RSP)
    this.spHi = state.hi(FIELD.gpr, RSP)
  }

  /** A stack in a segment that is not loaded yet. */
  useSegment(segment: Descriptor, spLo: number, access: LinearAccess): void {
    this.#baseLo = segment.base
    this.#limit = segment.limit
    this.#rights = segment.rights
    this.#width = (segment.rights & ACCESS_RIGHTS.lo.DB) !== 0 ? 32 : 16
    this.#access = access
    this.spLo = spLo >>> 0
    this.spHi = 0
  }

  /** A flat stack of 64-bit mode. */
  use64(spLo: number, spHi: number, access: LinearAccess): void {
    this.#width = WIDTH_64
    this.#access = access
    this.spLo = spLo >>> 0
    this.spHi = spHi >>> 0
  }

  /** The stack pointer moved by `bytes`, within its width. */
  move(bytes: number): void {
    const lo = this.spLo + bytes
    if (this.#width === 16) this.spLo = ((this.spLo & 0xffff0000) | (lo & 0xffff)) >>> 0
    else this.spLo = lo >>> 0
    if (this.#width === WIDTH_64) this.spHi = (this.spHi + carryOf(lo)) >>> 0
  }

  /** Sets the address of bytes at the stack pointer plus `offset`. @returns whether they lie in the stack */
  #address(state: CpuState, offset: number, sizeBytes: number): boolean {
    if (this.#width === WIDTH_64) {
      const sum = this.spLo + offset
      this.#addressLo = sum >>> 0
      this.#addressHi = (this.spHi + carryOf(sum)) >>> 0
      const lastHi = this.#addressHi + (this.#addressLo + sizeBytes - 1 > 0xffffffff ? 1 : 0)
      return isCanonical(state, this.#addressHi) && isCanonical(state, lastHi)
    }
    const at = (this.spLo + offset) & (this.#width === 16 ? 0xffff : -1)
    this.#addressLo = (this.#baseLo + at) >>> 0
    this.#addressHi = 0
    return withinLimit(this.#rights, this.#limit, at >>> 0, sizeBytes)
  }

  /** Whether `count` pushes of `sizeBytes` will succeed; no room: `vector` with `code`. */
  probe(ctx: RuleContext, count: number, sizeBytes: 2 | 4 | 8, vector: number, code: number): RuleStatus {
    // Within one page of 64-bit mode the first push says it for all.
    const isOnePage = this.#width === WIDTH_64 && (this.spLo & PAGE_OFFSET) >= count * sizeBytes
    const distinct = isOnePage ? 1 : count
    for (let n = 1; n <= distinct; n++) {
      if (!this.#address(ctx.state, -n * sizeBytes, sizeBytes)) return raise(ctx.state, vector, code)
      if (this.#isMisaligned(ctx.state, sizeBytes)) return raise(ctx.state, AC, 0)
      if (ctx.linear.probeWrite(sizeBytes, this.#addressLo, this.#addressHi, this.#access) !== 0) return 1
    }
    return 0
  }

  /** Whether the access at the address is one that #AC forbids: at CPL 3, with CR0.AM and EFLAGS.AC (Intel SDM vol. 3A, 7.15). */
  #isMisaligned(state: CpuState, sizeBytes: number): boolean {
    if (this.#access !== USER_ACCESS || (this.#addressLo & (sizeBytes - 1)) === 0) return false
    return (state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0 && (state.lo(FIELD.cr0) & CR0.lo.AM) !== 0
  }

  /** A push that was probed. */
  push(ctx: RuleContext, sizeBytes: 2 | 4 | 8, lo: number, hi = 0): void {
    this.move(-sizeBytes)
    this.#address(ctx.state, 0, sizeBytes)
    ctx.linear.write(sizeBytes, this.#addressLo, this.#addressHi, lo >>> 0, hi >>> 0, this.#access)
  }

  /**
   * Pushes slots of 8 bytes, all or none: `words` holds them in halves from the lowest address on. A stack of 64-bit mode; no room:
   * `vector` with `code`.
   */
  pushFrame64(ctx: RuleContext, words: Uint32Array, count: number, vector: number, code: number): RuleStatus {
    const bytes = 8 * count
    const { linear } = ctx
    if (linear.directOffset !== undefined && linear.direct !== undefined && liesInPage(this.spLo, bytes)) {
      const at = linear.directOffset(bytes, this.spLo - bytes, this.spHi, this.#access, true)
      if (at >= 0) {
        const { direct } = linear
        for (let n = 0; n < 2 * count; n++) direct.setUint32(at + 4 * n, words[n] as number, true)
        this.spLo -= bytes
        return 0
      }
    }
    if (this.probe(ctx, count, 8, vector, code) !== 0) return 1
    for (let n = 2 * count - 2; n >= 0; n -= 2) this.push(ctx, 8, words[n] as number, words[n + 1])
    return 0
  }

  /** Reads `count` slots of 8 bytes above the stack pointer into halves of `into`, where that is possible at once. */
  peekDirect64(ctx: RuleContext, count: number, into: Uint32Array): boolean {
    const { linear } = ctx
    if (this.#width !== WIDTH_64 || linear.directOffset === undefined || linear.direct === undefined) return false
    // What is misaligned may be #AC, which the long way finds.
    if ((this.spLo & 7) !== 0) return false
    const at = linear.directOffset(8 * count, this.spLo, this.spHi, this.#access, false)
    if (at < 0) return false
    const { direct } = linear
    for (let n = 0; n < 2 * count; n++) into[n] = direct.getUint32(at + 4 * n, true)
    return true
  }

  /** Reads slot `slot` above the stack pointer, into `linear.lo` and `hi`. */
  peek(ctx: RuleContext, slot: number, sizeBytes: 2 | 4 | 8, vector: number, code = 0): RuleStatus {
    if (!this.#address(ctx.state, slot * sizeBytes, sizeBytes)) return raise(ctx.state, vector, code)
    if (this.#isMisaligned(ctx.state, sizeBytes)) return raise(ctx.state, AC, 0)
    return ctx.linear.read(sizeBytes, this.#addressLo, this.#addressHi, this.#access)
  }

  /** Makes its stack pointer that of the processor: as many bits of RSP as the stack has. */
  commit(state: CpuState): void {
    if (this.#width === WIDTH_64) state.set(FIELD.gpr, this.spLo, this.spHi, RSP)
    else if (this.#width === 32) state.set(FIELD.gpr, this.spLo, 0, RSP)
    else state.setLo(FIELD.gpr, ((state.lo(FIELD.gpr, RSP) & 0xffff0000) | (this.spLo & 0xffff)) >>> 0, RSP)
  }
}

/** Whether the `bytes` below an address are all of one page. */
function liesInPage(end: number, bytes: number): boolean {
  return end >= bytes && ((end - bytes) & PAGE_OFFSET) + bytes <= PAGE_OFFSET + 1
}

/** What the sum of a low half and a small offset carries into the high half. */
function carryOf(sum: number): number {
  if (sum < 0) return -1
  return sum > 0xffffffff ? 1 : 0
}
