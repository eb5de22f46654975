import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { SplitQueueDriver } from './driver/queue-driver.ts'
import { VIRTQ_DESC } from './facts.ts'
import { SplitQueue } from './split-queue.ts'

const RAM = 1 << 20
const AT = 0x4000
const DATA = 0x10000

function pair(size = 8, eventIndex = false, indirect = true) {
  const memory = new PhysicalMemory({ ramBytes: RAM })
  const driver = new SplitQueueDriver({ memory, address: AT, size, eventIndex })
  const queue = new SplitQueue({ memory, size, ...driver.addresses, eventIndex, indirect })
  return { memory, driver, queue }
}

const readable = (address: number, lengthBytes: number) => ({ address, lengthBytes, writable: false })
const writable = (address: number, lengthBytes: number) => ({ address, lengthBytes, writable: true })

/** Writes a descriptor by hand. */
function describeAt(memory: PhysicalMemory, at: number, address: number, length: number, flags: number, next = 0) {
  memory.write32(at, address)
  memory.write32(at + 4, 0)
  memory.write32(at + 8, length)
  memory.write16(at + 12, flags)
  memory.write16(at + 14, next)
}

/** Makes head 0 available, by hand. */
function offer(memory: PhysicalMemory, driver: SplitQueueDriver, head = 0) {
  memory.write16(driver.addresses.available + 4, head)
  memory.write16(driver.addresses.available + 2, 1)
}

