import { describe, expect, it } from 'vitest'
import { elfImage, type ImageOptions } from '../../tests/elf-image.ts'
import { codeOf, expectDisjoint, memoryOf, planOf, stringAt } from '../../tests/plan.ts'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { FileType, readElf } from '../elf/index.ts'
import { type MemoryRange, memoryMap } from '../load/index.ts'
import { type ElfKernelOptions, loadElfKernel, PVH_START_INFO, PVH_START_INFO_MAGIC, pvhEntry } from './index.ts'

const MIB = 2 ** 20
const map = memoryMap({ ramBytes: 64 * MIB })

/** The note that names a PVH entry, with an address of 4 or 8 bytes. */
const pvhNote = (entry: number, width: 32 | 64): Uint8Array => {
  const address = [entry & 0xff, (entry >>> 8) & 0xff, (entry >>> 16) & 0xff, entry >>> 24]
  const desc = width === 64 ? [...address, 0, 0, 0, 0] : address
  return Uint8Array.from([4, 0, 0, 0, desc.length, 0, 0, 0, 18, 0, 0, 0, 0x58, 0x65, 0x6e, 0, ...desc])
}

/** A kernel of the high half, as vmlinux is one. */
const kernel: ImageOptions = {
  class: 64,
  address: 0xffff_ffff_8100_0000n,
  physicalAddress: 0x100_0000n,
  entry: 0x100_0000n,
  code: Uint8Array.from({ length: 64 }, (_, n) => n + 1),
  memoryBytes: 0x3000,
}
const load = (image: Partial<ImageOptions> = {}, options: Partial<ElfKernelOptions> = {}) =>
  loadElfKernel(elfImage({ ...kernel, ...image }), { map, ...options })

describe('a kernel with a PVH entry', () => {
  const note = pvhNote(0x100_0010, 64)
  const initrd = new Uint8Array(5000).fill(9)
  const result = load({ note }, { commandLine: 'quiet', modules: [{ contents: initrd }], rsdpAddress: 0xe_0000 })

  it('starts there in 32-bit mode without paging, with the start information at EBX', () => {
    const { entry } = planOf(result)
    expect(entry).toMatchObject({ mode: 'protected32', rip: 0x100_0010, cr0: 0x11, cr4: 0, efer: 0, rflags: 2 })
    expect(entry.segments.cs).toMatchObject({ base: 0, limit: 0xffff_ffff, access: 0xc09b })
    expect(entry.segments.tr).toMatchObject({ base: 0, limit: 0x67, access: 0x8b })
    expectDisjoint(result)
  })

  it('finds command line, module, memory map and root pointer', () => {
    const memory = memoryOf(result, 64 * MIB)
    const info = planOf(result).entry.registers.rbx ?? 0
    const field = (name: keyof typeof PVH_START_INFO) => memory.read32(info + PVH_START_INFO[name])
    expect([field('MAGIC'), field('VERSION'), field('NR_MODULES')]).toEqual([0x336ec578, 1, 1])
    expect(stringAt(memory, field('CMDLINE_PADDR'))).toBe('quiet')
    expect(field('RSDP_PADDR')).toBe(0xe_0000)
    const module = field('MODLIST_PADDR')
    expect([memory.read32(module), memory.read32(module + 8)]).toEqual([64 * MIB - 0x2000, 5000])
    expect(memory.read8(64 * MIB - 0x2000)).toBe(9)
    expect(field('MEMMAP_ENTRIES')).toBe(map.length)
    const last = field('MEMMAP_PADDR') + (map.length - 1) * 24
    expect([0, 8, 16].map((at) => memory.read32(last + at))).toEqual([MIB, 63 * MIB, 1])
    expect([memory.read32(0x100_0000), memory.read32(0x100_0040)]).toEqual([0x04030201, 0])
  })

  it('may be a 32-bit file, whose note is shorter', () => {
    const image = elfImage({ class: 32, address: 0x10_0000n, note: pvhNote(0x10_0001, 32) })
    const file = readElf(image)
    expect(file.kind === 'elf' && pvhEntry(file)).toBe(0x10_0001)
    expect(planOf(loadElfKernel(image, { map })).entry.rip).toBe(0x10_0001)
  })

  it('must have it inside, and may be started otherwise', () => {
    expect(codeOf(load({ note: pvhNote(0x200_0000, 64) }))).toBe('boot.malformed')
    expect(codeOf(load({}, { protocol: 'pvh' }))).toBe('boot.unsupported')
    expect(planOf(load({ note }, { protocol: 'plain' })).entry.mode).toBe('long64')
  })
})

