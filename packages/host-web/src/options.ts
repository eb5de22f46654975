/** What a machine in a worker is made from. */
import type { BootOptions, MachineOptions } from '@ringfold/machine'

/** Bytes, or where they are: an address is fetched by the worker; one that is not absolute is taken from the page's. */
export type Source = Uint8Array | ArrayBuffer | Blob | URL | string

/** The engines by name: a factory does not get into a worker. */
export type WebEngine = Extract<MachineOptions['engine'], string>

/** As `BootOptions` of `@ringfold/machine`, with its bytes from anywhere. */
export interface WebBootOptions extends Pick<BootOptions, 'commandLine' | 'entry'> {
  readonly kernel: Source
  readonly initrd?: Source
  readonly modules?: readonly { readonly bytes: Source; readonly text: string }[]
}

export interface WebDiskOptions {
  /**
   * What the disk holds at first, or its size in bytes. It is a copy: what is written stays in the worker, and `diskContents` gives it.
   * Of a `Blob` (or a `File`) is read only what the guest reads; what an address names is downloaded as a whole.
   */
  readonly contents: Source | number
  readonly readOnly?: boolean
  /** At most 20 characters, by which the guest knows the disk. */
  readonly serial?: string
}

type SameAsMachine = Pick<
  MachineOptions,
  'cpus' | 'memory' | 'virtio' | 'debugExitPort' | 'stopOnReset' | 'resetOnTripleFault'
>

export interface WebMachineOptions extends SameAsMachine {
  /** Default `auto`. */
  readonly engine?: WebEngine
  /**
   * `real` (default): the machine's clock follows the page's, `performance.now`. `virtual`: an instruction takes a nanosecond, and waiting
   * takes no time.
   */
  readonly clock?: MachineOptions['clock']
  /** What the real-time clock shows at power-on: seconds since 1970. Default: the present with the real clock, else 2026-01-01. */
  readonly epochSeconds?: number
  /** Seed of RDRAND and of the entropy device: 32 bits. Default: of `crypto`, with either clock. */
  readonly seed?: number
  readonly boot?: WebBootOptions
  /** Serial lines that the guest finds, COM1 first: 1 to 4. Default 1. */
  readonly serialLines?: number
  readonly disks?: readonly WebDiskOptions[]
  /** A snapshot to begin with: of a machine that was made alike. Memory and processors need not be told again. */
  readonly snapshot?: Source
}

/** How far the download of something has come. */
export interface Progress {
  /** `kernel`, `initrd`, `module0`, `disk0`, `snapshot`. */
  readonly what: string
  readonly loadedBytes: number
  /** Undefined where the server does not tell, or packs what it sends. */
  readonly totalBytes: number | undefined
}
