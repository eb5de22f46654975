/**
 * Scan codes of set 2 by the names that `KeyboardEvent.code` has for keys: Microsoft, Keyboard Scan Code Specification 1.3a; W3C, UI
 * Events KeyboardEvent code Values. Print Screen and Pause are no rows: they have sequences of their own.
 */
import { RELEASE } from './scan-code-sets.ts'

/** Before the code of a key that the keyboard of the PC/AT did not have. */
const EXTENDED = 0xe0
const EXTENDED_1 = 0xe1

/** Codes by names; pairs stand in the order of the keyboard. */
function codes(names: string, values: readonly number[]): [string, number][] {
  return names.split(' ').map((name, n) => [name, values[n] as number])
}

const PLAIN: ReadonlyMap<string, number> = new Map([
  ...codes('Escape F1 F2 F3 F4 F5 F6', [0x76, 0x05, 0x06, 0x04, 0x0c, 0x03, 0x0b]),
  ...codes('F7 F8 F9 F10 F11 F12 ScrollLock', [0x83, 0x0a, 0x01, 0x09, 0x78, 0x07, 0x7e]),
  ...codes('F13 F14 F15 F16 F17 F18', [0x08, 0x10, 0x18, 0x20, 0x28, 0x30]),
  ...codes('F19 F20 F21 F22 F23 F24', [0x38, 0x40, 0x48, 0x50, 0x57, 0x5f]),
  ...codes('Backquote Digit1 Digit2 Digit3 Digit4 Digit5', [0x0e, 0x16, 0x1e, 0x26, 0x25, 0x2e]),
  ...codes('Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal', [0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55]),
  ...codes('IntlYen Backspace Tab KeyQ KeyW KeyE KeyR', [0x6a, 0x66, 0x0d, 0x15, 0x1d, 0x24, 0x2d]),
  ...codes('KeyT KeyY KeyU KeyI KeyO KeyP', [0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d]),
  ...codes('BracketLeft BracketRight Backslash', [0x54, 0x5b, 0x5d]),
  ...codes('CapsLock KeyA KeyS KeyD KeyF KeyG KeyH', [0x58, 0x1c, 0x1b, 0x23, 0x2b, 0x34, 0x33]),
  ...codes('KeyJ KeyK KeyL Semicolon Quote Enter', [0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x5a]),
  ...codes('ShiftLeft IntlBackslash KeyZ KeyX KeyC KeyV', [0x12, 0x61, 0x1a, 0x22, 0x21, 0x2a]),
  ...codes('KeyB KeyN KeyM Comma Period Slash', [0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a]),
  ...codes('IntlRo ShiftRight ControlLeft AltLeft Space', [0x51, 0x59, 0x14, 0x11, 0x29]),
  ...codes('KanaMode Convert NonConvert Lang3 Lang4', [0x13, 0x64, 0x67, 0x63, 0x62]),
  ...codes('NumLock NumpadMultiply NumpadSubtract NumpadAdd', [0x77, 0x7c, 0x7b, 0x79]),
  ...codes('Numpad0 Numpad1 Numpad2 Numpad3 Numpad4', [0x70, 0x69, 0x72, 0x7a, 0x6b]),
  ...codes('Numpad5 Numpad6 Numpad7 Numpad8 Numpad9', [0x73, 0x74, 0x6c, 0x75, 0x7d]),
  ...codes('NumpadDecimal NumpadComma NumpadEqual', [0x71, 0x6d, 0x0f]),
])

const WITH_PREFIX: ReadonlyMap<string, number> = new Map([
  ...codes('ControlRight AltRight MetaLeft MetaRight ContextMenu', [0x14, 0x11, 0x1f, 0x27, 0x2f]),
  ...codes('Insert Home PageUp Delete End PageDown', [0x70, 0x6c, 0x7d, 0x71, 0x69, 0x7a]),
  ...codes('ArrowUp ArrowLeft ArrowDown ArrowRight', [0x75, 0x6b, 0x72, 0x74]),
  ...codes('NumpadDivide NumpadEnter', [0x4a, 0x5a]),
  ...codes('AudioVolumeMute AudioVolumeDown AudioVolumeUp', [0x23, 0x21, 0x32]),
  ...codes('MediaPlayPause MediaStop MediaTrackNext', [0x34, 0x3b, 0x4d]),
  ...codes('MediaTrackPrevious MediaSelect', [0x15, 0x50]),
  ...codes('BrowserHome BrowserSearch BrowserFavorites', [0x3a, 0x10, 0x18]),
  ...codes('BrowserRefresh BrowserStop BrowserForward BrowserBack', [0x20, 0x28, 0x30, 0x38]),
  ...codes('LaunchMail LaunchApp1 LaunchApp2', [0x48, 0x40, 0x2b]),
  ...codes('Power Sleep WakeUp', [0x37, 0x3f, 0x5e]),
])

/** What a keyboard sends for a key, in set 2. */
export interface KeySequences {
  readonly press: readonly number[]
  /** Empty for a key that does not tell its release. */
  readonly release: readonly number[]
}

const MODIFIERS = {
  SHIFT: ['ShiftLeft', 'ShiftRight'],
  CONTROL: ['ControlLeft', 'ControlRight'],
  ALT: ['AltLeft', 'AltRight'],
} as const

/** Print Screen sends a shift of its own, unless one is down already; with Alt it is the key SysRq. */
function printScreen(isDown: (modifier: keyof typeof MODIFIERS) => boolean): KeySequences {
  if (isDown('ALT')) return { press: [0x84], release: [RELEASE, 0x84] }
  const key = { press: [EXTENDED, 0x7c], release: [EXTENDED, RELEASE, 0x7c] }
  if (isDown('SHIFT') || isDown('CONTROL')) return key
  return {
    press: [EXTENDED, 0x12, ...key.press],
    release: [...key.release, EXTENDED, RELEASE, 0x12],
  }
}

/** Pause, with Control the key Break, is released as it is pressed. */
function pause(isDown: (modifier: keyof typeof MODIFIERS) => boolean): KeySequences {
  const press = isDown('CONTROL')
    ? [EXTENDED, 0x7e, EXTENDED, RELEASE, 0x7e]
    : [EXTENDED_1, 0x14, 0x77, EXTENDED_1, RELEASE, 0x14, RELEASE, 0x77]
  return { press, release: [] }
}

/** What a key sends while the keys `down` are pressed; undefined for a name of no key. */
export function keySequences(code: string, down: ReadonlyMap<string, unknown>): KeySequences | undefined {
  const isDown = (modifier: keyof typeof MODIFIERS) => MODIFIERS[modifier].some((name) => down.has(name))
  if (code === 'PrintScreen') return printScreen(isDown)
  if (code === 'Pause') return pause(isDown)
  const plain = PLAIN.get(code)
  if (plain !== undefined) return { press: [plain], release: [RELEASE, plain] }
  const extended = WITH_PREFIX.get(code)
  if (extended === undefined) return undefined
  return { press: [EXTENDED, extended], release: [EXTENDED, RELEASE, extended] }
}

/** The names of all keys. */
export const KEY_CODES: readonly string[] = [...PLAIN.keys(), ...WITH_PREFIX.keys(), 'PrintScreen', 'Pause']
