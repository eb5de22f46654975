import { PhysicalMemory, PortSpace } from '@ringfold/memory'
import { fuzzIo } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { FW_CFG, FW_CFG_PORTS, FwCfg } from './index.ts'

const STEPS = 20_000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
const BASE = 0x510
const RAM_BYTES = 1 << 20
const REQUEST = 0x1000
const DONE = 0
const [ERROR, READ, SKIP, SELECT, WRITE] = [1, 2, 4, 8, 16]
const text = (value: string) => new TextEncoder().encode(value)

function firmware() {
  const memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  const ports = new PortSpace()
  const fwCfg = new FwCfg({ memory })
  ports.add(BASE, FW_CFG_PORTS, fwCfg.ports)
  const select = (key: number) => ports.out(BASE, 2, key)
  const next = (count: number) => Uint8Array.from({ length: count }, () => ports.in(BASE + 1, 1))
  const item = (key: number, count: number) => {
    select(key)
    return next(count)
  }
  /** Begins a request whose structure is at `at`. @returns its control field afterwards */
  const dma = (control: number, length = 0, address = 0, at = REQUEST) => {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, control)
    view.setUint32(4, length)
    view.setBigUint64(8, BigInt(address))
    memory.writeBytes(at, bytes)
    start(at)
    memory.readBytes(at, bytes)
    return view.getUint32(0)
  }
  const start = (at: number) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(at))
    if (at >= 2 ** 32) ports.out(BASE + 4, 4, view.getUint32(0, true))
    ports.out(BASE + 8, 4, view.getUint32(4, true))
  }
  const ram = (at: number, count: number) => {
    const bytes = new Uint8Array(count)
    memory.readBytes(at, bytes)
    return bytes
  }
  return { memory, ports, fwCfg, select, next, item, dma, start, ram }
}

describe('items', () => {
  it('has the signature and tells its features', () => {
    const { item, ports } = firmware()
    expect(item(FW_CFG.SIGNATURE, 4)).toEqual(text('QEMU'))
    expect(item(FW_CFG.ID, 4)).toEqual(Uint8Array.of(3, 0, 0, 0))
    const dma = Uint8Array.from({ length: 8 }, (_, at) => ports.in(BASE + 4 + at, 1))
    expect(dma).toEqual(text('QEMU CFG'))
    expect([ports.in(BASE + 4, 4), ports.in(BASE + 8, 4)]).toEqual([0x554d4551, 0x47464320])
  })

  it('has little-endian numbers', () => {
    const { fwCfg, item } = firmware()
    fwCfg.addNumber('NB_CPUS', 3)
    fwCfg.addNumber('MAX_CPUS', 255)
    fwCfg.addNumber('RAM_SIZE', 0x1_2345_6000)
    expect(item(FW_CFG.NB_CPUS, 3)).toEqual(Uint8Array.of(3, 0, 0))
    expect(item(FW_CFG.MAX_CPUS, 2)).toEqual(Uint8Array.of(255, 0))
    expect(item(FW_CFG.RAM_SIZE, 8)).toEqual(Uint8Array.of(0, 0x60, 0x45, 0x23, 1, 0, 0, 0))
  })

  it('hands over what is to be booted', () => {
    const { fwCfg, item } = firmware()
    fwCfg.addImage('KERNEL', text('kernel'), 0x10_0000)
    fwCfg.addImage('CMDLINE', text('quiet\0'))
    expect(item(FW_CFG.KERNEL_ADDR, 4)).toEqual(Uint8Array.of(0, 0, 0x10, 0))
    expect(item(FW_CFG.KERNEL_SIZE, 4)).toEqual(Uint8Array.of(6, 0, 0, 0))
    expect(item(FW_CFG.KERNEL_DATA, 6)).toEqual(text('kernel'))
    expect(item(FW_CFG.CMDLINE_DATA, 6)).toEqual(text('quiet\0'))
  })

  it('reads zeros behind the end, and for what there is not; each selection begins anew', () => {
    const { item, next, select } = firmware()
    expect(item(FW_CFG.SIGNATURE, 6)).toEqual(text('QEMU\0\0'))
    expect(item(0x3fff, 2)).toEqual(Uint8Array.of(0, 0))
    select(FW_CFG.SIGNATURE)
    next(2)
    expect(next(2)).toEqual(text('MU'))
  })

  it('has the same behind the write channel, where nothing can be written', () => {
    const { item, ports, fwCfg } = firmware()
    fwCfg.add(0x8003, text('e820'))
    expect(item(0x4000, 4)).toEqual(text('QEMU'))
    ports.out(BASE + 1, 1, 0x58)
    expect(item(0x4000, 4)).toEqual(text('QEMU'))
    expect(item(0x8003, 4)).toEqual(text('e820'))
  })

  it('has a directory of files, big-endian', () => {
    const { fwCfg, item } = firmware()
    expect(item(FW_CFG.FILE_DIR, 4)).toEqual(new Uint8Array(4))
    fwCfg.addFile('etc/one', text('first'))
    fwCfg.addFile('opt/two', new Uint8Array(0x1234))
    const directory = item(FW_CFG.FILE_DIR, 4 + 2 * 64)
    const view = new DataView(directory.buffer)
    expect(view.getUint32(0)).toBe(2)
    const entries = [4, 68].map((at) => [view.getUint32(at), view.getUint16(at + 4), view.getUint16(at + 6)])
    expect(entries).toEqual([
      [5, 0x20, 0],
      [0x1234, 0x21, 0],
    ])
    expect(directory.subarray(12, 20)).toEqual(text('etc/one\0'))
    expect(item(0x20, 5)).toEqual(text('first'))
  })

  it.each(['', 'a'.repeat(56), 'with space', 'ümlaut', 'etc/there'])('has no file named "%s"', (name) => {
    const { fwCfg } = firmware()
    fwCfg.addFile('etc/there', text(''))
    expect(() => fwCfg.addFile(name, text(''))).toThrow(expect.objectContaining({ code: 'device.option' }))
  })

  it.each([-1, 0.5, 0x4000, 0x1_0000])('has no item of key %d', (key) => {
    expect(() => firmware().fwCfg.add(key, text(''))).toThrow(expect.objectContaining({ code: 'device.option' }))
  })
})

