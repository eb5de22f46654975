/**
 * The jump cache in memory 1: from RIP to the slot at which execution goes on there. Direct-mapped; the index mixes page number and
 * offset, because functions are aligned and pages are often entered at the same offsets.
 */
import type { IrEmitter } from '../emit/emitter.ts'
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_OFFSET, SCRATCH } from '../layout.ts'
import { Wasm } from '../wasm/opcodes.ts'

/** Fields of an entry of 16 bytes, as offsets in memory 1 to which {@link jumpEntry} is added. */
export const JUMP = {
  /** i64 */
  rip: JUMP_CACHE_OFFSET,
  /** i32 */
  slot: JUMP_CACHE_OFFSET + 8,
  /** i32: entries of another generation do not count. */
  generation: JUMP_CACHE_OFFSET + 12,
} as const

const LOG2_BYTES = 4
const PAGE_SHIFT = 12
const MASK = (JUMP_CACHE_ENTRIES - 1) << LOG2_BYTES

/** What the low half of RIP makes of the place of an entry. */
export const jumpEntry = (lo: number): number => ((lo << LOG2_BYTES) ^ (lo >>> (PAGE_SHIFT - LOG2_BYTES))) & MASK

/** Place of the generation that counts for an address, by the high half of RIP: the kernel's half, or the user's. */
export const generationOf = (hi: number): number => SCRATCH.generation + ((hi | 0) < 0 ? 4 : 0)

/** Pushes the generation that counts for RIP in an i64 local. */
export function pushGeneration(e: IrEmitter, rip: number): void {
  e.get(rip)
  e.i64(63)
  e.op(Wasm.i64ShrU, Wasm.i32WrapI64)
  e.i32(2)
  e.op(Wasm.i32Shl)
  e.memory(Wasm.i32Load, 1, SCRATCH.generation, 2)
}

/** Pushes the same, of RIP in an i64 local. */
export function pushJumpEntry(e: IrEmitter, rip: number): void {
  e.get(rip)
  e.op(Wasm.i32WrapI64)
  e.i32(LOG2_BYTES)
  e.op(Wasm.i32Shl)
  e.get(rip)
  e.op(Wasm.i32WrapI64)
  e.i32(PAGE_SHIFT - LOG2_BYTES)
  e.op(Wasm.i32ShrU, Wasm.i32Xor)
  e.i32(MASK)
  e.op(Wasm.i32And)
}