describe('a split virtqueue', () => {
  it('carries requests there and back', () => {
    const { memory, driver, queue } = pair()
    memory.writeBytes(DATA, Uint8Array.of(1, 2, 3, 4, 5))
    const head = driver.add([
      readable(DATA, 3),
      readable(DATA + 3, 2),
      writable(DATA + 100, 4),
      writable(DATA + 200, 4),
    ])
    const result = queue.pop()
    if (result.kind !== 'chain') throw new Error(result.kind)
    const { chain } = result
    expect([...chain.read(1, 100)]).toEqual([2, 3, 4, 5])
    expect([chain.readableBytes, chain.writableBytes]).toEqual([5, 8])
    expect(chain.write(3, Uint8Array.of(9, 8, 7))).toBe(3)
    expect([memory.read8(DATA + 103), memory.read8(DATA + 200), memory.read8(DATA + 201)]).toEqual([9, 8, 7])
    expect(chain.write(6, new Uint8Array(10))).toBe(2)
    expect(queue.pop().kind).toBe('empty')
    queue.push(chain.head, 6)
    expect(queue.wantsInterrupt()).toBe(true)
    expect(driver.take()).toEqual({ head, writtenBytes: 6 })
    expect(driver.take()).toBeUndefined()
  })

  it.each([false, true])('goes round its indices of 16 bits (event index %s)', (eventIndex) => {
    const { driver, queue } = pair(4, eventIndex)
    let [kicks, interrupts] = [0, 0]
    for (let n = 0; n < 70_000; n++) {
      driver.add([readable(DATA, 1)])
      if (driver.needsKick()) kicks++
      const result = queue.pop()
      if (result.kind !== 'chain') throw new Error(`${n}: ${result.kind}`)
      queue.pop()
      queue.push(result.chain.head, 0)
      if (queue.wantsInterrupt()) interrupts++
      expect(driver.take()?.head).toBe(result.chain.head)
    }
    expect([kicks, interrupts]).toEqual([70_000, 70_000])
  })

  it('notifies where the other side asked for it (2.7.10)', () => {
    const { driver, queue } = pair(8, true)
    for (let n = 0; n < 3; n++) driver.add([readable(DATA, 1)])
    expect(driver.needsKick()).toBe(true)
    // The device has not asked again: it is still at work.
    driver.add([readable(DATA, 1)])
    expect(driver.needsKick()).toBe(false)
    const heads: number[] = []
    for (let result = queue.pop(); result.kind === 'chain'; result = queue.pop()) heads.push(result.chain.head)
    expect(heads).toHaveLength(4)
    queue.push(heads[0] as number, 0)
    expect(queue.wantsInterrupt()).toBe(true)
    queue.push(heads[1] as number, 0)
    expect(queue.wantsInterrupt()).toBe(false)
    driver.take()
    driver.take()
    queue.push(heads[2] as number, 0)
    expect(queue.wantsInterrupt()).toBe(true)
  })

  it('follows indirect tables (2.7.5.3)', () => {
    const { memory, driver, queue } = pair()
    const table = 0x8000
    describeAt(memory, table, DATA, 4, VIRTQ_DESC.F_NEXT, 1)
    describeAt(memory, table + 16, DATA + 64, 8, VIRTQ_DESC.F_WRITE)
    describeAt(memory, AT, table, 32, VIRTQ_DESC.F_INDIRECT)
    offer(memory, driver)
    const result = queue.pop()
    expect(result).toMatchObject({ kind: 'chain', chain: { readableBytes: 4, writableBytes: 8, head: 0 } })
  })

  const { F_NEXT, F_WRITE, F_INDIRECT } = VIRTQ_DESC
  it.each<[string, RegExp, (memory: PhysicalMemory, driver: SplitQueueDriver) => void]>([
    ['a head that is not there', /descriptor 9 of 8/, (memory, driver) => offer(memory, driver, 9)],
    [
      'a loop',
      /loop/,
      (memory, driver) => {
        describeAt(memory, AT, DATA, 4, F_NEXT, 1)
        describeAt(memory, AT + 16, DATA, 4, F_NEXT, 0)
        offer(memory, driver)
      },
    ],
    [
      'a next that is not there',
      /descriptor 8 of 8/,
      (memory, driver) => {
        describeAt(memory, AT, DATA, 4, F_NEXT, 8)
        offer(memory, driver)
      },
    ],
    [
      'a buffer outside of memory',
      /does not lie in memory/,
      (memory, driver) => {
        describeAt(memory, AT, RAM - 2, 4, 0)
        offer(memory, driver)
      },
    ],
    [
      'a buffer that goes round the address space',
      /bytes|memory/,
      (memory, driver) => {
        describeAt(memory, AT, 0xffffffff, 0xffffffff, F_WRITE)
        memory.write32(AT + 4, 0xffffffff)
        offer(memory, driver)
      },
    ],
    [
      'a readable buffer behind a writable one',
      /readable/,
      (memory, driver) => {
        describeAt(memory, AT, DATA, 4, F_WRITE | F_NEXT, 1)
        describeAt(memory, AT + 16, DATA, 4, 0)
        offer(memory, driver)
      },
    ],
    [
      'more chains than descriptors',
      /available/,
      (memory, driver) => memory.write16(driver.addresses.available + 2, 9),
    ],
    [
      'an indirect table of no descriptors',
      /indirect table of 0/,
      (memory, driver) => {
        describeAt(memory, AT, DATA, 0, F_INDIRECT)
        offer(memory, driver)
      },
    ],
    [
      'an indirect table of parts',
      /indirect table of 17/,
      (memory, driver) => {
        describeAt(memory, AT, DATA, 17, F_INDIRECT)
        offer(memory, driver)
      },
    ],
    [
      'an indirect table within another',
      /within another/,
      (memory, driver) => {
        describeAt(memory, AT, 0x8000, 16, F_INDIRECT)
        describeAt(memory, 0x8000, 0x9000, 16, F_INDIRECT)
        offer(memory, driver)
      },
    ],
    [
      'a loop in an indirect table',
      /loop/,
      (memory, driver) => {
        describeAt(memory, AT, 0x8000, 32, F_INDIRECT)
        describeAt(memory, 0x8000, DATA, 4, F_NEXT, 0)
        offer(memory, driver)
      },
    ],
  ])('is broken by %s, for good', (_, reason, spoil) => {
    const { memory, driver, queue } = pair()
    spoil(memory, driver)
    const result = queue.pop()
    expect(result).toMatchObject({ kind: 'broken', reason: expect.stringMatching(reason) })
    expect(queue.pop().kind).toBe('broken')
    queue.push(0, 0)
    expect(memory.read16(driver.addresses.used + 2)).toBe(0)
    expect(queue.wantsInterrupt()).toBe(false)
  })

  it('does not begin where its parts cannot be', () => {
    const memory = new PhysicalMemory({ ramBytes: RAM })
    const good = {
      memory,
      size: 8,
      descriptors: 0x1000,
      available: 0x2000,
      used: 0x3000,
      eventIndex: false,
      indirect: false,
    }
    expect(new SplitQueue(good).brokenBy).toBeNull()
    expect(new SplitQueue({ ...good, descriptors: 0x1008 }).brokenBy).toMatch(/aligned to 16/)
    expect(new SplitQueue({ ...good, used: RAM - 16 }).brokenBy).toMatch(/do not lie in memory/)
    expect(new SplitQueue({ ...good, available: 2 ** 50 }).brokenBy).toMatch(/do not lie in memory/)
  })

  it('goes on from its state', () => {
    const { memory, driver, queue } = pair()
    for (let n = 0; n < 3; n++) driver.add([writable(DATA + 16 * n, 16)])
    const first = queue.pop()
    const copy = new SplitQueue({ memory, size: 8, ...driver.addresses, eventIndex: false, indirect: true })
    copy.restore(structuredClone(queue.state()))
    expect(copy.pop()).toMatchObject({ chain: { head: expect.any(Number) } })
    if (first.kind !== 'chain') throw new Error(first.kind)
    expect(copy.chainAt(first.chain.head)).toMatchObject({ chain: { writableBytes: 16 } })
    copy.push(first.chain.head, 1)
    expect(driver.take()).toEqual({ head: first.chain.head, writtenBytes: 1 })
  })
})
