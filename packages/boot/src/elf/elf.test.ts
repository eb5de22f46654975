import { describe, expect, it } from 'vitest'
import { elfImage } from '../../tests/elf-image.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import {
  addressOfOffset,
  codeBits,
  dynamicSymbolTable,
  type ElfFile,
  executableSections,
  executableSegments,
  FileType,
  indexSymbols,
  lowestAddress,
  Machine,
  notes,
  readElf,
  sectionByName,
  stringAt,
  symbolTable,
} from './index.ts'

function read(bytes: Uint8Array): ElfFile {
  const file = readElf(bytes)
  if (file.kind === 'rejected') throw new Error(`rejected: ${file.message}`)
  return file
}

const symbols = [
  { name: 'start', value: 0x401000n, size: 8n },
  { name: 'local_alias', value: 0x401008n, info: 0x02 },
  { name: 'finish', value: 0x401008n, size: 4n },
  { name: 'elsewhere', value: 0n, shndx: 0 },
  { name: 'a.c', value: 0n, info: 0x04, shndx: 0xfff1 },
]
const note = Uint8Array.from([4, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0x47, 0x4e, 0x55, 0, 1, 2, 3, 0])

describe.each([32, 64] as const)('a sound ELF%i file', (width) => {
  const code = Uint8Array.from({ length: 12 }, (_, i) => i)
  const bytes = elfImage({ class: width, code, symbols, note })
  const file = read(bytes)

  it('gives header, sections and segments as they are', () => {
    expect(file).toMatchObject({ class: width, type: FileType.ET_EXEC, entry: 0x401000n, problems: [] })
    expect(codeBits(file)).toBe(width)
    expect(file.sections.map(({ name }) => name)).toEqual([
      '',
      '.text',
      '.symtab',
      '.strtab',
      '.note.test',
      '.shstrtab',
    ])
    expect(file.segments.map(({ vaddr, filesz }) => [vaddr, filesz])).toEqual([[0x401000n, 12n]])
    expect(executableSections(file)).toEqual([sectionByName(file, '.text')])
    expect(executableSegments(file)).toEqual(file.segments)
    expect([lowestAddress(file), addressOfOffset(file, file.segments[0]?.offset ?? 0n)]).toEqual([0x401000n, 0x401000n])
    expect(addressOfOffset(file, 1n)).toBeUndefined()
  })

  it('copies nothing', () => {
    const text = sectionByName(file, '.text')?.bytes
    expect(text).toEqual(code)
    expect(text?.buffer).toBe(bytes.buffer)
  })

  it('gives symbols by number', () => {
    const table = symbolTable(file)
    expect([...(table ?? [])].map(({ name }) => name)).toEqual(['', ...symbols.map(({ name }) => name)])
    expect(table?.at(1)).toMatchObject({ name: 'start', value: 0x401000n, size: 8n, bind: 1, type: 2, shndx: 1 })
    expect([table?.at(-1), table?.at(99), table?.name(99), table?.valueLo(99)]).toEqual([undefined, undefined, '', 0])
    expect(dynamicSymbolTable(file)).toBeUndefined()
  })

  it('finds the symbol of an address, the global one of several', () => {
    const index = indexSymbols(file)
    const nameAt = (address: number) => index.name(index.atOrBelow(address, 0))
    expect(index.count).toBe(2)
    expect([0x401000, 0x401007, 0x401008, 0x500000].map(nameAt)).toEqual(['start', 'start', 'finish', 'finish'])
    expect([index.atOrBelow(0x400fff, 0), index.exactly(0x401001, 0)]).toEqual([-1, -1])
    expect(index.address(index.exactly(0x401008, 0))).toBe(0x401008n)
  })

  it('moves symbols by a bias, over the border of the halves', () => {
    const index = indexSymbols(file, { bias: 0xffffffff_ffbff000n - 0x1000n })
    expect([...Array(index.count).keys()].map((n) => index.address(n))).toEqual([
      0x0n - 0x1000n + 2n ** 64n,
      0x8n - 0x1000n + 2n ** 64n,
    ])
    const carried = indexSymbols(file, { bias: 0xffbff000n })
    expect(carried.address(0)).toBe(0x1_0000_0000n)
    expect(carried.name(carried.exactly(8, 1))).toBe('finish')
  })

  it('gives notes', () => {
    const relocatable = read(elfImage({ class: width, type: FileType.ET_REL, note }))
    expect([...notes(relocatable)]).toEqual([{ name: 'GNU', type: 7, desc: Uint8Array.of(1, 2, 3) }])
  })

  it('reads counts that stand in the first section header', () => {
    const extended = read(elfImage({ class: width, symbols, extendedNumbering: true }))
    expect(extended.sections.map(({ name }) => name)).toEqual(file.sections.map(({ name }) => name))
  })

  it('takes symbols of a relocatable file as offsets in their section', () => {
    const offsets = symbols.map((s) => ({ ...s, value: s.value & 0xfffn }))
    const relocatable = read(elfImage({ class: width, type: FileType.ET_REL, address: 0n, symbols: offsets }))
    const text = sectionByName(relocatable, '.text')
    expect(indexSymbols(relocatable).count).toBe(0)
    const index = indexSymbols(relocatable, text ? { section: text, bias: 0x7000n } : {})
    expect(index.name(index.exactly(0x7008, 0))).toBe('finish')
  })
})

it('takes the width of the code from the machine: x32 is 64-bit code in a 32-bit file', () => {
  expect(codeBits(read(elfImage({ class: 32, machine: Machine.EM_X86_64 })))).toBe(64)
  expect(codeBits(read(elfImage({ class: 64, machine: 183 })))).toBeUndefined()
})

