/**
 * Flags as a region knows them while it is compiled: the operation that set them last, with its operands as values. Whoever asks
 * for a flag or condition gets an expression over these; whoever does not, costs nothing.
 */
import { FIELD, RFLAGS } from '@ringfold/arch'
import { FlagKind, type IrBuilder, type IrCode, opNumber, STATUS, type Value } from '@ringfold/semantics'

const { CF, PF, AF, ZF, SF, OF } = RFLAGS.shift

/**
 * What stands in the local of the kind, with log2 of the operand's bytes above {@link SIZE_SHIFT}. Those of `FlagKind`, whose
 * result follows from the operands in a region; sums with carry, whose result does not; and two more.
 */
export const Kind = {
  /** The flags stand in the state, as the engine keeps them there. */
  inState: -1,
  /** The status word holds all six. */
  settled: 0,
  ...FlagKind,
  addWithCarry: 9,
  subWithBorrow: 10,
  /** Some flags given one by one, over another state: known only while a block is compiled. */
  overlay: 11,
} as const
export const SIZE_SHIFT = 4

/** Kinds that leave some flags to the status word. */
const KEEPS_STATUS: ReadonlySet<number> = new Set([Kind.settled, Kind.inc, Kind.dec, Kind.result])
export const usesStatus = (kind: number): boolean => KEEPS_STATUS.has(kind)
export const usesFirst = (kind: number): boolean => kind > Kind.settled
export const usesSecond = (kind: number): boolean =>
  kind === Kind.add || kind === Kind.sub || kind === Kind.addWithCarry || kind === Kind.subWithBorrow
export const usesResult = (kind: number): boolean => kind === Kind.addWithCarry || kind === Kind.subWithBorrow

export interface FlagState {
  readonly kind: number
  readonly bits: 8 | 16 | 32 | 64
  readonly a: Value
  readonly b: Value
  readonly r: Value
  /** i32: the flags that the kind leaves alone, or those of the overlay. */
  readonly status: Value
  readonly overlay?: Overlay
}

export interface Overlay {
  /** The flags that were given. */
  readonly mask: number
  /** Where all others come from; null: what the locals of the region say. */
  readonly under: FlagState | null
}

/** The kind of a `flags.set`: whether the result is the plain sum or difference of the operands. */
export function kindOf(code: IrCode, kind: FlagKind, a: Value, b: Value, r: Value): number {
  if (kind !== FlagKind.add && kind !== FlagKind.sub) return kind
  const name = kind === FlagKind.add ? 'add' : 'sub'
  const isOperation = (v: Value) => {
    const op = code.op[v]
    return (op === opNumber(`i32.${name}`) || op === opNumber(`i64.${name}`)) && isSame(code, code.a[v], a)
  }
  const isPlain = (v: Value) => isOperation(v) && isSame(code, code.b[v], b)
  // Narrow results are cut.
  if (isPlain(r) || (code.op[r] === opNumber('i32.and') && isPlain(code.a[r] as Value))) return kind
  // Of constants, which are folded, nothing is known any more; carries are kinds of their own.
  return kind === FlagKind.add ? Kind.addWithCarry : Kind.subWithBorrow
}

function isSame(code: IrCode, x: Value | undefined, y: Value): boolean {
  if (x === y) return true
  return x !== undefined && code.isConstant(x) && code.isConstant(y) && code.constant(x) === code.constant(y)
}

/** Expressions over a known state of the flags. */
export class FlagExpressions {
  readonly #b: IrBuilder

  constructor(b: IrBuilder) {
    this.#b = b
  }

