import { interruptSourceChecks, ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { ApicBus, IoApic, LocalApic, Pic8259Pair } from './index.ts'

/** A pair as a PC's firmware leaves it: vectors from 20H and 28H on, everything open. */
function pair(icw4 = 1, mask = 0) {
  let intr = false
  const pic = new Pic8259Pair({
    output: {
      set: (level) => {
        intr = level
      },
    },
  })
  for (const [chip, base, wiring] of [
    [pic.master, 0x20, 4],
    [pic.slave, 0x28, 2],
  ] as const) {
    chip.write(0, 1, 0x11)
    for (const value of [base, wiring, icw4, mask]) chip.write(1, 1, value)
  }
  return { pic, intr: () => intr }
}

describe('a pair of 8259A as a source of interrupts', () => {
  const checks = interruptSourceChecks(() => {
    const { pic } = pair()
    const lines = [6, 3, 1] as const
    const request = (level: 0 | 1 | 2) => {
      pic.line(lines[level]).set(false)
      pic.line(lines[level]).set(true)
    }
    return { source: pic, request, vectors: [0x26, 0x23, 0x21], endOfInterrupt: () => pic.master.write(0, 1, 0x20) }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
})

describe('a pair of 8259A', () => {
  it('delivers by priority, and holds lower levels back until the end of interrupt', () => {
    const { pic, intr } = pair()
    for (const n of [5, 1]) pic.line(n).set(true)
    expect([intr(), pic.acknowledge(), intr()]).toEqual([true, 0x21, false])
    pic.line(0).set(true)
    expect([intr(), pic.acknowledge()]).toEqual([true, 0x20])
    pic.master.write(0, 1, 0x20)
    pic.master.write(0, 1, 0x20)
    expect([intr(), pic.acknowledge()]).toEqual([true, 0x25])
  })

  it('takes the slave through its input 2', () => {
    const { pic, intr } = pair()
    pic.line(12).set(true)
    expect(pic.acknowledge()).toBe(0x2c)
    pic.line(8).set(true)
    // IRQ 8 is above IRQ 12 in the slave, but input 2 of the master is in service.
    expect(intr()).toBe(false)
    pic.slave.write(0, 1, 0x20)
    pic.master.write(0, 1, 0x20)
    expect([intr(), pic.acknowledge()]).toEqual([true, 0x28])
  })

  it('gives IRQ 7 and IRQ 15 for what has gone before it was taken', () => {
    const { pic } = pair()
    expect(pic.acknowledge()).toBe(0x27)
    pic.master.write(0, 1, 0x0b)
    expect(pic.master.read(0, 1)).toBe(0)
  })

  it('masks, and shows IRR, ISR and IMR', () => {
    const { pic, intr } = pair(1, 0xfb)
    pic.line(3).set(true)
    expect(intr()).toBe(false)
    pic.master.write(0, 1, 0x0a)
    expect([pic.master.read(0, 1), pic.master.read(1, 1)]).toEqual([0x08, 0xfb])
    pic.master.write(1, 1, 0)
    expect(pic.acknowledge()).toBe(0x23)
    pic.master.write(0, 1, 0x0b)
    expect(pic.master.read(0, 1)).toBe(0x08)
  })

  it('latches edges, and asks again for levels', () => {
    const { pic, intr } = pair(3)
    pic.elcr.write(0, 1, 0x20)
    pic.line(5).set(true)
    pic.line(6).set(true)
    expect([pic.acknowledge(), pic.acknowledge()]).toEqual([0x25, 0x25])
    pic.line(5).set(false)
    expect([pic.acknowledge(), intr()]).toEqual([0x26, false])
    expect(pic.elcr.read(0, 1)).toBe(0x20)
    pic.elcr.write(0, 1, 0xff)
    expect(pic.elcr.read(0, 1)).toBe(0xf8)
  })

  it('rotates priorities, polls, and has a special mask mode', () => {
    const { pic } = pair()
    pic.master.write(0, 1, 0xc3)
    for (const n of [1, 4]) pic.line(n).set(true)
    expect(pic.acknowledge()).toBe(0x24)
    pic.master.write(0, 1, 0x20)
    pic.master.write(0, 1, 0x0c)
    expect(pic.master.read(0, 1)).toBe(0x81)
    pic.master.write(0, 1, 0x68)
    pic.master.write(1, 1, 0x02)
    pic.line(7).set(true)
    expect(pic.acknowledge()).toBe(0x27)
  })

  it('goes on from its state', () => {
    const { pic } = pair()
    pic.line(4).set(true)
    pic.acknowledge()
    pic.line(1).set(true)
    const other = pair().pic
    other.restore(structuredClone(pic.state()))
    expect([other.isPending(), other.acknowledge()]).toEqual([true, 0x21])
    expect(other.state()).not.toEqual(pic.state())
  })
})

const TIMER_HZ = 1e9

function apics(count: number, features = { x2apic: true, tscDeadline: true }) {
  const timeline = new ManualTimeline()
  const bus = new ApicBus()
  const signals: string[] = []
  const all = Array.from(
    { length: count },
    (_, id) =>
      new LocalApic({
        ...{ id, isBootstrap: id === 0, timeline, timerHz: TIMER_HZ, bus, features },
        tsc: { deadlineNs: (lo, hi) => hi * 2 ** 32 + lo },
        processor: {
          nmi: () => signals.push(`${id} nmi`),
          init: () => signals.push(`${id} init`),
          startup: (vector) => signals.push(`${id} startup ${vector}`),
        },
      }),
  )
  const [first] = all as [LocalApic]
  const write = (offset: number, value: number, apic = first) => apic.mmio.write(offset, 4, value)
  const read = (offset: number, apic = first) => apic.mmio.read(offset, 4)
  for (const apic of all) write(0xf0, 0x1ff, apic)
  return { timeline, bus, signals, all, first, write, read }
}

describe('a local APIC as a source of interrupts', () => {
  const checks = interruptSourceChecks(() => {
    const { first, write } = apics(1)
    const vectors = [0x31, 0x52, 0x73] as const
    return {
      source: first,
      request: (level) => first.accept(vectors[level], false),
      vectors,
      endOfInterrupt: () => write(0xb0, 0),
    }
  })
  it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
})

describe('a local APIC', () => {
  it('takes interrupts by priority, in the way of TPR and PPR', () => {
    const { first, write, read } = apics(1)
    for (const vector of [0x31, 0x45, 0x52]) first.accept(vector, false)
    expect([first.isPending(), first.acknowledge()]).toEqual([true, 0x52])
    expect([first.isPending(), read(0xa0)]).toEqual([false, 0x50])
    write(0xb0, 0)
    write(0x80, 0x40)
    expect(first.isPending()).toBe(false)
    first.taskPriorityChanged(3)
    expect([read(0x80), first.acknowledge()]).toEqual([0x30, 0x45])
    write(0xb0, 0)
    expect([first.isPending(), read(0x210)]).toEqual([false, 1 << 17])
  })

  it('counts down once, periodically, and to a deadline', () => {
    const { timeline, first, write, read } = apics(1)
    write(0x3e0, 0x3)
    write(0x320, 0x40)
    write(0x380, 1000)
    timeline.advance(8000)
    expect([read(0x390), first.isPending()]).toEqual([500, false])
    timeline.advance(8000)
    expect([read(0x390), first.acknowledge()]).toEqual([0, 0x40])
    write(0xb0, 0)
    write(0x320, 0x2_0040)
    write(0x380, 100)
    let taken = 0
    for (let n = 0; n < 50; n++) {
      timeline.advance(800)
      if (!first.isPending()) continue
      taken++
      first.acknowledge()
      write(0xb0, 0)
    }
    expect(taken).toBe(25)
    write(0x320, 0x4_0041)
    first.write(0x6e0, timeline.nowNs + 500, 0)
    timeline.advance(499)
    expect(first.isPending()).toBe(false)
    timeline.advance(1)
    expect(first.acknowledge()).toBe(0x41)
    first.read(0x6e0)
    expect(first.lo).toBe(0)
  })

  it('sends interrupts to others, and to itself', () => {
    const { all, signals, write } = apics(3)
    const pending = () => all.map((apic) => apic.isPending())
    write(0x310, 2 << 24)
    write(0x300, 0x50)
    expect(pending()).toEqual([false, false, true])
    write(0x300, 0x4_0051)
    expect(pending()).toEqual([true, false, true])
    write(0x300, 0xc_4500)
    write(0x300, 0xc_4608)
    write(0x300, 0xc_0400)
    expect(signals).toEqual(['1 init', '2 init', '1 startup 8', '2 startup 8', '1 nmi', '2 nmi'])
  })

  it('has logical destinations, flat and in clusters', () => {
    const { all, bus, write } = apics(3)
    all.forEach((apic, n) => {
      write(0xd0, (1 << n) << 24, apic)
    })
    expect(bus.matching(0x06, true)).toEqual([all[1], all[2]])
    for (const [n, apic] of all.entries()) {
      write(0xe0, 0x0fff_ffff, apic)
      write(0xd0, (0x10 | (1 << n)) << 24, apic)
    }
    expect(bus.matching(0x15, true)).toEqual([all[0], all[2]])
    bus.send({ vector: 0x60, mode: 1, isLevel: false }, bus.matching(0x17, true))
    expect(all.map((apic) => apic.isPending())).toEqual([true, false, false])
  })

  it('reports what must not be', () => {
    const { first, write, read } = apics(1)
    write(0x370, 0x70)
    write(0x300, 0x4_0005)
    expect(first.acknowledge()).toBe(0x70)
    write(0x280, 0)
    expect(read(0x280)).toBe(0x20)
    read(0x70)
    write(0x280, 0)
    expect(read(0x280)).toBe(0x80)
  })

  it('is switched off and on again by software, and by IA32_APIC_BASE', () => {
    const { first, write, read } = apics(1)
    write(0x320, 0x40)
    write(0xf0, 0xff)
    expect(read(0x320)).toBe(0x1_0040)
    first.accept(0x80, false)
    expect(first.isPending()).toBe(false)
    write(0xf0, 0x1ff)
    write(0x320, 0x40)
    expect(read(0x320)).toBe(0x40)
    expect(first.write(0x1b, 0xfee0_0100, 0)).toBe(0)
    expect([read(0x30), first.mmioBase]).toEqual([0xffff_ffff, -1])
    expect(first.write(0x1b, 0xfee0_0900, 0)).toBe(0)
    expect([read(0xf0), read(0x320)]).toEqual([0xff, 0x1_0000])
  })

  it('knows x2APIC mode, and what is not allowed there', () => {
    const { all, first } = apics(2)
    expect(first.read(0x802)).toBe(1)
    expect(first.write(0x1b, 0xfee0_0500, 0)).toBe(1)
    expect(first.write(0x1b, 0xfee0_0d00, 0)).toBe(0)
    expect(first.write(0x1b, 0xfee0_0900, 0)).toBe(1)
    expect([first.mmio.read(0x20, 4), first.read(0x802), first.lo]).toEqual([0xffff_ffff, 0, 0])
    for (const [index, lo, hi] of [
      [0x802, 1, 0],
      [0x80b, 1, 0],
      [0x808, 0x100, 0],
      [0x80e, 0, 0],
      [0x831, 0, 0],
      [0x83f, 0x40, 1],
    ] as const)
      expect(first.write(index, lo, hi), index.toString(16)).toBe(1)
    expect(first.read(0x80b)).toBe(1)
    expect([first.write(0x830, 0x55, 1), all[1]?.isPending()]).toEqual([0, true])
    expect([first.write(0x83f, 0x66, 0), first.acknowledge()]).toEqual([0, 0x66])
    expect(first.write(0x12, 0, 0)).toBe(2)
    expect(apics(1, { x2apic: false, tscDeadline: true }).first.write(0x1b, 0xfee0_0d00, 0)).toBe(1)
  })

  it('goes on from its state', () => {
    const { timeline, first, write } = apics(1)
    write(0x320, 0x2_0040)
    write(0x380, 1000)
    first.accept(0x35, true)
    timeline.advance(700)
    const other = apics(1)
    other.timeline.advance(700)
    other.first.restore(structuredClone(first.state()))
    for (const each of [
      { timeline, first },
      { timeline: other.timeline, first: other.first },
    ]) {
      expect(each.first.acknowledge()).toBe(0x35)
      each.timeline.advance(5000)
      expect([each.first.isPending(), each.first.acknowledge()]).toEqual([true, 0x40])
    }
    expect(other.first.state()).toEqual(first.state())
  })
})

describe('an I/O APIC', () => {
  function wired() {
    const parts = apics(1)
    const io = new IoApic({ id: 1, target: parts.bus })
    parts.bus.addListener(io)
    const set = (index: number, value: number) => {
      io.mmio.write(0, 4, index)
      io.mmio.write(0x10, 4, value)
    }
    const get = (index: number) => {
      io.mmio.write(0, 4, index)
      return io.mmio.read(0x10, 4)
    }
    return { ...parts, io, set, get }
  }

  it('sends edges once, and nothing that is masked', () => {
    const { io, first, set, get, write } = wired()
    expect([get(1), get(0x10)]).toEqual([0x0017_0020, 0x1_0000])
    io.line(4).set(true)
    expect(first.isPending()).toBe(false)
    io.line(4).set(false)
    set(0x18, 0x44)
    io.line(4).set(true)
    expect(first.acknowledge()).toBe(0x44)
    write(0xb0, 0)
    expect(first.isPending()).toBe(false)
  })

  it('asks again for levels after the end of interrupt, while they last', () => {
    const { io, first, set, get, write } = wired()
    set(0x30, 0x8055)
    io.line(16).set(true)
    expect([first.acknowledge(), get(0x30)]).toEqual([0x55, 0xc055])
    write(0xb0, 0)
    expect(first.acknowledge()).toBe(0x55)
    io.line(16).set(false)
    write(0xb0, 0)
    expect([first.isPending(), get(0x30)]).toEqual([false, 0x8055])
  })

  it('hears of ends by its own register where the broadcast is suppressed', () => {
    const { io, first, set, write, get } = wired()
    write(0xf0, 0x11ff)
    set(0x30, 0x8055)
    io.line(16).set(true)
    first.acknowledge()
    write(0xb0, 0)
    expect([first.isPending(), get(0x30)]).toEqual([false, 0xc055])
    io.mmio.write(0x40, 4, 0x55)
    expect(first.acknowledge()).toBe(0x55)
  })

  it('goes on from its state', () => {
    const { io, set, first } = wired()
    set(0x30, 0x8055)
    io.line(16).set(true)
    const other = wired()
    other.io.restore(structuredClone(io.state()))
    other.first.restore(structuredClone(first.state()))
    other.first.acknowledge()
    other.write(0xb0, 0)
    expect(other.first.acknowledge()).toBe(0x55)
  })
})

describe('messages', () => {
  it('reach whom their address names (Intel SDM vol. 3A, 12.11)', () => {
    const { bus, all } = apics(2)
    bus.deliver(0xfee0_1000, 0, 0x4033)
    expect(all.map((apic) => apic.isPending())).toEqual([false, true])
    bus.deliver(0xfed0_0000, 0, 0x44)
    bus.deliver(0xfee0_0000, 1, 0x44)
    expect(all[0]?.isPending()).toBe(false)
  })
})
