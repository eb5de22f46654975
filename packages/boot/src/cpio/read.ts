import { stringAt } from '../elf/strings.ts'
import { type BootRejection, rejected } from '../load/rejection.ts'
import {
  type CpioEntry,
  DIGITS,
  FILE_TYPE,
  HEADER_BYTES,
  HEADER_FIELDS,
  type Header,
  MAGIC,
  MAGIC_WITH_SUM,
  padded,
  TRAILER,
} from './format.ts'

/** One or more archives, one after the other, as an initramfs may be. */
export interface CpioArchive {
  readonly kind: 'cpio'
  /** Contents are views of the bytes that were read. */
  readonly entries: readonly CpioEntry[]
  /** What follows the last archive: a compressed one, perhaps. Empty if nothing does. */
  readonly rest: Uint8Array
}

const truncated = (at: number): BootRejection =>
  rejected('boot.truncated', `the cpio archive ends within the entry at byte ${at}`, 'give the whole archive')
const malformed = (at: number, what: string): BootRejection =>
  rejected('boot.malformed', `the cpio entry at byte ${at} ${what}`, 'make the archive again with "cpio -o -H newc"')

const asciiOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function magicAt(bytes: Uint8Array, at: number): boolean {
  const magic = asciiOf(bytes.subarray(at, at + MAGIC.length))
  return magic === MAGIC || magic === MAGIC_WITH_SUM
}

function headerAt(bytes: Uint8Array, at: number): Header | undefined {
  const digits = asciiOf(bytes.subarray(at + MAGIC.length, at + HEADER_BYTES))
  if (!/^[0-9a-f]*$/i.test(digits)) return undefined
  const numbers = HEADER_FIELDS.map((_, n) => Number.parseInt(digits.slice(n * DIGITS, (n + 1) * DIGITS), 16))
  return Object.fromEntries(HEADER_FIELDS.map((field, n) => [field, numbers[n]])) as Header
}

/** Undefined for a type that no file has. */
function entryOf(header: Header, path: string, contents: Uint8Array): CpioEntry | undefined {
  const { uid, gid, mtime, rdevmajor: major, rdevminor: minor } = header
  const named = { path, mode: header.mode & ~FILE_TYPE.MASK, uid, gid, mtime }
  switch (header.mode & FILE_TYPE.MASK) {
    case FILE_TYPE.FILE:
      return { kind: 'file', ...named, contents }
    case FILE_TYPE.DIRECTORY:
      return { kind: 'directory', ...named }
    case FILE_TYPE.SYMLINK:
      return { kind: 'symlink', ...named, target: stringAt(contents, 0) }
    case FILE_TYPE.CHARACTER:
      return { kind: 'character', ...named, major, minor }
    case FILE_TYPE.BLOCK:
      return { kind: 'block', ...named, major, minor }
    case FILE_TYPE.FIFO:
      return { kind: 'fifo', ...named }
    case FILE_TYPE.SOCKET:
      return { kind: 'socket', ...named }
    default:
      return undefined
  }
}

interface Member {
  readonly kind: 'member'
  /** Undefined for the trailer. */
  readonly entry: CpioEntry | undefined
  readonly end: number
}

function memberAt(bytes: Uint8Array, at: number): Member | BootRejection {
  if (at + HEADER_BYTES > bytes.length) return truncated(at)
  const header = headerAt(bytes, at)
  if (header === undefined) return malformed(at, 'has a header of other than hexadecimal digits')
  const nameAt = at + HEADER_BYTES
  const contentsAt = at + padded(HEADER_BYTES + header.namesize)
  const end = contentsAt + header.filesize
  if (end > bytes.length) return truncated(at)
  if (header.namesize === 0 || bytes[nameAt + header.namesize - 1] !== 0) return malformed(at, 'has a name without end')
  const path = stringAt(bytes.subarray(nameAt, nameAt + header.namesize), 0)
  if (path === TRAILER) return { kind: 'member', entry: undefined, end: padded(end) }
  const entry = entryOf(header, path, bytes.subarray(contentsAt, end))
  return entry === undefined
    ? malformed(at, `is of type ${(header.mode & FILE_TYPE.MASK).toString(8)}`)
    : { kind: 'member', entry, end: padded(end) }
}

/**
 * Reads archives of the newc format, one after the other, with zeros between them. Sums of contents are not checked. Work is bounded by
 * the number of bytes, and nothing is copied.
 */
export function readCpio(bytes: Uint8Array): CpioArchive | BootRejection {
  if (!magicAt(bytes, 0))
    return rejected('boot.not-this-format', 'no cpio archive: 070701 is missing', 'give one of the newc format')
  const entries: CpioEntry[] = []
  let at = 0
  // Within an archive there is a header; after its trailer, zeros, another archive, or something else.
  for (let isWithin = true; isWithin || at < bytes.length; ) {
    if (!isWithin && bytes[at] === 0) {
      at++
      continue
    }
    if (at + MAGIC.length > bytes.length && isWithin) return truncated(at)
    if (!magicAt(bytes, at)) {
      if (isWithin) return malformed(at, 'does not start with 070701')
      break
    }
    const member = memberAt(bytes, at)
    if (member.kind === 'rejected') return member
    at = member.end
    isWithin = member.entry !== undefined
    if (member.entry) entries.push(member.entry)
  }
  return { kind: 'cpio', entries, rest: bytes.subarray(Math.min(at, bytes.length)) }
}
