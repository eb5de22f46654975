import { parseHex, parseHexNumber } from '../rsp/hex.ts'
import type { DebugPoint, DebugPointKind } from '../target.ts'
import { ERROR, type StubSession } from './session.ts'

/** The types of `Z` and `z`, 0 to 4. GDB manual, E.2 "Packets", `z TYPE,ADDR,KIND`. */
const KINDS: readonly DebugPointKind[] = ['software', 'hardware', 'write', 'read', 'access']
/** A debugger that watches more than this has made a mistake, or wants to do harm. */
const MOST_POINTS = 4096

/** `TYPE,ADDRESS,KIND`; conditions and commands behind a semicolon were not offered. */
function parsePoint(text: string): DebugPoint | null {
  const [type, first, second, ...more] = text.split(',')
  const kind = KINDS[Number(/^[0-4]$/.test(type ?? '') ? type : Number.NaN)]
  const address = parseHex(first)
  const lengthBytes = parseHexNumber(second)
  if (kind === undefined || address === null || lengthBytes === null || more.length > 0) return null
  if (kind !== 'software' && kind !== 'hardware' && lengthBytes === 0) return null
  return { kind, address, lengthBytes }
}

function keyOf({ kind, address, lengthBytes }: DebugPoint): string {
  return `${kind}.${address}.${lengthBytes}`
}

/** `Z`; inserting twice is inserting once. */
export function insertPoint(session: StubSession, text: string): string {
  const point = parsePoint(text)
  if (point === null) return /^[0-4],/.test(text) ? ERROR.INVALID : ''
  const { points, target } = session
  if (points.has(keyOf(point))) return 'OK'
  if (points.size >= MOST_POINTS || !target.insert(point)) return ERROR.REFUSED
  points.set(keyOf(point), point)
  return 'OK'
}

/** `z` */
export function removePoint(session: StubSession, text: string): string {
  const point = parsePoint(text)
  if (point === null) return /^[0-4],/.test(text) ? ERROR.INVALID : ''
  if (session.points.delete(keyOf(point))) session.target.remove(point)
  return 'OK'
}
