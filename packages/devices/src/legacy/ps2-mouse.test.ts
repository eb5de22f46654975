import { describe, expect, it } from 'vitest'
import { keyboardController } from '../../tests/keyboard-controller.ts'

const ACK = 0xfa
const RESEND = 0xfe

function mouseController() {
  const controller = keyboardController()
  const { i8042, readAll } = controller
  const move = (movement: Parameters<typeof i8042.mouse.move>[0]) => {
    i8042.mouse.move(movement)
    return readAll().map(Math.abs)
  }
  return { ...controller, move }
}

describe('a mouse', () => {
  it('is tested, and identifies itself', () => {
    const { toMouse } = mouseController()
    expect(toMouse(0xff)).toEqual([ACK, 0xaa, 0])
    expect(toMouse(0xf2)).toEqual([ACK, 0])
  })

  it('tells its status', () => {
    const { toMouse, i8042 } = mouseController()
    expect(toMouse(0xe9)).toEqual([ACK, 0, 2, 100])
    expect(toMouse(0xe8, 3, 0xf3, 40, 0xe7, 0xf4)).toEqual(new Array(6).fill(ACK))
    i8042.mouse.move({ buttons: 1 })
    expect(toMouse(0xe9).slice(-4)).toEqual([ACK, 0x34, 3, 40])
    expect(toMouse(0xf6, 0xe9)).toEqual([ACK, ACK, 0x04, 2, 100])
  })

  it('says nothing until it is switched on', () => {
    const { toMouse, move } = mouseController()
    expect(move({ dx: 5 })).toEqual([])
    expect(toMouse(0xf4)).toEqual([ACK])
    expect(move({ dx: 5, dy: -3 })).toEqual([0x28, 5, 0xfd])
    expect(toMouse(0xf5)).toEqual([ACK])
    expect(move({ dx: 5 })).toEqual([])
  })

  it('tells buttons, and movements that need several packets', () => {
    const { toMouse, move } = mouseController()
    toMouse(0xf4)
    expect(move({ buttons: 3 })).toEqual([0x0b, 0, 0])
    expect(move({ buttons: 3 })).toEqual([])
    expect(move({ dx: -300, buttons: 0 })).toEqual([0x18, 0x01, 0, 0x18, 0xd3, 0])
  })

  it('adds up what nobody fetches', () => {
    const { toMouse, i8042, command, readAll } = mouseController()
    toMouse(0xf4)
    command(0xa7)
    for (let n = 0; n < 1000; n++) i8042.mouse.move({ dx: 1 })
    command(0xa8)
    const bytes = readAll().map(Math.abs)
    expect(bytes.length).toBeLessThan(100)
    expect(bytes.filter((_, n) => n % 3 === 1).reduce((sum, dx) => sum + dx, 0)).toBe(1000)
  })

  it('has a wheel for who knocks', () => {
    const { toMouse, move } = mouseController()
    toMouse(0xf3, 200, 0xf3, 100, 0xf3, 80)
    expect(toMouse(0xf2)).toEqual([ACK, 3])
    toMouse(0xf4)
    expect(move({ wheel: -1 })).toEqual([0x08, 0, 0, 0xff])
    expect(move({ wheel: 9 })).toEqual([0x08, 0, 0, 7, 0x08, 0, 0, 2])
  })

  it('tells movements on demand only, in remote mode', () => {
    const { toMouse, move } = mouseController()
    toMouse(0xf0, 0xf4)
    expect(move({ dx: 1 })).toEqual([])
    expect(move({ dx: 1 })).toEqual([])
    expect(toMouse(0xeb)).toEqual([ACK, 0x08, 2, 0])
    toMouse(0xea)
    expect(move({ dx: 1 })).toEqual([0x08, 1, 0])
  })

  it('wraps everything but its reset and the end of it', () => {
    const { toMouse } = mouseController()
    expect(toMouse(0xee, 0xf4, 0x12, 0xec)).toEqual([ACK, 0xf4, 0x12, ACK])
    expect(toMouse(0xf2)).toEqual([ACK, 0])
  })

  it('gives a packet up for a command', () => {
    const { toMouse, i8042, data } = mouseController()
    toMouse(0xf4)
    i8042.mouse.move({ dx: 1 })
    expect(data()).toBe(0x08)
    // One byte is in the controller's output already.
    expect(toMouse(0xf2)).toEqual([1, ACK, 0])
  })

  it('asks for another where it does not know a command, and sends again', () => {
    const { toMouse } = mouseController()
    expect(toMouse(0xe1)).toEqual([RESEND])
    expect(toMouse(0xf3, 55, 0xfe)).toEqual([ACK, ACK, ACK])
  })
})
