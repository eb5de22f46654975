import { describe, expect, it } from 'vitest'
import { filled, pciMachine, RAM_BYTES, testFunction } from '../../tests/pci-machine.ts'
import { DeviceError } from '../errors.ts'
import { assignResources, type PciBarOptions } from './index.ts'

const [ADDRESS, DATA] = [0xcf8, 0xcfc]
const FIRMWARE = { interruptLine: (pirq: number) => 10 + pirq }

const memoryBar = (index: number, byte: number, sizeBytes = 4096): PciBarOptions => ({
  index,
  kind: 'memory32',
  sizeBytes,
  device: filled(byte),
})

describe('mechanism 1', () => {
  it('is found as Linux looks for it, and finds the host bridge', () => {
    const { ports } = pciMachine()
    ports.out(0xcfb, 1, 1)
    ports.out(ADDRESS, 4, 0x80000000)
    expect(ports.in(ADDRESS, 4)).toBe(0x80000000)
    expect(ports.in(DATA, 4)).toBe(0x00081b36)
    expect([0, 1, 2, 3].map((at) => ports.in(DATA + at, 1))).toEqual([0x36, 0x1b, 0x08, 0x00])
    ports.out(ADDRESS, 4, 0x80000008)
    expect(ports.in(DATA + 2, 2)).toBe(0x0600)
    ports.out(ADDRESS, 4, 0xffffffff)
    expect(ports.in(ADDRESS, 4)).toBe(0x80fffffc)
  })

  it('answers with ones where there is nothing, and while it is not enabled', () => {
    const { ports } = pciMachine()
    for (const address of [0x80010000, 0x80000100, 0x80000800, 0x00000000, 0x80fff800]) {
      ports.out(ADDRESS, 4, address)
      ports.out(DATA, 4, 0)
      expect([ports.in(DATA, 4), ports.in(DATA + 2, 2), ports.in(DATA + 3, 1)]).toEqual([0xffffffff, 0xffff, 0xff])
    }
  })

  it('leaves narrow accesses to the address alone; one of a byte to 0xcf9 is the reset control register', () => {
    const resetControl = filled(0x5a)
    const { ports } = pciMachine({ resetControl })
    ports.out(ADDRESS, 4, 0x80001234)
    ports.out(0xcf9, 1, 0x06)
    ports.out(0xcf9, 2, 0xffff)
    ports.out(ADDRESS, 1, 0xff)
    expect(resetControl.writes).toEqual([[0, 1, 6]])
    expect([ports.in(0xcf9, 1), ports.in(ADDRESS, 1), ports.in(ADDRESS, 2)]).toEqual([0x5a, 0xff, 0xffff])
    expect(ports.in(ADDRESS, 4)).toBe(0x80001234)
    expect(pciMachine().ports.in(0xcf9, 1)).toBe(0xff)
  })
})

describe('the enhanced mechanism', () => {
  it('has 4 KiB for each function', () => {
    const { host, memory } = pciMachine()
    host.add(3, 0, testFunction())
    host.add(3, 2, testFunction({ deviceId: 0x1041 }))
    memory.addMmio(0xe0000000, 1 << 28, host.ecam)
    const at = (device: number, fn: number) => 0xe0000000 + device * 0x8000 + fn * 0x1000
    expect(memory.read32(at(3, 0))).toBe(0x10421af4)
    expect(memory.read32(at(3, 2))).toBe(0x10411af4)
    expect([memory.read8(at(3, 0) + 0x0e), memory.read8(at(3, 2) + 0x0e)]).toEqual([0x80, 0x80])
    expect(memory.read32(at(3, 1))).toBe(0xffffffff)
    expect(memory.read32(at(3, 0) + (1 << 20))).toBe(0xffffffff)
    expect(memory.read32(at(3, 0) + 0x100)).toBe(0)
    expect(memory.read32(at(3, 0) + 0xffe)).toBe(0xffffffff)
    memory.write8(at(3, 0) + 0x3c, 11)
    expect(memory.read8(at(3, 0) + 0x3c)).toBe(11)
  })
})

describe('places on the bus', () => {
  it('are taken once, function 0 first', () => {
    const { host } = pciMachine()
    const add = (device: number, fn: number) => () => host.add(device, fn, testFunction())
    for (const wrong of [add(0, 0), add(1, 1), add(32, 0), add(1, 8), add(-1, 0), add(1.5, 0)])
      expect(wrong).toThrow(DeviceError)
    add(5, 0)()
    add(2, 0)()
    add(5, 7)()
    expect(host.functions.map(({ device, fn }) => [device, fn])).toEqual([
      [0, 0],
      [2, 0],
      [5, 0],
      [5, 7],
    ])
  })
})

