import type { IoDevice } from '@ringfold/contracts'
import { fuzzIo } from '@ringfold/testkit'
import { describe, expect, it } from 'vitest'
import { FROM_MOUSE, keyboardController, OUTPUT_FULL } from '../../tests/keyboard-controller.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { KEY_CODES } from './index.ts'

const STEPS = 20_000 * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
const ACK = 0xfa

describe('what Linux does to find the controller and its ports', () => {
  it('is not locked, translates, and lets its command byte be changed', () => {
    const { status, command, readAll } = keyboardController()
    expect(status() & 0x11).toBe(0x10)
    command(0x20)
    const [initial] = readAll()
    expect((initial as number) & 0x40).toBe(0x40)
    command(0x60, 0x74)
    command(0x20)
    expect(readAll()).toEqual([0x74])
  })

  it('passes its tests', () => {
    const { command, readAll } = keyboardController()
    for (const test of [0xaa, 0xab, 0xa9]) command(test)
    // An answer that is not fetched gives way to the next one; the one in the output stays.
    expect(readAll()).toEqual([0x55, 0x00])
    command(0xa4)
    expect(readAll()).toEqual([0xf1])
  })

  it('loops bytes back as the mouse’s, and is no multiplexer', () => {
    const { command, readAll } = keyboardController()
    for (const byte of [0x5a, 0xf0, 0x56, 0xa4]) {
      command(0xd3, byte)
      expect(readAll()).toEqual([-byte])
    }
  })

  it('shows in its command byte that the mouse is switched off and on', () => {
    const { command, readAll } = keyboardController()
    const control = () => {
      command(0x20)
      return readAll()[0] as number
    }
    command(0xa7)
    expect(control() & 0x20).toBe(0x20)
    command(0xa8)
    expect(control() & 0x20).toBe(0)
  })

  it('brings the mouse’s interrupt for a byte that is looped back', () => {
    const { command, mouseIrq, keyboardIrq, data, status } = keyboardController()
    command(0x60, 0x46)
    command(0xd3, 0xa5)
    expect([mouseIrq.level, keyboardIrq.level]).toEqual([true, false])
    expect(status() & (OUTPUT_FULL | FROM_MOUSE)).toBe(OUTPUT_FULL | FROM_MOUSE)
    expect(data()).toBe(0xa5)
    expect(mouseIrq.level).toBe(false)
  })

  it('has a keyboard that identifies itself, translated', () => {
    const { toKeyboard } = keyboardController()
    expect(toKeyboard(0xf2)).toEqual([ACK, 0xab, 0x41])
    expect(toKeyboard(0xed, 0x02)).toEqual([ACK, ACK])
    expect(toKeyboard(0xf3, 0x00)).toEqual([ACK, ACK])
    expect(toKeyboard(0xf4)).toEqual([ACK])
  })

  it('has a keyboard that is tested', () => {
    const { toKeyboard } = keyboardController()
    expect(toKeyboard(0xff)).toEqual([ACK, 0xaa])
  })
})

