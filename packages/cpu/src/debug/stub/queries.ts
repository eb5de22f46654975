import { escapeBinary } from '../rsp/framing.ts'
import { bytesOfHex, parseHexNumber, textOfBytes } from '../rsp/hex.ts'
import { runMonitor } from './monitor.ts'
import { ERROR, type StubSession, threadId } from './session.ts'
import { threadExtraInfo, threadList, threadsDocument } from './thread-packets.ts'

/** Bytes of a packet that we take, without its frame. */
export const PACKET_BYTES = 0x5000
/** Payload of one reply to `qXfer`, before escapes. */
const MOST_TRANSFER = 0x2000

/** `qSupported`: what the debugger knows, and what we know. */
function supported(session: StubSession, text: string): string {
  const features = new Set(text.split(';'))
  session.swbreak = features.has('swbreak+')
  session.hwbreak = features.has('hwbreak+')
  return [
    `PacketSize=${PACKET_BYTES.toString(16)}`,
    'QStartNoAckMode+',
    'qXfer:features:read+',
    'qXfer:threads:read+',
    'vContSupported+',
    'swbreak+',
    'hwbreak+',
  ].join(';')
}

/** `OBJECT:read:ANNEX:OFFSET,LENGTH` */
function transfer(session: StubSession, text: string): string {
  const [object, operation, annex, range = '', ...more] = text.split(':')
  const [offset, length] = range.split(',').map(parseHexNumber)
  if (operation !== 'read' || more.length > 0 || offset == null || length == null) return ERROR.INVALID
  const document =
    object === 'features' && annex === 'target.xml'
      ? session.description
      : object === 'threads' && annex === ''
        ? threadsDocument(session)
        : null
  if (document === null) return object === 'features' || object === 'threads' ? 'E00' : ''
  const part = document.slice(offset, offset + Math.min(length, MOST_TRANSFER))
  const isLast = offset + part.length >= document.length
  return `${isLast ? 'l' : 'm'}${escapeBinary(part)}`
}

/** `qRcmd`: a command of gdb's `monitor`. */
function remoteCommand(session: StubSession, text: string): string {
  const bytes = bytesOfHex(text)
  return bytes === null ? ERROR.INVALID : runMonitor(session, textOfBytes(bytes))
}

type Query = (session: StubSession, text: string) => string

/** By name, which ends at the first of `:`, `,` and `;`. */
const QUERIES: ReadonlyMap<string, Query> = new Map<string, Query>([
  ['qSupported', supported],
  ['qXfer', transfer],
  ['qRcmd', remoteCommand],
  ['qC', (session) => `QC${threadId(session.thread)}`],
  ['qAttached', () => '1'],
  ['qOffsets', () => 'Text=0;Data=0;Bss=0'],
  // gdb offers symbols; we want none.
  ['qSymbol', () => 'OK'],
  ['qfThreadInfo', threadList],
  ['qsThreadInfo', () => 'l'],
  ['qThreadExtraInfo', threadExtraInfo],
])

/** General queries and settings. @returns '' for those that we do not know */
export function query(session: StubSession, packet: string): string {
  const end = packet.search(/[:,;]/)
  const name = end < 0 ? packet : packet.slice(0, end)
  if (name === 'QStartNoAckMode') {
    session.noAck = true
    return 'OK'
  }
  return QUERIES.get(name)?.(session, end < 0 ? '' : packet.slice(end + 1)) ?? ''
}
