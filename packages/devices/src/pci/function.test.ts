import { describe, expect, it } from 'vitest'
import { filled, testFunction } from '../../tests/pci-machine.ts'
import { DeviceError } from '../errors.ts'
import { type PciFunction, type PciFunctionOptions, pirqOf } from './index.ts'
import { pciRouting } from './intx.ts'

const COMMAND = 0x04

/** The capabilities as a driver walks them: ids and offsets. */
function capabilities(fn: PciFunction): [id: number, offset: number][] {
  const found: [number, number][] = []
  if ((fn.configRead(0x06, 2) & 0x10) === 0) return found
  for (let at = fn.configRead(0x34, 1); at !== 0; at = fn.configRead(at + 1, 1)) found.push([fn.configRead(at, 1), at])
  return found
}

/** What a driver finds by writing ones, as Linux does. */
function probe(fn: PciFunction, index: number): number {
  const register = 0x10 + 4 * index
  const before = fn.configRead(register, 4)
  fn.configWrite(register, 4, 0xffffffff)
  const ones = fn.configRead(register, 4)
  fn.configWrite(register, 4, before)
  return ones
}

const code = (options: Partial<PciFunctionOptions>): string => {
  try {
    testFunction(options)
  } catch (error) {
    expect(error).toBeInstanceOf(DeviceError)
    expect((error as DeviceError).remedy).not.toBe('')
    return (error as DeviceError).code
  }
  return 'nothing was thrown'
}

describe('the header of a function', () => {
  const fn = testFunction({ revision: 1, subsystemVendorId: 0x1234, subsystemId: 0x5678, interruptPin: 1 })

  it('says what the function is, at every width and alignment', () => {
    expect(fn.configRead(0, 4)).toBe(0x10421af4)
    expect(fn.configRead(8, 4)).toBe(0x01800001)
    expect(fn.configRead(0x0a, 2)).toBe(0x0180)
    expect(fn.configRead(0x0e, 1)).toBe(0)
    expect(fn.configRead(0x2c, 4)).toBe(0x56781234)
    expect(fn.configRead(0x3d, 1)).toBe(1)
    expect(fn.configRead(1, 2)).toBe(0x421a)
    expect(fn.configRead(0x34, 1)).toBe(0)
    expect(fn.configRead(0x06, 2)).toBe(0)
  })

  it('keeps what is constant, and has no expansion ROM', () => {
    for (let offset = 0; offset < 256; offset += 4) fn.configWrite(offset, 4, 0xffffffff)
    expect(fn.configRead(0, 4)).toBe(0x10421af4)
    expect(fn.configRead(COMMAND, 4)).toBe(0x00000547)
    expect(fn.configRead(0x0c, 4)).toBe(0x0000ffff)
    expect(fn.configRead(0x10, 4)).toBe(0)
    expect(fn.configRead(0x30, 4)).toBe(0)
    expect(fn.configRead(0x3c, 4)).toBe(0x000001ff)
    expect(fn.configRead(0x40, 4)).toBe(0)
    fn.reset()
    expect(fn.configRead(COMMAND, 4)).toBe(0)
    expect(fn.configRead(0x3c, 1)).toBe(0)
  })

  it('has no extended capability, and nothing behind 4096', () => {
    fn.configWrite(0x100, 4, 0xffffffff)
    expect(fn.configRead(0x100, 4)).toBe(0)
    expect(fn.configRead(0xfe, 4)).toBe(0)
    expect(fn.configRead(0xffc, 4)).toBe(0)
    expect(fn.configRead(0xffe, 4)).toBe(0xffff0000)
  })

  it('refuses what no function can be', () => {
    const device = filled(0)
    expect(code({ vendorId: 0xffff })).toBe('device.option')
    expect(code({ classCode: 0x100_0000 })).toBe('device.option')
    expect(code({ interruptPin: 5 })).toBe('device.option')
    for (const sizeBytes of [8, 24, 2 ** 32, Number.NaN])
      expect(code({ bars: [{ index: 0, kind: 'memory32', sizeBytes, device }] })).toBe('device.option')
    expect(code({ bars: [{ index: 0, kind: 'io', sizeBytes: 512, device }] })).toBe('device.option')
    expect(code({ bars: [{ index: 5, kind: 'memory64', sizeBytes: 4096, device }] })).toBe('device.option')
    const overlapping = { index: 1, kind: 'memory32', sizeBytes: 4096, device } as const
    expect(code({ bars: [{ ...overlapping, index: 0, kind: 'memory64' }, overlapping] })).toBe('device.option')
    expect(code({ bars: [overlapping], msix: { vectors: 1, bar: 1 } })).toBe('device.option')
    expect(code({ msix: { vectors: 2049, bar: 1 } })).toBe('device.option')
    expect(code({ msi: { vectors: 3 as 4 } })).toBe('device.option')
    expect(code({ capabilities: [{ id: 9, body: new Uint8Array(191) }] })).toBe('device.option')
  })
})

