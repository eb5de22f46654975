import { describe, expect, it } from 'vitest'
import { CopyOnWriteMemory, PhysicalMemory } from './index.ts'

describe('copy-on-write memory', () => {
  const image = () => Uint8Array.from({ length: 0x3800 }, (_, n) => n >> 8)

  it('shares an image until pages are written', () => {
    const base = image()
    const memory = new CopyOnWriteMemory(base)
    expect([memory.read8(0x1234), memory.read16(0x12ff), memory.read32(0x1ffe)]).toEqual([0x12, 0x1312, 0x20201f1f])
    expect(memory.ownedPages).toBe(0)
    memory.write32(0x1ffe, 0xaabbccdd)
    expect(memory.read32(0x1ffe)).toBe(0xaabbccdd)
    expect(memory.read16(0x1ffc)).toBe(0x1f1f)
    memory.write16(0x1010, 1)
    memory.write8(0x1012, 2)
    expect(memory.read32(0x1010)).toBe(0x10020001)
    expect(memory.ownedPageNumbers()).toEqual([1, 2])
    expect(base).toEqual(image())
    memory.reset()
    expect(memory.read32(0x1ffe)).toBe(0x20201f1f)
  })

  it('is open bus behind the image', () => {
    const memory = new CopyOnWriteMemory(image())
    expect(memory.read32(0x37fe)).toBe(0xffff3737)
    memory.write32(0x37fe, 0x01020304)
    expect(memory.read32(0x37fe)).toBe(0xffff0304)
    memory.write32(0x3800, 0)
    memory.write16(0x10000, 0)
    expect(memory.read32(0x3800)).toBe(0xffffffff)
    expect(memory.ownedPages).toBe(1)
  })

  it('lies on any other memory, also on another copy', () => {
    const base = new PhysicalMemory({ ramBytes: 0x10000 })
    base.write32(0x5000, 0x11223344)
    const first = new CopyOnWriteMemory(base)
    first.write8(0x5001, 0)
    const second = new CopyOnWriteMemory(first)
    second.write8(0x5002, 0)
    expect([base.read32(0x5000), first.read32(0x5000), second.read32(0x5000)]).toEqual([
      0x11223344, 0x11220044, 0x11000044,
    ])
  })
})
