import type { BlockBackend } from '@ringfold/contracts'
import { PhysicalMemory } from '@ringfold/memory'
import {
  mmioRegisters,
  VIRTIO_F,
  VIRTIO_STATUS,
  VirtioDriver,
  VirtioMmioTransport,
  type VirtioModel,
} from '@ringfold/paravirt'
import { ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { VIRTIO_BLK_F, VIRTIO_BLK_S, VIRTIO_BLK_T, VirtioBlock } from './block.ts'
import { VirtioConsole } from './console.ts'
import { VirtioEntropy } from './entropy.ts'
import { VirtioNet } from './net.ts'

const RAM = 1 << 20
const QUEUES = 0x8000
const HEADER = 0x40000
const DATA = 0x41000
const STATUS = 0x60000
const DISK = 64 * 512

/** A model over MMIO, and its driver. */
function started(model: VirtioModel<never> | VirtioModel, features: readonly number[] = []) {
  const memory = new PhysicalMemory({ ramBytes: RAM })
  let level = false
  const transport = new VirtioMmioTransport({
    model: model as VirtioModel,
    memory,
    irq: {
      set: (up) => {
        level = up
      },
    },
  })
  const registers = mmioRegisters(transport.mmio)
  const driver = new VirtioDriver({
    registers,
    memory,
    address: QUEUES,
    features: [VIRTIO_F.RING_EVENT_IDX, ...features],
  })
  return { memory, transport, registers, driver, irq: () => level }
}

/** A disk in memory; `isLate` lets it answer by promises, `fails` not at all. */
function disk(options: { isLate?: boolean; fails?: boolean; isReadOnly?: boolean } = {}) {
  const bytes = new Uint8Array(DISK)
  const log: string[] = []
  const act = (name: string, work: () => void): void | Promise<void> => {
    log.push(name)
    if (options.fails) throw new Error('broken')
    if (!options.isLate) return work()
    return new Promise((resolve) => setTimeout(() => resolve(work()), 1))
  }
  const backend: BlockBackend = {
    sizeBytes: DISK,
    isReadOnly: options.isReadOnly ?? false,
    read: (offset, into) => act('read', () => into.set(bytes.subarray(offset, offset + into.length))),
    write: (offset, from) => act('write', () => bytes.set(from, offset)),
    flush: () => act('flush', () => undefined),
    close: () => undefined,
  }
  return { backend, bytes, log }
}

function blockOn(subject: ReturnType<typeof disk>, timeline = new ManualTimeline()) {
  const model = new VirtioBlock({ backend: subject.backend, timeline, serial: 'disk one' })
  const parts = started(model, [VIRTIO_BLK_F.FLUSH, VIRTIO_BLK_F.DISCARD])
  const ask = (type: number, sector: number, lengthBytes: number, writable: boolean, n = 0) => {
    const header = HEADER + 32 * n
    parts.memory.write32(header, type)
    parts.memory.write32(header + 8, sector)
    parts.memory.write32(header + 12, 0)
    parts.memory.write8(STATUS + n, 0xff)
    parts.driver.queues[0]?.add([
      { address: header, lengthBytes: 16, writable: false },
      ...(lengthBytes === 0 ? [] : [{ address: DATA + 0x2000 * n, lengthBytes, writable }]),
      { address: STATUS + n, lengthBytes: 1, writable: true },
    ])
    parts.driver.kick(0)
  }
  const status = (n = 0) => parts.memory.read8(STATUS + n)
  return { ...parts, model, timeline, ask, status }
}

describe('a virtio disk', () => {
  it('reads and writes sectors, a while later', () => {
    const subject = disk()
    const { memory, timeline, ask, status, driver, irq } = blockOn(subject)
    memory.writeBytes(DATA, new Uint8Array(1024).fill(7))
    ask(VIRTIO_BLK_T.OUT, 3, 1024, false)
    expect(status()).toBe(0xff)
    timeline.advance(1e6)
    expect([status(), irq()]).toEqual([VIRTIO_BLK_S.OK, true])
    expect(subject.bytes.indexOf(7)).toBe(3 * 512)
    expect(driver.queues[0]?.take()).toMatchObject({ writtenBytes: 1 })
    memory.writeBytes(DATA, new Uint8Array(1024))
    ask(VIRTIO_BLK_T.IN, 4, 512, true)
    timeline.advance(1e6)
    expect([status(), memory.read8(DATA), memory.read8(DATA + 511), memory.read8(DATA + 512)]).toEqual([0, 7, 7, 0])
    expect(driver.queues[0]?.take()).toMatchObject({ writtenBytes: 513 })
  })

  it('says who it is, flushes, and clears', () => {
    const subject = disk()
    subject.bytes.fill(9)
    const { memory, timeline, ask, status, registers } = blockOn(subject)
    ask(VIRTIO_BLK_T.GET_ID, 0, 20, true)
    ask(VIRTIO_BLK_T.FLUSH, 0, 0, false, 1)
    memory.write32(DATA + 0x4000, 2)
    memory.write32(DATA + 0x4008, 1)
    ask(VIRTIO_BLK_T.DISCARD, 0, 16, false, 2)
    timeline.advance(1e6)
    const id = new Uint8Array(8)
    memory.readBytes(DATA, id)
    expect(new TextDecoder().decode(id)).toBe('disk one')
    expect([status(), status(1), status(2)]).toEqual([0, 0, 0])
    expect(subject.log).toContain('flush')
    expect([...subject.bytes].filter((byte) => byte === 0)).toHaveLength(512)
    expect(registers.readConfig(0, 4)).toBe(64)
  })

  it.each<[string, number, number, number, number]>([
    ['beyond the end', VIRTIO_BLK_T.IN, 64, 512, VIRTIO_BLK_S.IOERR],
    ['across the end', VIRTIO_BLK_T.IN, 63, 1024, VIRTIO_BLK_S.IOERR],
    ['parts of sectors', VIRTIO_BLK_T.IN, 0, 100, VIRTIO_BLK_S.IOERR],
    ['what it does not know', 77, 0, 512, VIRTIO_BLK_S.UNSUPP],
  ])('refuses %s with a status', (_, type, sector, length, wanted) => {
    const { timeline, ask, status, registers } = blockOn(disk())
    ask(type, sector, length, true)
    timeline.advance(1e6)
    expect(status()).toBe(wanted)
    expect(registers.readStatus() & VIRTIO_STATUS.DEVICE_NEEDS_RESET).toBe(0)
  })

  it('tells its guest what the back end cannot do', () => {
    for (const [subject, type] of [
      [disk({ fails: true }), VIRTIO_BLK_T.IN],
      [disk({ isReadOnly: true }), VIRTIO_BLK_T.OUT],
    ] as const) {
      const { timeline, ask, status } = blockOn(subject)
      ask(type, 0, 512, type === VIRTIO_BLK_T.IN)
      timeline.advance(1e6)
      expect(status()).toBe(VIRTIO_BLK_S.IOERR)
    }
  })

  it('needs a reset after a request without header or status', () => {
    const { driver, registers, memory } = blockOn(disk())
    driver.queues[0]?.add([{ address: HEADER, lengthBytes: 15, writable: false }])
    driver.kick(0)
    expect(registers.readStatus() & VIRTIO_STATUS.DEVICE_NEEDS_RESET).not.toBe(0)
    expect(memory.read8(HEADER)).toBe(0)
  })

  it('keeps the order of requests with a back end that takes its time', async () => {
    const subject = disk({ isLate: true })
    const { memory, timeline, ask, status } = blockOn(subject)
    memory.writeBytes(DATA, new Uint8Array(512).fill(1))
    memory.writeBytes(DATA + 0x2000, new Uint8Array(512).fill(2))
    ask(VIRTIO_BLK_T.OUT, 0, 512, false)
    ask(VIRTIO_BLK_T.OUT, 0, 512, false, 1)
    ask(VIRTIO_BLK_T.FLUSH, 0, 0, false, 2)
    await new Promise((resolve) => setTimeout(resolve, 30))
    timeline.advance(1e6)
    expect([status(), status(1), status(2), subject.bytes[0]]).toEqual([0, 0, 0, 2])
    expect(subject.log).toEqual(['write', 'write', 'flush'])
  })

  it('goes on with what was under way when its state was taken', () => {
    const subject = disk()
    subject.bytes.fill(5)
    const { transport, memory, ask, status, timeline } = blockOn(subject)
    ask(VIRTIO_BLK_T.IN, 0, 512, true)
    const saved = structuredClone(transport.state())
    const later = new ManualTimeline()
    later.advance(timeline.nowNs)
    const model = new VirtioBlock({ backend: subject.backend, timeline: later })
    const other = new VirtioMmioTransport({ model: model as never, memory, irq: { set: () => undefined } })
    other.restore(saved)
    later.advance(1e6)
    expect([status(), memory.read8(DATA)]).toEqual([0, 5])
  })
})

describe('a virtio network card', () => {
  const mac = Uint8Array.of(0x52, 0x54, 0, 1, 2, 3)

  it('sends and receives frames', () => {
    const sent: Uint8Array[] = []
    const model = new VirtioNet({ mac, send: (frame) => sent.push(frame) })
    const { memory, driver, registers } = started(model, [5])
    expect([0, 1, 2, 3, 4, 5].map((n) => registers.readConfig(n, 1))).toEqual([...mac])
    memory.writeBytes(DATA + 12, new Uint8Array(60).fill(3))
    driver.queues[1]?.add([{ address: DATA, lengthBytes: 72, writable: false }])
    driver.kick(1)
    expect(sent.map((frame) => frame.length)).toEqual([60])
    model.receive(new Uint8Array(100).fill(4))
    driver.queues[0]?.add([{ address: DATA + 4096, lengthBytes: 1526, writable: true }])
    driver.kick(0)
    expect(driver.queues[0]?.take()).toMatchObject({ writtenBytes: 112 })
    expect([memory.read16(DATA + 4096 + 10), memory.read8(DATA + 4096 + 12)]).toEqual([1, 4])
  })

  it('drops what nobody takes, and what no buffer has room for', () => {
    const model = new VirtioNet({ mac, send: () => undefined })
    const { driver } = started(model)
    for (let n = 0; n < 1000; n++) model.receive(new Uint8Array(60))
    model.receive(new Uint8Array(70_000))
    expect(model.state().waiting).toHaveLength(256)
    driver.queues[0]?.add([{ address: DATA, lengthBytes: 20, writable: true }])
    driver.kick(0)
    expect(driver.queues[0]?.take()).toMatchObject({ writtenBytes: 0 })
  })
})

describe('a virtio console', () => {
  it('carries bytes both ways', () => {
    const sent: string[] = []
    const model = new VirtioConsole({ transmit: (bytes) => sent.push(new TextDecoder().decode(bytes)) })
    const { memory, driver } = started(model)
    memory.writeBytes(DATA, new TextEncoder().encode('hello'))
    driver.queues[1]?.add([{ address: DATA, lengthBytes: 5, writable: false }])
    driver.kick(1)
    expect(sent).toEqual(['hello'])
    model.receive(new TextEncoder().encode('abcdef'))
    for (const n of [0, 1]) driver.queues[0]?.add([{ address: DATA + 64 * n, lengthBytes: 4, writable: true }])
    driver.kick(0)
    expect([driver.queues[0]?.take(), driver.queues[0]?.take()].map((used) => used?.writtenBytes)).toEqual([4, 2])
  })
})

describe('a virtio entropy device', () => {
  it('gives the same bytes for the same seed', () => {
    const take = () => {
      const { memory, driver } = started(new VirtioEntropy({ seed: 5 }))
      driver.queues[0]?.add([{ address: DATA, lengthBytes: 13, writable: true }])
      driver.kick(0)
      const bytes = new Uint8Array(13)
      memory.readBytes(DATA, bytes)
      return [driver.queues[0]?.take()?.writtenBytes, bytes.join()]
    }
    expect(take()).toEqual(take())
    expect(take()[0]).toBe(13)
  })
})
