/** Why a file is not booted, as a stable string to branch on. */
export type BootRejectionCode =
  /** The file is not what the loader loads: a magic number is missing. */
  | 'boot.not-this-format'
  /** The file ends before what it says it holds. */
  | 'boot.truncated'
  /** The file contradicts itself, or the format. */
  | 'boot.malformed'
  /** The file is for another processor, or for another mode than the entry that was asked for. */
  | 'boot.wrong-architecture'
  /** The file is of a version of its boot protocol that lacks what this loader needs. */
  | 'boot.old-protocol'
  /** The file asks for something that this loader does not do. */
  | 'boot.unsupported'
  /** Decompressed, the file is larger than was allowed. */
  | 'boot.too-large'
  /** The kernel does not fit the machine's memory. */
  | 'boot.kernel-room'
  /** The initial RAM disk or a module does not fit the machine's memory beside the kernel. */
  | 'boot.initrd-room'
  /** The command line is longer than the kernel takes, or holds a NUL. */
  | 'boot.command-line'

/** A file that cannot be booted, and what a person can do about it. */
export interface BootRejection {
  readonly kind: 'rejected'
  readonly code: BootRejectionCode
  /** One line: what is wrong. */
  readonly message: string
  /** One line: what to do. */
  readonly remedy: string
}

export const rejected = (code: BootRejectionCode, message: string, remedy: string): BootRejection => ({
  kind: 'rejected',
  code,
  message,
  remedy,
})

/** An address or size as messages write it. */
export const hex = (value: number): string => `0x${value.toString(16)}`
