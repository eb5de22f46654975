/** What an ELF file says, as values. Field names are the gABI's, without the prefix (`sh_addr` is `addr` of a section). */
import { FileType, Machine, SectionFlag, SectionType, SegmentFlag, SegmentType } from './constants.ts'

/** Why bytes are not taken as an ELF file. */
export type ElfRejectionCode =
  | 'elf.no-magic'
  | 'elf.truncated-header'
  | 'elf.unknown-class'
  | 'elf.big-endian'
  | 'elf.unknown-encoding'
  | 'elf.unknown-version'

/** These bytes are no ELF file that this reader can read. */
export interface ElfRejection {
  readonly kind: 'rejected'
  readonly code: ElfRejectionCode
  /** A sentence for a person. */
  readonly message: string
}

/** What is wrong in a file whose header is sound. */
export type ElfProblemCode =
  | 'elf.program-header-size'
  | 'elf.program-headers-outside-file'
  | 'elf.section-header-size'
  | 'elf.section-headers-outside-file'
  | 'elf.no-section-names'
  | 'elf.segment-outside-file'
  | 'elf.section-outside-file'
  | 'elf.symbol-size'

/** A defect that leaves the rest of the file readable. */
export interface ElfProblem {
  readonly code: ElfProblemCode
  /** Index of the segment or section that it concerns. */
  readonly index?: number
  /** A sentence for a person. */
  readonly message: string
}

/** A program header (gABI 5) with what it covers in the file. */
export interface ElfSegment {
  readonly index: number
  readonly type: number
  /** {@link SegmentFlag} bits. */
  readonly flags: number
  readonly offset: bigint
  readonly vaddr: bigint
  readonly paddr: bigint
  readonly filesz: bigint
  readonly memsz: bigint
  readonly align: bigint
  /** View of the `filesz` bytes, shorter where the file ends before (then the file has a problem). */
  readonly bytes: Uint8Array
}

/** A section header (gABI 4) with what it covers in the file. */
export interface ElfSection {
  readonly index: number
  /** `''` where the name cannot be read. */
  readonly name: string
  readonly type: number
  /** {@link SectionFlag} bits. */
  readonly flags: bigint
  readonly addr: bigint
  readonly offset: bigint
  readonly size: bigint
  readonly link: number
  readonly info: number
  readonly addralign: bigint
  readonly entsize: bigint
  /** View of the contents: none of `SHT_NOBITS`, fewer than `size` where the file ends before (then the file has a problem). */
  readonly bytes: Uint8Array
}

/** An ELF file. Everything in it is a view of the bytes that it was read from. */
export interface ElfFile {
  readonly kind: 'elf'
  readonly bytes: Uint8Array
  /** `EI_CLASS`: width of addresses in the file. Not the width of the code: see {@link codeBits}. */
  readonly class: 32 | 64
  readonly osabi: number
  readonly abiversion: number
  readonly type: number
  readonly machine: number
  readonly flags: number
  readonly entry: bigint
  readonly segments: readonly ElfSegment[]
  readonly sections: readonly ElfSection[]
  /** Empty for a sound file. */
  readonly problems: readonly ElfProblem[]
}

/** Width of the code by `e_machine`, or undefined where the machine is not x86. The x32 ABI has 64-bit code in a 32-bit file. */
export function codeBits(file: Pick<ElfFile, 'machine'>): 32 | 64 | undefined {
  switch (file.machine) {
    case Machine.EM_386:
    case Machine.EM_IAMCU:
      return 32
    case Machine.EM_X86_64:
    case Machine.EM_L1OM:
    case Machine.EM_K1OM:
      return 64
    default:
      return undefined
  }
}

/** The sections that hold machine instructions, in file order. */
export function executableSections(file: ElfFile): ElfSection[] {
  return file.sections.filter(
    ({ type, flags }) =>
      (flags & SectionFlag.SHF_EXECINSTR) !== 0n && type !== SectionType.SHT_NOBITS && type !== SectionType.SHT_NULL,
  )
}

/** The segments that are loaded and may be executed: what is left where a file has no section headers. */
export function executableSegments(file: ElfFile): ElfSegment[] {
  return loadSegments(file).filter(({ flags }) => (flags & SegmentFlag.PF_X) !== 0)
}

/** The segments that are loaded. */
export function loadSegments(file: ElfFile): ElfSegment[] {
  return file.segments.filter(({ type }) => type === SegmentType.PT_LOAD)
}

/** The first section of that name. */
export function sectionByName(file: ElfFile, name: string): ElfSection | undefined {
  return file.sections.find((section) => section.name === name)
}

/** The address at which byte `offset` of the file is loaded, or undefined where nothing loads it. */
export function addressOfOffset(file: ElfFile, offset: bigint): bigint | undefined {
  const segment = loadSegments(file).find((s) => offset >= s.offset && offset < s.offset + s.filesz)
  return segment && BigInt.asUintN(64, segment.vaddr + (offset - segment.offset))
}

/** The lowest address that the file asks to be loaded at, 0 where nothing is loaded. */
export function lowestAddress(file: ElfFile): bigint {
  const [first, ...others] = loadSegments(file)
  let lowest = first?.vaddr ?? 0n
  for (const { vaddr } of others) if (vaddr < lowest) lowest = vaddr
  return lowest
}

/** Whether the file is relocatable: then the values of symbols are offsets in their section (gABI 4, "Symbol Values"). */
export const isRelocatable = (file: Pick<ElfFile, 'type'>): boolean => file.type === FileType.ET_REL
