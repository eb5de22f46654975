/** Linux bzImage by its 64-bit or 32-bit entry, without the real-mode part: Linux, Documentation/arch/x86/boot.rst. */
import { LOW_MEMORY, longEntry, protectedEntry } from '../load/entry.ts'
import type { MemoryExtent, MemoryMap } from '../load/memory-map.ts'
import type { BootResult, MemoryWrite } from '../load/plan.ts'
import { type BootRejection, hex, rejected } from '../load/rejection.ts'
import { highestRoom, isRam, lowestRoom } from '../load/room.ts'
import { encodeCString } from '../load/text.ts'
import { readSetupHeader, type SetupHeader, XLOADFLAGS } from './setup-header.ts'
import { E820_MAX_ENTRIES, rngSeedData, zeroPage } from './zero-page.ts'

export interface BzImageOptions {
  readonly map: MemoryMap
  readonly commandLine?: string
  readonly initrd?: Uint8Array
  /** Where the ACPI root pointer is. Without it, Linux searches the BIOS area. */
  readonly rsdpAddress?: number
  /**
   * Makes the kernel's random numbers ready at once, and, with the same seed, the same each time (Linux 6.0 and newer with
   * CONFIG_RANDOM_TRUST_BOOTLOADER). Of 32 bytes or more; the kernel takes up to 4096.
   */
  readonly rngSeed?: Uint8Array
  /** Default: 64 where the kernel has a 64-bit entry. */
  readonly entry?: 64 | 32
}

const ONE_MIB = 0x10_0000
const FOUR_GIB = 2 ** 32
const PAGE_BYTES = 0x1000
/** Where the 64-bit entry is, from the start of the protected-mode kernel on (boot.rst, "64-bit Boot Protocol"). */
const ENTRY_64_OFFSET = 0x200
const RNG_SEED_BYTES_MAX = 4096

/** Where the kernel is loaded, and what it takes at its run-time address. */
interface Placement {
  readonly kind: 'placed'
  readonly loadAddress: number
  readonly taken: readonly MemoryExtent[]
}

const noRoom = (sizeBytes: number, address: number): BootRejection =>
  rejected(
    'boot.kernel-room',
    `the kernel needs ${sizeBytes} bytes in one piece, by preference at ${hex(address)}`,
    'give the machine more memory',
  )

/** boot.rst, `init_size`: how the run-time address follows from the load address. */
function placeKernel(header: SetupHeader, map: MemoryMap): Placement | BootRejection {
  const { kernel, preferredAddress, isRelocatable, alignment, initBytes } = header
  const sizeBytes = Math.max(kernel.length, initBytes)
  const preferred = { address: preferredAddress, sizeBytes }
  if (!isRelocatable) {
    const loaded = { address: header.loadAddress, sizeBytes: kernel.length }
    if (!isRam(map, loaded) || !isRam(map, preferred)) return noRoom(sizeBytes, preferredAddress)
    return { kind: 'placed', loadAddress: loaded.address, taken: [loaded, preferred] }
  }
  const fits = preferredAddress + sizeBytes <= FOUR_GIB && preferredAddress % alignment === 0 && isRam(map, preferred)
  if (fits) return { kind: 'placed', loadAddress: preferredAddress, taken: [preferred] }
  const address = lowestRoom(map, { sizeBytes, alignment, from: ONE_MIB, limit: FOUR_GIB })
  if (address === undefined) return noRoom(sizeBytes, preferredAddress)
  return { kind: 'placed', loadAddress: address, taken: [{ address, sizeBytes }] }
}