  #int(s: FlagState, name: string, x: Value, y?: Value): Value {
    return this.#b.pure(`${s.bits === 64 ? 'i64' : 'i32'}.${name}`, x, y)
  }

  #number(s: FlagState, value: number): Value {
    return s.bits === 64 ? this.#b.i64(value) : this.#b.i32(value)
  }

  #not(v: Value): Value {
    return this.#b.pure('i32.eqz', v)
  }

  /** The sign bit of a value of the operand's width: 0 or 1. */
  #top(s: FlagState, v: Value): Value {
    if (s.bits >= 32) return this.#int(s, 'lt_s', v, this.#number(s, 0))
    const bit = this.#b.pure('i32.shr_u', v, this.#b.i32(s.bits - 1))
    return this.#b.pure('i32.and', bit, this.#b.i32(1))
  }

  #signed(s: FlagState, v: Value): Value {
    return s.bits >= 32 ? v : this.#b.pure(s.bits === 8 ? 'i32.extend8_s' : 'i32.extend16_s', v)
  }

  #statusBit(s: FlagState, bit: number): Value {
    const b = this.#b
    return b.pure('i32.and', bit === 0 ? s.status : b.pure('i32.shr_u', s.status, b.i32(bit)), b.i32(1))
  }

  /** One flag, 0 or 1, by its bit in RFLAGS. Of an overlay, what lies under it has to be known. */
  flag(s: FlagState, bit: number): Value {
    if (s.kind === Kind.settled) return this.#statusBit(s, bit)
    if (s.overlay !== undefined)
      return (s.overlay.mask >> bit) & 1 ? this.#statusBit(s, bit) : this.flag(s.overlay.under as FlagState, bit)
    switch (bit) {
      case CF:
        return this.#carry(s)
      case OF:
        return this.#overflow(s)
      case ZF:
        return s.kind === Kind.sub ? this.#int(s, 'eq', s.a, s.b) : this.#int(s, 'eq', s.r, this.#number(s, 0))
      case SF:
        return this.#top(s, s.r)
      case PF:
        return this.#parity(s)
      default:
        return this.#adjust(s)
    }
  }

  #carry(s: FlagState): Value {
    switch (s.kind) {
      case Kind.add:
        return this.#int(s, 'lt_u', s.r, s.a)
      case Kind.sub:
        return this.#int(s, 'lt_u', s.a, s.b)
      case Kind.logic:
        return this.#b.i32(0)
      case Kind.addWithCarry: {
        // Carries leave a bit where both operands have it, or one has it and the result has not.
        const kept = this.#int(s, 'and', this.#int(s, 'or', s.a, s.b), this.#inverse(s, s.r))
        return this.#top(s, this.#int(s, 'or', this.#int(s, 'and', s.a, s.b), kept))
      }
      case Kind.subWithBorrow: {
        const inverse = this.#inverse(s, s.a)
        const kept = this.#int(s, 'and', this.#int(s, 'or', inverse, s.b), s.r)
        return this.#top(s, this.#int(s, 'or', this.#int(s, 'and', inverse, s.b), kept))
      }
      default:
        return this.#statusBit(s, CF)
    }
  }

  #inverse(s: FlagState, v: Value): Value {
    const ones = s.bits >= 32 ? -1 : s.bits === 16 ? 0xffff : 0xff
    return this.#int(s, 'xor', v, this.#number(s, ones))
  }

  #overflow(s: FlagState): Value {
    const changed = (x: Value, y: Value) => this.#int(s, 'xor', x, y)
    switch (s.kind) {
      case Kind.add:
      case Kind.addWithCarry:
        return this.#top(s, this.#int(s, 'and', changed(s.a, s.r), changed(s.b, s.r)))
      case Kind.sub:
      case Kind.subWithBorrow:
        return this.#top(s, this.#int(s, 'and', changed(s.a, s.b), changed(s.a, s.r)))
      case Kind.logic:
        return this.#b.i32(0)
      case Kind.inc: // Only the greatest number has a sign afterwards that it had not.
        return this.#top(s, this.#int(s, 'and', this.#inverse(s, s.a), s.r))
      case Kind.dec:
        return this.#top(s, this.#int(s, 'and', s.a, this.#inverse(s, s.r)))
      default:
        return this.#statusBit(s, OF)
    }
  }

  #low(s: FlagState, v: Value): Value {
    return s.bits === 64 ? this.#b.pure('i32.wrap_i64', v) : v
  }

  #parity(s: FlagState): Value {
    const b = this.#b
    const ones = b.pure('i32.popcnt', b.pure('i32.and', this.#low(s, s.r), b.i32(0xff)))
    return b.pure('i32.and', b.pure('i32.xor', ones, b.i32(1)), b.i32(1))
  }

  #adjust(s: FlagState): Value {
    const b = this.#b
    if (s.kind === Kind.logic) return b.i32(0)
    if (s.kind === Kind.result) return this.#statusBit(s, AF)
    const operands = usesSecond(s.kind) ? this.#int(s, 'xor', s.a, s.b) : this.#int(s, 'xor', s.a, this.#number(s, 1))
    const carries = this.#low(s, this.#int(s, 'xor', operands, s.r))
    return b.pure('i32.and', b.pure('i32.shr_u', carries, b.i32(AF)), b.i32(1))
  }

  /** All six in their places. */
  all(s: FlagState): Value {
    const b = this.#b
    if (s.kind === Kind.settled) return b.pure('i32.and', s.status, b.i32(STATUS))
    if (s.overlay !== undefined) return this.merged(s.overlay.mask, this.all(s.overlay.under as FlagState), s.status)
    return this.#inPlaces(s, [CF, PF, AF, ZF, SF, OF])
  }

  /** ZF, SF and PF in their places. */
  ofResult(s: FlagState): Value {
    return this.#inPlaces(s, [ZF, SF, PF])
  }

  #inPlaces(s: FlagState, flags: readonly number[]): Value {
    const b = this.#b
    const parts = flags.map((bit) => {
      const v = this.flag(s, bit)
      return bit === 0 ? v : b.pure('i32.shl', v, b.i32(bit))
    })
    return parts.reduce((x, y) => b.pure('i32.or', x, y))
  }

  /** Flags of a mask from one value, the others from another. */
  merged(mask: number, others: Value, given: Value): Value {
    const b = this.#b
    return b.pure('i32.or', b.pure('i32.and', others, b.i32(~mask)), given)
  }

  /** A condition code (SDM vol. 1, appendix B): one comparison of the operands where the operation was one. */
  condition(s: FlagState, code: number): Value {
    const fused = s.kind === Kind.sub ? this.#comparison(s, code) : s.kind === Kind.logic ? this.#test(s, code) : -1
    if (fused >= 0) return fused
    const positive = this.#composed(s, code >> 1)
    return (code & 1) === 1 ? this.#not(positive) : positive
  }

  #comparison(s: FlagState, code: number): Value {
    const name = ({ 2: 'lt_u', 3: 'ge_u', 4: 'eq', 5: 'ne', 6: 'le_u', 7: 'gt_u' } as Record<number, string>)[code]
    if (name !== undefined) return this.#int(s, name, s.a, s.b)
    const signed = ({ 12: 'lt_s', 13: 'ge_s', 14: 'le_s', 15: 'gt_s' } as Record<number, string>)[code]
    return signed === undefined ? -1 : this.#int(s, signed, this.#signed(s, s.a), this.#signed(s, s.b))
  }

  /** After a logical operation CF and OF are 0, so that every order is one of the result and 0. */
  #test(s: FlagState, code: number): Value {
    const zero = this.#number(s, 0)
    const unsigned = ({ 4: 'eq', 5: 'ne', 6: 'eq', 7: 'ne' } as Record<number, string>)[code]
    if (unsigned !== undefined) return this.#int(s, unsigned, s.r, zero)
    const names: Record<number, string> = { 8: 'lt_s', 9: 'ge_s', 12: 'lt_s', 13: 'ge_s', 14: 'le_s', 15: 'gt_s' }
    const signed = names[code]
    return signed === undefined ? -1 : this.#int(s, signed, this.#signed(s, s.r), zero)
  }

  /** O, B, E, BE, S, P, L, LE by their flags. */
  #composed(s: FlagState, base: number): Value {
    const or = (x: Value, y: Value) => this.#b.pure('i32.or', x, y)
    const less = () => this.#b.pure('i32.xor', this.flag(s, SF), this.flag(s, OF))
    switch (base) {
      case 0:
        return this.flag(s, OF)
      case 1:
        return this.flag(s, CF)
      case 2:
        return this.flag(s, ZF)
      case 3:
        return or(this.flag(s, CF), this.flag(s, ZF))
      case 4:
        return this.flag(s, SF)
      case 5:
        return this.flag(s, PF)
      case 6:
        return less()
      default:
        return or(this.flag(s, ZF), less())
    }
  }
}

/** What the local of the kind holds. */
export const kindWord = (s: FlagState): number => s.kind | (Math.log2(s.bits / 8) << SIZE_SHIFT)

/** The engine's kinds: a carry in makes no difference to who has the result. */
export const plainKind = (kind: number): number =>
  kind === Kind.addWithCarry ? Kind.add : kind === Kind.subWithBorrow ? Kind.sub : kind

/** What of a state goes into 64-bit locals, each widened. */
export function wideParts(s: FlagState, wide: (v: Value) => Value): [offset: number, v: Value][] {
  const parts: [number, Value][] = []
  if (usesFirst(s.kind)) parts.push([FIELD.lazySrc1.offset, wide(s.a)])
  if (usesSecond(s.kind)) parts.push([FIELD.lazySrc2.offset, wide(s.b)])
  if (usesResult(s.kind)) parts.push([FIELD.lazyResult.offset, wide(s.r)])
  return parts
}
