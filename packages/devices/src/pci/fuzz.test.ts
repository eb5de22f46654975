import type { IoDevice } from '@ringfold/contracts'
import { fuzzIo } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { filled, pciMachine, testFunction, WINDOWS } from '../../tests/pci-machine.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { assignResources, type PciBarOptions, type PciFunction } from './index.ts'

const STEPS = 3000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
const ECAM = 0xe000_0000
const COMMAND = 0x04

function busyMachine() {
  const machine = pciMachine({ resetControl: filled(0) })
  const bars = (byte: number): PciBarOptions[] => [
    { index: 0, kind: 'io', sizeBytes: 64, device: filled(byte) },
    { index: 2, kind: 'memory64', sizeBytes: 1 << 16, device: filled(byte) },
    { index: 5, kind: 'memory32', sizeBytes: 4096, device: filled(byte) },
  ]
  const places = [
    [1, 0],
    [1, 3],
    [2, 0],
  ] as const
  const functions = places.map(([device, fn], at) => {
    const made = testFunction({
      interruptPin: at + 1,
      bars: bars(at),
      msi: { vectors: 8 },
      msix: { vectors: 5, bar: 4 },
      powerManagement: at > 0,
      capabilities: [{ id: 9, body: new Uint8Array(7), read: (offset) => 0x1_0000_0000 + offset, write: () => {} }],
    })
    machine.host.add(device, fn, made)
    return made
  })
  machine.memory.addMmio(ECAM, 1 << 28, machine.host.ecam)
  assignResources(machine.host, { interruptLine: () => 10 })
  return { ...machine, functions }
}

/** Where what is decoded is to be mapped, by the documented rule, in the order of rank. */
function wantedBases(functions: readonly PciFunction[]): number[] {
  const taken: { io: boolean; first: number; last: number }[] = []
  for (const { bar, base } of functions.flatMap((fn) => fn.decoded())) {
    const range = { io: bar.kind === 'io', first: base, last: base + bar.sizeBytes - 1 }
    const windows = range.io ? WINDOWS.io : WINDOWS.memory
    const isFree = !taken.some(({ io, first, last }) => io === range.io && first <= range.last && range.first <= last)
    if (isFree && windows.some(({ first, last }) => first <= range.first && range.last <= last)) taken.push(range)
  }
  return taken.map(({ first }) => first).sort((one, other) => one - other)
}

/** Does what guests seldom do by accident: moves base addresses into windows, switches capabilities on, raises interrupts. */
function stir(random: () => number, functions: readonly PciFunction[]): void {
  const fn = functions[random() % functions.length] as PciFunction
  const kind = random() % 8
  if (kind === 0) fn.configWrite(COMMAND, 2, random() % 8)
  if (kind === 1) fn.configWrite(0x10, 4, 0xc000 + (random() % 4) * 32)
  if (kind === 2) fn.configWrite(0x10 + 4 * (2 + (random() % 4)), 4, 0xc000_0000 + (random() % 8) * 4096)
  if (kind === 3) fn.configWrite(0x1c, 4, random() % 2 ? 0x80 : 0)
  if (kind === 4) fn.interrupt(random() % 9)
  if (kind === 6) fn.configWrite(0x40 + 4 * (random() % 14), 4, random())
  if (kind === 7) fn.configWrite(COMMAND, 2, 7)
  if (kind === 5) fn.intx.set(random() % 2 === 0)
}

type Machine = ReturnType<typeof busyMachine>

const memoryFrom = ({ memory }: Machine, base: number): IoDevice => ({
  read: (offset, sizeBytes) => {
    if (sizeBytes === 1) return memory.read8(base + offset)
    return sizeBytes === 2 ? memory.read16(base + offset) : memory.read32(base + offset)
  },
  write: (offset, sizeBytes, value) => {
    if (sizeBytes === 1) memory.write8(base + offset, value)
    else if (sizeBytes === 2) memory.write16(base + offset, value)
    else memory.write32(base + offset, value)
  },
})

const portsFrom = ({ ports }: Machine, base: number): IoDevice => ({
  read: (offset, sizeBytes) => ports.in(base + offset, sizeBytes),
  write: (offset, sizeBytes, value) => ports.out(base + offset, sizeBytes, value),
})

/** Whatever a guest can reach of a bus: mechanism 1, the devices that there are in ECAM, and where memory may be mapped. */
function fuzz(machine: Machine, random: () => number, after?: () => void): void {
  const stirred = () => {
    stir(random, machine.functions)
    after?.()
  }
  const steps = Math.ceil(STEPS / 3)
  fuzzIo(portsFrom(machine, 0xcf8), 8, { random, steps, after: stirred })
  fuzzIo(memoryFrom(machine, ECAM), 3 * 0x8000, { random, steps, after: stirred })
  fuzzIo(memoryFrom(machine, 0xc000_0000), 0x9000, { random, steps, after: stirred })
}

describe(`random traffic, seed ${seed}`, () => {
  it('is answered, and base addresses are mapped by the rule', () => {
    const machine = busyMachine()
    fuzz(machine, seededRandom(seed), () => {
      const isOurs = ({ base }: { base: number }) => base !== ECAM
      const mapped = machine.mapped().filter(isOurs)
      expect(mapped.map(({ base }) => base).sort((one, other) => one - other)).toEqual(wantedBases(machine.functions))
    })
    expect(machine.messages.length).toBeGreaterThan(0)
    expect(machine.lines.length).toBeGreaterThan(0)
  })

  it('goes on the same after a restore', () => {
    const one = busyMachine()
    fuzz(one, seededRandom(seed))
    const saved = structuredClone(one.host.state())
    const two = busyMachine()
    two.host.restore(saved)
    for (const { messages, lines } of [one, two]) messages.length = lines.length = 0
    for (const machine of [one, two]) fuzz(machine, seededRandom(seed + 1))
    expect(two.host.state()).toEqual(one.host.state())
    expect(two.messages).toEqual(one.messages)
    expect(two.lines).toEqual(one.lines)
    expect(two.mapped().map(({ base }) => base)).toEqual(one.mapped().map(({ base }) => base))
  })
})
