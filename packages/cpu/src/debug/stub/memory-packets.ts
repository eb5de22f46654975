import { unescapeBinary } from '../rsp/framing.ts'
import { bytesOfHex, bytesOfText, hexOfBytes, parseHex, parseHexNumber } from '../rsp/hex.ts'
import { ERROR, type StubSession } from './session.ts'

/** The longest read that is answered whole: its reply fits a packet. */
const MOST_BYTES = 0x2000

interface Place {
  readonly address: bigint
  readonly lengthBytes: number
  /** What follows the colon. */
  readonly data: string
}

/** `ADDRESS,LENGTH` or `ADDRESS,LENGTH:DATA`. */
function parsePlace(text: string): Place | null {
  const colon = text.indexOf(':')
  const head = colon < 0 ? text : text.slice(0, colon)
  const [first, second, ...more] = head.split(',')
  const address = parseHex(first)
  const lengthBytes = parseHexNumber(second)
  if (address === null || lengthBytes === null || more.length > 0) return null
  return { address, lengthBytes, data: colon < 0 ? '' : text.slice(colon + 1) }
}

/** `m`: what can be read from the start on; it may be less than was asked for. */
export function readMemory(session: StubSession, text: string): string {
  const place = parsePlace(text)
  if (place === null) return ERROR.INVALID
  if (place.lengthBytes === 0) return ''
  const length = Math.min(place.lengthBytes, MOST_BYTES)
  const bytes = session.target.readMemory(session.thread, place.address, length)
  return bytes.length === 0 ? ERROR.FAULT : hexOfBytes(bytes)
}

function write(session: StubSession, place: Place, bytes: Uint8Array | null): string {
  if (bytes === null || bytes.length !== place.lengthBytes) return ERROR.INVALID
  // gdb probes for `X` by writing nothing.
  if (bytes.length === 0) return 'OK'
  return session.target.writeMemory(session.thread, place.address, bytes) ? 'OK' : ERROR.FAULT
}

/** `M`: hexadecimal. */
export function writeMemoryHex(session: StubSession, text: string): string {
  const place = parsePlace(text)
  return place === null ? ERROR.INVALID : write(session, place, bytesOfHex(place.data))
}

/** `X`: binary. */
export function writeMemoryBinary(session: StubSession, text: string): string {
  const place = parsePlace(text)
  if (place === null) return ERROR.INVALID
  const data = unescapeBinary(place.data)
  return write(session, place, data === null ? null : bytesOfText(data))
}
