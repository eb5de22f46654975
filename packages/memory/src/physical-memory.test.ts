import type { IoDevice, PageNumber } from '@ringfold/contracts'
import { describe, expect, it } from 'vitest'
import {
  ALL_PAGES,
  HIGH_RAM_BASE,
  LOW_RAM_LIMIT,
  MemoryError,
  PAGE_ATTRIBUTE,
  PAGE_BYTES,
  PhysicalMemory,
} from './index.ts'

const { RAM, ROM, MMIO, CODE, LOGGED } = PAGE_ATTRIBUTE
const MIB = 1 << 20

interface Access {
  readonly kind: 'read' | 'write'
  readonly offset: number
  readonly sizeBytes: number
  readonly value?: number
}

/** A device that answers with the offset in each byte, and notes what it sees. */
function recorder(): IoDevice & { readonly seen: Access[] } {
  const seen: Access[] = []
  return {
    seen,
    read(offset, sizeBytes) {
      seen.push({ kind: 'read', offset, sizeBytes })
      return 0xdd000000 | (offset & 0xff)
    },
    write(offset, sizeBytes, value) {
      seen.push({ kind: 'write', offset, sizeBytes, value })
    },
  }
}

const code = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(MemoryError)
    expect((error as MemoryError).remedy).not.toBe('')
    return (error as MemoryError).code
  }
  return 'nothing was thrown'
}

describe('RAM', () => {
  it('reads what was written, little-endian, at any alignment and across pages', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    for (const address of [0x100, 0x101, 0x102, 0x103, 0xffd, 0xffe, 0xfff, 0x1000]) {
      memory.write32(address, 0x89abcdef)
      expect(memory.read32(address)).toBe(0x89abcdef)
      expect(memory.read16(address + 1)).toBe(0xabcd)
      expect([0, 1, 2, 3].map((n) => memory.read8(address + n))).toEqual([0xef, 0xcd, 0xab, 0x89])
      memory.write16(address + 1, 0x12345)
      expect(memory.read32(address)).toBe(0x892345ef)
      memory.write8(address + 3, 0x1ff)
      expect(memory.read32(address)).toBe(0xff2345ef)
    }
  })

  it('is open bus behind its end, also for the part of an access', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    memory.write8(MIB - 1, 0x42)
    memory.write32(MIB, 0)
    memory.write32(MIB - 2, 0)
    expect(memory.read32(MIB - 2)).toBe(0xffff0000)
    expect(memory.read32(MIB)).toBe(0xffffffff)
    expect(memory.read16(2 ** 52 - 1)).toBe(0xffff)
    expect(memory.attributes(MIB / PAGE_BYTES)).toBe(0)
    expect(memory.hostOffset(MIB / PAGE_BYTES)).toBe(-1)
  })

  it('goes on at 4 GiB above the PCI hole, at a host offset that fits 32 bits, and costs nothing untouched', () => {
    const memory = new PhysicalMemory({ ramBytes: LOW_RAM_LIMIT + 64 * MIB })
    memory.write32(LOW_RAM_LIMIT - 4, 1)
    memory.write32(LOW_RAM_LIMIT, 2)
    memory.write32(HIGH_RAM_BASE + 8, 3)
    memory.write32(HIGH_RAM_BASE + 64 * MIB - 4, 4)
    expect(memory.read32(LOW_RAM_LIMIT - 4)).toBe(1)
    expect(memory.read32(LOW_RAM_LIMIT)).toBe(0xffffffff)
    expect(memory.read32(HIGH_RAM_BASE + 8)).toBe(3)
    expect(memory.read32(HIGH_RAM_BASE + 64 * MIB - 4)).toBe(4)
    expect(memory.read32(HIGH_RAM_BASE + 64 * MIB)).toBe(0xffffffff)
    expect(memory.hostOffset(HIGH_RAM_BASE / PAGE_BYTES)).toBe(LOW_RAM_LIMIT)
    expect(memory.bytes[LOW_RAM_LIMIT + 8]).toBe(3)
    expect(memory.isPlainRam(HIGH_RAM_BASE / PAGE_BYTES)).toBe(true)
  })

  it('takes a WebAssembly memory as it is', () => {
    const wasm = new WebAssembly.Memory({ initial: 16, maximum: 16 })
    const memory = new PhysicalMemory({ ramBytes: MIB, wasm })
    memory.write8(5, 9)
    expect(new Uint8Array(wasm.buffer)[5]).toBe(9)
    expect(memory.layout.romBytes).toBe(0)
    expect(code(() => new PhysicalMemory({ ramBytes: 2 * MIB, wasm }))).toBe('memory.wasm-size')
  })

  it('refuses sizes that no memory has', () => {
    for (const ramBytes of [0, -4096, 100, 4097, 2 ** 32 + 4096, Number.NaN])
      expect(code(() => new PhysicalMemory({ ramBytes }))).toBe('memory.ram-size')
    expect(code(() => new PhysicalMemory({ ramBytes: 2 ** 32, romBytes: 4096 }))).toBe('memory.wasm-size')
  })

  it('moves bytes across pages, devices and holes', () => {
    const memory = new PhysicalMemory({ ramBytes: 0x3000 })
    const device = recorder()
    memory.addMmio(0x1ffe, 2, device)
    memory.writeBytes(
      0xffe,
      Uint8Array.from({ length: 0x1004 }, (_, n) => n),
    )
    expect(device.seen.map(({ kind, offset, value }) => [kind, offset, value])).toEqual([
      ['write', 0, 0],
      ['write', 1, 1],
    ])
    const bytes = new Uint8Array(6)
    memory.readBytes(0x1ffc, bytes)
    expect([...bytes]).toEqual([0xfe, 0xff, 0, 1, 2, 3])
    memory.readBytes(0x2ffe, bytes)
    expect([...bytes]).toEqual([0, 0, 255, 255, 255, 255])
  })
})

