/** An ELF file as an image in physical memory. */
import { codeBits, type ElfFile, type ElfSegment, loadSegments, readElf } from '../elf/index.ts'
import { LOW_MEMORY } from './entry.ts'
import type { MemoryExtent, MemoryMap } from './memory-map.ts'
import type { MemoryWrite } from './plan.ts'
import { type BootRejection, hex, rejected } from './rejection.ts'
import { isRam, overlap } from './room.ts'

const FOUR_GIB = 2n ** 32n

/** What loaders keep for themselves. */
const OWN: MemoryExtent = { address: LOW_MEMORY.GDT, sizeBytes: LOW_MEMORY.COMMAND_LINE_LIMIT - LOW_MEMORY.GDT }

/** Reads an ELF file for x86. */
export function readX86Elf(bytes: Uint8Array): ElfFile | BootRejection {
  const file = readElf(bytes)
  if (file.kind === 'rejected') {
    const code = file.code === 'elf.truncated-header' ? 'boot.truncated' : 'boot.not-this-format'
    return rejected(code, `the file ${file.message}`, 'give an ELF file for x86')
  }
  if (codeBits(file) !== undefined) return file
  return rejected('boot.wrong-architecture', `the ELF file is for machine ${file.machine}`, 'give one for x86')
}

/** What of an image stands where. */
export interface PhysicalImage {
  readonly kind: 'image'
  readonly writes: readonly MemoryWrite[]
  readonly taken: readonly MemoryExtent[]
}

/** Checks that parts of an image are RAM, apart from each other and from what loaders need. */
export function checkedImage(writes: readonly MemoryWrite[], map: MemoryMap): PhysicalImage | BootRejection {
  const taken = writes
    .map(({ address, bytes, zeroBytes = 0 }) => ({ address, sizeBytes: bytes.length + zeroBytes }))
    .sort((a, b) => a.address - b.address)
  for (const [index, extent] of taken.entries()) {
    const place = `${extent.sizeBytes} bytes at ${hex(extent.address)}`
    if (!isRam(map, extent))
      return rejected('boot.kernel-room', `the kernel wants ${place}, which is no RAM`, 'give the machine more memory')
    if (overlap(extent, OWN))
      return rejected(
        'boot.unsupported',
        `the kernel wants ${place}, which the loader uses`,
        'link it at 1 MiB or above',
      )
    const next = taken[index + 1]
    if (next && overlap(extent, next))
      return rejected('boot.malformed', `segments of the kernel overlap at ${hex(next.address)}`, 'link it again')
  }
  return { kind: 'image', writes, taken }
}

function writeOf({ paddr, memsz, filesz, bytes }: ElfSegment): MemoryWrite {
  return { address: Number(paddr), bytes, zeroBytes: Number(memsz - filesz) }
}

/** The loaded segments at their physical addresses (`p_paddr`), below 4 GiB. */
export function elfImageInMemory(file: ElfFile, map: MemoryMap): PhysicalImage | BootRejection {
  const segments = loadSegments(file).filter(({ memsz }) => memsz > 0n)
  if (segments.length === 0)
    return rejected('boot.malformed', 'the ELF file has nothing to load', 'give a linked kernel, not an object file')
  for (const { index, paddr, memsz, filesz, bytes } of segments) {
    if (filesz > memsz)
      return rejected('boot.malformed', `segment ${index} is larger in the file than in memory`, 'link it again')
    if (BigInt(bytes.length) < filesz)
      return rejected('boot.truncated', `the file ends within segment ${index}`, 'give the whole file')
    if (paddr + memsz > FOUR_GIB)
      return rejected('boot.kernel-room', `segment ${index} goes beyond 4 GiB`, 'link the kernel below 4 GiB')
  }
  return checkedImage(segments.map(writeOf), map)
}

/**
 * The physical address of `e_entry`, which is virtual by the gABI; a kernel that is linked to a high address has a physical one there.
 */
export function physicalEntry(file: ElfFile): number | BootRejection {
  const { entry } = file
  const segments = loadSegments(file)
  const virtual = segments.find(({ vaddr, memsz }) => entry >= vaddr && entry < vaddr + memsz)
  if (virtual) return Number(entry - virtual.vaddr + virtual.paddr)
  if (segments.some(({ paddr, memsz }) => entry >= paddr && entry < paddr + memsz)) return Number(entry)
  return rejected('boot.malformed', `the entry point 0x${entry.toString(16)} is in no segment`, 'link it again')
}
