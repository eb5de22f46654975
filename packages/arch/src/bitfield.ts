import { ArchError } from './errors.ts'

/**
 * Where a field lies, as the manuals write it: the number of one bit (`11`), a range with the most significant bit first
 * (`'13:12'`), or the parts of a split field, the most significant part first (`'51:48,15:0'`).
 */
export type BitPosition = number | `${number}:${number}` | `${number}:${number},${string}` | `${number},${string}`

/** What a row may say beyond position and meaning. */
export interface BitfieldDetails {
  /** The meaning of each value of the field. */
  readonly values?: Readonly<Record<number, string>>
  /** Manual and section, where it is not the table's own. */
  readonly source?: string
  /** Names of the same bit in other manuals. */
  readonly aka?: readonly string[]
}

/** `[position, meaning, details?]` */
export type BitfieldRow = readonly [at: BitPosition, meaning: string, details?: BitfieldDetails]

/** The rows of a bit-field table, by the manual's name of the field. */
export type BitfieldRows = Readonly<Record<string, BitfieldRow>>

/** The definition of a bit-field table: the one place where its positions are written. */
export interface BitfieldDefinition<Rows extends BitfieldRows> {
  /** The manual's name of the register or structure. */
  readonly name: string
  readonly widthBits: 8 | 16 | 32 | 64
  /** Manual, volume, section. */
  readonly source: string
  readonly fields: Rows
  /** Bits that always read as one. */
  readonly alwaysOne?: BitPosition
  /** Bits that the processor ignores and leaves to software. What is none of all these is reserved. */
  readonly ignored?: BitPosition
}

// biome-ignore format: a range
type LowBit =
  | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15
  | 16 | 17 | 18 | 19 | 20 | 21 | 22 | 23 | 24 | 25 | 26 | 27 | 28 | 29 | 30 | 31

/** Whether a position has bits in the low half; `boolean` where it is not known statically. */
type ReachesLow<At> = At extends number
  ? number extends At
    ? boolean
    : At extends LowBit
      ? true
      : false
  : At extends `${infer First},${infer Rest}`
    ? ReachesLow<First> extends true
      ? true
      : ReachesLow<Rest>
    : At extends `${number}:${infer Lsb extends number}`
      ? ReachesLow<Lsb>
      : At extends `${infer Bit extends number}`
        ? ReachesLow<Bit>
        : false

type ReachesHigh<At> = At extends number
  ? number extends At
    ? boolean
    : At extends LowBit
      ? false
      : true
  : At extends `${infer First},${infer Rest}`
    ? ReachesHigh<First> extends true
      ? true
      : ReachesHigh<Rest>
    : At extends `${infer Msb extends number}:${number}`
      ? ReachesHigh<Msb>
      : At extends `${infer Bit extends number}`
        ? ReachesHigh<Bit>
        : false

/** Whether a field is one run of bits within one half, so that a mask and a shift reach it. */
type IsSimple<At> = At extends `${string},${string}`
  ? false
  : ReachesLow<At> extends true
    ? ReachesHigh<At> extends true
      ? false
      : true
    : true

// `true extends ...`, so that a table whose rows are not known statically has every name in both halves.
type LowMasks<R extends BitfieldRows> = {
  readonly [K in keyof R as true extends ReachesLow<R[K][0]> ? K : never]: number
}
type HighMasks<R extends BitfieldRows> = {
  readonly [K in keyof R as true extends ReachesHigh<R[K][0]> ? K : never]: number
}
type Shifts<R extends BitfieldRows> = {
  readonly [K in keyof R as true extends IsSimple<R[K][0]> ? K : never]: number
}

/** One run of bits of a field within one 32-bit half. */
interface Piece {
  readonly half: 0 | 1
  readonly shift: number
  readonly widthBits: number
  /** `widthBits` ones, as int32. */
  readonly ones: number
  /** 2 to the power of `widthBits`. */
  readonly scale: number
}

/** A field of a table, as data for tools and documentation. */
export interface BitfieldField {
  readonly name: string
  readonly at: BitPosition
  /** Number of bits. */
  readonly widthBits: number
  readonly meaning: string
  readonly source: string
  readonly values: Readonly<Record<number, string>> | undefined
  readonly aka: readonly string[]
}

/** A field with its value in a particular word. */
export interface DecodedField {
  readonly name: string
  readonly value: number
  readonly meaning: string
  /** `PE`, `IOPL=3`, `RC=1 (down)`, `ADDRESS=0x1234` */
  readonly text: string
}

/** What all bit-field tables have in common, whatever their fields. */
export interface AnyBitfield {
  readonly name: string
  readonly widthBits: number
  readonly source: string
  readonly fields: readonly BitfieldField[]
  readonly reservedLo: number
  readonly reservedHi: number
  decode(value: number | bigint, hi?: number): DecodedField[]
  describe(value: number | bigint, hi?: number): string[]
}