describe('devices', () => {
  it('see offsets and accesses as they were made', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const device = recorder()
    memory.addMmio(0xfee00000, 0x1000, device)
    expect(memory.read32(0xfee00020)).toBe(0xdd000020)
    expect(memory.read16(0xfee00021)).toBe(0x21)
    memory.write8(0xfee00fff, 0x1ff)
    expect(device.seen).toEqual([
      { kind: 'read', offset: 0x20, sizeBytes: 4 },
      { kind: 'read', offset: 0x21, sizeBytes: 2 },
      { kind: 'write', offset: 0xfff, sizeBytes: 1, value: 0xff },
    ])
    expect(memory.attributes(0xfee00)).toBe(MMIO)
    expect(memory.hostOffset(0xfee00)).toBe(-1)
  })

  it('share pages with RAM and with each other; what straddles an end is split', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const [one, two] = [recorder(), recorder()]
    memory.addMmio(0x5010, 4, one)
    memory.addMmio(0x5014, 2, two)
    memory.write32(0x500e, 0x44332211)
    expect(memory.read16(0x500e)).toBe(0x2211)
    memory.write32(0x5012, 0x88776655)
    expect(one.seen.map(({ offset, sizeBytes, value }) => [offset, sizeBytes, value])).toEqual([
      [0, 1, 0x33],
      [1, 1, 0x44],
      [2, 1, 0x55],
      [3, 1, 0x66],
    ])
    expect(two.seen.map(({ offset, value }) => [offset, value])).toEqual([
      [0, 0x77],
      [1, 0x88],
    ])
    expect(memory.attributes(5)).toBe(RAM | MMIO)
    memory.removeMmio(0x5010)
    expect(memory.attributes(5)).toBe(RAM | MMIO)
    memory.removeMmio(0x5014)
    expect(memory.isPlainRam(5)).toBe(true)
    expect(memory.read32(0x5010)).toBe(0)
  })

  it('may take narrow accesses only', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const device = recorder()
    memory.addMmio(0xfec00000, 16, device, { widestBytes: 2 })
    expect(memory.read32(0xfec00004)).toBe(0x00060004)
    memory.write32(0xfec00000, 0x11223344)
    expect(device.seen.slice(2).map(({ offset, sizeBytes, value }) => [offset, sizeBytes, value])).toEqual([
      [0, 2, 0x3344],
      [2, 2, 0x1122],
    ])
  })

  it('may lie above all RAM', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    memory.addMmio(2 ** 40, 0x4000, recorder())
    expect(memory.read8(2 ** 40 + 0x3001)).toBe(1)
    expect(memory.attributes(2 ** 28 + 3)).toBe(MMIO)
    expect(memory.attributes(2 ** 28 + 4)).toBe(0)
  })

  it('do not overlap', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    memory.addMmio(0xa0000, 0x20000, recorder())
    expect(code(() => memory.addMmio(0xbffff, 1, recorder()))).toBe('memory.range-overlap')
    expect(code(() => memory.addMmio(0x9ffff, 2, recorder()))).toBe('memory.range-overlap')
    expect(code(() => memory.addMmio(0x1000, 0, recorder()))).toBe('memory.range')
    expect(code(() => memory.removeMmio(0xa0001))).toBe('memory.range-unknown')
    memory.addMmio(0xc0000, 1, recorder())
    expect(memory.mmioRanges.map(({ base }) => base)).toEqual([0xa0000, 0xc0000])
  })
})

