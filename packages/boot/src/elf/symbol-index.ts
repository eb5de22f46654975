/** Symbols by address: what names a place in code. */
import { SectionIndex, SymbolBind, SymbolType } from './constants.ts'
import { type ElfFile, type ElfSection, isRelocatable } from './file.ts'
import { dynamicSymbolTable, type ElfSymbolTable, symbolTable } from './symbols.ts'

export interface SymbolIndexOptions {
  /** Only the symbols of this section. In a relocatable file, whose symbols have no addresses of their own, one must be given. */
  readonly section?: ElfSection
  /** Added to every address, modulo 2^64: where the file is loaded elsewhere than it says. Default 0. */
  readonly bias?: bigint
}

/** Types that name no place in code or data; the value of a TLS symbol is an offset. */
const UNPLACED: ReadonlySet<number> = /* @__PURE__ */ new Set([
  SymbolType.STT_SECTION,
  SymbolType.STT_FILE,
  SymbolType.STT_COMMON,
  SymbolType.STT_TLS,
])

/** Of several symbols at an address, the one that a person would look for: global before weak before local, then function before data. */
function rank(table: ElfSymbolTable, symbol: number): number {
  const bind = table.bind(symbol)
  const type = table.type(symbol)
  const byBind = bind === SymbolBind.STB_LOCAL ? 0 : bind === SymbolBind.STB_WEAK ? 4 : 8
  return (
    byBind +
    (type === SymbolType.STT_FUNC || type === SymbolType.STT_GNU_IFUNC ? 2 : type === SymbolType.STT_OBJECT ? 1 : 0)
  )
}

function placedSymbols(table: ElfSymbolTable, only: ElfSection | undefined): number[] {
  const placed: number[] = []
  for (let i = 1; i < table.count; i++) {
    const shndx = table.shndx(i)
    const hasSection =
      shndx !== SectionIndex.SHN_UNDEF && shndx !== SectionIndex.SHN_ABS && shndx !== SectionIndex.SHN_COMMON
    if (hasSection && (only === undefined || shndx === only.index) && table.isNamed(i) && !UNPLACED.has(table.type(i)))
      placed.push(i)
  }
  return placed
}

/**
 * Named places sorted by address, one for each address. Addresses are pairs of uint32, so that a look-up for every instruction
 * of a large program costs no allocation.
 */
export class SymbolIndex {
  readonly count: number
  readonly #table: ElfSymbolTable | undefined
  readonly #symbols: Uint32Array
  readonly #lo: Uint32Array
  readonly #hi: Uint32Array

  constructor(table: ElfSymbolTable | undefined, options: SymbolIndexOptions & { readonly base?: bigint } = {}) {
    const symbols = table === undefined ? [] : placedSymbols(table, options.section)
    const bias = BigInt.asUintN(64, (options.bias ?? 0n) + (options.base ?? 0n))
    const [biasLo, biasHi] = [Number(bias & 0xffffffffn), Number(bias >> 32n)]
    const lo = new Uint32Array(symbols.length)
    const hi = new Uint32Array(symbols.length)
    symbols.forEach((symbol, n) => {
      const sum = (table as ElfSymbolTable).valueLo(symbol) + biasLo
      lo[n] = sum
      hi[n] = (table as ElfSymbolTable).valueHi(symbol) + biasHi + (sum > 0xffffffff ? 1 : 0)
    })
    const order = Uint32Array.from(symbols.keys()).sort((a, b) => at(hi, a) - at(hi, b) || at(lo, a) - at(lo, b))
    const kept =
      table === undefined
        ? order
        : onePerAddress(
            order,
            (a, b) => at(lo, a) === at(lo, b) && at(hi, a) === at(hi, b),
            (n) => rank(table, symbols[n] as number),
          )
    this.#table = table
    this.count = kept.length
    this.#symbols = kept.map((n) => symbols[n] as number)
    this.#lo = kept.map((n) => at(lo, n))
    this.#hi = kept.map((n) => at(hi, n))
  }

  /** The number of the last place at or below an address, -1 where there is none. */
  atOrBelow(addressLo: number, addressHi: number): number {
    const [wantedLo, wantedHi] = [addressLo >>> 0, addressHi >>> 0]
    let [from, to] = [0, this.count]
    while (from < to) {
      const middle = (from + to) >>> 1
      const hi = at(this.#hi, middle)
      if (hi < wantedHi || (hi === wantedHi && at(this.#lo, middle) <= wantedLo)) from = middle + 1
      else to = middle
    }
    return from - 1
  }

  /** The number of the place at exactly this address, -1 where there is none. */
  exactly(addressLo: number, addressHi: number): number {
    const place = this.atOrBelow(addressLo, addressHi)
    return place >= 0 && at(this.#lo, place) === addressLo >>> 0 && at(this.#hi, place) === addressHi >>> 0 ? place : -1
  }

  /** Name of place `0..count - 1`. */
  name(place: number): string {
    return this.#table?.name(this.#symbols[place] ?? 0) ?? ''
  }

  /** Halves of its address, uint32. */
  addressLo(place: number): number {
    return this.#lo[place] ?? 0
  }

  addressHi(place: number): number {
    return this.#hi[place] ?? 0
  }

  address(place: number): bigint {
    return (BigInt(this.addressHi(place)) << 32n) | BigInt(this.addressLo(place))
  }

  /** Bytes of what stands there, 0 where the file does not say. */
  size(place: number): number {
    return this.#table?.size(this.#symbols[place] ?? 0) ?? 0
  }

  /** Number of its symbol in the table that it comes from. */
  symbol(place: number): number {
    return this.#symbols[place] ?? 0
  }
}

const at = (array: Uint32Array, index: number): number => array[index] as number

function onePerAddress(
  order: Uint32Array,
  same: (a: number, b: number) => boolean,
  rankOf: (n: number) => number,
): Uint32Array {
  let kept = 0
  for (const candidate of order) {
    const last = kept === 0 ? undefined : at(order, kept - 1)
    if (last === undefined || !same(last, candidate)) order[kept++] = candidate
    else if (rankOf(candidate) > rankOf(last)) order[kept - 1] = candidate
  }
  return order.slice(0, kept)
}

/** The named places of a file: from its symbol table, or where that was stripped from its dynamic symbols. */
export function indexSymbols(file: ElfFile, options: SymbolIndexOptions = {}): SymbolIndex {
  const table = symbolTable(file) ?? dynamicSymbolTable(file)
  if (!isRelocatable(file)) return new SymbolIndex(table, options)
  if (options.section === undefined) return new SymbolIndex(undefined)
  return new SymbolIndex(table, { ...options, base: options.section.addr })
}
