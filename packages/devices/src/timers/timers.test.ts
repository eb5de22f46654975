import { ManualTimeline } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { Hpet, Pit8254, RtcCmos } from './index.ts'

const S = 1e9

/** A wire that counts how often it rises. */
function wire() {
  const line = {
    level: false,
    rises: 0,
    set(level: boolean) {
      if (level && !line.level) line.rises++
      line.level = level
    },
  }
  return line
}

describe('an 8254', () => {
  function pit() {
    const timeline = new ManualTimeline()
    const irq = wire()
    const device = new Pit8254({ timeline, irq })
    const control = (value: number) => device.ports.write(3, 1, value)
    const load = (channel: number, count: number) => {
      device.ports.write(channel, 1, count & 0xff)
      device.ports.write(channel, 1, count >>> 8)
    }
    const word = (channel: number) => device.ports.read(channel, 1) + 256 * device.ports.read(channel, 1)
    return { timeline, irq, device, control, load, word }
  }

  it.each([2, 3])('interrupts a thousand times a second in mode %i, without drift', (mode) => {
    const { timeline, irq, control, load } = pit()
    control(0x30 | (mode << 1))
    load(0, 1193)
    const before = irq.rises
    timeline.advance(10 * S)
    expect(irq.rises - before).toBe(Math.floor((10 * 1193182) / 1193))
  })

  it('counts down once in mode 0, and latches', () => {
    const { timeline, irq, control, load, word } = pit()
    control(0x30)
    expect(irq.level).toBe(false)
    load(0, 1000)
    timeline.advance((500 * S) / 1193182 + 1)
    control(0x00)
    timeline.advance(100_000)
    expect(word(0)).toBe(500)
    timeline.advance(S)
    expect(irq.level).toBe(true)
  })

  it('is read back: count and status', () => {
    const { timeline, device, control, load } = pit()
    control(0x34)
    load(0, 100)
    timeline.advance(1)
    control(0xc2)
    expect(device.ports.read(0, 1)).toBe(0xb4)
    expect(device.ports.read(0, 1) + 256 * device.ports.read(0, 1)).toBe(100)
  })

  it('counts in decimal digits where it is told to', () => {
    const { timeline, control, load, word } = pit()
    control(0x35)
    load(0, 0x1000)
    timeline.advance((10 * S) / 1193182 + 1)
    control(0x01)
    expect(word(0)).toBe(0x990)
  })

  it('lets software measure by channel 2 and port 61H', () => {
    const { timeline, device, control, load } = pit()
    device.port61.write(0, 1, 0x01)
    control(0xb0)
    load(2, 11932)
    expect(device.port61.read(0, 1) & 0x20).toBe(0)
    timeline.advance(0.009 * S)
    expect(device.port61.read(0, 1) & 0x20).toBe(0)
    device.port61.write(0, 1, 0x00)
    timeline.advance(0.1 * S)
    expect(device.port61.read(0, 1) & 0x20).toBe(0)
    device.port61.write(0, 1, 0x01)
    timeline.advance(0.002 * S)
    expect(device.port61.read(0, 1) & 0x20).toBe(0x20)
  })

  it('does not work for ever when much time passes at once', () => {
    const { timeline, control, load } = pit()
    control(0x34)
    load(0, 2)
    timeline.nowNs += 3600 * S
    timeline.advance(1)
    expect(timeline.nextNs).toBeGreaterThan(timeline.nowNs)
  })

  it('goes on from its state', () => {
    const { timeline, irq, device, control, load } = pit()
    control(0x34)
    load(0, 5000)
    timeline.advance(12_345_678)
    const other = pit()
    other.timeline.advance(12_345_678)
    other.device.restore(structuredClone(device.state()))
    const [a, b] = [irq.rises, other.irq.rises]
    for (const each of [timeline, other.timeline]) each.advance(S)
    expect(other.irq.rises - b).toBe(irq.rises - a)
    expect(other.device.state()).toEqual(device.state())
  })
})

