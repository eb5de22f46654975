/** From bytes to an {@link ElfFile}: gABI chapter 4 ("ELF Header", "Sections") and chapter 5 ("Program Header"). */
import { IDENT, PN_XNUM, SectionIndex, SectionType } from './constants.ts'
import type {
  ElfFile,
  ElfProblem,
  ElfProblemCode,
  ElfRejection,
  ElfRejectionCode,
  ElfSection,
  ElfSegment,
} from './file.ts'
import {
  FILE_HEADER,
  type FieldTypes,
  type Layout,
  PROGRAM_HEADER,
  type RecordOf,
  readRecord,
  SECTION_HEADER,
  SYMBOL,
  viewOf,
} from './records.ts'
import { stringAt } from './strings.ts'

type FileHeader = RecordOf<(typeof FILE_HEADER)[32]['types']>
type SectionHeader = RecordOf<(typeof SECTION_HEADER)[32]['types']>
type ProgramHeader = RecordOf<(typeof PROGRAM_HEADER)[32]['types']>

const rejected = (code: ElfRejectionCode, message: string): ElfRejection => ({ kind: 'rejected', code, message })

/** True if the bytes start as every ELF file does. */
export function hasElfMagic(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/** What `e_ident` says against reading on. */
function checkIdent(bytes: Uint8Array): ElfRejection | undefined {
  if (!hasElfMagic(bytes)) return rejected('elf.no-magic', 'does not start with 7F 45 4C 46, the mark of an ELF file')
  if (bytes.length < IDENT.EI_NIDENT) return rejected('elf.truncated-header', 'ends within the ELF header')
  const [fileClass, data, version] = [bytes[IDENT.EI_CLASS], bytes[IDENT.EI_DATA], bytes[IDENT.EI_VERSION]]
  if (fileClass !== IDENT.ELFCLASS32 && fileClass !== IDENT.ELFCLASS64)
    return rejected('elf.unknown-class', `has ELF class ${fileClass}; 1 (32-bit) and 2 (64-bit) are known`)
  if (data === IDENT.ELFDATA2MSB)
    return rejected('elf.big-endian', 'is a big-endian ELF file, which no x86 machine runs')
  if (data !== IDENT.ELFDATA2LSB)
    return rejected('elf.unknown-encoding', `has ELF data encoding ${data}; 1 (little-endian) is known`)
  if (version !== IDENT.EV_CURRENT) return rejected('elf.unknown-version', `has ELF version ${version}; 1 is known`)
  const size = IDENT.EI_NIDENT + FILE_HEADER[fileClass === IDENT.ELFCLASS64 ? 64 : 32].sizeBytes
  return bytes.length < size ? rejected('elf.truncated-header', 'ends within the ELF header') : undefined
}

/** What is known while a file is read. */
interface Reading {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly class: 32 | 64
  readonly header: FileHeader
  readonly problems: ElfProblem[]
}

function report({ problems }: Reading, code: ElfProblemCode, message: string, index?: number): void {
  problems.push(index === undefined ? { code, message } : { code, message, index })
}

/** The part of `size` bytes at `offset` that lies in the file. */
function clip(bytes: Uint8Array, offset: bigint, size: bigint): Uint8Array {
  const length = BigInt(bytes.length)
  if (offset >= length) return bytes.subarray(0, 0)
  const end = offset + size
  return bytes.subarray(Number(offset), Number(end < length ? end : length))
}

/** Where a table of headers is said to stand. */
interface TablePlace {
  readonly what: 'program' | 'section'
  readonly offset: bigint
  readonly count: bigint
  readonly entryBytes: number
}

/** Reads the headers of a table: as many as the file says, and as the file can hold. */
function readTable<T extends FieldTypes>(reading: Reading, layout: Layout<T>, place: TablePlace): RecordOf<T>[] {
  const { what, offset, count, entryBytes } = place
  if (offset === 0n || count === 0n) return []
  if (entryBytes < layout.sizeBytes) {
    report(reading, `elf.${what}-header-size`, `${what} headers of ${entryBytes} bytes; ${layout.sizeBytes} are needed`)
    return []
  }
  const room = BigInt(reading.bytes.length) - offset
  const fitting = room < BigInt(layout.sizeBytes) ? 0n : (room - BigInt(layout.sizeBytes)) / BigInt(entryBytes) + 1n
  if (fitting < count)
    report(
      reading,
      `elf.${what}-headers-outside-file`,
      `${count} ${what} headers at offset ${offset}; the file holds ${fitting} of them`,
    )
  const length = Number(fitting < count ? fitting : count)
  return Array.from({ length }, (_, i) => readRecord(layout, reading.view, Number(offset) + i * entryBytes))
}

/**
 * Section headers. With 0xff00 or more of them `e_shnum` is 0 and the number stands in `sh_size` of the first
 * (gABI 4, "ELF Header").
 */
function readSectionHeaders(reading: Reading): SectionHeader[] {
  const { header, view, bytes } = reading
  const layout = SECTION_HEADER[reading.class]
  const place = { what: 'section' as const, offset: header.e_shoff, entryBytes: header.e_shentsize }
  if (header.e_shnum !== 0) return readTable(reading, layout, { ...place, count: BigInt(header.e_shnum) })
  if (header.e_shoff === 0n) return []
  if (header.e_shoff + BigInt(layout.sizeBytes) > BigInt(bytes.length))
    return readTable(reading, layout, { ...place, count: 1n })
  return readTable(reading, layout, { ...place, count: readRecord(layout, view, Number(header.e_shoff)).sh_size })
}

/** The section name string table; its index may stand in `sh_link` of the first section (gABI 4, "ELF Header"). */
function sectionNames(reading: Reading, headers: readonly SectionHeader[]): Uint8Array {
  const { e_shstrndx } = reading.header
  const index = e_shstrndx === SectionIndex.SHN_XINDEX ? (headers[0]?.sh_link ?? 0) : e_shstrndx
  const table = headers[index]
  if (index === SectionIndex.SHN_UNDEF || headers.length === 0) return new Uint8Array(0)
  if (table?.sh_type === SectionType.SHT_STRTAB) return clip(reading.bytes, table.sh_offset, table.sh_size)
  report(reading, 'elf.no-section-names', `section ${index} should hold the names of sections, and is no string table`)
  return new Uint8Array(0)
}

function sectionOf(reading: Reading, header: SectionHeader, index: number, names: Uint8Array): ElfSection {
  const { sh_type: type, sh_offset: offset, sh_size: size, sh_entsize: entsize } = header
  const inFile = type !== SectionType.SHT_NULL && type !== SectionType.SHT_NOBITS
  const bytes = inFile ? clip(reading.bytes, offset, size) : reading.bytes.subarray(0, 0)
  if (inFile && BigInt(bytes.length) < size)
    report(
      reading,
      'elf.section-outside-file',
      `section ${index}: ${size} bytes at offset ${offset} leave the file`,
      index,
    )
  const isSymbols = type === SectionType.SHT_SYMTAB || type === SectionType.SHT_DYNSYM
  if (isSymbols && entsize !== BigInt(SYMBOL[reading.class].sizeBytes))
    report(reading, 'elf.symbol-size', `section ${index}: symbols of ${entsize} bytes`, index)
  const { sh_flags: flags, sh_addr: addr, sh_link: link, sh_info: info, sh_addralign: addralign } = header
  return {
    index,
    // Read when asked for: in a damaged file a million names may be the same long string.
    get name() {
      return stringAt(names, header.sh_name)
    },
    ...{ type, flags, addr, offset, size, link, info, addralign, entsize, bytes },
  }
}

function segmentOf(reading: Reading, header: ProgramHeader, index: number): ElfSegment {
  const { p_offset: offset, p_filesz: filesz } = header
  const bytes = clip(reading.bytes, offset, filesz)
  if (BigInt(bytes.length) < filesz)
    report(
      reading,
      'elf.segment-outside-file',
      `segment ${index}: ${filesz} bytes at offset ${offset} leave the file`,
      index,
    )
  const { p_type: type, p_flags: flags, p_vaddr: vaddr, p_paddr: paddr, p_memsz: memsz, p_align: align } = header
  return { index, type, flags, offset, vaddr, paddr, filesz, memsz, align, bytes }
}

/**
 * Reads an ELF file of either class. Nothing is copied: sections and segments are views of `bytes`.
 *
 * @returns a rejection where the header makes no sense. Where later parts are damaged, the file holds what can be read,
 * and `problems` names what cannot. Never throws, whatever the bytes; work is bounded by their number.
 */
export function readElf(bytes: Uint8Array): ElfFile | ElfRejection {
  const rejection = checkIdent(bytes)
  if (rejection !== undefined) return rejection
  const fileClass = bytes[IDENT.EI_CLASS] === IDENT.ELFCLASS64 ? 64 : 32
  const view = viewOf(bytes)
  const header = readRecord(FILE_HEADER[fileClass], view, IDENT.EI_NIDENT)
  const reading: Reading = { bytes, view, class: fileClass, header, problems: [] }
  const sectionHeaders = readSectionHeaders(reading)
  const names = sectionNames(reading, sectionHeaders)
  const programHeaders = readTable(reading, PROGRAM_HEADER[fileClass], {
    what: 'program',
    offset: header.e_phoff,
    count: BigInt(header.e_phnum === PN_XNUM ? (sectionHeaders[0]?.sh_info ?? PN_XNUM) : header.e_phnum),
    entryBytes: header.e_phentsize,
  })
  return {
    kind: 'elf',
    bytes,
    class: fileClass,
    osabi: bytes[IDENT.EI_OSABI] as number,
    abiversion: bytes[IDENT.EI_ABIVERSION] as number,
    type: header.e_type,
    machine: header.e_machine,
    flags: header.e_flags,
    entry: header.e_entry,
    segments: programHeaders.map((h, i) => segmentOf(reading, h, i)),
    sections: sectionHeaders.map((h, i) => sectionOf(reading, h, i, names)),
    problems: reading.problems,
  }
}
