import { describe, expect, it } from 'vitest'
import { pciMachine, testFunction } from '../../tests/pci-machine.ts'
import { DeviceError } from '../errors.ts'
import { assignResources, type PciFunctionOptions } from './index.ts'

const COMMAND = 0x04
const MASTER = 6

function machineWith(options: Partial<PciFunctionOptions>) {
  const machine = pciMachine()
  const fn = testFunction({ interruptPin: 1, ...options })
  machine.host.add(1, 0, fn)
  assignResources(machine.host, { interruptLine: () => 10 })
  fn.configWrite(COMMAND, 2, MASTER)
  return { ...machine, fn }
}

describe('MSI', () => {
  const start = (vectors: 1 | 4, enabled: number) => {
    const machine = machineWith({ msi: { vectors } })
    machine.fn.configWrite(0x44, 4, 0xfee01003)
    machine.fn.configWrite(0x48, 4, 1)
    machine.fn.configWrite(0x4c, 4, 0xffff4047)
    machine.fn.configWrite(0x42, 2, 1 | (enabled << 4))
    return machine
  }

  it('says what it can do, and keeps addresses aligned', () => {
    const { fn } = start(4, 0)
    expect(fn.configRead(0x42, 2)).toBe(0x0185)
    expect(fn.configRead(0x44, 4)).toBe(0xfee01000)
    expect(fn.configRead(0x4c, 4)).toBe(0x4047)
    fn.configWrite(0x50, 4, 0xffffffff)
    fn.configWrite(0x54, 4, 0xffffffff)
    expect([fn.configRead(0x50, 4), fn.configRead(0x54, 4)]).toEqual([0xf, 0])
  })

  it('puts the vector into the low bits of the data, as many as are enabled', () => {
    const { fn, messages } = start(4, 1)
    for (const vector of [0, 1, 2, 3, 4, -1, 0.5]) fn.interrupt(vector)
    expect(messages.map(({ data }) => data)).toEqual([0x4046, 0x4047, 0x4046, 0x4047])
    expect(messages[0]?.address).toBe(0x1_fee0_1000)
    fn.configWrite(0x42, 2, 1 | (5 << 4))
    fn.interrupt(3)
    expect(messages.at(-1)?.data).toBe(0x4047)
  })

  it('keeps masked vectors pending until they are unmasked', () => {
    const { fn, messages } = start(4, 2)
    fn.configWrite(0x50, 4, 0b0110)
    for (const vector of [1, 2, 2, 3]) fn.msi?.signal(vector)
    expect([messages.length, fn.configRead(0x54, 4)]).toEqual([1, 0b0110])
    fn.configWrite(0x50, 4, 0b0100)
    expect(messages.at(-1)?.data).toBe(0x4045)
    expect([messages.length, fn.configRead(0x54, 4)]).toEqual([2, 0b0100])
    fn.configWrite(0x42, 2, 0)
    expect(fn.configRead(0x54, 4)).toBe(0)
    fn.configWrite(0x50, 4, 0)
    fn.configWrite(0x42, 2, 1)
    expect(messages.length).toBe(2)
  })

  it('is nothing while it is disabled, and waits for bus mastering', () => {
    const { fn, messages } = start(1, 0)
    fn.configWrite(COMMAND, 2, 2)
    expect(fn.interrupt(0)).toBe(true)
    expect(messages).toEqual([])
    fn.configWrite(COMMAND, 2, MASTER)
    expect(messages).toEqual([{ address: 0x1_fee0_1000, data: 0x4047 }])
    fn.configWrite(0x42, 2, 0)
    expect(fn.interrupt(0)).toBe(false)
    expect(messages.length).toBe(1)
  })
})

