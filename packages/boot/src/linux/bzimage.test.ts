import { CR0, CR4, createState, EFER, FIELD, readRflags, SEGMENT } from '@ringfold/arch'
import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { bzImage } from '../../tests/bz-image.ts'
import { codeOf, expectDisjoint, planOf } from '../../tests/plan.ts'
import { rounds, seed, seededRandom } from '../../tests/seeded-random.ts'
import { applyBootPlan, type BootResult, type MemoryMap, memoryMap } from '../load/index.ts'
import { BOOT_PARAMS, type BzImageOptions, loadBzImage, SETUP_HEADER } from './index.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const load = (image: Uint8Array, options: Partial<BzImageOptions> = {}) =>
  loadBzImage(image, { map: memoryMap({ ramBytes: 256 * MIB }), ...options })
const writeAt = (result: BootResult, address: number) =>
  planOf(result).writes.find((write) => write.address === address)?.bytes

function zeroPageOf(result: BootResult): DataView {
  const page = writeAt(result, planOf(result).entry.registers.rsi ?? 0) as Uint8Array
  return new DataView(page.buffer, page.byteOffset)
}

function initrdOf(result: BootResult): [address: number, sizeBytes: number] {
  const page = zeroPageOf(result)
  const wide = (low: number, high: number) => page.getUint32(low, true) + page.getUint32(high, true) * 2 ** 32
  return [
    wide(SETUP_HEADER.RAMDISK_IMAGE, BOOT_PARAMS.EXT_RAMDISK_IMAGE),
    wide(SETUP_HEADER.RAMDISK_SIZE, BOOT_PARAMS.EXT_RAMDISK_SIZE),
  ]
}

describe('a 64-bit kernel', () => {
  const initrd = new Uint8Array(5000).fill(7)
  const result = load(bzImage(), { commandLine: 'console=ttyS0', initrd, rsdpAddress: 0xe_0000 })

  it('starts at its 64-bit entry, where it prefers to be, with the zero page in RSI', () => {
    const { entry } = planOf(result)
    expect(entry).toMatchObject({ mode: 'long64', rip: 0x100_0200, efer: EFER.lo.LME | EFER.lo.LMA })
    expect(writeAt(result, 0x100_0000)).toHaveLength(0x1000)
    expectDisjoint(result)
  })

  it('finds everything in the zero page', () => {
    const page = zeroPageOf(result)
    const line = writeAt(result, page.getUint32(SETUP_HEADER.CMD_LINE_PTR, true)) as Uint8Array
    expect(String.fromCharCode(...line)).toBe('console=ttyS0\0')
    expect(page.getUint32(SETUP_HEADER.HEADER, true)).toBe(0x53726448)
    expect(page.getUint8(SETUP_HEADER.TYPE_OF_LOADER)).toBe(0xff)
    expect(page.getUint8(SETUP_HEADER.LOADFLAGS)).toBe(0x81)
    expect(page.getBigUint64(BOOT_PARAMS.ACPI_RSDP_ADDR, true)).toBe(0xe_0000n)
    expect(page.getUint8(BOOT_PARAMS.E820_ENTRIES)).toBe(4)
    expect(page.getBigUint64(BOOT_PARAMS.E820_TABLE + 8, true)).toBe(0x9_fc00n)
    const [address, sizeBytes] = initrdOf(result)
    expect([address, sizeBytes]).toEqual([256 * MIB - 0x2000, 5000])
    expect(writeAt(result, address)).toBe(initrd)
  })

  it('can be applied to a memory and a processor', () => {
    const memory = new PhysicalMemory({ ramBytes: 64 * MIB })
    const state = createState()
    applyBootPlan(planOf(load(bzImage(), { map: memoryMap({ ramBytes: 64 * MIB }) })), memory, state)
    expect([state.read('rip'), state.read('rsi'), readRflags(state)]).toEqual([0x100_0200n, 0x7000n, 2])
    expect(state.lo(FIELD.cr0)).toBe((CR0.lo.PE | CR0.lo.ET | CR0.lo.PG) >>> 0)
    expect([state.read('cr4'), state.read('cr3')]).toEqual([BigInt(CR4.lo.PAE), 0x9000n])
    expect(state.lo(FIELD.segSelector, SEGMENT.CS)).toBe(0x10)
    expect(state.lo(FIELD.segAccess, SEGMENT.CS)).toBe(0xa09b)
    expect(state.lo(FIELD.segAccess, SEGMENT.SS)).toBe(0xc093)
    expect(memory.read32(0x100_0010)).toBe(0x13121110)
    // Flat 64-bit code at 10h, data at 18h, as descriptors.
    expect([memory.read32(0x510), memory.read32(0x514)]).toEqual([0xffff, 0xaf9b00])
    expect([memory.read32(0x518), memory.read32(0x51c)]).toEqual([0xffff, 0xcf9300])
    // The identity mapping of the last 2 MiB below 4 GiB.
    expect(memory.read32(0xb000 + 8 * 2047)).toBe(0xffe0_0083)
  })
})

it('passes a seed of random numbers on', () => {
  const result = load(bzImage(), { rngSeed: new Uint8Array(32).fill(5) })
  const at = Number(zeroPageOf(result).getBigUint64(SETUP_HEADER.SETUP_DATA, true))
  const data = writeAt(result, at) as Uint8Array
  expect([...data.subarray(0, 17)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 32, 0, 0, 0, 5])
  expect(zeroPageOf(load(bzImage())).getBigUint64(SETUP_HEADER.SETUP_DATA, true)).toBe(0n)
  expectDisjoint(result)
})