describe('the controller', () => {
  it('gives each byte an edge of its own', () => {
    const { key, keyboardIrq, data, readAll } = keyboardController()
    key('ArrowUp', true)
    expect(keyboardIrq).toMatchObject({ level: true, edges: 1 })
    expect(data()).toBe(0xe0)
    expect(keyboardIrq).toMatchObject({ level: true, edges: 2 })
    expect(data()).toBe(0x48)
    expect(keyboardIrq).toMatchObject({ level: false, edges: 2 })
    expect(readAll()).toEqual([])
    // An empty output reads as it was.
    expect(data()).toBe(0x48)
  })

  it('interrupts only where the command byte says so', () => {
    const { key, keyboardIrq, command } = keyboardController()
    command(0x60, 0x44)
    key('KeyA', true)
    expect(keyboardIrq.level).toBe(false)
    command(0x60, 0x45)
    expect(keyboardIrq.level).toBe(true)
  })

  it('holds the keyboard off, which keeps what it has to say', () => {
    const { key, command, readAll, toKeyboard } = keyboardController()
    command(0xad)
    key('KeyA', true)
    expect(readAll()).toEqual([])
    command(0xae)
    expect(readAll()).toEqual([0x1e])
    command(0xad)
    // Sending to it lets it go.
    expect(toKeyboard(0xee)).toEqual([0xee])
  })

  it('answers before the keyboard does', () => {
    const { key, command, readAll } = keyboardController()
    command(0xad)
    key('KeyA', true)
    command(0x20)
    command(0xae)
    expect(readAll()).toEqual([0x75, 0x1e])
  })

  it('switches A20 and resets by its output port', () => {
    const { command, readAll, a20, resets } = keyboardController()
    command(0xd0)
    expect((readAll()[0] as number) & 0x03).toBe(0x03)
    command(0xd1, 0xdd)
    expect(a20).toEqual([false])
    command(0xd0)
    expect((readAll()[0] as number) & 0x02).toBe(0)
    command(0xdf)
    expect(a20).toEqual([false, true])
    expect(resets.count).toBe(0)
    command(0xfe)
    command(0xd1, 0xde)
    expect(resets.count).toBe(2)
    command(0xff)
    expect(resets.count).toBe(2)
  })

  it('puts bytes into its output on demand, and keeps its memory', () => {
    const { command, readAll, status } = keyboardController()
    command(0xd2, 0x1e)
    expect(readAll()).toEqual([0x1e])
    command(0x7f, 0x12)
    command(0x3f)
    expect(readAll()).toEqual([0x12])
    expect(status() & 0x08).toBe(0x08)
  })

  it('is after a reset as it was at first', () => {
    const one = keyboardController()
    one.command(0x60, 0)
    one.key('KeyA', true)
    one.toMouse(0xf4)
    one.command(0xd1, 0xdd)
    one.i8042.reset()
    expect({ ...one.i8042.state(), last: 0 }).toEqual({
      ...keyboardController().i8042.state(),
      // What the devices sent last is of no account.
      keyboard: one.i8042.keyboard.state(),
      mouse: one.i8042.mouse.state(),
    })
    expect(one.a20).toEqual([false, true])
    expect(one.keyboardIrq.level).toBe(false)
  })
})

type Controller = ReturnType<typeof keyboardController>

/** Both ports as one range. */
const ports = ({ i8042 }: Controller): IoDevice => ({
  read: (offset) => (offset === 0 ? i8042.data : i8042.command).read(0, 1),
  write: (offset, _sizeBytes, value) => (offset === 0 ? i8042.data : i8042.command).write(0, 1, value),
})

function work(controller: Controller, random: () => number): void {
  fuzzIo(ports(controller), 2, {
    random,
    steps: STEPS,
    after: () => {
      const kind = random() % 6
      if (kind === 0) controller.key(KEY_CODES[random() % KEY_CODES.length] as string, random() % 2 === 0)
      if (kind === 1) controller.i8042.mouse.move({ dx: (random() % 999) - 500, buttons: random() % 8 })
      if (kind === 2) controller.command(0x60, random() % 128)
      if (kind === 3) controller.command(0xd4, 0xe6 + (random() % 26))
    },
  })
}

describe(`random traffic, seed ${seed}`, () => {
  it('is answered, within bounds', () => {
    const controller = keyboardController()
    work(controller, seededRandom(seed))
    const { keyboard, mouse } = controller.i8042.state()
    expect(keyboard.output.data.length).toBeLessThanOrEqual(1024)
    expect(mouse.output.data.length).toBeLessThanOrEqual(68)
    expect(controller.keyboardIrq.edges).toBeGreaterThan(0)
  })

  it('goes on the same after a restore', () => {
    const [one, two] = [keyboardController(), keyboardController()]
    work(one, seededRandom(seed))
    two.i8042.restore(structuredClone(one.i8042.state()))
    expect(two.i8042.state()).toEqual(one.i8042.state())
    for (const line of ['keyboardIrq', 'mouseIrq'] as const) {
      two[line].level = one[line].level
      one[line].edges = 0
    }
    one.a20.length = one.resets.count = 0
    for (const controller of [one, two]) work(controller, seededRandom(seed + 1))
    expect(two.i8042.state()).toEqual(one.i8042.state())
    for (const seen of ['keyboardIrq', 'mouseIrq', 'a20', 'resets'] as const) expect(two[seen]).toEqual(one[seen])
  })
})