/**
 * A bit-field table: masks, extraction, insertion and description, all derived from one definition.
 *
 * A 64-bit word is a pair of 32-bit halves. `lo` and `hi` hold the masks of each half; a field is a member of the half (or
 * halves) in which it lies, so that testing the wrong half does not type-check. All masks are int32, as the results of
 * JavaScript's bit operators are: `(word & mask) === mask` holds for bit 31 too.
 */
export interface Bitfield<Rows extends BitfieldRows> extends AnyBitfield {
  /** Masks of the fields in bits 31:0. */
  readonly lo: LowMasks<Rows>
  /** Masks of the fields in bits 63:32, shifted down by 32. */
  readonly hi: HighMasks<Rows>
  /** Position of a field's lowest bit within its half; split fields and those in both halves have none. */
  readonly shift: Shifts<Rows>
  readonly alwaysOneLo: number
  readonly alwaysOneHi: number
  readonly ignoredLo: number
  readonly ignoredHi: number
  /** The field's value, right-aligned; the parts of a split field are joined. `hi` counts only where the field lies there. */
  extract(field: keyof Rows & string, lo: number, hi?: number): number
  /** The low half with the field's part in it replaced by `value`; bits of `value` beyond the field are dropped. */
  insertLo(field: keyof Rows & string, lo: number, value: number): number
  /** The high half with the field's part in it replaced by `value`. */
  insertHi(field: keyof Rows & string, hi: number, value: number): number
  /** The field's bits in place, as a bigint. */
  maskBig(field: keyof Rows & string): bigint
}

/** Defines a bit-field table. Throws `ArchError` `bitfield.definition` if rows overlap or leave the word. */
export function bitfield<const Rows extends BitfieldRows>(definition: BitfieldDefinition<Rows>): Bitfield<Rows> {
  // The masks are built by name; their types say again, statically, which names each half has.
  return new BitfieldTable(definition) as unknown as Bitfield<Rows>
}

class BitfieldTable implements AnyBitfield {
  // Declared only: V8 folds a property into code that is set once, and a field without a value is set twice.
  declare readonly name: string
  declare readonly widthBits: number
  declare readonly source: string
  declare readonly lo: Readonly<Record<string, number>>
  declare readonly hi: Readonly<Record<string, number>>
  declare readonly shift: Readonly<Record<string, number>>
  declare readonly alwaysOneLo: number
  declare readonly alwaysOneHi: number
  declare readonly ignoredLo: number
  declare readonly ignoredHi: number
  declare readonly reservedLo: number
  declare readonly reservedHi: number
  readonly #pieces = new Map<string, readonly Piece[]>()
  readonly #rows: BitfieldRows
  #fields: readonly BitfieldField[] | undefined

  constructor({ name, widthBits, source, fields, alwaysOne, ignored }: BitfieldDefinition<BitfieldRows>) {
    this.name = name
    this.widthBits = widthBits
    this.source = source
    this.#rows = fields
    const used: [number, number] = [0, 0]
    const masks: [Record<string, number>, Record<string, number>] = [{}, {}]
    const shift: Record<string, number> = {}
    for (const field in fields) {
      const pieces = piecesOf((fields[field] as BitfieldRow)[0], name, widthBits)
      for (const piece of pieces) {
        const { half } = piece
        const mask = maskOf(piece)
        claim(used, half, mask, name)
        masks[half][field] = (masks[half][field] ?? 0) | mask
      }
      if (pieces.length === 1) shift[field] = (pieces[0] as Piece).shift
      this.#pieces.set(field, pieces)
    }
    // Copies, because V8 turns an object to which many properties were added by name into a hash table, and a copy back.
    this.lo = Object.freeze({ ...masks[0] })
    this.hi = Object.freeze({ ...masks[1] })
    this.shift = Object.freeze({ ...shift })
    ;[this.alwaysOneLo, this.alwaysOneHi] = claimAll(used, alwaysOne, name, widthBits)
    ;[this.ignoredLo, this.ignoredHi] = claimAll(used, ignored, name, widthBits)
    this.reservedLo = ~used[0] & ones(Math.min(widthBits, 32))
    this.reservedHi = ~used[1] & ones(Math.max(widthBits - 32, 0))
    Object.freeze(this)
  }

  /** Made on demand: programs that only need masks should not pay for texts at start-up. */
  get fields(): readonly BitfieldField[] {
    this.#fields ??= Object.freeze(Object.entries(this.#rows).map(([name, row]) => this.#field(name, row)))
    return this.#fields
  }

