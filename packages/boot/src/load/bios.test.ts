import { PhysicalMemory } from '@ringfold/memory'
import { expect, it } from 'vitest'
import { applyWrites, biosWrites, memoryMap } from './index.ts'

const MIB = 2 ** 20

function memoryAfter(ramBytes: number): PhysicalMemory {
  const memory = new PhysicalMemory({ ramBytes })
  applyWrites(biosWrites(memoryMap({ ramBytes })), memory)
  return memory
}

const memory = memoryAfter(MIB)
const word = (address: number): number => memory.read8(address) + 256 * memory.read8(address + 1)
const handlerOf = (vector: number): number => word(4 * vector) + 16 * word(4 * vector + 2)

it('tells how much conventional memory there is, and where the extended BIOS data area begins', () => {
  expect([word(0x40e), word(0x413), memory.read8(0x9_fc00)]).toEqual([0x9fc0, 639, 1])
  const small = memoryAfter(0x5_0000)
  expect(small.read8(0x413) + 256 * small.read8(0x414)).toBe(320)
})

it('has a handler for each interrupt: IRET, or a refusal', () => {
  for (const vector of [0, 8, 0x10, 0x16, 0x70, 0xff]) expect(memory.read8(handlerOf(vector))).toBe(0xcf)
  const [disk, system] = [0x13, 0x15].map((vector) => [0, 1, 10].map((n) => memory.read8(handlerOf(vector) + n)))
  expect(disk).toEqual([0xb4, 0x01, 0xcf])
  expect(system).toEqual([0xb4, 0x86, 0xcf])
})

it('lies where the map has the BIOS, and where no loader puts anything', () => {
  for (const { address, bytes } of biosWrites(memoryMap({ ramBytes: MIB }))) {
    const end = address + bytes.length
    expect(end <= 0x500 || (address >= 0x9_fc00 && end <= 0xa_0000) || (address >= 0xf_0000 && end <= MIB)).toBe(true)
  }
})
