import { fuzzIo } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { debugConsole, fastA20, isaDebugExit, PVPANIC, pvpanic } from './index.ts'

const STEPS = 2000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)

describe('ports of debuggers', () => {
  it('end a machine with an odd status', () => {
    const statuses: number[] = []
    const device = isaDebugExit((status) => statuses.push(status))
    for (const value of [0, 1, 0x10, 0x7f, 0xffff_ffff]) device.write(0, 4, value)
    expect(statuses).toEqual([1, 3, 0x21, 0xff, 0xff])
    expect([device.read(0, 1), device.read(0, 4)]).toEqual([0xff, 0xffff_ffff])
  })

  it('take text, and tell that they do', () => {
    const sent: number[] = []
    const device = debugConsole((bytes) => sent.push(...bytes))
    for (const byte of [0x68, 0x69]) device.write(0, 1, byte)
    expect([sent, device.read(0, 1)]).toEqual([[0x68, 0x69], 0xe9])
  })
})

describe('pvpanic', () => {
  it('tells which events there are, and takes those', () => {
    const events: number[] = []
    const device = pvpanic((bits) => events.push(bits))
    expect(device.read(0, 1)).toBe(PVPANIC.PANICKED | PVPANIC.CRASH_LOADED)
    for (const bits of [0, PVPANIC.SHUTDOWN, 0xf0, PVPANIC.PANICKED, 0xff]) device.write(0, 1, bits)
    expect(events).toEqual([1, 3])
  })

  it('takes others where it is made so', () => {
    const events: number[] = []
    const device = pvpanic((bits) => events.push(bits), PVPANIC.SHUTDOWN)
    device.write(0, 1, 0xff)
    expect([device.read(0, 1), events]).toEqual([4, [4]])
  })
})

describe('system control port A', () => {
  const make = () => {
    const seen: (boolean | 'reset')[] = []
    return { seen, ...fastA20({ a20: (enabled) => seen.push(enabled), reset: () => seen.push('reset') }) }
  }

  it('switches A20, and resets when bit 0 rises', () => {
    const { port, seen } = make()
    expect(port.read(0, 1)).toBe(0x02)
    for (const value of [0x00, 0x02, 0x03, 0x03, 0x02, 0x01]) port.write(0, 1, value)
    expect(seen).toEqual([false, true, true, 'reset', true, true, false, 'reset'])
    expect(port.read(0, 1)).toBe(0x01)
  })

  it('goes on after a restore, and is reset', () => {
    const [one, two] = [make(), make()]
    one.port.write(0, 1, 0x01)
    two.restore(structuredClone(one.state()))
    two.port.write(0, 1, 0x01)
    expect(two.seen).toEqual([false])
    two.reset()
    expect([two.port.read(0, 1), two.seen]).toEqual([0x02, [false, true]])
  })
})

describe(`random traffic, seed ${seed}`, () => {
  it.each([
    ['isa-debug-exit', isaDebugExit(() => undefined), 4],
    ['debugcon', debugConsole(() => undefined), 1],
    ['pvpanic', pvpanic(() => undefined), 1],
    ['port 92H', fastA20({ a20: () => undefined, reset: () => undefined }).port, 1],
  ] as const)('is answered by %s', (_, device, ports) => {
    fuzzIo(device, ports, { random: seededRandom(seed), steps: STEPS })
  })
})
