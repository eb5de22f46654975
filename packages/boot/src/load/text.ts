/** Text in memory: UTF-8, written here because not every environment has an encoder. */

function utf8(point: number): number[] {
  if (point < 0x80) return [point]
  const tail = (shift: number) => 0x80 | ((point >>> shift) & 0x3f)
  if (point < 0x800) return [0xc0 | (point >>> 6), tail(0)]
  if (point < 0x1_0000) return [0xe0 | (point >>> 12), tail(6), tail(0)]
  return [0xf0 | (point >>> 18), tail(12), tail(6), tail(0)]
}

/** UTF-8; half a surrogate pair becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3)
  let at = 0
  for (const character of text.toWellFormed())
    for (const byte of utf8(character.codePointAt(0) ?? 0)) bytes[at++] = byte
  return bytes.slice(0, at)
}

/** Text as C has it: with a NUL at its end. */
export const encodeCString = (text: string): Uint8Array => encodeText(`${text}\0`)
