/** Which bytes of a file are to be disassembled, at which addresses. */
import {
  addressOfOffset,
  codeBits,
  type ElfFile,
  type ElfSection,
  executableSections,
  executableSegments,
  hasElfMagic,
  indexSymbols,
  isRelocatable,
  lowestAddress,
  readElf,
  SectionType,
  type SymbolIndex,
  sectionByName,
} from '@ringfold/boot/elf'
import { InputError } from '../exit.ts'
import type { ByteSource } from '../input.ts'
import type { Bits } from '../numbers.ts'
import { didYouMean } from '../suggest.ts'

/** What the command line chose. */
export interface Selection {
  readonly bits?: Bits
  readonly section?: string
  /** Bytes from the start of the file. */
  readonly offset?: number
  readonly length?: number
  readonly base?: bigint
}

/** Bytes that follow each other in memory. */
export interface Region {
  /** Name of the section, `''` where there is none. */
  readonly name: string
  readonly bits: Bits
  /** Address of the first byte. */
  readonly address: bigint
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly symbols?: SymbolIndex
}

/** The regions of a file, and what is wrong with it but does not stop us. */
export interface Regions {
  readonly regions: readonly Region[]
  readonly warnings: readonly string[]
}

const MAGIC_BYTES = 4

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

/** The pieces between two offsets of a source. Reads no further than it must. */
async function* range(
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  { offset = 0, length = Number.MAX_SAFE_INTEGER }: Selection,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0
  const end = offset + length
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, offset - position), Math.max(0, end - position))
    if (wanted.length > 0) yield wanted
    position += piece.length
    if (position >= end) return
  }
  if (position < offset || (position === offset && offset > 0))
    throw new InputError(`--offset ${offset} is outside of ${name}, which has ${position} bytes`)
}

/** Plain bytes. Their addresses are offsets in the file, unless a base says what the first of them is. */
function rawRegion(name: string, pieces: AsyncIterable<Uint8Array>, selection: Selection): Region {
  const { base = BigInt(selection.offset ?? 0), bits = 64 } = selection
  return { name: '', bits, address: base, pieces: range(name, pieces, selection) }
}

function chosenSections(file: ElfFile, name: string | undefined, source: string): ElfSection[] {
  if (name === undefined) return executableSections(file)
  const section = sectionByName(file, name)
  if (section === undefined) {
    const names = file.sections.map((each) => each.name).filter((each) => each !== '')
    const remedy = didYouMean(name, names) || `Sections: ${names.join(' ') || 'none'}.`
    throw new InputError(`${source} has no section ${name}`, remedy)
  }
  if (section.type === SectionType.SHT_NOBITS)
    throw new InputError(`section ${name} of ${source} has no contents in the file`)
  return [section]
}

/** What is added to addresses: the base is where the lowest byte of the image, or of the one section asked for, is. */
function biasOf(file: ElfFile, section: ElfSection | undefined, base: bigint | undefined): bigint {
  return base === undefined ? 0n : base - (section?.addr ?? lowestAddress(file))
}

function sectionRegions(file: ElfFile, selection: Selection, bits: Bits, source: string): Region[] {
  const sections = chosenSections(file, selection.section, source)
  const bias = biasOf(file, selection.section === undefined ? undefined : sections[0], selection.base)
  const shared = isRelocatable(file) ? undefined : indexSymbols(file, { bias })
  return sections.map((section) => ({
    name: section.name,
    bits,
    address: BigInt.asUintN(64, section.addr + bias),
    pieces: [section.bytes],
    symbols: shared ?? indexSymbols(file, { section, bias }),
  }))
}

/** Files without section headers still say which segments are executable. */
function segmentRegions(file: ElfFile, selection: Selection, bits: Bits): Region[] {
  const bias = biasOf(file, undefined, selection.base)
  return executableSegments(file).map(({ bytes, vaddr }) => ({
    name: '',
    bits,
    address: BigInt.asUintN(64, vaddr + bias),
    pieces: [bytes],
  }))
}

function rangeRegion(file: ElfFile, selection: Selection, bits: Bits, source: string): Region {
  const { offset = 0, length = file.bytes.length } = selection
  if (offset >= file.bytes.length)
    throw new InputError(`--offset ${offset} is outside of ${source}, which has ${file.bytes.length} bytes`)
  const loadedAt = addressOfOffset(file, BigInt(offset))
  const address = selection.base ?? loadedAt ?? BigInt(offset)
  const region = { name: '', bits, address, pieces: [file.bytes.subarray(offset, offset + length)] }
  return loadedAt === undefined ? region : { ...region, symbols: indexSymbols(file, { bias: address - loadedAt }) }
}

function elfBits(file: ElfFile, { bits }: Selection, source: string): Bits {
  const width = bits ?? codeBits(file)
  if (width !== undefined) return width
  throw new InputError(
    `${source} holds code for machine ${file.machine} of the ELF specification, which is not x86`,
    'Give --bits to disassemble it as x86 all the same.',
  )
}

const isEmpty = ({ pieces }: Region): boolean => Array.isArray(pieces) && pieces.every(({ length }) => length === 0)

function elfRegions(file: ElfFile, selection: Selection, source: string): Regions {
  const bits = elfBits(file, selection, source)
  const warnings = file.problems.map(({ message }) => `${source}: ${message}`)
  if (selection.offset !== undefined || selection.length !== undefined)
    return { regions: [rangeRegion(file, selection, bits, source)], warnings }
  const bySection = selection.section !== undefined || file.sections.length > 0
  const regions = bySection ? sectionRegions(file, selection, bits, source) : segmentRegions(file, selection, bits)
  if (regions.length === 0)
    throw new InputError(
      `${source} has no executable section`,
      'Name a section with --section, or bytes with --offset and --length.',
    )
  if (warnings.length > 0 && regions.every(isEmpty))
    throw new InputError(`${source} holds none of its code: ${file.problems[0]?.message}`)
  return { regions, warnings }
}

/**
 * What to disassemble of a source: by default the executable sections of an ELF file, or all of any other file.
 *
 * @throws InputError where the selection does not fit the file.
 */
export async function regionsOf(source: ByteSource, selection: Selection): Promise<Regions> {
  const isElf = hasElfMagic(await source.peek(MAGIC_BYTES))
  if (!isElf && selection.section !== undefined)
    throw new InputError(
      `${source.name} is not an ELF file, so it has no sections`,
      'Choose bytes with --offset and --length.',
    )
  if (!isElf) return { regions: [rawRegion(source.name, source.pieces(), selection)], warnings: [] }
  const bytes = await source.rest()
  const file = readElf(bytes)
  if (file.kind === 'elf') return elfRegions(file, selection, source.name)
  const isRange = selection.offset !== undefined || selection.length !== undefined
  if (isRange) return { regions: [rawRegion(source.name, onePiece(bytes), selection)], warnings: [] }
  throw new InputError(`${source.name} ${file.message}`, 'Give --offset 0 to disassemble it as plain bytes.')
}