describe('base addresses', () => {
  it('tell their size and kind when ones are written', () => {
    const device = filled(0)
    const fn = testFunction({
      bars: [
        { index: 0, kind: 'io', sizeBytes: 64, device },
        { index: 1, kind: 'memory32', sizeBytes: 4096, device },
        { index: 2, kind: 'memory64', sizeBytes: 16384, device, prefetchable: true },
        { index: 4, kind: 'memory64', sizeBytes: 2 ** 33, device },
      ],
    })
    expect([0, 1, 2, 3, 4, 5].map((index) => probe(fn, index))).toEqual([
      0xffffffc1, 0xfffff000, 0xffffc00c, 0xffffffff, 0x00000004, 0xfffffffe,
    ])
  })

  it('are decoded as the command register has it', () => {
    const device = filled(0)
    const io = { index: 0, kind: 'io', sizeBytes: 64, device } as const
    const memory = { index: 4, kind: 'memory64', sizeBytes: 2 ** 33, device } as const
    const fn = testFunction({ bars: [memory, io] })
    fn.configWrite(0x10, 4, 0xc040)
    fn.configWrite(0x20, 4, 0xffffffff)
    fn.configWrite(0x24, 2, 0x0102)
    expect(fn.decoded()).toEqual([])
    fn.configWrite(COMMAND, 1, 3)
    expect(fn.decoded()).toEqual([
      { bar: io, base: 0xc040 },
      { bar: memory, base: 0x102_0000_0000 },
    ])
    fn.configWrite(COMMAND, 1, 1)
    expect(fn.decoded().map(({ bar }) => bar)).toEqual([io])
  })
})

describe('capabilities', () => {
  it('are a list that a driver can walk', () => {
    const fn = testFunction({
      msi: { vectors: 1 },
      msix: { vectors: 3, bar: 1 },
      powerManagement: true,
      capabilities: [
        { id: 0x09, body: Uint8Array.of(7, 1, 2, 3, 4) },
        { id: 0x09, body: Uint8Array.of(4, 5) },
      ],
    })
    expect(capabilities(fn)).toEqual([
      [0x01, 0x40],
      [0x05, 0x48],
      [0x11, 0x60],
      [0x09, 0x6c],
      [0x09, 0x74],
    ])
    expect(fn.configRead(0x6c, 4)).toBe(0x01077409)
    fn.configWrite(0x6c, 4, 0)
    expect(fn.configRead(0x70, 4)).toBe(0x00040302)
    expect(fn.configRead(0x74, 4)).toBe(0x05040009)
  })

  it('may answer for themselves: accesses in the body arrive whole, others in bytes', () => {
    const seen: (string | number)[][] = []
    const fn = testFunction({
      capabilities: [
        {
          id: 0x09,
          body: Uint8Array.of(6, 5, 0, 0, 0, 0),
          read: (offset, sizeBytes) => {
            seen.push(['read', offset, sizeBytes])
            return 0xa0 + offset
          },
          write: (...write) => {
            seen.push(['write', ...write])
          },
        },
      ],
    })
    expect(fn.configRead(0x44, 4)).toBe(0xa2)
    expect(fn.configRead(0x40, 4)).toBe(0xa1a00009)
    fn.configWrite(0x46, 2, 0xbeef)
    fn.configWrite(0x40, 4, 0x44332211)
    expect(fn.configRead(0x40, 2)).toBe(0x0009)
    expect(seen).toEqual([
      ['read', 2, 4],
      ['read', 0, 1],
      ['read', 1, 1],
      ['write', 4, 2, 0xbeef],
      ['write', 0, 1, 0x33],
      ['write', 1, 1, 0x44],
    ])
  })
})

describe('power states', () => {
  it('are D0 and D3hot: there is only configuration space in D3hot', () => {
    const bar = { index: 0, kind: 'memory32', sizeBytes: 4096, device: filled(0) } as const
    const fn = testFunction({ powerManagement: true, bars: [bar], interruptPin: 1 })
    fn.configWrite(0x10, 4, 0xc0000000)
    fn.configWrite(COMMAND, 2, 6)
    expect([fn.canMaster, fn.decoded().length]).toEqual([true, 1])
    for (const absent of [1, 2]) {
      fn.configWrite(0x44, 2, absent)
      expect(fn.configRead(0x44, 2)).toBe(0x0008)
    }
    fn.configWrite(0x44, 2, 3)
    fn.configWrite(0x44, 2, 2)
    expect(fn.configRead(0x44, 2)).toBe(0x000b)
    fn.intx.set(true)
    expect([fn.canMaster, fn.decoded().length, fn.pinLevel]).toEqual([false, 0, false])
    fn.configWrite(0x44, 2, 0)
    expect([fn.canMaster, fn.decoded().length, fn.pinLevel]).toEqual([true, 1, true])
  })
})

describe('the interrupt pin', () => {
  it('is gated by interrupt disable, which the status bit does not see', () => {
    const fn = testFunction({ interruptPin: 2 })
    fn.intx.set(true)
    expect(fn.pinLevel).toBe(true)
    fn.configWrite(COMMAND, 2, 0x0400)
    expect([fn.pinLevel, fn.configRead(0x06, 2)]).toEqual([false, 8])
    fn.configWrite(COMMAND, 2, 0)
    expect(fn.pinLevel).toBe(true)
    fn.intx.set(false)
    expect([fn.pinLevel, fn.configRead(0x06, 2)]).toEqual([false, 0])
  })

  it('is silent where there is none, and while messages are enabled', () => {
    const none = testFunction()
    none.intx.set(true)
    expect([none.pinLevel, none.configRead(0x06, 2)]).toEqual([false, 0])
    const fn = testFunction({ interruptPin: 1, msi: { vectors: 1 } })
    fn.intx.set(true)
    fn.configWrite(0x42, 2, 1)
    expect(fn.pinLevel).toBe(false)
    fn.configWrite(0x42, 2, 0)
    expect(fn.pinLevel).toBe(true)
    fn.reset()
    expect(fn.pinLevel).toBe(false)
  })

  it('is wired by the number of the device', () => {
    expect(pciRouting().length).toBe(128)
    for (const { device, pin, pirq } of pciRouting()) expect(pirq).toBe(pirqOf(device, pin))
    expect([pirqOf(0, 0), pirqOf(1, 0), pirqOf(1, 3), pirqOf(31, 2)]).toEqual([0, 1, 0, 1])
  })
})
