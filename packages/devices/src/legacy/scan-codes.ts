/** Scan codes of set 2 by the names of `KeyboardEvent.code`: IBM PS/2 Hardware Interface Technical Reference, keyboards, set 2. */

/** Make codes; those above FFH come behind E0H. */
export const SCAN_CODES_2: Readonly<Record<string, number>> = /* @__PURE__ */ (() => {
  const rows = `
    Escape 76 F1 05 F2 06 F3 04 F4 0c F5 03 F6 0b F7 83 F8 0a F9 01 F10 09 F11 78 F12 07
    Backquote 0e Digit1 16 Digit2 1e Digit3 26 Digit4 25 Digit5 2e Digit6 36 Digit7 3d Digit8 3e Digit9 46 Digit0 45
    Minus 4e Equal 55 Backspace 66 Tab 0d KeyQ 15 KeyW 1d KeyE 24 KeyR 2d KeyT 2c KeyY 35 KeyU 3c KeyI 43 KeyO 44 KeyP 4d
    BracketLeft 54 BracketRight 5b Backslash 5d CapsLock 58 KeyA 1c KeyS 1b KeyD 23 KeyF 2b KeyG 34 KeyH 33 KeyJ 3b KeyK 42
    KeyL 4b Semicolon 4c Quote 52 Enter 5a ShiftLeft 12 KeyZ 1a KeyX 22 KeyC 21 KeyV 2a KeyB 32 KeyN 31 KeyM 3a Comma 41
    Period 49 Slash 4a ShiftRight 59 ControlLeft 14 AltLeft 11 Space 29 IntlBackslash 61 NumLock 77 ScrollLock 7e
    Numpad7 6c Numpad8 75 Numpad9 7d NumpadSubtract 7b Numpad4 6b Numpad5 73 Numpad6 74 NumpadAdd 79 Numpad1 69
    Numpad2 72 Numpad3 7a Numpad0 70 NumpadDecimal 71 NumpadMultiply 7c
    NumpadDivide e04a NumpadEnter e05a ControlRight e014 AltRight e011 MetaLeft e01f MetaRight e027 ContextMenu e02f
    Insert e070 Delete e071 Home e06c End e069 PageUp e07d PageDown e07a ArrowUp e075 ArrowDown e072 ArrowLeft e06b
    ArrowRight e074`
  const words = rows.trim().split(/\s+/)
  return Object.fromEntries(
    Array.from({ length: words.length / 2 }, (_, n) => [
      words[2 * n] as string,
      Number.parseInt(words[2 * n + 1] as string, 16),
    ]),
  )
})()

/** Keys whose codes are sequences of their own, in set 2: when pressed, and when released. */
export const SEQUENCES_2: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  PrintScreen: [
    [0xe0, 0x12, 0xe0, 0x7c],
    [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12],
  ],
  Pause: [[0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77], []],
}

/** Set 1 codes by those of set 2, as an 8042 translates: the same reference, keyboard controller. */
// biome-ignore format: a table
const TO_SET_1 = [
  0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
  0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
  0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
  0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
  0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
  0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
  0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
  0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
] as const

/** A code of set 2 as the controller passes it on; F7 and SysRq lie beyond the table. */
export function translated(code: number): number {
  if (code === 0x83) return 0x41
  return code === 0x84 ? 0x54 : (TO_SET_1[code] ?? code)
}
