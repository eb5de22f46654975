/** Symbol tables (gABI 4, "Symbol Table"). */
import { SectionIndex, SectionType } from './constants.ts'
import type { ElfFile, ElfSection } from './file.ts'
import { type Layout, readRecord, SYMBOL, viewOf } from './records.ts'
import { stringAt } from './strings.ts'

/** One symbol. Field names are the gABI's, without `st_`. */
export interface ElfSymbol {
  readonly index: number
  readonly name: string
  /** An address; an offset in the section where the file is relocatable. */
  readonly value: bigint
  readonly size: bigint
  readonly bind: number
  readonly type: number
  /** Lower two bits of `st_other`. */
  readonly visibility: number
  /** Index of the section that it belongs to, read from `SHT_SYMTAB_SHNDX` where it did not fit; or a number of SectionIndex. */
  readonly shndx: number
}

const NO_BYTES = /* @__PURE__ */ new Uint8Array(0)

/**
 * The symbols of one section, read when they are asked for. Symbols are numbered from 0 to `count - 1`; number 0 is the
 * undefined symbol. Never throws: numbers outside give undefined, `''` or 0.
 */
export class ElfSymbolTable implements Iterable<ElfSymbol> {
  readonly section: ElfSection
  /** Of whole symbols that the file holds. */
  readonly count: number
  readonly #layout: Layout<(typeof SYMBOL)[64]['types']>
  readonly #view: DataView
  readonly #strings: Uint8Array
  readonly #extended: DataView

  constructor(file: ElfFile, section: ElfSection) {
    const layout = SYMBOL[file.class]
    this.section = section
    this.#layout = layout
    this.#view = viewOf(section.bytes)
    this.count = section.entsize === BigInt(layout.sizeBytes) ? Math.floor(section.bytes.length / layout.sizeBytes) : 0
    const strings = file.sections[section.link]
    this.#strings = strings?.type === SectionType.SHT_STRTAB ? strings.bytes : NO_BYTES
    const isExtension = (s: ElfSection) => s.type === SectionType.SHT_SYMTAB_SHNDX && s.link === section.index
    this.#extended = viewOf(file.sections.find(isExtension)?.bytes ?? NO_BYTES)
  }

  at(index: number): ElfSymbol | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) return undefined
    const symbol = readRecord(this.#layout, this.#view, index * this.#layout.sizeBytes)
    return {
      index,
      name: stringAt(this.#strings, symbol.st_name),
      value: symbol.st_value,
      size: symbol.st_size,
      bind: symbol.st_info >> 4,
      type: symbol.st_info & 15,
      visibility: symbol.st_other & 3,
      shndx: this.shndx(index),
    }
  }

  *[Symbol.iterator](): Iterator<ElfSymbol> {
    for (let i = 0; i < this.count; i++) yield this.at(i) as ElfSymbol
  }

  name(index: number): string {
    return stringAt(this.#strings, this.#word(index, this.#layout.offset.st_name))
  }

  bind(index: number): number {
    return this.#byte(index, this.#layout.offset.st_info) >> 4
  }

  type(index: number): number {
    return this.#byte(index, this.#layout.offset.st_info) & 15
  }

  shndx(index: number): number {
    const at = index * this.#layout.sizeBytes + this.#layout.offset.st_shndx
    const short = this.#has(index) ? this.#view.getUint16(at, true) : 0
    if (short !== SectionIndex.SHN_XINDEX) return short
    const inTable = index * 4 + 4 <= this.#extended.byteLength
    return inTable ? this.#extended.getUint32(index * 4, true) : SectionIndex.SHN_UNDEF
  }

  /** Low and high half of the value, uint32. */
  valueLo(index: number): number {
    return this.#word(index, this.#layout.offset.st_value)
  }

  valueHi(index: number): number {
    return this.#layout.nativeBytes === 8 ? this.#word(index, this.#layout.offset.st_value + 4) : 0
  }

  /** The size, exact below 2^53. */
  size(index: number): number {
    const high = this.#layout.nativeBytes === 8 ? this.#word(index, this.#layout.offset.st_size + 4) : 0
    return high * 2 ** 32 + this.#word(index, this.#layout.offset.st_size)
  }

  /** True where the symbol has a name that is not empty; does not read the name. */
  isNamed(index: number): boolean {
    const at = this.#word(index, this.#layout.offset.st_name)
    return at < this.#strings.length && this.#strings[at] !== 0
  }

  #has(index: number): boolean {
    return index >= 0 && index < this.count
  }

  #byte(index: number, offset: number): number {
    return this.#has(index) ? this.#view.getUint8(index * this.#layout.sizeBytes + offset) : 0
  }

  #word(index: number, offset: number): number {
    return this.#has(index) ? this.#view.getUint32(index * this.#layout.sizeBytes + offset, true) : 0
  }
}

function tableOf(file: ElfFile, type: number): ElfSymbolTable | undefined {
  const section = file.sections.find((s) => s.type === type)
  return section && new ElfSymbolTable(file, section)
}

/** The symbol table (`SHT_SYMTAB`), which `strip` removes. A file has one at most. */
export const symbolTable = (file: ElfFile): ElfSymbolTable | undefined => tableOf(file, SectionType.SHT_SYMTAB)

/** The symbols of dynamic linking (`SHT_DYNSYM`). A file has one table at most. */
export const dynamicSymbolTable = (file: ElfFile): ElfSymbolTable | undefined => tableOf(file, SectionType.SHT_DYNSYM)
