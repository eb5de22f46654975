/** Paging: walks, TLBs, access checks; nested walks; shadow page tables. */
export {
  ACCESS,
  ACCESS_CLASS,
  ACCESS_CLASSES,
  accessBitsOf,
  accessClassOf,
  CLASS_ACCESS,
  type Denial,
  RIGHT,
} from './access.ts'
export { MmuError, type MmuErrorCode } from './errors.ts'
export {
  explainWalk,
  type PageRights,
  type WalkExplanation,
  type WalkedPage,
  type WalkFault,
  type WalkLevel,
} from './explain-walk.ts'
export { FirstLevelTlb } from './first-level.ts'
export { LinearAccessor } from './linear-accessor.ts'
export { isCanonical, narrowIndex, wideIndex } from './linear-address.ts'
export { INVPCID_TYPE, Mmu, type MmuOptions } from './mmu.ts'
export {
  FULL_CAPABILITIES,
  PAGING_MODE,
  type PagingCapabilities,
  type PagingControls,
  PagingState,
  pagingStateOf,
  STALE,
} from './paging-state.ts'
export { loadPdptes, readPdptes } from './pdptes.ts'
export type { PlainWords } from './plain-words.ts'
export { SecondLevelTlb } from './second-level.ts'
export { type SecondStage, STAGE_RIGHT } from './second-stage.ts'
export {
  TLB_ARRAY_BYTES,
  TLB_BYTES,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_ENTRY_BYTES,
  TLB_INDEX_SHIFT,
  tlbArrayOffset,
} from './tlb-layout.ts'
export { WALK, Walker } from './walker.ts'
