import { FileType, Machine, SectionFlag, SectionType, SegmentFlag, SegmentType } from '../src/elf/index.ts'
import {
  FILE_HEADER,
  type FieldTypes,
  type Layout,
  PROGRAM_HEADER,
  SECTION_HEADER,
  SYMBOL,
} from '../src/elf/records.ts'

type Values = Readonly<Record<string, number | bigint>>

/** A symbol of an image; `shndx` is the index of its section. */
export interface ImageSymbol {
  readonly name: string
  readonly value: bigint
  readonly size?: bigint
  /** `STB << 4 | STT`. Default: a global function. */
  readonly info?: number
  readonly shndx?: number
}

/** What an image is made of. */
export interface ImageOptions {
  readonly class: 32 | 64
  readonly type?: number
  readonly machine?: number
  readonly address?: bigint
  /** Where the segment is loaded. Default: `address`. */
  readonly physicalAddress?: bigint
  /** Of the segment in memory. Default: as many as in the file. */
  readonly memoryBytes?: number
  /** Default: `address`. */
  readonly entry?: bigint
  readonly code?: Uint8Array
  readonly symbols?: readonly ImageSymbol[]
  readonly note?: Uint8Array
  /** Count and string table index in the first section header, as files with very many sections have them. */
  readonly extendedNumbering?: boolean
}

function encode<T extends FieldTypes>(layout: Layout<T>, values: Values): Uint8Array {
  const bytes = new Uint8Array(layout.sizeBytes)
  const view = new DataView(bytes.buffer)
  for (const [field, value] of Object.entries(values)) {
    const at = layout.offset[field] as number
    const type = layout.types[field]
    if (type === 'byte') view.setUint8(at, Number(value))
    else if (type === 'half') view.setUint16(at, Number(value), true)
    else if (type === 'native' && layout.nativeBytes === 8) view.setBigUint64(at, BigInt(value), true)
    else view.setUint32(at, Number(value), true)
  }
  return bytes
}

const ascii = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** A string table of these names, and the offset of each. */
function stringTable(names: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  let text = '\0'
  const offsets = names.map((name) => {
    const at = text.length
    text += `${name}\0`
    return at
  })
  return { bytes: ascii(text), offsets }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function symbolBytes({ class: width, symbols = [] }: ImageOptions, nameOffsets: readonly number[]): Uint8Array {
  const rows = symbols.map(({ value, size = 0n, info = 0x12, shndx = 1 }, i) =>
    encode(SYMBOL[width], {
      st_name: nameOffsets[i] ?? 0,
      st_value: value,
      st_size: size,
      st_info: info,
      st_shndx: shndx,
    }),
  )
  return concatenate([new Uint8Array(SYMBOL[width].sizeBytes), ...rows])
}

interface ImageSection {
  readonly name: string
  readonly bytes: Uint8Array
  readonly header: Values
}

function sectionsOf(options: ImageOptions): ImageSection[] {
  const names = stringTable((options.symbols ?? []).map(({ name }) => name))
  const executable = SectionFlag.SHF_ALLOC | SectionFlag.SHF_EXECINSTR
  const { class: width, address = 0x401000n, code = Uint8Array.of(0x90, 0xc3), note = new Uint8Array(0) } = options
  return [
    {
      name: '.text',
      bytes: code,
      header: { sh_type: SectionType.SHT_PROGBITS, sh_flags: executable, sh_addr: address },
    },
    {
      name: '.symtab',
      bytes: symbolBytes(options, names.offsets),
      header: { sh_type: SectionType.SHT_SYMTAB, sh_link: 3, sh_info: 1, sh_entsize: SYMBOL[width].sizeBytes },
    },
    { name: '.strtab', bytes: names.bytes, header: { sh_type: SectionType.SHT_STRTAB } },
    { name: '.note.test', bytes: note, header: { sh_type: SectionType.SHT_NOTE, sh_addralign: 4 } },
  ]
}

/**
 * A small ELF file: sections `.text`, `.symtab`, `.strtab`, `.note.test`, `.shstrtab` (1 to 5), and, if it is not
 * relocatable, one loaded segment, which is `.text`.
 */
export function elfImage(options: ImageOptions): Uint8Array {
  const { class: width, type = FileType.ET_EXEC, machine = width === 64 ? Machine.EM_X86_64 : Machine.EM_386 } = options
  const contents = sectionsOf(options)
  const names = stringTable([...contents.map(({ name }) => name), '.shstrtab'])
  contents.push({ name: '.shstrtab', bytes: names.bytes, header: { sh_type: SectionType.SHT_STRTAB } })
  const hasSegment = type !== FileType.ET_REL
  let offset = 16 + FILE_HEADER[width].sizeBytes + (hasSegment ? PROGRAM_HEADER[width].sizeBytes : 0)
  const headers = contents.map(({ bytes, header }, i) => {
    const sh = { sh_name: names.offsets[i] ?? 0, sh_offset: offset, sh_size: bytes.length, ...header }
    offset += bytes.length
    return sh
  })
  const extended = options.extendedNumbering === true
  const count = headers.length + 1
  const [e_shnum, e_shstrndx] = extended ? [0, 0xffff] : [count, count - 1]
  const first = extended ? { sh_size: count, sh_link: count - 1 } : {}
  const text = headers[0] as Values
  const sizes = { e_phentsize: PROGRAM_HEADER[width].sizeBytes, e_shentsize: SECTION_HEADER[width].sizeBytes }
  const places = {
    e_phoff: hasSegment ? 16 + FILE_HEADER[width].sizeBytes : 0,
    e_phnum: hasSegment ? 1 : 0,
    e_shoff: offset,
  }
  const segment = {
    ...{ p_type: SegmentType.PT_LOAD, p_flags: SegmentFlag.PF_R | SegmentFlag.PF_X, p_offset: text.sh_offset ?? 0 },
    ...{ p_vaddr: text.sh_addr ?? 0, p_paddr: options.physicalAddress ?? text.sh_addr ?? 0 },
    ...{ p_filesz: text.sh_size ?? 0, p_memsz: options.memoryBytes ?? text.sh_size ?? 0 },
  }
  const header = {
    e_type: type,
    e_machine: machine,
    e_version: 1,
    e_entry: options.entry ?? text.sh_addr ?? 0,
    ...sizes,
    ...places,
    e_shnum,
    e_shstrndx,
  }
  return concatenate([
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, width / 32, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    encode(FILE_HEADER[width], { ...header, e_ehsize: 16 + FILE_HEADER[width].sizeBytes }),
    ...(hasSegment ? [encode(PROGRAM_HEADER[width], segment)] : []),
    ...contents.map(({ bytes }) => bytes),
    ...[first, ...headers].map((values) => encode(SECTION_HEADER[width], values)),
  ])
}
