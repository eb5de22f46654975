/** String tables (gABI 4, "String Table"): names ended by NUL, found by their byte offset. */

/** Longer names are cut: a damaged table must not make every name as long as the file. */
const LONGEST_NAME_BYTES = 1 << 16
const CHUNK = 4096
const REPLACEMENT = 0xfffd

/** Bytes of a UTF-8 sequence by its first byte, 0 where none starts so (Unicode 3.9, table 3-7). */
function sequenceBytes(first: number): number {
  if (first < 0x80) return 1
  if (first >= 0xc2 && first < 0xe0) return 2
  if (first >= 0xe0 && first < 0xf0) return 3
  return first >= 0xf0 && first < 0xf5 ? 4 : 0
}

function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] as number
  if (length === 1) return first
  let point = first & (0x7f >> length)
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0
    if ((next & 0xc0) !== 0x80) return REPLACEMENT
    point = (point << 6) | (next & 0x3f)
  }
  const shortest = [0, 0, 0x80, 0x800, 0x10000][length] as number
  return point < shortest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? REPLACEMENT : point
}

/** Text of UTF-8 bytes; what is not UTF-8 comes as U+FFFD, one for a byte. */
function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const points: number[] = []
    while (at < bytes.length && points.length < CHUNK) {
      const length = sequenceBytes(bytes[at] as number)
      const point = length === 0 ? REPLACEMENT : codePointAt(bytes, at, length)
      points.push(point)
      at += point === REPLACEMENT ? 1 : length
    }
    text += String.fromCodePoint(...points)
  }
  return text
}

/**
 * The name at byte `offset` of a string table. The format does not say how names are encoded; they are taken as UTF-8.
 *
 * @returns `''` where the offset lies outside of the table; a name that nothing ends goes to the end of the table.
 */
export function stringAt(table: Uint8Array, offset: number): string {
  if (offset < 0 || offset >= table.length) return ''
  const end = table.indexOf(0, offset)
  const limit = Math.min(end < 0 ? table.length : end, offset + LONGEST_NAME_BYTES)
  return decodeUtf8(table.subarray(offset, limit))
}