describe('the DMA interface', () => {
  it('selects and reads at once', () => {
    const { dma, ram } = firmware()
    expect(dma(READ | SELECT | (FW_CFG.SIGNATURE << 16), 4, 0x2000)).toBe(DONE)
    expect(ram(0x2000, 4)).toEqual(text('QEMU'))
  })

  it('goes on where reading stopped, skips, and reads zeros behind the end', () => {
    const { fwCfg, dma, ram, next, memory } = firmware()
    fwCfg.add(
      0x30,
      Uint8Array.from({ length: 200_000 }, (_, n) => n % 251),
    )
    expect(dma(SELECT | (0x30 << 16))).toBe(DONE)
    expect(next(2)).toEqual(Uint8Array.of(0, 1))
    expect(dma(SKIP, 1000)).toBe(DONE)
    memory.writeBytes(0x2000, new Uint8Array(300_000).fill(0xff))
    expect(dma(READ, 250_000, 0x2000)).toBe(DONE)
    expect(ram(0x2000, 3)).toEqual(Uint8Array.of(1002 % 251, 1003 % 251, 1004 % 251))
    expect(ram(0x2000 + 198_997, 2)).toEqual(Uint8Array.of(199_999 % 251, 0))
    expect(ram(0x2000 + 249_999, 2)).toEqual(Uint8Array.of(0, 0xff))
    expect(dma(SKIP, 0xffff_ffff)).toBe(DONE)
    expect(next(1)).toEqual(Uint8Array.of(0))
  })

  it('writes nothing', () => {
    const { dma, item } = firmware()
    expect(dma(WRITE | SELECT | (FW_CFG.SIGNATURE << 16), 4, 0x2000)).toBe(ERROR)
    expect(item(FW_CFG.SIGNATURE, 4)).toEqual(text('QEMU'))
  })

  it.each([
    ['beyond RAM', RAM_BYTES - 3, 4],
    ['beyond all addresses', 2 ** 60, 4],
    ['of all RAM and more', 0, 0xffff_ffff],
  ])('refuses to read %s', (_, address, length) => {
    const { dma, ram } = firmware()
    const before = ram(0, REQUEST)
    expect(dma(READ | SELECT, length, address)).toBe(ERROR)
    expect(ram(0, REQUEST)).toEqual(before)
  })

  it('takes no request that is not in RAM', () => {
    const { start, item, select } = firmware()
    select(FW_CFG.ID)
    for (const at of [RAM_BYTES - 15, RAM_BYTES, 2 ** 33, 2 ** 63]) start(at)
    expect(item(FW_CFG.ID, 1)).toEqual(Uint8Array.of(3))
  })

  it('forgets the high half of an address once it was used', () => {
    const { start, dma, ram } = firmware()
    start(2 ** 32 + REQUEST)
    expect(dma(READ | SELECT, 4, 0x3000)).toBe(DONE)
    expect(ram(0x3000, 4)).toEqual(text('QEMU'))
  })
})

describe(`random traffic, seed ${seed}`, () => {
  const make = () => {
    const machine = firmware()
    machine.fwCfg.addFile('etc/file', new Uint8Array(1000).fill(7))
    return machine
  }
  const work = ({ fwCfg, memory }: ReturnType<typeof make>, random: () => number) =>
    fuzzIo(fwCfg.ports, FW_CFG_PORTS, {
      random,
      steps: STEPS,
      after: () => {
        if (random() % 4 !== 0) return
        const at = random() % RAM_BYTES
        memory.write32(at & ~3, random())
        if (random() % 4 === 0) fwCfg.ports.write(8, 4, swap(at & ~3))
      },
    })
  const swap = (value: number) => {
    const view = new DataView(new ArrayBuffer(4))
    view.setUint32(0, value)
    return view.getUint32(0, true)
  }

  it('is answered, and goes on the same after a restore', () => {
    const [one, two] = [make(), make()]
    work(one, seededRandom(seed))
    two.memory.writeBytes(0, one.ram(0, RAM_BYTES))
    two.fwCfg.restore(structuredClone(one.fwCfg.state()))
    for (const machine of [one, two]) work(machine, seededRandom(seed + 1))
    expect(two.fwCfg.state()).toEqual(one.fwCfg.state())
    expect(two.ram(0, RAM_BYTES)).toEqual(one.ram(0, RAM_BYTES))
    one.fwCfg.reset()
    expect(one.fwCfg.state()).toEqual(make().fwCfg.state())
  })
})
