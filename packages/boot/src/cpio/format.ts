/** The newc format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst; cpio(5) of libarchive. */

/** Digits, all hexadecimal: the magic, then 13 numbers of 8 digits. */
export const MAGIC = '070701'
/** The same with a sum of the contents. */
export const MAGIC_WITH_SUM = '070702'
export const HEADER_BYTES = 110
export const DIGITS = 8

/** The numbers of a header, in their order. */
export const HEADER_FIELDS = [
  'ino',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'filesize',
  'devmajor',
  'devminor',
  'rdevmajor',
  'rdevminor',
  'namesize',
  'check',
] as const

export type HeaderField = (typeof HEADER_FIELDS)[number]
export type Header = Record<HeaderField, number>

/** Ends an archive; another may follow. */
export const TRAILER = 'TRAILER!!!'

/** Types in `mode`: POSIX <sys/stat.h>, with the values that cpio fixes. */
export const FILE_TYPE = {
  MASK: 0o170000,
  FIFO: 0o010000,
  CHARACTER: 0o020000,
  DIRECTORY: 0o040000,
  BLOCK: 0o060000,
  FILE: 0o100000,
  SYMLINK: 0o120000,
  SOCKET: 0o140000,
} as const

/** Names with their headers, and contents, end at multiples of 4 bytes. */
export const padded = (lengthBytes: number): number => Math.ceil(lengthBytes / 4) * 4

interface Named {
  /** Without a leading slash: `dev/console`. */
  readonly path: string
  /** Permissions, and set-id and sticky bits. Default: 0o644 for files, 0o755 for directories, 0o777 for links, 0o600 for the others. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since 1970. Default: 0, so that the same entries make the same archive. */
  readonly mtime?: number
}

export interface CpioFile extends Named {
  readonly kind: 'file'
  readonly contents: Uint8Array
}
export interface CpioDirectory extends Named {
  readonly kind: 'directory'
}
export interface CpioSymlink extends Named {
  readonly kind: 'symlink'
  readonly target: string
}
export interface CpioDevice extends Named {
  readonly kind: 'character' | 'block'
  readonly major: number
  readonly minor: number
}
export interface CpioFifo extends Named {
  readonly kind: 'fifo' | 'socket'
}

/** What an archive holds. Hard links are files of their own. */
export type CpioEntry = CpioFile | CpioDirectory | CpioSymlink | CpioDevice | CpioFifo
