/**
 * Text of the remote protocol. Packets are handled as strings of characters 0 to 255, one a byte: most are text, and the binary
 * ones then need no second representation.
 */

const DIGITS = '0123456789abcdef'

export function hexOfByte(byte: number): string {
  return `${DIGITS[(byte >>> 4) & 15]}${DIGITS[byte & 15]}`
}

export function hexOfBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexOfByte(byte)
  return text
}

/** @returns null if the text is not pairs of hexadecimal digits. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null
  const bytes = new Uint8Array(text.length / 2)
  for (let n = 0; n < bytes.length; n++) bytes[n] = Number.parseInt(text.slice(2 * n, 2 * n + 2), 16)
  return bytes
}

/** A number in hexadecimal of at most 64 bits, most significant digit first. @returns null for anything else. */
export function parseHex(text: string | undefined): bigint | null {
  return text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : null
}

/** As `parseHex`, for numbers of at most 32 bits. */
export function parseHexNumber(text: string | undefined): number | null {
  const value = parseHex(text)
  return value === null || value > 0xffffffffn ? null : Number(value)
}

/** A value in target byte order: little-endian, `lengthBytes` long. */
export function hexOfValue(value: bigint, lengthBytes: number): string {
  let text = ''
  for (let n = 0; n < lengthBytes; n++) text += hexOfByte(Number((value >> BigInt(8 * n)) & 0xffn))
  return text
}

/** The value of bytes in target byte order. */
export function valueOfBytes(bytes: Uint8Array): bigint {
  let value = 0n
  for (let n = bytes.length - 1; n >= 0; n--) value = (value << 8n) | BigInt(bytes[n] as number)
  return value
}

/** Text as hexadecimal digits, as monitor output travels; characters beyond 255 become `?`. */
export function hexOfText(text: string): string {
  let hex = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    hex += hexOfByte(code < 256 ? code : 0x3f)
  }
  return hex
}

export function textOfBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export function bytesOfText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n)
  return bytes
}
