import process from 'node:process'
import type { IoDevice } from '@ringfold/contracts'
import { PhysicalMemory } from '@ringfold/memory'
import {
  mmioRegisters,
  pciRegisters,
  type TransportRegisters,
  VIRTIO_F,
  VIRTIO_MMIO_BYTES,
  VIRTIO_PCI_BAR,
  VirtioDriver,
  VirtioMmioTransport,
  type VirtioModel,
  VirtioPciTransport,
} from '@ringfold/paravirt'
import { fuzzIo, ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../tests/seeded-random.ts'
import { VirtioBlock } from './block.ts'
import { VirtioConsole } from './console.ts'
import { VirtioEntropy } from './entropy.ts'
import { VirtioNet } from './net.ts'

const RAM = 1 << 20
const QUEUES = 0x8000
const STEPS = 400 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
const SEEDS = [1, 2, 3, Number(process.env.RINGFOLD_SEED ?? 4)]

const MODELS: Readonly<Record<string, (timeline: ManualTimeline) => VirtioModel<never> | VirtioModel>> = {
  block: (timeline) => {
    const bytes = new Uint8Array(1 << 18)
    const backend = {
      ...{ sizeBytes: bytes.length, isReadOnly: false },
      read: (offset: number, into: Uint8Array) => into.set(bytes.subarray(offset, offset + into.length)),
      write: (offset: number, from: Uint8Array) => bytes.set(from, offset),
      flush: () => undefined,
      close: () => undefined,
    }
    return new VirtioBlock({ backend, timeline })
  },
  net: () => new VirtioNet({ mac: new Uint8Array(6), send: () => undefined }),
  console: () => new VirtioConsole({ transmit: () => undefined }),
  entropy: () => new VirtioEntropy(),
}

interface Subject {
  readonly device: IoDevice
  readonly bytes: number
  readonly registers: TransportRegisters
}

const TRANSPORTS: Readonly<Record<string, (model: VirtioModel, memory: PhysicalMemory) => Subject>> = {
  mmio: (model, memory) => {
    const { mmio: device } = new VirtioMmioTransport({ model, memory, irq: { set: () => undefined } })
    return { device, bytes: VIRTIO_MMIO_BYTES, registers: mmioRegisters(device) }
  },
  pci: (model, memory) => {
    const pciFunction = () => ({ canMaster: true, intx: { set: () => undefined }, msix: undefined })
    const { bar: device } = new VirtioPciTransport({ model, memory, pciFunction })
    return { device, bytes: VIRTIO_PCI_BAR.BYTES, registers: pciRegisters(device) }
  },
}

/** Random words where queues lie: descriptors, rings, tables; sometimes a chain that is good. */
function spoil(memory: PhysicalMemory, driver: VirtioDriver, random: () => number): void {
  const queue = driver.queues[random() % Math.max(1, driver.queues.length)]
  if (queue === undefined) return
  if (random() % 3 === 0) {
    const count = 1 + (random() % 4)
    const buffers = Array.from({ length: count }, (_, n) => ({
      address: random() % RAM,
      lengthBytes: random() % 5000,
      writable: n > 0 && random() % 2 === 0,
    }))
    queue.add(buffers)
    return
  }
  const { descriptors, available } = queue.addresses
  const at = random() % 4 === 0 ? available + (random() % 16) : descriptors + (random() % (16 * queue.size))
  const values = [random(), random() % RAM, random() % 8, (random() % 8) << 16, 0xffffffff]
  memory.write32(at & ~1, (values[random() % values.length] as number) >>> 0)
}

describe.each(Object.keys(TRANSPORTS))('over %s', (transport) => {
  describe.each(Object.keys(MODELS))('the %s device', (name) => {
    it.each(SEEDS)(`keeps its house under random traffic (RINGFOLD_SEED=%i, ${STEPS} rounds)`, (seed) => {
      const random = seededRandom(seed)
      const timeline = new ManualTimeline()
      const memory = new PhysicalMemory({ ramBytes: RAM })
      const model = (MODELS[name] as (timeline: ManualTimeline) => VirtioModel)(timeline)
      const { device, bytes, registers } = (TRANSPORTS[transport] as (typeof TRANSPORTS)[string])(model, memory)
      const features = [VIRTIO_F.RING_EVENT_IDX, VIRTIO_F.RING_INDIRECT_DESC]
      for (let step = 0; step < STEPS; step++) {
        const driver = new VirtioDriver({ registers, memory, address: QUEUES, features, queueSize: 8 })
        expect(driver.isReady, 'after a reset it works').toBe(true)
        for (let n = 0; n < 6; n++) {
          spoil(memory, driver, random)
          registers.notify(random() % 4)
        }
        fuzzIo(device, bytes, { random, steps: 6 })
        timeline.advance(random() % 200_000)
      }
      expect(Object.keys(structuredClone(model.state()) as object).length).toBeGreaterThan(0)
    })
  })
})
