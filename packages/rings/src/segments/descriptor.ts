import {
  ACCESS_RIGHTS,
  CODE_SEGMENT_TYPE,
  DATA_SEGMENT_TYPE,
  FIELD as FIELD_TABLE,
  SEGMENT_DESCRIPTOR as SEGMENT_DESCRIPTOR_TABLE,
  SEGMENT as SEGMENT_TABLE,
  SELECTOR as SELECTOR_TABLE,
  SYSTEM_DESCRIPTOR as SYSTEM_DESCRIPTOR_TABLE,
} from '@ringfold/arch'
import { type RuleContext, type RuleStatus, raise } from '../context.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const SEGMENT = SEGMENT_TABLE
const SEGMENT_DESCRIPTOR = SEGMENT_DESCRIPTOR_TABLE
const SELECTOR = SELECTOR_TABLE
const SYSTEM_DESCRIPTOR = SYSTEM_DESCRIPTOR_TABLE

const { lo: RIGHTS } = ACCESS_RIGHTS
const RIGHTS_MASK = RIGHTS.TYPE | RIGHTS.S | RIGHTS.DPL | RIGHTS.P | RIGHTS.AVL | RIGHTS.L | RIGHTS.DB | RIGHTS.G
const { CODE, C: CONFORMING, R: READABLE, A: ACCESSED } = CODE_SEGMENT_TYPE.lo
const { W: WRITABLE } = DATA_SEGMENT_TYPE.lo
/** Implicit supervisor access: descriptor tables and TSS. */
export const SYSTEM_ACCESS = 2

/** A descriptor as it was read, and where. Rules keep a few of these and fill them again, so that nothing is allocated. */
export class Descriptor {
  selector = 0
  lo = 0
  hi = 0
  /** Bytes 15:8 of a system descriptor or gate in IA-32e mode. */
  upperLo = 0
  upperHi = 0
  addressLo = 0
  addressHi = 0

  /** Access rights in the form of `ACCESS_RIGHTS`. */
  get rights(): number {
    return (this.hi >>> SEGMENT_DESCRIPTOR.shift.TYPE) & RIGHTS_MASK
  }

  get type(): number {
    return (this.hi & SEGMENT_DESCRIPTOR.hi.TYPE) >>> SEGMENT_DESCRIPTOR.shift.TYPE
  }

  get dpl(): number {
    return (this.hi & SEGMENT_DESCRIPTOR.hi.DPL) >>> SEGMENT_DESCRIPTOR.shift.DPL
  }

  get isSegment(): boolean {
    return (this.hi & SEGMENT_DESCRIPTOR.hi.S) !== 0
  }

  get isPresent(): boolean {
    return (this.hi & SEGMENT_DESCRIPTOR.hi.P) !== 0
  }

  /** Type with S: a code segment. */
  get isCode(): boolean {
    return this.isSegment && (this.type & CODE) !== 0
  }

  get isConforming(): boolean {
    return (this.type & (CODE | CONFORMING)) === (CODE | CONFORMING)
  }

  get isWritableData(): boolean {
    return this.isSegment && (this.type & (CODE | WRITABLE)) === WRITABLE
  }

  /** Data, or code that may be read. */
  get isReadable(): boolean {
    return this.isSegment && (this.type & (CODE | READABLE)) !== CODE
  }

  /** Base bits 31:0: the three pieces of `BASE`. */
  get base(): number {
    return ((this.lo >>> 16) | ((this.hi & 0xff) << 16) | (this.hi & 0xff000000)) >>> 0
  }

  /** Limit in bytes: granularity applied. */
  get limit(): number {
    const limit = (this.lo & SYSTEM_DESCRIPTOR.lo.LIMIT) | (this.hi & SYSTEM_DESCRIPTOR.hi.LIMIT)
    return (this.hi & SEGMENT_DESCRIPTOR.hi.G) !== 0 ? ((limit << 12) | 0xfff) >>> 0 : limit
  }

  get rpl(): number {
    return this.selector & SELECTOR.lo.RPL
  }
}

