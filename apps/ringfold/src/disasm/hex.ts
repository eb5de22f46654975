/** Two digits for each value of a byte. */
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

/** Bytes as hexadecimal digits, with a separator between them. */
export function hexBytes(bytes: Uint8Array, offset: number, length: number, separator = ''): string {
  let text = PAIRS[bytes[offset] as number] ?? ''
  for (let i = 1; i < length; i++) text += separator + (PAIRS[bytes[offset + i] as number] ?? '')
  return text
}

/** An address of two 32-bit halves in hexadecimal, without leading zeros. */
export function hexAddress(lo: number, hi: number): string {
  if (hi === 0) return (lo >>> 0).toString(16)
  return (hi >>> 0).toString(16) + (lo >>> 0).toString(16).padStart(8, '0')
}