describe('ROM', () => {
  it('reads its contents and ignores writes, over RAM and elsewhere, with a host offset', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const image = Uint8Array.from({ length: 0x2000 }, (_, n) => n >> 4)
    for (const base of [0xf0000, 0xffffe000]) {
      memory.addRom(base, image)
      memory.write32(base + 0x1230, 0)
      memory.writeBytes(base + 0x1230, Uint8Array.of(9))
      expect(memory.read32(base + 0x1230)).toBe(0x23232323)
      expect(memory.attributes(base / PAGE_BYTES) & ROM).toBe(ROM)
      expect(memory.bytes[memory.hostOffset(base / PAGE_BYTES) + 0x10]).toBe(1)
    }
    expect(memory.romRegions.length).toBe(2)
    memory.removeRom(0xf0000)
    memory.write8(0xf0010, 7)
    expect(memory.read16(0xf0010)).toBe(0x107)
    memory.removeRom(0xffffe000)
    expect(memory.read32(0xffffe000)).toBe(0xffffffff)
  })

  it('is refused where it cannot lie', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB, romBytes: 0x1000 })
    expect(code(() => memory.addRom(0xf0001, new Uint8Array(0x1000)))).toBe('memory.range')
    expect(code(() => memory.addRom(0xf0000, new Uint8Array(5)))).toBe('memory.range')
    expect(code(() => memory.addRom(2 ** 33, new Uint8Array(0x1000)))).toBe('memory.range')
    expect(code(() => memory.addRom(0xffffe000, new Uint8Array(0x2000)))).toBe('memory.rom-room')
    memory.addRom(0xfffff000, new Uint8Array(0x1000))
    expect(code(() => memory.addRom(0xfffff000, new Uint8Array(0x1000)))).toBe('memory.range-overlap')
    expect(code(() => memory.removeRom(0xffffe000))).toBe('memory.range-unknown')
  })
})

describe('the A20 gate', () => {
  it('holds address bit 20 at zero for every access', () => {
    const memory = new PhysicalMemory({ ramBytes: 4 * MIB })
    let all = 0
    memory.onAttributesChanged((page) => {
      if (page === ALL_PAGES) all++
    })
    memory.write32(0x500, 0x1111)
    memory.write32(MIB + 0x500, 0x2222)
    memory.setA20(false)
    expect(memory.read32(MIB + 0x500)).toBe(0x1111)
    memory.write8(3 * MIB, 5)
    expect(memory.read8(2 * MIB)).toBe(5)
    expect(memory.hostOffset(0x100)).toBe(0)
    expect(memory.gate(3 * MIB + 1)).toBe(2 * MIB + 1)
    memory.setA20(true)
    memory.setA20(true)
    expect(memory.read32(MIB + 0x500)).toBe(0x2222)
    expect(all).toBe(2)
  })
})

describe('the range that may be read in place', () => {
  const range = ({ plainFrom, plainBytes }: PhysicalMemory) => [plainFrom, plainBytes]
  const nothing: IoDevice = { read: () => 0, write: () => {} }

  it('is the largest piece of low RAM without a device, and follows devices', () => {
    const memory = new PhysicalMemory({ ramBytes: 8 * MIB })
    expect(range(memory)).toEqual([0, 8 * MIB])
    memory.addMmio(0xa0000, 0x20000, nothing)
    expect(range(memory)).toEqual([0xc0000, 8 * MIB - 0xc0000])
    memory.addMmio(0x123456, 8, nothing)
    expect(range(memory)).toEqual([0x124000, 8 * MIB - 0x124000])
    memory.addMmio(5 * MIB, 16 * MIB, nothing)
    expect(range(memory)).toEqual([0x124000, 5 * MIB - 0x124000])
    memory.removeMmio(0x123456)
    memory.removeMmio(0xa0000)
    expect(range(memory)).toEqual([0, 5 * MIB])
    memory.addMmio(0, 5 * MIB, nothing)
    expect(memory.plainBytes).toBe(0)
  })

  it('ends below 1 MiB while the A20 gate is closed, and knows nothing of high RAM', () => {
    const memory = new PhysicalMemory({ ramBytes: LOW_RAM_LIMIT + MIB })
    expect(range(memory)).toEqual([0, LOW_RAM_LIMIT])
    memory.setA20(false)
    expect(range(memory)).toEqual([0, MIB])
    memory.setA20(true)
    expect(range(memory)).toEqual([0, LOW_RAM_LIMIT])
  })
})

