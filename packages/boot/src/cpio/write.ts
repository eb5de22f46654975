import { BootError } from '../errors.ts'
import { encodeCString, encodeText } from '../load/text.ts'
import {
  type CpioEntry,
  DIGITS,
  FILE_TYPE,
  HEADER_BYTES,
  HEADER_FIELDS,
  type Header,
  MAGIC,
  padded,
  TRAILER,
} from './format.ts'

const LIMIT = 2 ** 32
const PERMISSIONS = 0o7777
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

const TYPES = {
  file: [FILE_TYPE.FILE, 0o644],
  directory: [FILE_TYPE.DIRECTORY, 0o755],
  symlink: [FILE_TYPE.SYMLINK, 0o777],
  character: [FILE_TYPE.CHARACTER, 0o600],
  block: [FILE_TYPE.BLOCK, 0o600],
  fifo: [FILE_TYPE.FIFO, 0o600],
  socket: [FILE_TYPE.SOCKET, 0o600],
} as const satisfies Record<CpioEntry['kind'], readonly [type: number, permissions: number]>

/** An entry as it stands in the archive. */
interface Member {
  readonly header: Header
  readonly name: Uint8Array
  readonly contents: Uint8Array
}

const ZERO_HEADER = Object.fromEntries(HEADER_FIELDS.map((field) => [field, 0])) as Header

function contentsOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.contents
  return entry.kind === 'symlink' ? encodeText(entry.target) : EMPTY
}

function memberOf(entry: CpioEntry, index: number): Member {
  const [type, permissions] = TYPES[entry.kind]
  const { path, mode = permissions, uid = 0, gid = 0, mtime = 0 } = entry
  const [name, contents] = [encodeCString(path), contentsOf(entry)]
  const device = 'major' in entry ? { rdevmajor: entry.major, rdevminor: entry.minor } : {}
  const header: Header = {
    ...{ ...ZERO_HEADER, ...device, uid, gid, mtime, ino: index + 1, mode: type | (mode & PERMISSIONS) },
    nlink: entry.kind === 'directory' ? 2 : 1,
    ...{ filesize: contents.length, namesize: name.length },
  }
  const fits = Object.values(header).every((field) => Number.isInteger(field) && field >= 0 && field < LIMIT)
  if (path !== '' && !path.includes('\0') && path !== TRAILER && fits) return { header, name, contents }
  throw new BootError('boot.cpio-entry', `no archive can hold ${JSON.stringify(path)}`, 'check its name and numbers')
}

const trailer = (): Member => {
  const name = encodeCString(TRAILER)
  return { header: { ...ZERO_HEADER, nlink: 1, namesize: name.length }, name, contents: EMPTY }
}

const nameBytes = ({ name }: Member): number => padded(HEADER_BYTES + name.length)
const sizeOf = (member: Member): number => nameBytes(member) + padded(member.contents.length)

/**
 * An archive of these entries, in this order: a directory stands before what is in it. The same entries make the same bytes.
 * Throws `BootError` `boot.cpio-entry`.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const members = [...entries.map(memberOf), trailer()]
  const archive = new Uint8Array(members.reduce((sum, member) => sum + sizeOf(member), 0))
  let at = 0
  for (const member of members) {
    const digits = HEADER_FIELDS.map((field) => member.header[field].toString(16).padStart(DIGITS, '0'))
    archive.set(encodeText(MAGIC + digits.join('')), at)
    archive.set(member.name, at + HEADER_BYTES)
    archive.set(member.contents, at + nameBytes(member))
    at += sizeOf(member)
  }
  return archive
}
