/** Bytes of AML and of tables: little-endian numbers and their concatenation. */

/** A number of `sizeBytes` bytes, lowest first. It fits. */
export function littleEndian(value: number, sizeBytes: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (let n = 0; n < sizeBytes; n++) {
    bytes.push(rest % 256)
    rest = Math.floor(rest / 256)
  }
  return bytes
}

export function concatenate(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Characters of names and strings, which are ASCII. */
export const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) & 0x7f)
