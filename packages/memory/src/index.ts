/** The physical address space: RAM, ROM, MMIO and port ranges, dirty and code tracking, copy-on-write. */
export {
  ALL_PAGES,
  type AttributesListener,
  type CodeWriteListener,
  PAGE_ATTRIBUTE,
  RESTRICTIONS,
} from './attributes.ts'
export { CopyOnWriteMemory, ImageMemory } from './copy-on-write.ts'
export type { AccessBytes, DeviceRange, DeviceRangeOptions, DeviceTarget } from './device-access.ts'
export { MemoryError, type MemoryErrorCode } from './errors.ts'
export {
  HIGH_RAM_BASE,
  HIGH_RAM_HOST_OFFSET,
  HIGH_RAM_PAGE,
  LOW_RAM_LIMIT,
  type MemoryLayout,
  PAGE_BYTES,
} from './layout.ts'
export { PhysicalMemory, type PhysicalMemoryOptions } from './physical-memory.ts'
export { PORT_COUNT, PortSpace } from './port-space.ts'
export { type MappedRange, RangeMap } from './range-map.ts'
export type { RomRegion } from './rom.ts'
export { MEMORY_SNAPSHOT_VERSION, type MemorySnapshot } from './snapshot.ts'