/** As high as the kernel allows; above 4 GiB only where it does not fit below. */
function placeInitrd(header: SetupHeader, map: MemoryMap, taken: readonly MemoryExtent[], sizeBytes: number) {
  const request = { sizeBytes, alignment: PAGE_BYTES, from: ONE_MIB, taken }
  const low = highestRoom(map, { ...request, limit: Math.min(header.initrdAddressMax + 1, FOUR_GIB) })
  if (low !== undefined) return { kind: 'placed' as const, address: low, sizeBytes }
  const above = (header.xloadflags & XLOADFLAGS.CAN_BE_LOADED_ABOVE_4G) !== 0
  const address = above ? highestRoom(map, { ...request, from: FOUR_GIB, limit: Number.MAX_SAFE_INTEGER }) : undefined
  if (address !== undefined) return { kind: 'placed' as const, address, sizeBytes }
  return rejected(
    'boot.initrd-room',
    `the initial RAM disk of ${sizeBytes} bytes does not fit below ${hex(header.initrdAddressMax)} beside the kernel`,
    'give the machine more memory, or a smaller RAM disk',
  )
}

/** Which entry to take. */
function entryOf(header: SetupHeader, wanted: 64 | 32 | undefined): 64 | 32 | BootRejection {
  const has64 = (header.xloadflags & XLOADFLAGS.KERNEL_64) !== 0
  if (wanted === 64 && !has64)
    return rejected('boot.wrong-architecture', 'the kernel has no 64-bit entry', 'use its 32-bit entry')
  return wanted ?? (has64 ? 64 : 32)
}

function checkCommandLine(header: SetupHeader, bytes: Uint8Array): BootRejection | undefined {
  const room = Math.min(header.commandLineBytes, LOW_MEMORY.COMMAND_LINE_LIMIT - LOW_MEMORY.COMMAND_LINE - 1)
  if (bytes.length - 1 > room)
    return rejected(
      'boot.command-line',
      `the command line has ${bytes.length - 1} bytes, the kernel takes ${room}`,
      'shorten it',
    )
  if (bytes.indexOf(0) === bytes.length - 1) return undefined
  return rejected('boot.command-line', 'the command line holds a NUL', 'take it out')
}

/**
 * Plans the start of a bzImage: the kernel where it prefers to be or where it fits, its RAM disk as high as it allows, zero page and
 * command line below 640 KiB, and the processor at the 64-bit or 32-bit entry.
 */
export function loadBzImage(image: Uint8Array, options: BzImageOptions): BootResult {
  const { map, commandLine = '', initrd, rsdpAddress, rngSeed } = options
  const header = readSetupHeader(image)
  if (header.kind === 'rejected') return header
  const bits = entryOf(header, options.entry)
  if (typeof bits !== 'number') return bits
  if (map.length > E820_MAX_ENTRIES)
    return rejected('boot.unsupported', `a memory map of ${map.length} ranges`, `give at most ${E820_MAX_ENTRIES}`)
  const line = encodeCString(commandLine)
  const placed = checkCommandLine(header, line) ?? placeKernel(header, map)
  if (placed.kind === 'rejected') return placed
  const { loadAddress, taken } = placed
  const disk = initrd && initrd.length > 0 ? placeInitrd(header, map, taken, initrd.length) : undefined
  if (disk?.kind === 'rejected') return disk

  const page = zeroPage({
    ...{ header, loadAddress, map, rsdpAddress },
    commandLineAddress: LOW_MEMORY.COMMAND_LINE,
    initrd: disk,
    setupDataAddress: rngSeed && LOW_MEMORY.SETUP_DATA,
  })
  const registers = { rsi: LOW_MEMORY.BOOT_INFORMATION }
  const entry =
    bits === 64
      ? longEntry({ address: loadAddress + ENTRY_64_OFFSET, registers })
      : protectedEntry({ address: loadAddress, registers })
  const writes: MemoryWrite[] = [
    ...entry.writes,
    { address: LOW_MEMORY.BOOT_INFORMATION, bytes: page },
    { address: LOW_MEMORY.COMMAND_LINE, bytes: line },
    { address: loadAddress, bytes: header.kernel },
  ]
  if (rngSeed)
    writes.push({ address: LOW_MEMORY.SETUP_DATA, bytes: rngSeedData(rngSeed.subarray(0, RNG_SEED_BYTES_MAX)) })
  if (disk && initrd) writes.push({ address: disk.address, bytes: initrd })
  return { kind: 'boot', writes, entry: entry.state }
}