  #field(name: string, [at, meaning, details = {}]: BitfieldRow): BitfieldField {
    const widthBits = this.#of(name).reduce((sum, piece) => sum + piece.widthBits, 0)
    const { values, source = this.source, aka = [] } = details
    return Object.freeze({ name, at, widthBits, meaning, source, values, aka })
  }

  #of(field: string): readonly Piece[] {
    const pieces = this.#pieces.get(field)
    if (pieces !== undefined) return pieces
    const known = Object.keys(this.#rows).join(', ')
    throw new ArchError('bitfield.definition', `${this.name} has no field ${field}`, `use one of ${known}`)
  }

  extract(field: string, lo: number, hi = 0): number {
    const pieces = this.#of(field)
    let value = 0
    for (let i = 0; i < pieces.length; i++) {
      const { half, shift, ones, scale } = pieces[i] as Piece
      // Not a shift: fields of more than 32 bits (physical addresses) are exact up to 2**53.
      value = value * scale + ((((half === 0 ? lo : hi) >>> shift) & ones) >>> 0)
    }
    return value
  }

  insertLo(field: string, lo: number, value: number): number {
    return this.#insert(field, 0, lo, value)
  }

  insertHi(field: string, hi: number, value: number): number {
    return this.#insert(field, 1, hi, value)
  }

  #insert(field: string, half: 0 | 1, word: number, value: number): number {
    const pieces = this.#of(field)
    let result = word
    let rest = value
    for (let i = pieces.length - 1; i >= 0; i--) {
      const piece = pieces[i] as Piece
      if (piece.half === half) {
        result = (result & ~(piece.ones << piece.shift)) | ((rest & piece.ones) << piece.shift)
      }
      // Division, for the same reason.
      rest = Math.floor(rest / piece.scale)
    }
    return result >>> 0
  }

  maskBig(field: string): bigint {
    let mask = 0n
    for (const piece of this.#of(field)) mask |= BigInt(maskOf(piece) >>> 0) << BigInt(32 * piece.half)
    return mask
  }

  decode(value: number | bigint, hi = 0): DecodedField[] {
    const lo = typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : value
    const high = typeof value === 'bigint' ? Number(BigInt.asUintN(32, value >> 32n)) : hi
    const decoded: DecodedField[] = []
    for (const field of this.fields) {
      const bits = this.extract(field.name, lo, high)
      const named = field.values?.[bits]
      if (bits === 0 && named === undefined) continue
      decoded.push({ name: field.name, value: bits, meaning: field.meaning, text: textOf(field, bits, named) })
    }
    const reserved = (BigInt((high & this.reservedHi) >>> 0) << 32n) | BigInt((lo & this.reservedLo) >>> 0)
    if (reserved !== 0n) {
      const text = `reserved=0x${reserved.toString(16)}`
      decoded.push({ name: 'reserved', value: Number(reserved), meaning: 'reserved bits that are set', text })
    }
    return decoded
  }

  describe(value: number | bigint, hi = 0): string[] {
    return this.decode(value, hi).map((field) => field.text)
  }
}

/** A mask of the `width` lowest bits, as int32. */
function ones(width: number): number {
  return width === 0 ? 0 : (-1 >>> (32 - width)) | 0
}

function textOf(field: BitfieldField, bits: number, named: string | undefined): string {
  const shown = bits > 255 ? `0x${bits.toString(16)}` : `${bits}`
  if (named !== undefined) return `${field.name}=${shown} (${named})`
  return field.widthBits === 1 ? field.name : `${field.name}=${shown}`
}

/** The pieces of a position, most significant first, cut where they cross bit 32. */
function piecesOf(at: BitPosition, table: string, widthBits: number): Piece[] {
  if (typeof at === 'number') return rangePieces(at, at, table, widthBits)
  return at.split(',').flatMap((part) => {
    const [msb = Number.NaN, lsb = msb] = part.split(':').map(Number)
    return rangePieces(msb, lsb, table, widthBits)
  })
}

function rangePieces(msb: number, lsb: number, table: string, widthBits: number): Piece[] {
  if (!(msb < widthBits && lsb >= 0 && lsb <= msb && Number.isInteger(msb) && Number.isInteger(lsb))) {
    const what = `${table} has ${widthBits} bits, and none at ${msb}:${lsb}`
    throw new ArchError('bitfield.definition', what, 'write the number of a bit, or msb:lsb')
  }
  const pieces: Piece[] = []
  if (msb >= 32) pieces.push(pieceOf(1, Math.max(lsb, 32) - 32, msb - 32))
  if (lsb < 32) pieces.push(pieceOf(0, lsb, Math.min(msb, 31)))
  return pieces
}

function pieceOf(half: 0 | 1, lsb: number, msb: number): Piece {
  const widthBits = msb - lsb + 1
  return { half, shift: lsb, widthBits, ones: ones(widthBits), scale: 2 ** widthBits }
}

function maskOf({ shift, ones }: Piece): number {
  return ones << shift
}

function claim(used: [number, number], half: 0 | 1, mask: number, table: string): void {
  if ((used[half] & mask) !== 0) {
    const bits = `0x${((used[half] & mask) >>> 0).toString(16)} of half ${half}`
    throw new ArchError('bitfield.definition', `rows of ${table} overlap in ${bits}`, 'give each variant its own table')
  }
  used[half] |= mask
}

function claimAll(
  used: [number, number],
  at: BitPosition | undefined,
  table: string,
  widthBits: number,
): [number, number] {
  const masks: [number, number] = [0, 0]
  for (const piece of at === undefined ? [] : piecesOf(at, table, widthBits)) {
    claim(used, piece.half, maskOf(piece), table)
    masks[piece.half] |= maskOf(piece)
  }
  return masks
}