describe('a kernel without', () => {
  it('of 64 bits starts in 64-bit mode', () => {
    const { entry } = planOf(load())
    expect(entry).toMatchObject({ mode: 'long64', rip: 0x100_0000, cr3: 0x9000 })
    expect(entry.registers).toEqual({ rax: PVH_START_INFO_MAGIC, rbx: 0x7000 })
    // By the gABI, the entry point is a virtual address.
    expect(planOf(load({ entry: 0xffff_ffff_8100_0010n })).entry.rip).toBe(0x100_0010)
    expect(codeOf(load({ entry: 0x7000n }))).toBe('boot.malformed')
  })

  it('of 32 bits starts in protected mode', () => {
    const result = loadElfKernel(elfImage({ class: 32, address: 0x10_0000n }), { map })
    expect(planOf(result).entry).toMatchObject({ mode: 'protected32', rip: 0x10_0000 })
  })
})

describe('what cannot be booted', () => {
  it.each<[string, Partial<ImageOptions>, string]>([
    ['another machine', { machine: 183 }, 'boot.wrong-architecture'],
    ['an object file', { type: FileType.ET_REL }, 'boot.malformed'],
    ['more in the file than in memory', { memoryBytes: 8 }, 'boot.malformed'],
    ['no RAM', { physicalAddress: 0x400_0000n }, 'boot.kernel-room'],
    ['more than there is', { memoryBytes: 0x400_0000 }, 'boot.kernel-room'],
    ['above 4 GiB', { physicalAddress: 0x1_0000_0000n }, 'boot.kernel-room'],
    ['in the loader’s place', { physicalAddress: 0x7000n }, 'boot.unsupported'],
  ])('%s', (_name, image, code) => expect(codeOf(load(image))).toBe(code))

  it('no ELF file, or half of one', () => {
    const bytes = elfImage(kernel)
    expect(codeOf(loadElfKernel(new Uint8Array(100), { map }))).toBe('boot.not-this-format')
    expect(codeOf(loadElfKernel(bytes.subarray(0, 40), { map }))).toBe('boot.truncated')
    expect(codeOf(loadElfKernel(bytes.subarray(0, 130), { map }))).toBe('boot.truncated')
  })

  it('modules without room, or more than can be told', () => {
    const modules = (count: number, sizeBytes: number) =>
      Array.from({ length: count }, () => ({ contents: new Uint8Array(sizeBytes) }))
    expect(codeOf(load({}, { modules: modules(1, 48 * MIB) }))).toBe('boot.initrd-room')
    expect(codeOf(load({}, { modules: modules(257, 1) }))).toBe('boot.unsupported')
    expect(codeOf(load({}, { commandLine: 'x'.repeat(MIB) }))).toBe('boot.command-line')
    const ranges: MemoryRange[] = Array.from({ length: 400 }, (_, n) => ({
      ...{ address: MIB * (20 + n / 16), sizeBytes: 0x1000, type: 2 },
    }))
    expect(codeOf(load({}, { map: memoryMap({ ramBytes: 64 * MIB, special: ranges }) }))).toBe('boot.unsupported')
  })

  it(`is a value, whatever the bytes (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const sound = elfImage({ ...kernel, note: pvhNote(0x100_0010, 64) })
    for (let round = 0; round < rounds(2000); round++) {
      const bytes = sound.slice()
      for (let n = 0; n < 4; n++) bytes[random(0x80)] = random(256)
      const result = loadElfKernel(bytes, { map })
      if (result.kind === 'boot') expectDisjoint(result)
    }
  })
})
