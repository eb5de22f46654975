import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { mmioRegisters, pciRegisters, type TransportRegisters, VirtioDriver } from './driver/transport-driver.ts'
import { VIRTIO_F, VIRTIO_ISR, VIRTIO_MMIO, VIRTIO_PCI_COMMON, VIRTIO_STATUS } from './facts.ts'
import { VirtioMmioTransport } from './mmio-transport.ts'
import type { VirtioHost, VirtioModel } from './model.ts'
import { VIRTIO_PCI_BAR, VirtioPciTransport } from './pci-transport.ts'

const RAM = 1 << 20
const QUEUES = 0x8000
const DATA = 0x40000

/** A device that gives back what it gets, turned round; 3 is a feature of its own. */
class Mirror implements VirtioModel<{ readonly count: number }> {
  readonly deviceId = 42
  readonly features = [3]
  readonly queueSizes = [16, 8]
  readonly configBytes = Uint8Array.of(0x11, 0x22, 0x33, 0x44)
  count = 0
  host!: VirtioHost

  connect(host: VirtioHost): void {
    this.host = host
  }

  notified(queue: number): void {
    for (let result = this.host.pop(queue); result.kind === 'chain'; result = this.host.pop(queue)) {
      const { chain } = result
      this.count++
      this.host.push(queue, chain.head, chain.write(0, chain.read(0, 4096).reverse()))
    }
    this.host.notify(queue)
  }

  reset(): void {
    this.count = 0
  }

  state() {
    return { count: this.count }
  }

  restore({ count }: { readonly count: number }): void {
    this.count = count
  }
}

interface Subject {
  readonly memory: PhysicalMemory
  readonly model: Mirror
  readonly registers: TransportRegisters
  readonly irq: () => boolean
  readonly copy: () => Subject
}

function overMmio(memory = new PhysicalMemory({ ramBytes: RAM })): Subject {
  let level = false
  const model = new Mirror()
  const transport = new VirtioMmioTransport({
    model,
    memory,
    irq: {
      set: (up) => {
        level = up
      },
    },
  })
  const copy = () => {
    const other = overMmio(memory) as Subject & { restore: (state: unknown) => void }
    other.restore(structuredClone(transport.state()))
    return other
  }
  const restore = (state: unknown) => transport.restore(state as never)
  return Object.assign({ memory, model, registers: mmioRegisters(transport.mmio), irq: () => level, copy }, { restore })
}

function overPci(memory = new PhysicalMemory({ ramBytes: RAM })): Subject {
  let level = false
  const model = new Mirror()
  const intx = {
    set: (up: boolean) => {
      level = up
    },
  }
  const transport = new VirtioPciTransport({
    model,
    memory,
    pciFunction: () => ({ canMaster: true, intx, msix: undefined }),
  })
  const copy = () => {
    const other = overPci(memory) as Subject & { restore: (state: unknown) => void }
    other.restore(structuredClone(transport.state()))
    return other
  }
  const restore = (state: unknown) => transport.restore(state as never)
  return Object.assign({ memory, model, registers: pciRegisters(transport.bar), irq: () => level, copy }, { restore })
}

const driverOf = ({ registers, memory }: Subject, features: readonly number[] = []) =>
  new VirtioDriver({ registers, memory, address: QUEUES, features })

function ask(subject: Subject, driver: VirtioDriver, queue: number, bytes: readonly number[]): number[] {
  subject.memory.writeBytes(DATA, Uint8Array.from(bytes))
  driver.queues[queue]?.add([
    { address: DATA, lengthBytes: bytes.length, writable: false },
    { address: DATA + 256, lengthBytes: 16, writable: true },
  ])
  driver.kick(queue)
  const used = driver.queues[queue]?.take()
  const answer = new Uint8Array(used?.writtenBytes ?? 0)
  subject.memory.readBytes(DATA + 256, answer)
  return [...answer]
}