describe('the 32-bit entry', () => {
  it('is taken by a kernel without a 64-bit one, and by others on request', () => {
    const entry = { mode: 'protected32', rip: 0x100_0000, cr0: CR0.lo.PE | CR0.lo.ET, efer: 0, cr4: 0 }
    expect(planOf(load(bzImage({ xloadflags: 0 }))).entry).toMatchObject(entry)
    expect(planOf(load(bzImage(), { entry: 32 })).entry).toMatchObject(entry)
    expect(codeOf(load(bzImage({ xloadflags: 0 }), { entry: 64 }))).toBe('boot.wrong-architecture')
  })

  it('is without a 64-bit flag before protocol 2.12', () => {
    expect(planOf(load(bzImage({ version: 0x20b }))).entry.mode).toBe('protected32')
  })
})

describe('placement', () => {
  it('moves a relocatable kernel where its preferred address is no RAM', () => {
    const map: MemoryMap = memoryMap({ ramBytes: 256 * MIB, special: [{ address: 17 * MIB, sizeBytes: MIB, type: 2 }] })
    expect(planOf(load(bzImage(), { map })).entry.rip).toBe(18 * MIB + 0x200)
  })

  it('leaves a kernel that is not relocatable at 1 MiB, and keeps its run-time place free', () => {
    const map = memoryMap({ ramBytes: 70 * MIB })
    const result = load(bzImage({ relocatable: false, version: 0x20c }), { map, initrd: new Uint8Array(10 * MIB) })
    expect(planOf(result).entry.rip).toBe(0x10_0200)
    expect(initrdOf(result)).toEqual([6 * MIB, 10 * MIB])
    expect(codeOf(load(bzImage({ relocatable: false }), { map: memoryMap({ ramBytes: 63 * MIB }) }))).toBe(
      'boot.kernel-room',
    )
  })

  it('puts a RAM disk below what the kernel reaches, or, where it can be, above 4 GiB', () => {
    const map = memoryMap({ ramBytes: 4 * GIB })
    const initrd = new Uint8Array(MIB)
    expect(initrdOf(load(bzImage(), { map, initrd }))).toEqual([2 * GIB - MIB, MIB])
    expect(initrdOf(load(bzImage({ initrdAddressMax: 0xffff_ffff }), { map, initrd }))).toEqual([3 * GIB - MIB, MIB])
    const cramped = { initrdAddressMax: 1.5 * MIB }
    expect(initrdOf(load(bzImage(cramped), { map, initrd }))).toEqual([5 * GIB - MIB, MIB])
    expect(codeOf(load(bzImage({ ...cramped, xloadflags: 1 }), { map, initrd }))).toBe('boot.initrd-room')
  })

  it('rejects what does not fit', () => {
    expect(codeOf(load(bzImage(), { map: memoryMap({ ramBytes: 32 * MIB }) }))).toBe('boot.kernel-room')
    expect(codeOf(load(bzImage(), { map: memoryMap({ ramBytes: 64 * MIB }), initrd: new Uint8Array(16 * MIB) }))).toBe(
      'boot.initrd-room',
    )
  })
})

describe('command lines', () => {
  it('have the length that the kernel says', () => {
    expect(codeOf(load(bzImage({ commandLineBytes: 8 }), { commandLine: '12345678' }))).toBe('boot')
    expect(codeOf(load(bzImage({ commandLineBytes: 8 }), { commandLine: '12345678é'.slice(1) }))).toBe(
      'boot.command-line',
    )
    expect(codeOf(load(bzImage({ version: 0x205 }), { commandLine: 'x'.repeat(256) }))).toBe('boot.command-line')
    expect(codeOf(load(bzImage({ commandLineBytes: 0xffff_ffff }), { commandLine: 'x'.repeat(2 ** 20) }))).toBe(
      'boot.command-line',
    )
    expect(codeOf(load(bzImage(), { commandLine: 'a\0b' }))).toBe('boot.command-line')
  })
})

describe('files that are none', () => {
  it.each([
    ['nothing', new Uint8Array(0), 'boot.not-this-format'],
    ['zeros', new Uint8Array(4096), 'boot.not-this-format'],
    ['without HdrS', bzImage().fill(0, 0x202, 0x206), 'boot.not-this-format'],
    ['protocol 2.01', bzImage({ version: 0x201 }), 'boot.old-protocol'],
    ['a zImage', bzImage({ loadflags: 0 }), 'boot.unsupported'],
    ['half a file', bzImage().subarray(0, 0x900), 'boot.truncated'],
    ['no kernel after the setup code', bzImage().subarray(0, 0x400), 'boot.truncated'],
  ])('%s', (_name, bytes, code) => expect(codeOf(load(bytes))).toBe(code))

  it(`is a value, whatever the bytes (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < rounds(2000); round++) {
      const bytes = bzImage({ kernel: new Uint8Array(64) })
      for (let n = 0; n < 4; n++) bytes[0x1f0 + random(0xa0)] = random(256)
      const result = load(bytes, { initrd: new Uint8Array(100) })
      if (result.kind === 'boot') expectDisjoint(result)
    }
  })
})
