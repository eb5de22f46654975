/** The map of physical memory, from which all boot protocols are told. */

/** Kinds of memory as the BIOS call INT 15H, AX=E820H numbers them: ACPI 6.5, chapter 15, "Address Range Types". */
export const MEMORY_TYPE_E820 = { RAM: 1, RESERVED: 2, ACPI: 3, NVS: 4, UNUSABLE: 5 } as const

export type MemoryRangeType = (typeof MEMORY_TYPE_E820)[keyof typeof MEMORY_TYPE_E820]

/** A stretch of physical memory, in bytes. */
export interface MemoryExtent {
  readonly address: number
  readonly sizeBytes: number
}

/** A stretch of physical memory of one kind. */
export interface MemoryRange extends MemoryExtent {
  readonly type: MemoryRangeType
}

/** In ascending order, without overlap. What no range covers is no memory. */
export type MemoryMap = readonly MemoryRange[]

export interface MemoryMapOptions {
  readonly ramBytes: number
  /** Where RAM ends below 4 GiB; the rest of it starts at 4 GiB. Default: 3 GiB. */
  readonly lowRamLimit?: number
  /** What is not RAM, or must not be used as such: ACPI tables, ECAM. It wins over RAM. */
  readonly special?: readonly MemoryRange[]
}

const { RAM, RESERVED } = MEMORY_TYPE_E820
const FOUR_GIB = 2 ** 32

/** What every PC has below 1 MiB: the extended BIOS data area at the end of conventional memory, and the BIOS. */
export const PC_BIOS = { EBDA: 0x9_fc00, EBDA_BYTES: 0x400, ROM: 0xf_0000, ROM_BYTES: 0x1_0000 } as const
const PC_RANGES: readonly MemoryRange[] = [
  { address: PC_BIOS.EBDA, sizeBytes: PC_BIOS.EBDA_BYTES, type: RESERVED },
  { address: PC_BIOS.ROM, sizeBytes: PC_BIOS.ROM_BYTES, type: RESERVED },
]
/** Video memory and option ROMs: not in the map, as a BIOS leaves them out. */
const PC_HOLE: MemoryExtent = { address: 0xa_0000, sizeBytes: 0x6_0000 }

/** What is left of ranges beside an extent. */
function without(ranges: readonly MemoryRange[], { address, sizeBytes }: MemoryExtent): MemoryRange[] {
  return ranges.flatMap((range) => {
    const end = range.address + range.sizeBytes
    const before = { ...range, sizeBytes: Math.min(end, address) - range.address }
    const start = Math.max(range.address, address + sizeBytes)
    return [before, { ...range, address: start, sizeBytes: end - start }].filter((part) => part.sizeBytes > 0)
  })
}

/** Adjoining ranges of one kind become one. */
function joined(ranges: readonly MemoryRange[]): MemoryRange[] {
  const result: MemoryRange[] = []
  for (const range of ranges) {
    const last = result.at(-1)
    if (last !== undefined && last.type === range.type && last.address + last.sizeBytes === range.address)
      result[result.length - 1] = { ...last, sizeBytes: last.sizeBytes + range.sizeBytes }
    else result.push(range)
  }
  return result
}

/** The map of a PC: one source for bzImage's e820 table, PVH's and multiboot's memory maps. */
export function memoryMap({ ramBytes, lowRamLimit = 0xc000_0000, special = [] }: MemoryMapOptions): MemoryMap {
  const lowBytes = Math.min(ramBytes, lowRamLimit)
  const ram: MemoryRange[] = [
    { address: 0, sizeBytes: lowBytes, type: RAM },
    { address: FOUR_GIB, sizeBytes: ramBytes - lowBytes, type: RAM },
  ]
  let ranges = without(
    ram.filter(({ sizeBytes }) => sizeBytes > 0),
    PC_HOLE,
  )
  for (const range of [...PC_RANGES, ...special]) ranges = [...without(ranges, range), range]
  return joined(ranges.filter(({ sizeBytes }) => sizeBytes > 0).sort((a, b) => a.address - b.address))
}
