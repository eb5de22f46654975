/** What all loaders share: plans, rejections, the map of memory. */
export { applyBootPlan, applyEntry, applyWrites } from './apply.ts'
export { biosWrites } from './bios.ts'
export {
  MEMORY_TYPE_E820,
  type MemoryExtent,
  type MemoryMap,
  type MemoryMapOptions,
  type MemoryRange,
  type MemoryRangeType,
  memoryMap,
} from './memory-map.ts'
export { applyMemoryTypes, type MemoryTypeOptions } from './memory-types.ts'
export type { BootModule } from './modules.ts'
export type {
  BootPlan,
  BootResult,
  EntryRegister,
  EntrySegment,
  EntrySegments,
  EntryState,
  MemoryWrite,
} from './plan.ts'
export type { BootRejection, BootRejectionCode } from './rejection.ts'