describe('MSI-X', () => {
  const TABLE = 0xc000_0000

  const start = (vectors = 3) => {
    const machine = machineWith({ msix: { vectors, bar: 1 }, msi: { vectors: 1 } })
    const { memory } = machine
    const entry = (vector: number, masked: boolean) => {
      memory.write32(TABLE + 16 * vector, 0xfee00003)
      memory.write32(TABLE + 16 * vector + 4, 0)
      memory.write32(TABLE + 16 * vector + 8, 0x30 + vector)
      memory.write32(TABLE + 16 * vector + 12, masked ? 0xffffffff : 0xfffffffe)
    }
    return { ...machine, entry, control: (bits: number) => machine.fn.configWrite(0x5a, 2, bits) }
  }
  const pba = 2048

  it('says where its table is; all vectors begin masked', () => {
    const { fn, memory } = start()
    expect(fn.configRead(0x5a, 2)).toBe(2)
    expect(fn.configRead(0x5c, 4)).toBe(1)
    expect(fn.configRead(0x60, 4)).toBe(0x801)
    expect([0, 1, 2, 3].map((vector) => memory.read32(TABLE + 16 * vector + 12))).toEqual([1, 1, 1, 0])
    const large = testFunction({ msix: { vectors: 2048, bar: 2 } })
    expect(large.bars[0]).toMatchObject({ index: 2, sizeBytes: 65536 })
    expect(large.configRead(0x48, 4)).toBe(0x8002)
  })

  it('sends the message of the entry', () => {
    const { fn, messages, memory, entry, control } = start()
    entry(1, false)
    expect(memory.read32(TABLE + 16)).toBe(0xfee00000)
    expect(memory.read32(TABLE + 28)).toBe(0)
    expect(fn.interrupt(1)).toBe(false)
    control(0x8000)
    expect([0, 1, 3, 0xffff, -1].map((vector) => fn.interrupt(vector))).toEqual([true, true, true, true, true])
    expect(messages).toEqual([{ address: 0xfee00000, data: 0x31 }])
  })

  it('keeps masked vectors pending, shows it, and sends what is then in the entry', () => {
    const { fn, messages, memory, entry, control } = start()
    control(0xc000)
    for (const vector of [0, 1, 2]) entry(vector, vector === 2)
    for (const vector of [0, 2, 2]) fn.msix?.signal(vector)
    memory.write32(TABLE + pba, 0)
    expect([memory.read32(TABLE + pba), memory.read32(TABLE + pba + 4), messages.length]).toEqual([0b101, 0, 0])
    control(0x8000)
    expect(messages).toEqual([{ address: 0xfee00000, data: 0x30 }])
    memory.write32(TABLE + 40, 0x99)
    memory.write8(TABLE + 44, 0)
    expect(messages.at(-1)).toEqual({ address: 0xfee00000, data: 0x99 })
    expect([memory.read32(TABLE + pba), messages.length]).toEqual([0, 2])
  })

  it('forgets what is pending when it is disabled, and comes before MSI', () => {
    const { fn, messages, memory, entry, control } = start()
    control(0x8000)
    fn.configWrite(0x42, 2, 1)
    fn.interrupt(0)
    expect(memory.read8(TABLE + pba)).toBe(1)
    control(0)
    expect(memory.read8(TABLE + pba)).toBe(0)
    entry(0, false)
    control(0x8000)
    expect(messages).toEqual([])
    control(0)
    fn.interrupt(0)
    expect(messages.length).toBe(1)
  })

  it('goes on after a restore in the middle, and refuses a state of another size', () => {
    const one = start()
    one.control(0x8000)
    one.entry(2, true)
    one.fn.interrupt(2)
    const saved = structuredClone(one.host.state())
    const two = start()
    two.host.restore(saved)
    expect(two.host.state()).toEqual(saved)
    for (const { memory, messages } of [one, two]) {
      expect(messages).toEqual([])
      memory.write32(TABLE + 44, 0)
      expect(messages).toEqual([{ address: 0xfee00000, data: 0x32 }])
    }
    expect(() => start(4).host.restore(saved)).toThrow(DeviceError)
    expect(() => machineWith({ msi: { vectors: 1 }, msix: { vectors: 200, bar: 0 } }).host.restore(saved)).toThrow(
      /MSI-X/,
    )
  })
})