describe('names', () => {
  it('are UTF-8, with a replacement for what is not', () => {
    const table = Uint8Array.from([
      0,
      ...new TextEncoder().encode('größe€𝄞'),
      0,
      0x61,
      0xff,
      0xc0,
      0x80,
      0xed,
      0xa0,
      0x80,
      0,
    ])
    expect(stringAt(table, 1)).toBe('größe€𝄞')
    expect(stringAt(table, table.indexOf(0x61))).toBe('a������')
    expect(stringAt(table, table.indexOf(0x61))).toBe(new TextDecoder().decode(table.subarray(table.indexOf(0x61), -1)))
  })

  it('outside of the table are empty, and unended ones end with it', () => {
    const table = Uint8Array.of(0x61, 0x62)
    expect([stringAt(table, 0), stringAt(table, 1), stringAt(table, 2), stringAt(table, -1)]).toEqual([
      'ab',
      'b',
      '',
      '',
    ])
  })
})

describe('what is no readable ELF file is rejected with a reason', () => {
  const sound = elfImage({ class: 64 })
  const withByte = (at: number, value: number) => sound.with(at, value)
  it.each([
    ['elf.no-magic', new Uint8Array(0)],
    ['elf.no-magic', withByte(3, 0)],
    ['elf.truncated-header', sound.subarray(0, 5)],
    ['elf.truncated-header', sound.subarray(0, 63)],
    ['elf.unknown-class', withByte(4, 3)],
    ['elf.big-endian', withByte(5, 2)],
    ['elf.unknown-encoding', withByte(5, 0)],
    ['elf.unknown-version', withByte(6, 9)],
  ])('%s', (code, bytes) => {
    expect(readElf(bytes)).toMatchObject({ kind: 'rejected', code })
  })
})

describe('a damaged part leaves the rest readable', () => {
  const sound = elfImage({ class: 64, symbols })
  /** The sound file with one 16-, 32- or 64-bit field changed. */
  function damaged(at: number, bytes: number, value: bigint): ElfFile {
    const copy = sound.slice()
    const view = new DataView(copy.buffer)
    for (let i = 0; i < bytes; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn))
    return read(copy)
  }
  const sectionHeaders = Number(new DataView(sound.buffer).getBigUint64(0x28, true))
  const headerOf = (section: number) => sectionHeaders + 64 * section
  const ALL_ONES = 2n ** 64n - 1n

  it.each([
    ['elf.section-headers-outside-file', 'e_shoff', 0x28, 8, ALL_ONES],
    ['elf.section-headers-outside-file', 'e_shnum', 0x3c, 2, 0xfeffn],
    ['elf.section-header-size', 'e_shentsize', 0x3a, 2, 0n],
    ['elf.program-headers-outside-file', 'e_phoff', 0x20, 8, ALL_ONES - 3n],
    ['elf.program-headers-outside-file', 'e_phnum', 0x38, 2, 0xfffen],
    ['elf.program-header-size', 'e_phentsize', 0x36, 2, 1n],
    ['elf.no-section-names', 'e_shstrndx', 0x3e, 2, 2n],
    ['elf.no-section-names', 'e_shstrndx', 0x3e, 2, 0x1234n],
    ['elf.section-outside-file', 'sh_size of .text', headerOf(1) + 32, 8, ALL_ONES],
    ['elf.section-outside-file', 'sh_offset of .text', headerOf(1) + 24, 8, ALL_ONES],
    ['elf.symbol-size', 'sh_entsize of .symtab', headerOf(2) + 56, 8, 0n],
    ['elf.segment-outside-file', 'p_filesz', 64 + 32, 8, ALL_ONES],
  ])('%s (%s)', (code, _field, at, bytes, value) => {
    const file = damaged(at, bytes, value)
    expect(file.problems.map((problem) => problem.code)).toContain(code)
    expect(file.entry).toBe(0x401000n)
    if (code === 'elf.symbol-size') expect(symbolTable(file)?.count).toBe(0)
  })
})

/** Touches everything that a file offers. @returns the number of things seen, which the size of the file bounds. */
function readEverything(bytes: Uint8Array): number {
  const file = readElf(bytes)
  if (file.kind === 'rejected') return 0
  let seen = file.sections.length + file.segments.length + [...notes(file)].length
  for (const section of executableSections(file)) {
    const index = indexSymbols(file, { section })
    for (let n = 0; n < index.count; n++) seen += index.name(n).length > 0 ? 1 : 0
  }
  for (const symbol of symbolTable(file) ?? []) seen += symbol.name.length >= 0 ? 1 : 0
  sectionByName(file, 'none')
  return seen + lowestAddress(file).toString().length + (addressOfOffset(file, 1n) === undefined ? 0 : 1)
}

describe.each([32, 64] as const)('garbage in ELF%i files never throws', (width) => {
  const sound = elfImage({ class: width, symbols, note })

  it('truncated at every length', () => {
    for (let length = 0; length < sound.length; length++)
      expect(readEverything(sound.subarray(0, length))).toBeLessThan(1000)
  })

  it(`with bytes changed at random (seed ${seed})`, () => {
    const random = seededRandom(seed + width)
    for (let round = 0; round < 3000; round++) {
      const bytes = sound.slice(0, random(4) === 0 ? random(sound.length) : sound.length)
      const changes = 1 + random(8)
      for (let i = 0; i < changes; i++)
        bytes[16 + random(bytes.length)] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)] as number
      expect(readEverything(bytes), `round ${round}`).toBeLessThan(20 * sound.length)
    }
  })
})
