import { describe, expect, it } from 'vitest'
import { keyboardController } from '../../tests/keyboard-controller.ts'
import { KEY_CODES } from './index.ts'

const ACK = 0xfa
const RESEND = 0xfe

/** A controller that does not translate. */
function rawController() {
  const controller = keyboardController()
  controller.command(0x60, 0x05)
  return controller
}

describe('keys', () => {
  // Microsoft, Keyboard Scan Code Specification 1.3a, appendix A.
  it.each([
    ['Escape', [0x01], [0x76]],
    ['Digit1', [0x02], [0x16]],
    ['KeyQ', [0x10], [0x15]],
    ['KeyA', [0x1e], [0x1c]],
    ['KeyM', [0x32], [0x3a]],
    ['Enter', [0x1c], [0x5a]],
    ['Space', [0x39], [0x29]],
    ['ShiftLeft', [0x2a], [0x12]],
    ['ShiftRight', [0x36], [0x59]],
    ['ControlLeft', [0x1d], [0x14]],
    ['Backslash', [0x2b], [0x5d]],
    ['IntlBackslash', [0x56], [0x61]],
    ['F1', [0x3b], [0x05]],
    ['F7', [0x41], [0x83]],
    ['F12', [0x58], [0x07]],
    ['NumLock', [0x45], [0x77]],
    ['ScrollLock', [0x46], [0x7e]],
    ['NumpadMultiply', [0x37], [0x7c]],
    ['Numpad5', [0x4c], [0x73]],
    ['IntlYen', [0x7d], [0x6a]],
    ['F24', [0x76], [0x5f]],
    ['ControlRight', [0xe0, 0x1d], [0xe0, 0x14]],
    ['NumpadEnter', [0xe0, 0x1c], [0xe0, 0x5a]],
    ['NumpadDivide', [0xe0, 0x35], [0xe0, 0x4a]],
    ['ArrowLeft', [0xe0, 0x4b], [0xe0, 0x6b]],
    ['Delete', [0xe0, 0x53], [0xe0, 0x71]],
    ['MetaLeft', [0xe0, 0x5b], [0xe0, 0x1f]],
    ['Power', [0xe0, 0x5e], [0xe0, 0x37]],
    ['AudioVolumeUp', [0xe0, 0x30], [0xe0, 0x32]],
  ])('%s', (code, set1, set2) => {
    const last = (codes: number[]) => codes.slice(-1)
    expect(keyboardController().stroke(code)).toEqual([set1, [...set1.slice(0, -1), (last(set1)[0] as number) | 0x80]])
    expect(rawController().stroke(code)).toEqual([set2, [...set2.slice(0, -1), 0xf0, ...last(set2)]])
  })

  it('have codes that differ, in both sets', () => {
    for (const make of [keyboardController, rawController]) {
      const pressed = KEY_CODES.map((code) => make().stroke(code)[0]?.join(' '))
      expect(new Set(pressed).size).toBe(KEY_CODES.length)
      expect(pressed).not.toContain('')
    }
  })

  it('Pause is released as it is pressed; with Control it is Break', () => {
    const { stroke, key, readAll } = keyboardController()
    expect(stroke('Pause')).toEqual([[0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5], []])
    key('ControlRight', true)
    readAll()
    expect(stroke('Pause')).toEqual([[0xe0, 0x46, 0xe0, 0xc6], []])
  })

  it('Print Screen brings a shift of its own; with Alt it is SysRq', () => {
    const { stroke, key, readAll } = keyboardController()
    expect(stroke('PrintScreen')).toEqual([
      [0xe0, 0x2a, 0xe0, 0x37],
      [0xe0, 0xb7, 0xe0, 0xaa],
    ])
    key('AltLeft', true)
    readAll()
    key('PrintScreen', true)
    expect(readAll()).toEqual([0x54])
    // It is released as it was pressed, whatever is down by then.
    key('AltLeft', false)
    readAll()
    key('PrintScreen', false)
    expect(readAll()).toEqual([0xd4])
    key('ShiftLeft', true)
    readAll()
    expect(stroke('PrintScreen')).toEqual([
      [0xe0, 0x37],
      [0xe0, 0xb7],
    ])
  })

  it('repeat as often as they are said to be pressed', () => {
    const { key, readAll } = keyboardController()
    for (let n = 0; n < 3; n++) key('KeyX', true)
    key('KeyX', false)
    expect(readAll()).toEqual([0x2d, 0x2d, 0x2d, 0xad])
  })

  it('that there are not do nothing', () => {
    const { key, readAll } = keyboardController()
    expect([key('Fn', true), key('', true), key('toString', true), key('KeyA', true)]).toEqual([
      false,
      false,
      false,
      true,
    ])
    expect(readAll()).toEqual([0x1e])
  })

  it('that nobody fetches are dropped, but never the release of one that was told', () => {
    const { key, readAll, i8042 } = keyboardController()
    for (let n = 0; n < 1000; n++)
      for (const code of ['KeyA', 'PageUp', 'Pause']) {
        key(code, true)
        key(code, false)
      }
    for (let n = 0; n < 1000; n++) for (const code of KEY_CODES) key(code, true)
    expect(i8042.keyboard.state().output.data.length).toBeLessThanOrEqual(1024)
    for (const code of KEY_CODES) key(code, false)
    expect(i8042.keyboard.state().output.data.length).toBeLessThanOrEqual(1024)
    const down = new Set<number>()
    let prefix = 0
    for (const byte of readAll()) {
      if (byte >= 0xe0) prefix = byte
      else {
        const code = (prefix << 8) | (byte & 0x7f)
        if (prefix === 0xe1 || byte < 0x80) down.add(code)
        else down.delete(code)
        if (prefix === 0xe1) down.delete(code)
        prefix = 0
      }
    }
    // The second code of Pause has no prefix.
    down.delete(0x45)
    expect([...down]).toEqual([])
  })
})

