/** Numbers as text: the generated tables. */

/** Digits have five bits, the lowest first; those that another one follows are marked. */
const FIRST = 48
const MORE = 32

type Table = Uint8Array | Int8Array | Uint16Array | Uint32Array

/** Fills a table with the numbers of {@link pack}. @returns the table. */
export function unpack<T extends Table>(table: T, text: string): T {
  let at = 0
  let value = 0
  let shift = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - FIRST
    value |= (digit & (MORE - 1)) << shift
    if (digit >= MORE) shift += 5
    else {
      table[at++] = value
      value = 0
      shift = 0
    }
  }
  return table
}

/** Numbers of at most 32 bits as text; the generator's half. */
export function pack(numbers: readonly number[]): string {
  let text = ''
  for (const n of numbers) {
    let rest = n >>> 0
    while (rest >= MORE) {
      text += String.fromCharCode(FIRST + MORE + (rest & (MORE - 1)))
      rest >>>= 5
    }
    text += String.fromCharCode(FIRST + rest)
  }
  return text
}