describe.each([
  ['MMIO', overMmio],
  ['PCI', overPci],
] as const)('a device over %s', (_, make) => {
  it.each([[[]], [[VIRTIO_F.RING_EVENT_IDX, VIRTIO_F.RING_INDIRECT_DESC, 3]]])(
    'serves a driver (features %j)',
    (features) => {
      const subject = make()
      const driver = driverOf(subject, features)
      expect(driver.isReady).toBe(true)
      expect(driver.queues.map(({ size }) => size)).toEqual([16, 8])
      expect(subject.registers.readConfig(0, 4)).toBe(0x44332211)
      expect(subject.registers.readConfig(1, 2)).toBe(0x3322)
      expect(subject.registers.readConfig(3, 4)).toBe(0x44)
      for (const queue of [0, 1]) {
        expect(ask(subject, driver, queue, [1, 2, 3])).toEqual([3, 2, 1])
        expect(subject.irq()).toBe(true)
        expect(subject.registers.acknowledge()).toBe(VIRTIO_ISR.QUEUE)
        expect(subject.irq()).toBe(false)
      }
      expect(subject.model.host.hasFeature(3)).toBe(features.length > 0)
    },
  )

  it('refuses features that it does not have, and a driver of an older version', () => {
    const { registers } = make()
    for (const [lo, hi] of [
      [1 << 4, 1],
      [0, 0],
    ]) {
      registers.writeStatus(0)
      registers.writeStatus(VIRTIO_STATUS.ACKNOWLEDGE | VIRTIO_STATUS.DRIVER)
      registers.writeFeatures(0, lo as number)
      registers.writeFeatures(1, hi as number)
      registers.writeStatus(registers.readStatus() | VIRTIO_STATUS.FEATURES_OK)
      expect(registers.readStatus() & VIRTIO_STATUS.FEATURES_OK).toBe(0)
    }
  })

  it('needs a reset after a bad chain, says so, and works again after it', () => {
    const subject = make()
    const driver = driverOf(subject)
    driver.queues[0]?.add([{ address: RAM + 4096, lengthBytes: 4, writable: true }])
    driver.kick(0)
    expect(subject.registers.readStatus() & VIRTIO_STATUS.DEVICE_NEEDS_RESET).not.toBe(0)
    expect(subject.registers.acknowledge() & VIRTIO_ISR.CONFIG).not.toBe(0)
    expect(driver.queues[0]?.take()).toBeUndefined()
    expect(ask(subject, driver, 1, [1])).toEqual([])
    const again = driverOf(subject)
    expect(subject.registers.readStatus() & VIRTIO_STATUS.DEVICE_NEEDS_RESET).toBe(0)
    expect(ask(subject, again, 1, [7, 8])).toEqual([8, 7])
  })

  it('goes on from its state', () => {
    const subject = make()
    const driver = driverOf(subject, [VIRTIO_F.RING_EVENT_IDX])
    ask(subject, driver, 0, [1, 2])
    const other = subject.copy()
    expect(other.model.count).toBe(1)
    expect(other.registers.readStatus()).toBe(subject.registers.readStatus())
    Object.assign(driver, { registers: other.registers })
    expect(ask(other, driver, 0, [3, 4, 5])).toEqual([5, 4, 3])
  })

  it('tells of a changed configuration', () => {
    const subject = make()
    driverOf(subject)
    subject.model.host.configChanged()
    expect(subject.registers.acknowledge()).toBe(VIRTIO_ISR.CONFIG)
  })
})

describe('over MMIO', () => {
  it('says what it is', () => {
    const model = new Mirror()
    const memory = new PhysicalMemory({ ramBytes: RAM })
    const { mmio } = new VirtioMmioTransport({ model, memory, irq: { set: () => undefined } })
    const registers = [VIRTIO_MMIO.MagicValue, VIRTIO_MMIO.Version, VIRTIO_MMIO.DeviceID]
    expect(registers.map((offset) => mmio.read(offset, 4))).toEqual([0x74726976, 2, 42])
  })
})

describe('over PCI', () => {
  it('is found by its capabilities, also through the window on the BAR (4.1.4.9)', () => {
    const model = new Mirror()
    const memory = new PhysicalMemory({ ramBytes: RAM })
    const pciFunction = () => ({ canMaster: true, intx: { set: () => undefined }, msix: undefined })
    const transport = new VirtioPciTransport({ model, memory, pciFunction })
    expect(transport.capabilities.map(({ body }) => body[1])).toEqual([1, 2, 3, 4, 5])
    const window = transport.capabilities[4]
    window?.write?.(2, 1, VIRTIO_PCI_BAR.INDEX)
    window?.write?.(6, 4, VIRTIO_PCI_COMMON.num_queues[0])
    window?.write?.(10, 4, 2)
    expect(window?.read?.(14, 4)).toBe(2)
    window?.write?.(10, 4, 3)
    expect(window?.read?.(14, 4)).toBe(0)
  })

  it('uses MSI-X vectors where the driver has chosen them', () => {
    const signals: number[] = []
    const memory = new PhysicalMemory({ ramBytes: RAM })
    const model = new Mirror()
    const msix = { isEnabled: true, signal: (vector: number) => signals.push(vector) }
    const intx = {
      set: () => {
        throw new Error('the pin')
      },
    }
    let started = false
    const pciFunction = () => ({ canMaster: true, intx: started ? intx : { set: () => undefined }, msix })
    const transport = new VirtioPciTransport({ model, memory, pciFunction })
    const driver = new VirtioDriver({ registers: pciRegisters(transport.bar), memory, address: QUEUES })
    started = true
    const [select] = VIRTIO_PCI_COMMON.queue_select
    const [vector] = VIRTIO_PCI_COMMON.queue_msix_vector
    transport.bar.write(select, 2, 1)
    transport.bar.write(vector, 2, 2)
    expect(transport.bar.read(vector, 2)).toBe(2)
    transport.bar.write(vector, 2, 3)
    expect(transport.bar.read(vector, 2)).toBe(0xffff)
    transport.bar.write(vector, 2, 2)
    driver.queues[1]?.add([{ address: DATA, lengthBytes: 4, writable: true }])
    driver.kick(1)
    expect(signals).toEqual([2])
  })

  it('neither reads nor writes memory while it may not master the bus', () => {
    const memory = new PhysicalMemory({ ramBytes: RAM })
    const model = new Mirror()
    let canMaster = true
    const pciFunction = () => ({ canMaster, intx: { set: () => undefined }, msix: undefined })
    const transport = new VirtioPciTransport({ model, memory, pciFunction })
    const driver = new VirtioDriver({ registers: pciRegisters(transport.bar), memory, address: QUEUES })
    canMaster = false
    driver.queues[0]?.add([{ address: DATA, lengthBytes: 4, writable: true }])
    driver.registers.notify(0)
    expect(driver.queues[0]?.take()).toBeUndefined()
    canMaster = true
    driver.registers.notify(0)
    expect(driver.queues[0]?.take()).toBeDefined()
  })
})
