/**
 * The records of an ELF file (gABI chapters 4 and 5). Fields are naturally aligned, so that offsets and sizes follow from the
 * order of the fields; where the two classes differ in order (program headers, symbols), both orders stand here.
 */

/** `native` is `Elf32_Addr`/`Off`/`Word` of 4 bytes in class 32, `Elf64_Addr`/`Off`/`Xword` of 8 in class 64. */
type FieldType = 'byte' | 'half' | 'word' | 'native'
/** The fields of a record in the order of class 32. */
export type FieldTypes = Readonly<Record<string, FieldType>>

/** A record as it was read: `native` fields as bigint, the others as number. */
export type RecordOf<T extends FieldTypes> = { readonly [K in keyof T]: T[K] extends 'native' ? bigint : number }

/** Where the fields of a record stand in one class. */
export interface Layout<T extends FieldTypes> {
  readonly types: T
  readonly sizeBytes: number
  readonly nativeBytes: 4 | 8
  /** Byte offset of each field. */
  readonly offset: { readonly [K in keyof T]: number }
}

/** The layouts of one record in the two classes. */
export type Layouts<T extends FieldTypes> = Readonly<Record<32 | 64, Layout<T>>>

function layOut<T extends FieldTypes>(types: T, order: readonly string[], nativeBytes: 4 | 8): Layout<T> {
  const offset: Record<string, number> = {}
  let at = 0
  for (const field of order) {
    const size = { byte: 1, half: 2, word: 4, native: nativeBytes }[types[field] as FieldType]
    at = Math.ceil(at / size) * size
    offset[field] = at
    at += size
  }
  const sizeBytes = Math.ceil(at / nativeBytes) * nativeBytes
  return { types, sizeBytes, nativeBytes, offset: offset as Layout<T>['offset'] }
}

function record<const T extends FieldTypes>(
  types: T,
  order64: readonly (keyof T & string)[] = Object.keys(types),
): Layouts<T> {
  return { 32: layOut(types, Object.keys(types), 4), 64: layOut(types, order64, 8) }
}

/** `Elf32_Ehdr`, `Elf64_Ehdr` after `e_ident` (gABI 4, figure 4-3). */
export const FILE_HEADER = /* @__PURE__ */ record({
  e_type: 'half',
  e_machine: 'half',
  e_version: 'word',
  e_entry: 'native',
  e_phoff: 'native',
  e_shoff: 'native',
  e_flags: 'word',
  e_ehsize: 'half',
  e_phentsize: 'half',
  e_phnum: 'half',
  e_shentsize: 'half',
  e_shnum: 'half',
  e_shstrndx: 'half',
})

/** `Elf32_Shdr`, `Elf64_Shdr` (gABI 4, figure 4-8). */
export const SECTION_HEADER = /* @__PURE__ */ record({
  sh_name: 'word',
  sh_type: 'word',
  sh_flags: 'native',
  sh_addr: 'native',
  sh_offset: 'native',
  sh_size: 'native',
  sh_link: 'word',
  sh_info: 'word',
  sh_addralign: 'native',
  sh_entsize: 'native',
})

/** `Elf32_Phdr`, `Elf64_Phdr` (gABI 5, figure 5-1). */
export const PROGRAM_HEADER = /* @__PURE__ */ record(
  {
    p_type: 'word',
    p_offset: 'native',
    p_vaddr: 'native',
    p_paddr: 'native',
    p_filesz: 'native',
    p_memsz: 'native',
    p_flags: 'word',
    p_align: 'native',
  },
  ['p_type', 'p_flags', 'p_offset', 'p_vaddr', 'p_paddr', 'p_filesz', 'p_memsz', 'p_align'],
)

/** `Elf32_Sym`, `Elf64_Sym` (gABI 4, figure 4-14). */
export const SYMBOL = /* @__PURE__ */ record(
  { st_name: 'word', st_value: 'native', st_size: 'native', st_info: 'byte', st_other: 'byte', st_shndx: 'half' },
  ['st_name', 'st_info', 'st_other', 'st_shndx', 'st_value', 'st_size'],
)

/** The head of a note; its name and descriptor follow (gABI 5, "Note Section"). Words in both classes. */
export const NOTE_HEADER = /* @__PURE__ */ record({ n_namesz: 'word', n_descsz: 'word', n_type: 'word' })[32]

/** A view of the same bytes; multi-byte reads are little-endian. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function readField(view: DataView, at: number, type: FieldType, nativeBytes: 4 | 8): number | bigint {
  switch (type) {
    case 'byte':
      return view.getUint8(at)
    case 'half':
      return view.getUint16(at, true)
    case 'word':
      return view.getUint32(at, true)
    case 'native':
      return nativeBytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true))
  }
}

/** Reads the record at byte `at`. The caller has made sure that it lies in the view. */
export function readRecord<T extends FieldTypes>(layout: Layout<T>, view: DataView, at: number): RecordOf<T> {
  const fields = Object.entries(layout.types).map(([name, type]) => {
    return [name, readField(view, at + (layout.offset[name] as number), type, layout.nativeBytes)]
  })
  return Object.fromEntries(fields) as RecordOf<T>
}
