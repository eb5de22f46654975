/**
 * Numbers of the ELF format that this package gives a meaning. Names and values: System V ABI, generic edition (gABI), chapters 4 and 5;
 * machine numbers of x86 also in the processor supplements (i386 psABI and AMD64 psABI, 4.1).
 */

/** `e_ident` (gABI 4, "ELF Identification"). */
export const IDENT = {
  EI_CLASS: 4,
  EI_DATA: 5,
  EI_VERSION: 6,
  EI_OSABI: 7,
  EI_ABIVERSION: 8,
  EI_NIDENT: 16,
  ELFCLASS32: 1,
  ELFCLASS64: 2,
  ELFDATA2LSB: 1,
  ELFDATA2MSB: 2,
  EV_CURRENT: 1,
} as const

/** `e_type` (gABI 4, "ELF Header"). */
export const FileType = { ET_NONE: 0, ET_REL: 1, ET_EXEC: 2, ET_DYN: 3, ET_CORE: 4 } as const

/** `e_machine`: the x86 ones. `EM_X86_64` in a 32-bit file is the x32 ABI: 64-bit code (AMD64 psABI, chapter 10). */
export const Machine = { EM_386: 3, EM_IAMCU: 6, EM_X86_64: 62, EM_L1OM: 180, EM_K1OM: 181 } as const

/** `sh_type` (gABI 4, "Section Types"). */
export const SectionType = {
  SHT_NULL: 0,
  SHT_PROGBITS: 1,
  SHT_SYMTAB: 2,
  SHT_STRTAB: 3,
  SHT_RELA: 4,
  SHT_HASH: 5,
  SHT_DYNAMIC: 6,
  SHT_NOTE: 7,
  SHT_NOBITS: 8,
  SHT_REL: 9,
  SHT_DYNSYM: 11,
  SHT_SYMTAB_SHNDX: 18,
} as const

/** Bits of `sh_flags` (gABI 4, "Section Attribute Flags"). */
export const SectionFlag = {
  SHF_WRITE: 0x1n,
  SHF_ALLOC: 0x2n,
  SHF_EXECINSTR: 0x4n,
  SHF_TLS: 0x400n,
  SHF_COMPRESSED: 0x800n,
} as const

/** Section header indexes with a meaning of their own (gABI 4, "Special Section Indexes"). */
export const SectionIndex = {
  SHN_UNDEF: 0,
  SHN_LORESERVE: 0xff00,
  SHN_ABS: 0xfff1,
  SHN_COMMON: 0xfff2,
  SHN_XINDEX: 0xffff,
} as const

/** `e_phnum` when the number stands in `sh_info` of section 0 (gABI 4, "ELF Header"). */
export const PN_XNUM = 0xffff

/** `p_type` (gABI 5, "Program Header"). */
export const SegmentType = {
  PT_NULL: 0,
  PT_LOAD: 1,
  PT_DYNAMIC: 2,
  PT_INTERP: 3,
  PT_NOTE: 4,
  PT_PHDR: 6,
  PT_TLS: 7,
} as const

/** Bits of `p_flags` (gABI 5, "Segment Permissions"). */
export const SegmentFlag = { PF_X: 1, PF_W: 2, PF_R: 4 } as const

/** Upper four bits of `st_info` (gABI 4, "Symbol Table"). */
export const SymbolBind = { STB_LOCAL: 0, STB_GLOBAL: 1, STB_WEAK: 2, STB_GNU_UNIQUE: 10 } as const

/** Lower four bits of `st_info` (gABI 4, "Symbol Table"); `STT_GNU_IFUNC` is the GNU extension. */
export const SymbolType = {
  STT_NOTYPE: 0,
  STT_OBJECT: 1,
  STT_FUNC: 2,
  STT_SECTION: 3,
  STT_FILE: 4,
  STT_COMMON: 5,
  STT_TLS: 6,
  STT_GNU_IFUNC: 10,
} as const
