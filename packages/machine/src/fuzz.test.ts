import process from 'node:process'
import type { IoDevice } from '@ringfold/contracts'
import { seededRandom } from '@ringfold/cpu'
import { MemoryBlock, MemoryConsole, pairedNet } from '@ringfold/devices'
import { fuzzIo } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { createMachine } from './create-machine.ts'
import type { Machine } from './machine.ts'

const STEPS = 3000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
const SEEDS = [11, 12, Number(process.env.RINGFOLD_SEED ?? 13)]
const MOST_TIME_NS = 5e8

/** A machine with one of everything; nothing runs on it. */
function everything(): Machine {
  const [backend] = pairedNet()
  return createMachine({
    memory: 16 << 20,
    cpus: 2,
    disks: [{ backend: new MemoryBlock(1 << 20) }],
    nets: [{ backend }],
    console: new MemoryConsole(),
    debugExitPort: 0xf4,
    debugConsole: () => undefined,
  })
}

/** The address spaces as devices of their own, with offsets that fall where something is. */
function spaces({ board }: Machine): readonly { readonly device: IoDevice; readonly bytes: number }[] {
  const { ports, memory } = board
  const parts = [
    ...ports.ranges.map(({ base, sizeBytes: size }) => ({
      device: {
        read: (offset: number, sizeBytes: 1 | 2 | 4) => ports.in(base + offset, sizeBytes),
        write: (offset: number, sizeBytes: 1 | 2 | 4, value: number) => ports.out(base + offset, sizeBytes, value),
      },
      bytes: size,
    })),
    ...memory.mmioRanges.map(({ base, sizeBytes: size }) => ({
      device: {
        read: (offset: number, sizeBytes: 1 | 2 | 4) =>
          sizeBytes === 1
            ? memory.read8(base + offset)
            : sizeBytes === 2
              ? memory.read16(base + offset)
              : memory.read32(base + offset),
        write: (offset: number, sizeBytes: 1 | 2 | 4, value: number) => {
          if (sizeBytes === 1) memory.write8(base + offset, value)
          else if (sizeBytes === 2) memory.write16(base + offset, value)
          else memory.write32(base + offset, value)
        },
      },
      // Most of a large range is alike.
      bytes: Math.min(size, 0x10000),
    })),
  ]
  return parts
}

describe('all devices of a machine', () => {
  it.each(SEEDS)(`keep their house under random ports and memory (RINGFOLD_SEED=%i, ${STEPS} rounds)`, (seed) => {
    const random = seededRandom(seed)
    const machine = everything()
    const { board } = machine
    for (let step = 0; step < STEPS; step++) {
      const all = spaces(machine)
      const { device, bytes } = all[random() % all.length] as (typeof all)[number]
      fuzzIo(device, bytes, { random, steps: 4 })
      if (step % 3 === 0) {
        board.time.skip(random() % 200_000)
        board.time.fireDue()
      }
      if (step % 500 === 499) machine.restore(machine.snapshot())
      if (step % 700 === 699) board.reset()
    }
    expect(board.time.nowNs).toBeLessThan(STEPS * MOST_TIME_NS)
    board.reset()
    expect(machine.stateHash()).toMatch(/^[0-9a-f]{16}$/)
  })

  it('are saved and restored as they were', () => {
    const random = seededRandom(99)
    const machine = everything()
    for (let step = 0; step < 400; step++) {
      const all = spaces(machine)
      const { device, bytes } = all[random() % all.length] as (typeof all)[number]
      fuzzIo(device, bytes, { random, steps: 3 })
      machine.board.time.skip(random() % 100_000)
      machine.board.time.fireDue()
    }
    const other = everything()
    other.restore(machine.snapshot())
    expect(other.stateHash()).toBe(machine.stateHash())
    for (const { board } of [machine, other])
      for (let step = 0; step < 200; step++) {
        board.time.skip(1_000_000)
        board.time.fireDue()
      }
    expect(other.stateHash()).toBe(machine.stateHash())
  })
})