describe('code tracking', () => {
  it('tells of every write to a page of code, before the bytes change', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const told: [PageNumber, number, number, number][] = []
    const end = memory.onCodeWrite((page, first, last) => {
      told.push([page, first, last, memory.read8(page * PAGE_BYTES + first)])
    })
    memory.markCode(1)
    memory.write8(0xfff, 1)
    memory.write32(0xffe, 0x04030201)
    memory.write16(0x1010, 0x0908)
    memory.writeBytes(0xff0, new Uint8Array(0x20).fill(7))
    expect(told).toEqual([
      [1, 0, 0, 0],
      [1, 1, 1, 0],
      [1, 0x10, 0x11, 0],
      [1, 0, 15, 3],
    ])
    memory.unmarkCode(1)
    memory.write8(0x1000, 1)
    memory.markCode(1)
    end()
    memory.write8(0x1000, 1)
    expect(told.length).toBe(4)
    expect(memory.attributes(1)).toBe(RAM | CODE)
  })

  it('tells when a device or a ROM covers code', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const told: PageNumber[] = []
    memory.onCodeWrite((page, first, last) => {
      expect([first, last]).toEqual([0, PAGE_BYTES - 1])
      told.push(page)
    })
    for (const page of [2, 3]) memory.markCode(page)
    memory.addMmio(0x2800, 4, recorder())
    memory.addRom(0x3000, new Uint8Array(PAGE_BYTES))
    expect(told).toEqual([2, 3])
  })

  it('tells of attributes that change, and only then', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    const told: number[][] = []
    memory.onAttributesChanged((...args) => told.push(args))
    memory.markCode(4)
    memory.markCode(4)
    memory.markCode(0x80000)
    memory.unmarkCode(4)
    memory.addMmio(0x4000, 1, recorder())
    expect(told).toEqual([
      [4, RAM, RAM | CODE],
      [4, RAM | CODE, RAM],
      [4, RAM, RAM | MMIO],
    ])
  })
})

describe('the dirty log', () => {
  it('gives the pages that were written since the last call', () => {
    const memory = new PhysicalMemory({ ramBytes: LOW_RAM_LIMIT + MIB })
    const high = HIGH_RAM_BASE / PAGE_BYTES
    memory.write8(0x9000, 1)
    memory.startDirtyLog()
    expect(memory.attributes(9)).toBe(RAM | LOGGED)
    expect(memory.attributes(high)).toBe(RAM | LOGGED)
    expect(memory.attributes(LOW_RAM_LIMIT / PAGE_BYTES)).toBe(0)
    memory.write8(HIGH_RAM_BASE, 1)
    memory.write32(0x2ffe, 1)
    memory.write32(0x2000, 1)
    memory.read32(0x5000)
    expect(memory.isPlainRam(2)).toBe(true)
    expect([...memory.takeDirtyPages()]).toEqual([2, 3, high])
    expect(memory.attributes(2)).toBe(RAM | LOGGED)
    expect([...memory.takeDirtyPages()]).toEqual([])
    memory.write8(0x2000, 2)
    expect([...memory.takeDirtyPages()]).toEqual([2])
    memory.stopDirtyLog()
    memory.write8(0x2000, 2)
    expect([...memory.takeDirtyPages()]).toEqual([])
    expect(memory.isPlainRam(2)).toBe(true)
  })
})

describe('snapshots', () => {
  it('hold the pages that are not zero, and come back through structured clone', () => {
    const memory = new PhysicalMemory({ ramBytes: 4 * MIB })
    memory.write8(0x1fff, 1)
    memory.write32(3 * MIB, 0xdeadbeef)
    memory.setA20(false)
    const saved = structuredClone(memory.save())
    expect([...saved.pages]).toEqual([1, (3 * MIB) / PAGE_BYTES])
    const other = new PhysicalMemory({ ramBytes: 4 * MIB })
    other.write8(0x7000, 3)
    other.markCode(7)
    const told: PageNumber[] = []
    other.onCodeWrite((page) => told.push(page))
    other.restore(saved)
    expect(other.a20Enabled).toBe(false)
    expect(other.save()).toEqual(saved)
    expect(told).toEqual([7])
  })

  it('are refused when they do not fit, and change nothing', () => {
    const memory = new PhysicalMemory({ ramBytes: MIB })
    memory.write8(0, 1)
    const saved = memory.save()
    const bad: unknown[] = [
      null,
      {},
      { ...saved, version: 99 },
      { ...saved, ramBytes: 2 * MIB },
      { ...saved, pages: Uint32Array.of(MIB / PAGE_BYTES) },
      { ...saved, contents: new Uint8Array(1) },
      { ...saved, a20: 1 },
    ]
    for (const snapshot of bad) expect(code(() => memory.restore(snapshot as typeof saved))).toBe('memory.snapshot')
    expect(memory.save()).toEqual(saved)
  })
})
