/** Multiboot 1 kernels: Multiboot Specification 0.6.96. */
import { checkedImage, elfImageInMemory, type PhysicalImage, physicalEntry, readX86Elf } from '../load/elf-image.ts'
import { LOW_MEMORY, protectedEntry } from '../load/entry.ts'
import type { MemoryMap } from '../load/memory-map.ts'
import { type BootModule, placeInformation, placeModules, placeText } from '../load/modules.ts'
import type { BootResult } from '../load/plan.ts'
import { type BootRejection, hex, rejected } from '../load/rejection.ts'
import { type HeaderAddresses, type MultibootHeader, readMultibootHeader } from './header.ts'
import { multibootInformation } from './information.ts'

/** What EAX holds at the entry (3.2). */
export const LOADER_MAGIC = 0x2bad_b002
const LOADER_NAME = 'Ringfold'

export interface MultibootOptions {
  readonly map: MemoryMap
  /** By custom, it starts with the kernel's file name. */
  readonly commandLine?: string
  readonly modules?: readonly BootModule[]
}

interface LoadedKernel extends PhysicalImage {
  readonly entry: number
}

/** 3.1.3: the part of the file from the load address on, and zeros up to the end of the bss. */
function loadByAddresses(
  bytes: Uint8Array,
  offset: number,
  addresses: HeaderAddresses,
  map: MemoryMap,
): LoadedKernel | BootRejection {
  const { headerAddress, loadAddress, loadEnd, bssEnd, entry } = addresses
  const from = offset - (headerAddress - loadAddress)
  const sizeBytes = loadEnd === 0 ? bytes.length - from : loadEnd - loadAddress
  if (from < 0 || from > offset || sizeBytes <= 0)
    return rejected('boot.malformed', 'the addresses in the multiboot header contradict the file', 'link it again')
  if (from + sizeBytes > bytes.length)
    return rejected('boot.truncated', `the file ends before ${hex(loadEnd)}`, 'give the whole file')
  const zeroBytes = Math.max(0, bssEnd - loadAddress - sizeBytes)
  const write = { address: loadAddress, bytes: bytes.subarray(from, from + sizeBytes), zeroBytes }
  const image = checkedImage([write], map)
  return image.kind === 'rejected' ? image : { ...image, entry }
}

/**
 * An ELF file at its physical addresses. The specification knows 32-bit files; a 64-bit file is loaded alike and entered in 32-bit mode,
 * as GRUB does it, which is what kernels with such files are written for.
 */
function loadBySegments(bytes: Uint8Array, map: MemoryMap): LoadedKernel | BootRejection {
  const file = readX86Elf(bytes)
  if (file.kind === 'rejected') return file
  const image = elfImageInMemory(file, map)
  if (image.kind === 'rejected') return image
  const entry = physicalEntry(file)
  return typeof entry === 'number' ? { ...image, entry } : entry
}

const loadKernel = (bytes: Uint8Array, header: MultibootHeader, map: MemoryMap): LoadedKernel | BootRejection =>
  header.addresses ? loadByAddresses(bytes, header.offset, header.addresses, map) : loadBySegments(bytes, map)

/**
 * Plans the start of a multiboot kernel: 32-bit protected mode without paging, the magic number in EAX, the boot information at EBX;
 * modules behind the kernel, each at the start of a page.
 */
export function loadMultiboot(bytes: Uint8Array, options: MultibootOptions): BootResult {
  const { map, commandLine = '', modules = [] } = options
  const header = readMultibootHeader(bytes)
  if (header.kind === 'rejected') return header
  const kernel = loadKernel(bytes, header, map)
  if (kernel.kind === 'rejected') return kernel
  const isInside = kernel.taken.some(
    (part) => kernel.entry >= part.address && kernel.entry < part.address + part.sizeBytes,
  )
  if (!isInside)
    return rejected('boot.malformed', `the entry point ${hex(kernel.entry)} is not loaded`, 'link the kernel again')
  const placed = placeModules(modules, { map, taken: kernel.taken, end: 'low' })
  if (placed.kind === 'rejected') return placed
  const text = placeText([commandLine, LOADER_NAME, ...modules.map((module) => module.commandLine ?? '')])
  if (text.kind === 'rejected') return text
  const [commandLineAddress = 0, loaderNameAddress = 0, ...moduleLines] = text.addresses
  const information = placeInformation(
    multibootInformation(LOW_MEMORY.BOOT_INFORMATION, {
      ...{ map, commandLineAddress, loaderNameAddress },
      modules: placed.extents.map((extent, n) => ({ ...extent, commandLineAddress: moduleLines[n] ?? 0 })),
    }),
  )
  if ('kind' in information) return information
  const registers = { rax: LOADER_MAGIC, rbx: information.address }
  const entry = protectedEntry({ address: kernel.entry, registers })
  const writes = [...entry.writes, information, ...text.writes, ...kernel.writes, ...placed.writes]
  return { kind: 'boot', writes, entry: entry.state }
}