describe('commands', () => {
  it('echo and identify', () => {
    const { toKeyboard } = rawController()
    expect(toKeyboard(0xee)).toEqual([0xee])
    expect(toKeyboard(0xf2)).toEqual([ACK, 0xab, 0x83])
  })

  it('set the lights, and the rate', () => {
    const { toKeyboard, i8042 } = rawController()
    toKeyboard(0xed, 0x05, 0xf3, 0x20)
    expect([i8042.keyboard.leds, i8042.keyboard.typematic]).toEqual([5, 0x20])
    // A command in place of an argument ends what was begun.
    expect(toKeyboard(0xed, 0xee)).toEqual([ACK, 0xee])
    expect(i8042.keyboard.leds).toBe(5)
  })

  it('select sets 1 and 2', () => {
    const { toKeyboard, stroke } = rawController()
    expect(toKeyboard(0xf0, 0x00)).toEqual([ACK, ACK, 2])
    expect(toKeyboard(0xf0, 0x01)).toEqual([ACK, ACK])
    expect(stroke('Home')).toEqual([
      [0xe0, 0x47],
      [0xe0, 0xc7],
    ])
    expect(toKeyboard(0xf0, 0x03)).toEqual([ACK, RESEND])
    expect(toKeyboard(0xf6, 0xf0, 0x00)).toEqual([ACK, ACK, ACK, 2])
    expect(keyboardController().toKeyboard(0xf0, 0x00)).toEqual([ACK, ACK, 0x41])
  })

  it('switch scanning off and on, and forget what waits', () => {
    const { toKeyboard, key, command, stroke } = rawController()
    expect(toKeyboard(0xf5)).toEqual([ACK])
    expect(stroke('KeyA')).toEqual([[], []])
    command(0xad)
    expect(toKeyboard(0xf4)).toEqual([ACK])
    command(0xad)
    key('KeyB', true)
    expect(toKeyboard(0xf4)).toEqual([ACK])
    key('KeyB', false)
    expect(stroke('KeyA')).toEqual([[0x1c], [0xf0, 0x1c]])
  })

  it('are answered before keys that wait', () => {
    const { toKeyboard, key, command } = rawController()
    command(0xad)
    key('KeyA', true)
    expect(toKeyboard(0xee)).toEqual([0xee, 0x1c])
  })

  it('send the last byte again', () => {
    const { toKeyboard, stroke } = rawController()
    stroke('KeyA')
    expect(toKeyboard(0xfe)).toEqual([0x1c])
  })

  it('that there are not ask for another', () => {
    const { toKeyboard } = rawController()
    expect(toKeyboard(0x00, 0x55, 0xe1, 0xef, 0xfb)).toEqual(new Array(5).fill(RESEND))
    expect(toKeyboard(0xf7, 0xfa)).toEqual([ACK, ACK])
  })
})
