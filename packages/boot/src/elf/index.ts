/** The ELF reader: `@ringfold/boot/elf`. */
export {
  FileType,
  Machine,
  SectionFlag,
  SectionIndex,
  SectionType,
  SegmentFlag,
  SegmentType,
  SymbolBind,
  SymbolType,
} from './constants.ts'
export {
  addressOfOffset,
  codeBits,
  type ElfFile,
  type ElfProblem,
  type ElfProblemCode,
  type ElfRejection,
  type ElfRejectionCode,
  type ElfSection,
  type ElfSegment,
  executableSections,
  executableSegments,
  isRelocatable,
  loadSegments,
  lowestAddress,
  sectionByName,
} from './file.ts'
export { type ElfNote, notes, notesOf } from './notes.ts'
export { hasElfMagic, readElf } from './read.ts'
export { stringAt } from './strings.ts'
export { indexSymbols, SymbolIndex, type SymbolIndexOptions } from './symbol-index.ts'
export { dynamicSymbolTable, type ElfSymbol, ElfSymbolTable, symbolTable } from './symbols.ts'
