/** The reader against GNU binutils, over what this machine has. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { elfImage } from '../../tests/elf-image.ts'
import {
  dynamicSymbolTable,
  type ElfFile,
  type ElfSymbolTable,
  hasElfMagic,
  readElf,
  SymbolType,
  symbolTable,
} from './index.ts'

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })

function works(command: string, ...args: string[]): boolean {
  try {
    run(command, ...args)
    return true
  } catch {
    return false
  }
}

const directory = mkdtempSync(join(tmpdir(), 'ringfold-elf-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Object files of all three ABIs, as far as the assembler makes them. */
function assembled(): string[] {
  const source = join(directory, 'two.s')
  writeFileSync(source, '.globl f\n.type f,@function\nf: ret\n.section .other,"ax"\nlocal: nop\n.comm c,8\n')
  return ['--32', '--64', '--x32'].flatMap((abi) => {
    const object = join(directory, `two${abi}.o`)
    return works('as', abi, source, '-o', object) ? [object] : []
  })
}

function built(): string[] {
  return ([32, 64] as const).map((width) => {
    const path = join(directory, `image${width}`)
    writeFileSync(path, elfImage({ class: width, symbols: [{ name: 'start', value: 0x401000n, size: 2n }] }))
    return path
  })
}

const installed = [process.execPath, '/bin/ls', '/lib/x86_64-linux-gnu/libc.so.6', '/lib/ld-linux.so.2']
const hasReadelf = works('readelf', '--version')
const hasNm = works('nm', '--version')
const files = [
  ...built(),
  ...assembled(),
  ...installed.filter((path) => existsSync(path) && hasElfMagic(readFileSync(path))),
]

function read(path: string): ElfFile {
  const file = readElf(readFileSync(path))
  if (file.kind === 'rejected') throw new Error(file.message)
  return file
}

/** The first lines that differ: the whole lists may have a hundred thousand. */
function differences(ours: readonly string[], theirs: readonly string[]): string[] {
  const length = Math.max(ours.length, theirs.length)
  const differing = Array.from({ length }, (_, i) => i).filter((i) => ours[i] !== theirs[i])
  return differing.slice(0, 5).map((i) => `ours: ${ours[i]}; theirs: ${theirs[i]}`)
}

const hex = (value: bigint | number | undefined) => (value ?? 0).toString(16)

/** `[Nr] Name Type Address Off Size ES Flg Lk Inf Al`: without type and flags, which are words. */
function sectionsOfReadelf(path: string): string[] {
  const row =
    /^ +\[ *(\d+)\] (\S*) +[\w+:<>. ]+? +([0-9a-f]{8,16}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) +\w* +(\d+) +(\d+) +(\d+)$/
  return run('readelf', '-SW', path)
    .split('\n')
    .flatMap((line) => {
      const found = row.exec(line)?.slice(1)
      if (!found) return []
      const [index, name, addr, offset, size, entsize, link, info, align] = found
      const bare = [addr, offset, size, entsize].map((text) => hex(BigInt(`0x${text}`)))
      return [[index, index === '0' ? '' : name, ...bare, link, info, align].join(' ')]
    })
}

function segmentsOfReadelf(path: string): string[] {
  const row =
    /^ +\S+ +0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) 0x([0-9a-f]+) [RWE ]+ +(?:0x)?([0-9a-f]+)$/
  return run('readelf', '-lW', path)
    .split('\n')
    .flatMap(
      (line) =>
        row
          .exec(line)
          ?.slice(1)
          .map((text) => hex(BigInt(`0x${text}`)))
          .join(' ') ?? [],
    )
}

/** `Num: Value Size Type Bind Vis Ndx Name` of one table, without what binutils writes in words. */
function symbolsOfReadelf(path: string, table: 'symtab' | 'dynsym'): string[] {
  const row = /^ *(\d+): ([0-9a-f]+) +(0x[0-9a-f]+|\d+) \S+ +\S+ +\S+ +(?:\[.*?\] +)?(\S+)(?: (\S+))?/
  const flag = table === 'dynsym' ? ['--dyn-syms'] : ['--syms']
  return run('readelf', '-W', ...flag, path)
    .split(/^Symbol table /m)
    .filter((text) => text.startsWith(`'.${table}'`))
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => {
      const found = row.exec(line)?.slice(1)
      if (!found) return []
      const [index, value, size, shndx, name = ''] = found
      return [[index, hex(BigInt(`0x${value}`)), Number(size), shndx, name.replace(/@.*/, '')].join(' ')]
    })
}

function symbolsOf(file: ElfFile, table: ElfSymbolTable | undefined): string[] {
  const specialIndexes: Record<number, string> = { 0: 'UND', 65521: 'ABS', 65522: 'COM' }
  return [...(table ?? [])].map(({ index, value, size, shndx, name, type }) => {
    const shown = type === SymbolType.STT_SECTION && name === '' ? (file.sections[shndx]?.name ?? '') : name
    return [index, hex(value), Number(size), specialIndexes[shndx] ?? shndx, shown.replace(/@.*/, '')].join(' ')
  })
}

describe.skipIf(!hasReadelf)(`as readelf reads (skipped where readelf is absent)`, () => {
  it('has files of both classes to compare', () => {
    expect(files.length).toBeGreaterThanOrEqual(2)
  })

  describe.each(files.map((path) => [path.split('/').at(-1) ?? path, path]))('%s', (_name, path) => {
    const file = read(path)

    it('sections', () => {
      const ours = file.sections.map(({ index, name, addr, offset, size, entsize, link, info, addralign }) =>
        [index, name, hex(addr), hex(offset), hex(size), hex(entsize), link, info, addralign].join(' '),
      )
      expect(file.problems).toEqual([])
      expect(ours).toEqual(sectionsOfReadelf(path))
    })

    it('segments', () => {
      const ours = file.segments.map(({ offset, vaddr, paddr, filesz, memsz, align }) =>
        [offset, vaddr, paddr, filesz, memsz, align].map(hex).join(' '),
      )
      expect(ours).toEqual(segmentsOfReadelf(path))
    })

    it('symbols', () => {
      expect(differences(symbolsOf(file, symbolTable(file)), symbolsOfReadelf(path, 'symtab'))).toEqual([])
      expect(differences(symbolsOf(file, dynamicSymbolTable(file)), symbolsOfReadelf(path, 'dynsym'))).toEqual([])
    })
  })
})

describe.skipIf(!hasNm)('as nm reads (skipped where nm is absent)', () => {
  it.each(files.map((path) => [path.split('/').at(-1) ?? path, path]))('defined symbols of %s', (_name, path) => {
    const file = read(path)
    const unlisted: readonly number[] = [SymbolType.STT_SECTION, SymbolType.STT_FILE]
    const table = symbolTable(file)
    const ours = [...(table ?? [])]
      .filter(({ index, type, shndx }) => index > 0 && shndx !== 0 && !unlisted.includes(type))
      .map(({ value, size, shndx, name }) => `${hex(shndx === 0xfff2 ? size : value)} ${name}`)
    const theirs = (table ? run('nm', '--defined-only', '--format=posix', '--special-syms', path) : '')
      .split('\n')
      .flatMap((line) => (/^(\S+) \S ([0-9a-f]+)/.exec(line)?.slice(1) ? [line.split(' ')] : []))
      .map(([name = '', , value = '0']) => `${hex(BigInt(`0x${value}`))} ${name.replace(/@@?.*/, '')}`)
    const unversioned = ours.map((line) => line.replace(/@@?.*/, ''))
    expect(differences(unversioned.sort(), theirs.sort())).toEqual([])
  })
})
