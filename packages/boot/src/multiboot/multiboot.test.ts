import { describe, expect, it } from 'vitest'
import { elfImage } from '../../tests/elf-image.ts'
import { codeOf, expectDisjoint, memoryOf, planOf, stringAt } from '../../tests/plan.ts'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { memoryMap } from '../load/index.ts'
import { loadMultiboot, MULTIBOOT_HEADER_FLAG, MULTIBOOT_INFORMATION, type MultibootOptions } from './index.ts'

const MIB = 2 ** 20
const map = memoryMap({ ramBytes: 64 * MIB })
const MAGIC = 0x1bad_b002

function words(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [n, number] of numbers.entries()) view.setUint32(4 * n, number, true)
  return bytes
}

const header = (flags: number, ...rest: readonly number[]) => words(MAGIC, flags, -MAGIC - flags, ...rest)
const load = (bytes: Uint8Array, options: Partial<MultibootOptions> = {}) => loadMultiboot(bytes, { map, ...options })
const elf = (flags: number, width: 32 | 64 = 32) =>
  elfImage({ class: width, address: 0x10_0000n, code: header(flags), memoryBytes: 0x1000 })

describe('an ELF kernel', () => {
  const modules = [
    { contents: new Uint8Array(5000).fill(1), commandLine: 'initrd one two' },
    { contents: new Uint8Array(10).fill(2) },
  ]
  const result = load(elf(3), { commandLine: 'kernel -v', modules })

  it('starts in protected mode with the magic number in EAX', () => {
    const { entry } = planOf(result)
    expect(entry).toMatchObject({ mode: 'protected32', rip: 0x10_0000, cr0: 0x11 })
    expect(entry.registers.rax).toBe(0x2bad_b002)
    expectDisjoint(result)
  })

  it('finds memory, command line, modules and the name of the loader', () => {
    const memory = memoryOf(result, 64 * MIB)
    const info = planOf(result).entry.registers.rbx ?? 0
    const field = (name: keyof typeof MULTIBOOT_INFORMATION) => memory.read32(info + MULTIBOOT_INFORMATION[name])
    expect(field('FLAGS')).toBe(0x24d)
    expect([field('MEM_LOWER'), field('MEM_UPPER')]).toEqual([639, 63 * 1024])
    expect(stringAt(memory, field('CMDLINE'))).toBe('kernel -v')
    expect(stringAt(memory, field('BOOT_LOADER_NAME'))).toBe('Ringfold')
    expect(field('MODS_COUNT')).toBe(2)
    const module = (n: number) => [0, 4, 8].map((at) => memory.read32(field('MODS_ADDR') + 16 * n + at))
    const [start = 0, end = 0, text = 0] = module(0)
    expect([start, end, stringAt(memory, text)]).toEqual([0x10_1000, 0x10_1000 + 5000, 'initrd one two'])
    expect(module(1).slice(0, 2)).toEqual([0x10_3000, 0x10_300a])
    expect([memory.read8(end - 1), memory.read8(end), memory.read8(0x10_3009)]).toEqual([1, 0, 2])
    expect(field('MMAP_LENGTH')).toBe(24 * map.length)
    const first = [0, 4, 8, 12, 16, 20].map((at) => memory.read32(field('MMAP_ADDR') + at))
    expect(first).toEqual([20, 0, 0, 0x9_fc00, 0, 1])
  })

  it('may be a 64-bit file, entered in 32-bit mode as GRUB does', () => {
    expect(planOf(load(elf(0, 64))).entry).toMatchObject({ mode: 'protected32', rip: 0x10_0000 })
  })
})

describe('a file with addresses in its header', () => {
  const { ADDRESSES } = MULTIBOOT_HEADER_FLAG
  /** 16 bytes that are not loaded, 16 that are, the header, and what follows. */
  const image = (loadEnd: number, bssEnd: number, headerAddress = 0x20_0010) => {
    const bytes = new Uint8Array(0x200).fill(0xee)
    bytes.set(header(ADDRESSES, headerAddress, 0x20_0000, loadEnd, bssEnd, 0x20_0004), 32)
    return bytes
  }

  it('is loaded from the place that they say', () => {
    const [write] = planOf(load(image(0x20_0100, 0x20_1000))).writes.filter(({ address }) => address === 0x20_0000)
    expect([write?.bytes.length, write?.zeroBytes, write?.bytes.indexOf(2)]).toEqual([0x100, 0xf00, 0x10])
    expect(planOf(load(image(0x20_0100, 0))).entry.rip).toBe(0x20_0004)
  })

  it('is loaded whole where they do not say how much', () => {
    const [write] = planOf(load(image(0, 0))).writes.filter(({ address }) => address === 0x20_0000)
    expect([write?.bytes.length, write?.zeroBytes]).toEqual([0x1f0, 0])
  })

  it('is rejected where they contradict it', () => {
    expect(codeOf(load(image(0x20_0300, 0)))).toBe('boot.truncated')
    expect(codeOf(load(image(0x1f_0000, 0)))).toBe('boot.malformed')
    expect(codeOf(load(image(0, 0, 0x20_0040)))).toBe('boot.malformed')
    expect(codeOf(load(image(0, 0, 0x10_0000)))).toBe('boot.malformed')
    expect(codeOf(load(image(0, 0x1000_0000)))).toBe('boot.kernel-room')
    expect(codeOf(load(image(0, 0).subarray(0, 60)))).toBe('boot.truncated')
  })
})

describe('what is no multiboot kernel', () => {
  const late = new Uint8Array(16384)
  late.set(header(0), 8184)
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'boot.not-this-format'],
    ['a wrong checksum', words(MAGIC, 0, 0, 0), 'boot.not-this-format'],
    ['a header that is not aligned', Uint8Array.of(0, 0, ...header(0)), 'boot.not-this-format'],
    ['a header beyond 8192 bytes', late, 'boot.not-this-format'],
    ['unknown requirements', elf(8), 'boot.unsupported'],
    ['neither ELF nor addresses', header(0), 'boot.not-this-format'],
  ])('%s', (_name, bytes, code) => expect(codeOf(load(bytes))).toBe(code))

  it(`is a value, whatever the bytes (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < rounds(2000); round++) {
      const addresses = [0, 0, 0, 0, 0].map(() => 0x10_0000 + (random(4) === 0 ? random(2 ** 28) : random(0x40)))
      const bytes = header(random(2) * 0x1_0000, ...addresses)
      const result = load(Uint8Array.of(...bytes, ...new Uint8Array(random(64))))
      if (result.kind === 'boot') expectDisjoint(result)
    }
  })
})