describe('a real-time clock', () => {
  const EPOCH = Date.UTC(2026, 10, 26, 23, 59, 58) / 1000

  function rtc() {
    const timeline = new ManualTimeline()
    const irq = wire()
    const device = new RtcCmos({ timeline, irq, epoch: EPOCH })
    const read = (index: number) => {
      device.ports.write(0, 1, index)
      return device.ports.read(1, 1)
    }
    const write = (index: number, value: number) => {
      device.ports.write(0, 1, index)
      device.ports.write(1, 1, value)
    }
    return { timeline, irq, device, read, write }
  }

  it('tells the time in digits and in binary, with 12 and 24 hours', () => {
    const { timeline, read, write } = rtc()
    expect([0x32, 9, 8, 7, 6, 4, 2, 0].map(read)).toEqual([0x20, 0x26, 0x11, 0x26, 5, 0x23, 0x59, 0x58])
    write(11, 0x04)
    expect(read(4)).toBe(0x80 | 11)
    write(11, 0x06)
    timeline.advance(2 * S)
    expect([7, 4, 2, 0].map(read)).toEqual([27, 0, 0, 0])
  })

  it('is set while it is stopped, and announces its updates', () => {
    const { timeline, read, write } = rtc()
    write(11, 0x86)
    for (const [index, value] of [
      [0, 30],
      [2, 15],
      [4, 12],
      [7, 1],
      [8, 1],
      [9, 30],
    ] as const)
      write(index, value)
    timeline.advance(5 * S)
    write(11, 0x06)
    expect([9, 8, 7, 4, 2, 0].map(read)).toEqual([30, 1, 1, 12, 15, 30])
    timeline.advance(0.9 * S)
    expect(read(10) & 0x80).toBe(0)
    timeline.advance(0.0999 * S)
    expect(read(10) & 0x80).toBe(0x80)
  })

  it('wakes at its alarm, whose parts may be anything', () => {
    const { timeline, irq, read, write } = rtc()
    for (const [index, value] of [
      [1, 0x05],
      [3, 0xff],
      [5, 0xff],
      [11, 0x22],
    ] as const)
      write(index, value)
    timeline.advance(6.9 * S)
    expect(irq.level).toBe(false)
    timeline.advance(0.2 * S)
    expect([irq.level, read(12) & 0xa0, irq.level]).toEqual([true, 0xa0, false])
    timeline.advance(59.9 * S)
    expect(irq.level).toBe(true)
  })

  it('ticks at its rate while somebody reads register C', () => {
    const { timeline, irq, read, write } = rtc()
    write(11, 0x42)
    let ticks = 0
    for (let n = 0; n < 5000; n++) {
      timeline.advance(S / 5000)
      if (irq.level && (read(12) & 0x40) !== 0) ticks++
    }
    expect(Math.abs(ticks - 1024)).toBeLessThanOrEqual(1)
  })

  it('goes on from its state', () => {
    const { timeline, device, read, write } = rtc()
    write(11, 0x12)
    timeline.advance(1.5 * S)
    const other = rtc()
    other.timeline.advance(1.5 * S)
    other.device.restore(structuredClone(device.state()))
    timeline.advance(3 * S)
    other.timeline.advance(3 * S)
    expect([0, 2, 4, 12].map(other.read)).toEqual([0, 2, 4, 12].map(read))
  })
})

describe('an HPET', () => {
  function hpet() {
    const timeline = new ManualTimeline()
    const wires = new Map<number, ReturnType<typeof wire>>()
    const messages: number[][] = []
    let legacy = false
    const lineOf = (gsi: number) => {
      const line = wires.get(gsi) ?? wire()
      wires.set(gsi, line)
      return line
    }
    const device = new Hpet({
      timeline,
      irq: lineOf,
      messages: { deliver: (...words) => messages.push(words) },
      legacyReplacement: (on) => {
        legacy = on
      },
    })
    const write = (offset: number, value: number) => device.mmio.write(offset, 4, value)
    const read = (offset: number) => device.mmio.read(offset, 4)
    return { timeline, lineOf, messages, device, write, read, legacy: () => legacy }
  }

  it('counts at 100 MHz while it is enabled', () => {
    const { timeline, write, read } = hpet()
    expect([read(0) & 0xff, read(4)]).toEqual([1, 10_000_000])
    timeline.advance(1000)
    expect(read(0xf0)).toBe(0)
    write(0x10, 1)
    timeline.advance(1000)
    expect(read(0xf0)).toBe(100)
    write(0x10, 0)
    timeline.advance(1000)
    write(0xf4, 7)
    expect([read(0xf0), read(0xf4)]).toEqual([100, 7])
  })

  it('interrupts once, periodically as Linux sets it, by level, and by message', () => {
    const { timeline, lineOf, messages, write, read } = hpet()
    write(0x10, 1)
    write(0x100, (20 << 9) | 0x104)
    write(0x108, 500)
    timeline.advance(5000)
    expect(lineOf(20).rises).toBe(1)
    write(0x120, (21 << 9) | 0x14c)
    write(0x128, 600)
    write(0x128, 100)
    timeline.advance(10_000)
    expect(lineOf(21).rises).toBe(10)
    write(0x120, 0)
    write(0x140, (22 << 9) | 0x106)
    write(0x148, 1600)
    timeline.advance(2000)
    expect([lineOf(22).level, read(0x20)]).toEqual([true, 4])
    write(0x20, 4)
    expect([lineOf(22).level, read(0x20)]).toEqual([false, 0])
    write(0x140, 0x4104)
    write(0x150, 0x31)
    write(0x154, 0xfee0_0000)
    write(0x148, 1800)
    timeline.advance(2000)
    expect(messages).toEqual([[0xfee0_0000, 0, 0x31]])
  })

  it('takes the places of the 8254 and the clock', () => {
    const { timeline, lineOf, write, legacy } = hpet()
    write(0x100, 0x104)
    write(0x108, 10)
    write(0x10, 3)
    timeline.advance(200)
    expect([legacy(), lineOf(0).rises]).toEqual([true, 1])
  })

  it('goes on from its state', () => {
    const one = hpet()
    one.write(0x10, 1)
    one.write(0x100, (20 << 9) | 0x14c)
    one.write(0x108, 700)
    one.write(0x108, 300)
    one.timeline.advance(12_345)
    const other = hpet()
    other.timeline.advance(12_345)
    other.device.restore(structuredClone(one.device.state()))
    const before = one.lineOf(20).rises
    for (const { timeline } of [one, other]) timeline.advance(60_000)
    expect(other.lineOf(20).rises).toBe(one.lineOf(20).rises - before)
    expect(other.device.state()).toEqual(one.device.state())
  })
})