describe('firmware', () => {
  it('assigns windows, largest first, and enables what it assigned', () => {
    const { host, memory, ports } = pciMachine()
    const io = { index: 0, kind: 'io', sizeBytes: 128, device: filled(0x11) } as const
    const wide = { index: 2, kind: 'memory64', sizeBytes: 2 ** 30, device: filled(0x33) } as const
    const small = { index: 4, kind: 'memory64', sizeBytes: 16384, device: filled(0x44) } as const
    host.add(1, 0, testFunction({ interruptPin: 1, bars: [io, memoryBar(1, 0x22, 64), wide, small] }))
    host.add(2, 0, testFunction({ interruptPin: 4, bars: [memoryBar(0, 0x55, 1 << 20)] }))
    const assigned = assignResources(host, FIRMWARE)
    expect(assigned.map(({ device, index, base }) => [device, index, base])).toEqual([
      [1, 2, 0x80_0000_0000],
      [2, 0, 0xc000_0000],
      [1, 4, 0xc010_0000],
      [1, 0, 0xc000],
      [1, 1, 0xc010_4000],
    ])
    expect(memory.read8(0x80_3fff_ffff)).toBe(0x33)
    expect(memory.read32(0xc000_0000)).toBe(0x55555555)
    expect(memory.read16(0xc010_0000)).toBe(0x4444)
    expect(ports.in(0xc07f, 1)).toBe(0x11)
    expect(memory.read8(0xc010_403f)).toBe(0x22)
    expect(host.functions.map(({ function: fn }) => fn.configRead(4, 2))).toEqual([0, 3, 2])
    expect(host.functions.map(({ function: fn }) => fn.configRead(0x3c, 1))).toEqual([0, 11, 11])
  })

  it('may leave the enabling to the kernel', () => {
    const { host, mapped } = pciMachine()
    const fn = testFunction({ bars: [memoryBar(0, 1)] })
    host.add(1, 0, fn)
    assignResources(host, { ...FIRMWARE, enableDecoding: false })
    expect([fn.configRead(0x10, 4), fn.configRead(4, 2), mapped().length]).toEqual([0xc0000000, 0, 0])
  })

  it('says when the windows are too small', () => {
    const { host } = pciMachine({ windows: { io: [], memory: [{ first: 0, last: 0x1fff }] } })
    host.add(1, 0, testFunction({ bars: [memoryBar(0, 1)] }))
    expect(assignResources(host, FIRMWARE)[0]?.base).toBe(0x1000)
    host.add(2, 0, testFunction({ bars: [memoryBar(0, 1)] }))
    expect(() => assignResources(host, FIRMWARE)).toThrow(/device 2, function 0/)
    const ports = pciMachine({ windows: { io: [], memory: [] } })
    ports.host.add(1, 0, testFunction({ bars: [{ index: 0, kind: 'io', sizeBytes: 4, device: filled(0) }] }))
    expect(() => assignResources(ports.host, FIRMWARE)).toThrow(DeviceError)
  })
})

describe('decoding', () => {
  it('follows the command and base address registers', () => {
    const { host, memory, mapped } = pciMachine()
    const fn = testFunction({ bars: [memoryBar(0, 0x77)] })
    host.add(1, 0, fn)
    assignResources(host, FIRMWARE)
    expect(memory.read8(0xc0000000)).toBe(0x77)
    fn.configWrite(0x10, 4, 0xd0000000)
    expect([memory.read8(0xc0000000), memory.read8(0xd0000fff)]).toEqual([0xff, 0x77])
    fn.configWrite(4, 2, 0)
    expect(mapped()).toEqual([])
    fn.configWrite(4, 2, 2)
    expect(memory.read8(0xd0000000)).toBe(0x77)
    host.reset()
    expect(mapped()).toEqual([])
  })

  it('does not leave the windows: not to RAM, other devices, the local APIC, zero, or where no memory can be', () => {
    const { host, memory, ports, mapped } = pciMachine()
    memory.addMmio(0xfee00000, 4096, filled(0x99))
    const memory64 = { index: 2, kind: 'memory64', sizeBytes: 4096, device: filled(0x66) } as const
    const io = { index: 1, kind: 'io', sizeBytes: 16, device: filled(0x44) } as const
    const fn = testFunction({ bars: [memoryBar(0, 0x77), io, memory64] })
    host.add(1, 0, fn)
    fn.configWrite(4, 2, 3)
    for (const low of [0, 0x1000, RAM_BYTES - 4096, 0xfee00000, 0xbffff000, 0xe0000000, 0xffffffff]) {
      fn.configWrite(0x10, 4, low)
      fn.configWrite(0x14, 4, low)
      for (const high of [0, 0x7f, 0x3fff, 0x10_0000, 0xffffffff]) {
        fn.configWrite(0x18, 4, low)
        fn.configWrite(0x1c, 4, high)
        expect(mapped().length).toBe(1)
      }
    }
    expect(ports.in(0, 1)).toBe(0xff)
    expect(memory.read8(0xfee00000)).toBe(0x99)
    fn.configWrite(0x18, 4, 0x0000_5000)
    fn.configWrite(0x1c, 4, 0x81)
    expect(memory.read8(0x81_0000_5000)).toBe(0x66)
  })

  it('gives a contested range to the lowest device, function and register, whoever came first', () => {
    const { host, memory } = pciMachine()
    const [first, second] = [
      testFunction({ bars: [memoryBar(1, 2), memoryBar(0, 1)] }),
      testFunction({ bars: [memoryBar(0, 3)] }),
    ]
    host.add(2, 0, second)
    host.add(1, 0, first)
    for (const fn of [second, first]) fn.configWrite(4, 2, 2)
    second.configWrite(0x10, 4, 0xc0001000)
    expect(memory.read8(0xc0001000)).toBe(3)
    first.configWrite(0x14, 4, 0xc0001000)
    expect(memory.read8(0xc0001000)).toBe(2)
    first.configWrite(0x10, 4, 0xc0001000)
    expect(memory.read8(0xc0001000)).toBe(1)
    first.configWrite(0x10, 4, 0xc0003000)
    expect([memory.read8(0xc0001000), memory.read8(0xc0003000)]).toEqual([2, 1])
    first.configWrite(4, 2, 0)
    expect([memory.read8(0xc0001000), memory.read8(0xc0003000)]).toEqual([3, 0xff])
  })

  it('keeps memory and ports apart, and hands on how wide accesses may be', () => {
    const { host, memory, ports } = pciMachine({
      windows: { io: [{ first: 0xc000, last: 0xffff }], memory: [{ first: 0xc000, last: 0xffff }] },
    })
    const narrow = { ...memoryBar(0, 0x12), widestBytes: 1 } as const
    const io = { index: 1, kind: 'io', sizeBytes: 16, device: filled(0x34), widestBytes: 2 } as const
    const fn = testFunction({ bars: [narrow, io] })
    host.add(1, 0, fn)
    fn.configWrite(0x10, 4, 0xc000)
    fn.configWrite(0x14, 4, 0xc000)
    fn.configWrite(4, 2, 3)
    memory.write16(0xc000, 0x1234)
    ports.out(0xc000, 4, 0x12345678)
    expect((narrow.device as ReturnType<typeof filled>).writes.length).toBe(2)
    expect((io.device as ReturnType<typeof filled>).writes.length).toBe(2)
  })
})

