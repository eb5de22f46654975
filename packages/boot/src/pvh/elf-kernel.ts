/** ELF kernels: by the PVH entry where they have one (Xen, docs/misc/pvh.pandoc), else by their entry point. */
import { codeBits, type ElfFile, notes } from '../elf/index.ts'
import { elfImageInMemory, physicalEntry, readX86Elf } from '../load/elf-image.ts'
import { type Entry, LOW_MEMORY, longEntry, protectedEntry } from '../load/entry.ts'
import type { MemoryMap } from '../load/memory-map.ts'
import { type BootModule, placeInformation, placeModules, placeText } from '../load/modules.ts'
import type { BootResult } from '../load/plan.ts'
import { type BootRejection, hex, rejected } from '../load/rejection.ts'
import { START_INFO_MAGIC, startInfo } from './start-info.ts'

/** `XEN_ELFNOTE_PHYS32_ENTRY` (Xen, public/elfnote.h): the physical address of the PVH entry. */
const PHYS32_ENTRY = 18
const XEN = 'Xen'

export interface ElfKernelOptions {
  readonly map: MemoryMap
  readonly commandLine?: string
  /** Linux takes the first as its initial RAM disk. */
  readonly modules?: readonly BootModule[]
  readonly rsdpAddress?: number
  /** Default: `pvh` where the file has the note, else `plain`. */
  readonly protocol?: 'pvh' | 'plain'
}

/** The physical address of the PVH entry, undefined where a file has none. */
export function pvhEntry(file: ElfFile): number | undefined {
  for (const { name, type, desc } of notes(file))
    if (name === XEN && type === PHYS32_ENTRY && desc.length >= 4)
      return new DataView(desc.buffer, desc.byteOffset, desc.byteLength).getUint32(0, true)
  return undefined
}

/** Where and in which mode the kernel starts. */
function entryOf(file: ElfFile, protocol: ElfKernelOptions['protocol']): Entry | BootRejection {
  const pvh = pvhEntry(file)
  const registers = { rbx: LOW_MEMORY.BOOT_INFORMATION }
  if (pvh !== undefined && protocol !== 'plain') return protectedEntry({ address: pvh, registers })
  if (protocol === 'pvh')
    return rejected('boot.unsupported', 'the kernel has no PVH entry', 'give one that was built with CONFIG_PVH')
  const address = physicalEntry(file)
  if (typeof address !== 'number') return address
  const plain = { address, registers: { ...registers, rax: START_INFO_MAGIC } }
  return codeBits(file) === 64 ? longEntry(plain) : protectedEntry(plain)
}

/**
 * Plans the start of an ELF kernel at its physical addresses.
 *
 * With a PVH entry (protocol `pvh`): 32-bit protected mode, `hvm_start_info` at EBX. Without (`plain`): 64-bit mode for 64-bit code with
 * the first 4 GiB mapped to themselves, 32-bit protected mode for 32-bit code; `hvm_start_info` at RBX as with PVH, and its magic
 * number in RAX. There is no stack.
 */
export function loadElfKernel(bytes: Uint8Array, options: ElfKernelOptions): BootResult {
  const { map, commandLine = '', modules = [], rsdpAddress = 0 } = options
  const file = readX86Elf(bytes)
  if (file.kind === 'rejected') return file
  const image = elfImageInMemory(file, map)
  if (image.kind === 'rejected') return image
  const entry = entryOf(file, options.protocol)
  if ('kind' in entry) return entry
  const { taken } = image
  const { rip } = entry.state
  if (!taken.some(({ address, sizeBytes }) => rip >= address && rip < address + sizeBytes))
    return rejected('boot.malformed', `the entry point ${hex(rip)} is in no segment`, 'link the kernel again')
  const placed = placeModules(modules, { map, taken, end: 'high' })
  if (placed.kind === 'rejected') return placed
  const text = placeText([commandLine, ...modules.map((module) => module.commandLine ?? '')])
  if (text.kind === 'rejected') return text
  const [commandLineAddress = 0, ...moduleLines] = text.addresses
  const information = placeInformation(
    startInfo(LOW_MEMORY.BOOT_INFORMATION, {
      ...{ commandLineAddress, rsdpAddress, map },
      modules: placed.extents.map((extent, n) => ({ ...extent, commandLineAddress: moduleLines[n] ?? 0 })),
    }),
  )
  if ('kind' in information) return information
  const writes = [...entry.writes, information, ...text.writes, ...image.writes, ...placed.writes]
  return { kind: 'boot', writes, entry: entry.state }
}
