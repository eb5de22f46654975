/** Memory 1 of a processor: its state, the first level of its TLB, and what the interpreter keeps beside them. */
import { STATE_SIZE_BYTES } from '@ringfold/arch'
import { TLB_BYTES, TLB_ENTRIES, TLB_ENTRY, TLB_ENTRY_BYTES, TLB_INDEX_SHIFT } from '@ringfold/mmu'

export { TLB_ARRAY_BYTES } from '@ringfold/mmu'

const align = (n: number, to: number): number => Math.ceil(n / to) * to

/** Where the TLB starts, whose layout is mmu's: an array of entries for each access class, and for reads and writes. */
export const TLB_OFFSET: number = align(STATE_SIZE_BYTES, 4096)

/** How code finds the entry of an address: shifted right, and masked, it is the entry's offset in its array. */
export const TLB_LOOKUP = {
  shift: TLB_INDEX_SHIFT - Math.log2(TLB_ENTRY_BYTES),
  mask: (TLB_ENTRIES - 1) * TLB_ENTRY_BYTES,
  tag: TLB_ENTRY.TAG,
  addend: TLB_ENTRY.ADDEND,
} as const

/** Engine words. */
export const SCRATCH_OFFSET: number = TLB_OFFSET + TLB_BYTES

export const SCRATCH = {
  /** i64: RIP minus the page offset of the instruction: what makes code position-independent. */
  ripBase: SCRATCH_OFFSET,
  /** i64: where a jump goes. */
  jumpTarget: SCRATCH_OFFSET + 8,
  /** i32: offset of the TLB array for reads, and for writes, of the current access class. */
  tlbRead: SCRATCH_OFFSET + 16,
  tlbWrite: SCRATCH_OFFSET + 20,
  /** i32 each: generations of the jump cache for RIP in the lower and in the upper half; entries of older ones do not count. */
  generation: SCRATCH_OFFSET + 80,
  /** i32: why a region was left (`exits.ts`). */
  leave: SCRATCH_OFFSET + 28,
  /** i32: the host is to be asked at the next boundary (`HandlerStatus.leave`, `transfer`) whether the loop may go on. */
  attend: SCRATCH_OFFSET + 36,
  /** i32: the slot at which the interpreter stopped. */
  slot: SCRATCH_OFFSET + 32,
  /** i32: the status with which the last slow access of a region ended. */
  status: SCRATCH_OFFSET + 40,
  /** i32: offset in the ring of indirect jumps at which the next one is noted. */
  indirectNext: SCRATCH_OFFSET + 44,
  /** 16 bytes that slow accesses bring or take. */
  value: SCRATCH_OFFSET + 48,
  /** i64: instructions that regions retired, and how often the loop entered one. */
  regionInstructions: SCRATCH_OFFSET + 64,
  regionEntries: SCRATCH_OFFSET + 72,
} as const

/** Jump cache: target RIP -> slot. 8192 entries of 16 bytes: rip i64, slot i32, generation i32. */
export const JUMP_CACHE_OFFSET: number = SCRATCH_OFFSET + 128
export const JUMP_CACHE_ENTRIES = 8192

/**
 * Where indirect jumps of the interpreter went lately, within their page: a ring of slot (i32) and page offset of the target (i32).
 * Regions are made for the targets that were seen.
 */
export const INDIRECT_RING_OFFSET: number = JUMP_CACHE_OFFSET + JUMP_CACHE_ENTRIES * 16
export const INDIRECT_RING_BYTES: number = 1024 * 8

/** Predecoded instructions. */
export const SLOTS_OFFSET: number = align(INDIRECT_RING_OFFSET + INDIRECT_RING_BYTES, 64)
export const SLOT_BYTES = 32

/** Fields of a slot: byte offset and how it is loaded. */
export const SLOT = {
  handler: 0,
  length: 2,
  scale: 3,
  /** Page offset of the next instruction: 1 to 4096, and more for the one that crosses the page's end. */
  end: 4,
  /** Byte offsets in the state of up to three registers. */
  register0: 6,
  register1: 8,
  register2: 10,
  base: 12,
  index: 14,
  displacement: 16,
  /** Slot of a direct branch's target in the same page; 0 none yet. */
  link: 20,
  immediate: 24,
  /** High half of the immediate: a second one. */
  immediate2: 28,
} as const

/** How a handler ended. */
export const HandlerStatus = {
  next: 0,
  fault: 1,
  /** To `SCRATCH.jumpTarget`. */
  jump: 2,
  repeat: 3,
  /** As next, and events are to be looked after, if the host has said that there may be any. */
  leave: 4,
  /** A rule has set RIP. */
  transfer: 5,
  /** Not executed: the host does it by itself. */
  slow: 6,
  /** The loop's budget is used up. */
  budget: 7,
  /** A jump led to an entry often enough: the host may compile it. */
  hot: 8,
  /** A region was left, and something is to be looked after: what `SCRATCH.leave` says, from `SCRATCH.jumpTarget` on. */
  exit: 9,
  /** The bytes of the next instruction were written since it was predecoded. */
  stale: 10,
} as const