describe('interrupt pins', () => {
  it('share a PIRQ: it is low when all are', () => {
    const { host, lines } = pciMachine()
    const [one, two, three] = [1, 4, 2].map((interruptPin) => testFunction({ interruptPin })) as [
      ReturnType<typeof testFunction>,
      ReturnType<typeof testFunction>,
      ReturnType<typeof testFunction>,
    ]
    host.add(3, 0, one)
    host.add(4, 0, two)
    host.add(3, 1, three)
    for (const fn of [one, two, three]) fn.intx.set(true)
    one.intx.set(true)
    one.intx.set(false)
    two.configWrite(4, 2, 0x400)
    expect(lines).toEqual([
      { pirq: 3, level: true },
      { pirq: 0, level: true },
      { pirq: 3, level: false },
    ])
    host.reset()
    expect(lines.at(-1)).toEqual({ pirq: 0, level: false })
    expect(host.routing()[4 * 3 + 1]).toEqual({ device: 3, pin: 1, pirq: 0 })
  })
})

describe('the state of the bus', () => {
  const make = () => {
    const machine = pciMachine()
    const functions = [1, 2].map((device) => {
      const fn = testFunction({ interruptPin: 1, bars: [memoryBar(0, device)], powerManagement: true })
      machine.host.add(device, 0, fn)
      return fn
    })
    return { ...machine, functions }
  }

  it('holds mappings and levels, and drives no line when it is restored', () => {
    const one = make()
    assignResources(one.host, FIRMWARE)
    one.ports.out(ADDRESS, 4, 0x80000810)
    one.functions[0]?.intx.set(true)
    const saved = structuredClone(one.host.state())
    const two = make()
    two.functions[1]?.configWrite(0x10, 4, 0xd0000000)
    two.functions[1]?.configWrite(4, 2, 2)
    two.host.restore(saved)
    expect(two.lines).toEqual([])
    expect(two.host.state()).toEqual(saved)
    expect(two.mapped().map(({ base }) => base)).toEqual(one.mapped().map(({ base }) => base))
    expect(two.ports.in(DATA, 4)).toBe(one.ports.in(DATA, 4))
    two.functions[0]?.intx.set(true)
    expect(two.lines).toEqual([])
    two.functions[0]?.intx.set(false)
    expect(two.lines).toEqual([{ pirq: 1, level: false }])
  })

  it('is refused by a bus that is made otherwise', () => {
    const { host } = make()
    const saved = host.state()
    expect(() => pciMachine().host.restore(saved)).toThrow(DeviceError)
    const [first, ...others] = saved.functions
    const short = { ...first, state: { registers: new Uint8Array(3), msix: null } } as typeof first
    expect(() => host.restore({ ...saved, functions: [short, ...others] as typeof saved.functions })).toThrow(
      /256 bytes/,
    )
  })
})
