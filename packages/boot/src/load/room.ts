/** Finding room in RAM. */
import { MEMORY_TYPE_E820, type MemoryExtent, type MemoryMap, type MemoryRange } from './memory-map.ts'

const ramOf = (map: MemoryMap): MemoryRange[] => map.filter(({ type }) => type === MEMORY_TYPE_E820.RAM)

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment
const alignDown = (value: number, alignment: number): number => Math.floor(value / alignment) * alignment

export const overlap = (a: MemoryExtent, b: MemoryExtent): boolean =>
  a.address < b.address + b.sizeBytes && b.address < a.address + a.sizeBytes

/** Whether all of an extent is RAM. */
export const isRam = (map: MemoryMap, { address, sizeBytes }: MemoryExtent): boolean =>
  ramOf(map).some((ram) => address >= ram.address && address + sizeBytes <= ram.address + ram.sizeBytes)

/** What is to be placed, and where it may be: from `from` on, ending at or below `limit`, beside `taken`. */
export interface RoomRequest {
  readonly sizeBytes: number
  readonly alignment: number
  readonly from: number
  readonly limit: number
  readonly taken?: readonly MemoryExtent[]
}

/** The stretches of RAM between what is taken, in ascending order. */
function gaps(map: MemoryMap, { from, limit, taken = [] }: RoomRequest): { start: number; end: number }[] {
  let free = ramOf(map).map(({ address, sizeBytes }) => ({
    start: Math.max(address, from),
    end: Math.min(address + sizeBytes, limit),
  }))
  for (const { address, sizeBytes } of taken)
    free = free
      .flatMap(({ start, end }) => [
        { start, end: Math.min(end, address) },
        { start: Math.max(start, address + sizeBytes), end },
      ])
      .filter(({ start, end }) => end > start)
  return free.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start)
}

/** The lowest address with room, or undefined. */
export function lowestRoom(map: MemoryMap, request: RoomRequest): number | undefined {
  for (const { start, end } of gaps(map, request)) {
    const address = alignUp(start, request.alignment)
    if (address + request.sizeBytes <= end) return address
  }
  return undefined
}

/** The highest address with room, or undefined. */
export function highestRoom(map: MemoryMap, request: RoomRequest): number | undefined {
  for (const { start, end } of gaps(map, request).reverse()) {
    const address = alignDown(end - request.sizeBytes, request.alignment)
    if (address >= start) return address
  }
  return undefined
}
