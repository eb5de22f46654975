/**
 * The translation of scan codes from set 2 into set 1 that the controller makes, so that programs for the keyboard of the PC go on
 * working: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device Controller, "Keyboard Scan Codes".
 */

/** Before the code of a key that was released, in set 2. */
export const RELEASE = 0xf0
/** A key that was released, in set 1. */
const RELEASED = 0x80

/** Set 1 by set 2, from 00H on, 16 in a row. Codes of no key have translations too. */
const ROWS = [
  'ff 43 41 3f 3d 3b 3c 58 64 44 42 40 3e 0f 29 59',
  '65 38 2a 70 1d 10 02 5a 66 71 2c 1f 1e 11 03 5b',
  '67 2e 2d 20 12 05 04 5c 68 39 2f 21 14 13 06 5d',
  '69 31 30 23 22 15 07 5e 6a 72 32 24 16 08 09 5f',
  '6b 33 25 17 18 0b 0a 60 6c 34 35 26 27 19 0c 61',
  '6d 73 28 74 1a 0d 62 6e 3a 36 1c 1b 75 2b 63 76',
  '55 56 77 78 79 7a 0e 7b 7c 4f 7d 4b 47 7e 7f 6f',
  '52 53 50 4c 4d 48 01 45 57 4e 51 4a 37 49 46 54',
] as const

const SET_1 = Uint8Array.from(ROWS.join(' ').split(' '), (digits) => Number.parseInt(digits, 16))
/** The codes of set 2 beyond 7FH that are translated: F7, and Print Screen with Alt. */
const HIGH: ReadonlyMap<number, number> = new Map([
  [0x83, 0x41],
  [0x84, 0x54],
])

/** The translation of a byte that is not `RELEASE`. What is no scan code, as an answer to a command, stays as it is. */
export function toSet1(byte: number, isReleased: boolean): number {
  return (SET_1[byte] ?? HIGH.get(byte) ?? byte) | (isReleased ? RELEASED : 0)
}
