/** What a machine is made from. */
import type { BlockBackend, ConsoleBackend, IoDevice, IrqLine, NetBackend, Stateful } from '@ringfold/contracts'
import type { EngineFactory, EngineName } from '@ringfold/cpu'
import type { CpuModel } from '@ringfold/rings'
import type { Board } from './board/board.ts'
import type { MachineHost } from './host.ts'
import type { ClockKind } from './run-loop.ts'

/** What is loaded into memory before the first instruction, and again after a reset. */
export interface BootOptions {
  /** A bzImage, an ELF file (with a PVH note, or without), or a multiboot kernel. */
  readonly kernel: Uint8Array
  /** The kernel's file name: a multiboot kernel finds it before its command line, and skips it. Default `kernel`. */
  readonly name?: string
  readonly commandLine?: string
  /** The initial RAM disk; for a multiboot kernel, its first module. */
  readonly initrd?: Uint8Array
  /** Modules of a multiboot kernel, each with the text that it is given. */
  readonly modules?: readonly { readonly bytes: Uint8Array; readonly text: string }[]
  /**
   * How a kernel is entered that has several entries. Default: a bzImage by its 64-bit entry if it has one, else by the 32-bit
   * one; an ELF file by PVH if it has the note, by multiboot if it has that header, else as it is. For `pvh`, a bzImage is unpacked
   * before: `extractVmlinux` of `@ringfold/boot`.
   */
  readonly entry?: 'linux64' | 'linux32' | 'pvh' | 'multiboot' | 'elf'
}

export interface DiskOptions {
  readonly backend: BlockBackend
  /** At most 20 characters, for VIRTIO_BLK_T_GET_ID. */
  readonly serial?: string
}

export interface NetOptions {
  readonly backend: NetBackend
  /** Six bytes, `52:54:00:12:34:56`. Default: one for each card. */
  readonly mac?: string
}

/** A device of yours: it is attached to the board, and its state becomes a part of the machine's. */
export interface CustomDevice {
  /** Its name in snapshots. */
  readonly name: string
  attach(board: Board): Stateful & { reset?(): void }
}

export interface MachineOptions {
  /** Processors: 1 to 255. Default 1. */
  readonly cpus?: number
  /** RAM in bytes: a multiple of 4096, 1 MiB to 4 GiB. Default 256 MiB. */
  readonly memory?: number
  /** Default: the default model of `@ringfold/rings`. */
  readonly cpuModel?: CpuModel
  /** Default `interpreter`. */
  readonly engine?: EngineName | EngineFactory
  /**
   * `virtual` (default): an instruction takes a nanosecond, waiting takes no time of the host's, and a run repeats to the bit. `real`:
   * the machine's clock also follows the host's.
   */
  readonly clock?: ClockKind
  /** Default: the platform's. */
  readonly host?: MachineHost
  /** What the real-time clock shows at power-on: seconds since 1970. Default: 2026-01-01. */
  readonly epochSeconds?: number
  readonly boot?: BootOptions
  /** Back ends of COM1 to COM4. COM1 always exists: `machine.serial[0]` also has streams. */
  readonly serial?: readonly (ConsoleBackend | undefined)[]
  readonly disks?: readonly DiskOptions[]
  readonly nets?: readonly NetOptions[]
  /** How virtio devices are reached. `mmio` has room for four of them. Default `pci`. */
  readonly virtio?: 'pci' | 'mmio'
  /** A virtio console (hvc0). */
  readonly console?: ConsoleBackend
  /** Port of a device by which a guest ends the machine with a status. Default: none. */
  readonly debugExitPort?: number
  /** Takes what the guest writes to port E9H. */
  readonly debugConsole?: (bytes: Uint8Array) => void
  /** Seed of RDRAND and of the virtio entropy device. */
  readonly seed?: number
  /** A guest that resets itself ends the run. Default: it starts again. */
  readonly stopOnReset?: boolean
  /** A triple fault resets the machine, as on a PC. Default: it ends the run. */
  readonly resetOnTripleFault?: boolean
  readonly devices?: readonly CustomDevice[]
}

export type { IoDevice, IrqLine }
