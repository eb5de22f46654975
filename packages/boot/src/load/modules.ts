/** Modules, of which the first is what Linux takes as its initial RAM disk; and text, that protocols point to. */
import { LOW_MEMORY } from './entry.ts'
import type { MemoryExtent, MemoryMap } from './memory-map.ts'
import type { MemoryWrite } from './plan.ts'
import { type BootRejection, rejected } from './rejection.ts'
import { highestRoom, lowestRoom } from './room.ts'
import { encodeCString } from './text.ts'

/** A file that is loaded beside the kernel. */
export interface BootModule {
  readonly contents: Uint8Array
  /** What the kernel is told of it: for multiboot, its file's name and arguments. */
  readonly commandLine?: string
}

export interface PlacedModules {
  readonly kind: 'modules'
  readonly extents: readonly MemoryExtent[]
  readonly writes: readonly MemoryWrite[]
}

const FOUR_GIB = 2 ** 32
const ONE_MIB = 0x10_0000
const PAGE_BYTES = 0x1000

/** Puts modules into RAM below 4 GiB, each at the start of a page: as `low` or as high as they fit beside `taken`. */
export function placeModules(
  modules: readonly BootModule[],
  where: { readonly map: MemoryMap; readonly taken: readonly MemoryExtent[]; readonly end: 'low' | 'high' },
): PlacedModules | BootRejection {
  const room = where.end === 'low' ? lowestRoom : highestRoom
  const extents: MemoryExtent[] = []
  const writes: MemoryWrite[] = []
  for (const [index, { contents }] of modules.entries()) {
    const taken = [...where.taken, ...extents]
    const sizeBytes = contents.length
    const address = room(where.map, { sizeBytes, alignment: PAGE_BYTES, from: ONE_MIB, limit: FOUR_GIB, taken })
    if (address === undefined)
      return rejected(
        'boot.initrd-room',
        `module ${index} of ${sizeBytes} bytes does not fit beside the kernel`,
        'give the machine more memory',
      )
    extents.push({ address, sizeBytes })
    writes.push({ address, bytes: contents })
  }
  return { kind: 'modules', extents, writes }
}

export interface PlacedText {
  readonly kind: 'text'
  /** Where each string is. */
  readonly addresses: readonly number[]
  readonly writes: readonly MemoryWrite[]
}

/** Puts strings below 640 KiB, one after the other. */
export function placeText(strings: readonly string[]): PlacedText | BootRejection {
  const addresses: number[] = []
  const writes: MemoryWrite[] = []
  let at: number = LOW_MEMORY.COMMAND_LINE
  for (const string of strings) {
    const bytes = encodeCString(string)
    if (bytes.indexOf(0) < bytes.length - 1)
      return rejected('boot.command-line', 'a command line holds a NUL', 'take it out')
    addresses.push(at)
    writes.push({ address: at, bytes })
    at += bytes.length
  }
  if (at > LOW_MEMORY.COMMAND_LINE_LIMIT)
    return rejected('boot.command-line', `command lines of ${at - LOW_MEMORY.COMMAND_LINE} bytes`, 'shorten them')
  return { kind: 'text', addresses, writes }
}

/** The protocols' information: what fits between its place and the page tables. */
export function placeInformation(bytes: Uint8Array): MemoryWrite | BootRejection {
  const room = LOW_MEMORY.PAGE_TABLES - LOW_MEMORY.BOOT_INFORMATION
  if (bytes.length <= room) return { address: LOW_MEMORY.BOOT_INFORMATION, bytes }
  return rejected('boot.unsupported', 'too many modules, or ranges of memory', 'give fewer')
}