/** The error code that names a selector (Intel SDM vol. 3A, 7.13). */
export function selectorCode(selector: number, ext = 0): number {
  return (selector & 0xffff & ~SELECTOR.lo.RPL) | ext
}

/** Whether a selector is null: index 0 of the GDT (Intel SDM vol. 3A, 3.4.2). */
export function isNull(selector: number): boolean {
  return (selector & 0xffff & ~SELECTOR.lo.RPL) === 0
}

/** Finds the address of a descriptor of `bytes` bytes. @returns whether it lies within its table */
export function locate(ctx: RuleContext, selector: number, bytes: number, into: Descriptor): boolean {
  const { state } = ctx
  const inLdt = (selector & SELECTOR.lo.TI) !== 0
  if (inLdt && (state.lo(FIELD.segAccess, SEGMENT.LDTR) & RIGHTS.UNUSABLE) !== 0) return false
  const limit = inLdt ? state.lo(FIELD.segLimit, SEGMENT.LDTR) : state.lo(FIELD.gdtrLimit) & 0xffff
  const offset = selector & SELECTOR.lo.INDEX
  if (offset + bytes - 1 > limit) return false
  const baseLo = inLdt ? state.lo(FIELD.segBase, SEGMENT.LDTR) : state.lo(FIELD.gdtrBase)
  const baseHi = inLdt ? state.hi(FIELD.segBase, SEGMENT.LDTR) : state.hi(FIELD.gdtrBase)
  const sum = baseLo + offset
  into.selector = selector & 0xffff
  into.addressLo = sum >>> 0
  into.addressHi = (baseHi + (sum > 0xffffffff ? 1 : 0)) >>> 0
  return true
}

/** Reads 8 bytes of the descriptor that was located. */
export function fetchDescriptor(ctx: RuleContext, into: Descriptor): RuleStatus {
  if (ctx.linear.read(8, into.addressLo, into.addressHi, SYSTEM_ACCESS) !== 0) return 1
  into.lo = ctx.linear.lo
  into.hi = ctx.linear.hi
  return 0
}

/** Reads a descriptor; outside its table: `vector` with the selector. Intel SDM vol. 3A, 3.4.2 and 3.5.1. */
export function readDescriptor(
  ctx: RuleContext,
  selector: number,
  vector: number,
  ext: number,
  into: Descriptor,
): RuleStatus {
  if (!locate(ctx, selector, 8, into)) return raise(ctx.state, vector, selectorCode(selector, ext))
  return fetchDescriptor(ctx, into)
}

/** Reads bytes 15:8 of a system descriptor in IA-32e mode, which must lie in the table too. */
export function readUpper(ctx: RuleContext, vector: number, ext: number, into: Descriptor): RuleStatus {
  const { selector } = into
  if (!locate(ctx, selector, 16, into)) return raise(ctx.state, vector, selectorCode(selector, ext))
  const lo = into.addressLo + 8
  if (ctx.linear.read(8, lo >>> 0, into.addressHi + (lo > 0xffffffff ? 1 : 0), SYSTEM_ACCESS) !== 0) return 1
  into.upperLo = ctx.linear.lo
  into.upperHi = ctx.linear.hi
  return 0
}

/** Writes the type of a descriptor in memory (accessed, busy) and in `into`. */
export function writeType(ctx: RuleContext, into: Descriptor, type: number): RuleStatus {
  if (into.type === type) return 0
  const { shift, hi } = SEGMENT_DESCRIPTOR
  const changed = (into.hi & ~hi.TYPE) | (type << shift.TYPE)
  const lo = into.addressLo + 4
  const addressHi = into.addressHi + (lo > 0xffffffff ? 1 : 0)
  if (ctx.linear.write(4, lo >>> 0, addressHi, changed >>> 0, 0, SYSTEM_ACCESS) !== 0) return 1
  into.hi = changed >>> 0
  return 0
}

/** Sets the accessed bit. Done before any register changes: setting it early is allowed (Intel SDM vol. 3A, 3.4.5.1). */
export function markAccessed(ctx: RuleContext, into: Descriptor): RuleStatus {
  return writeType(ctx, into, into.type | ACCESSED)
}
