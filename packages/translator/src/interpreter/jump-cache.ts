/**
 * The jump cache in memory 1: from RIP to the slot at which execution goes on there. Direct-mapped; the index mixes page number and
 * offset, because functions are aligned and pages are often entered at the same offsets.
 */
import type { IrEmitter } from '../emit/emitter.ts'
import { JUMP_CACHE_ENTRIES, JUMP_CACHE_OFFSET, SCRATCH as SCRATCH_TABLE } from '../layout.ts'
import { Wasm } from '../wasm/opcodes.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const SCRATCH = SCRATCH_TABLE

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
const jumpEntry = (lo: number): number => ((lo << LOG2_BYTES) ^ (lo >>> (PAGE_SHIFT - LOG2_BYTES))) & MASK

/** Place of the generation that counts for an address, by the high half of RIP: the kernel's half, or the user's. */
const generationOf = (hi: number): number => SCRATCH.generation + ((hi | 0) < 0 ? 4 : 0)

/** Bits of the generation word that tell the mode of an entry. */
const MODE_BITS = 8
const GENERATIONS = 1 << (31 - MODE_BITS)
/** Modes that entries tell apart: numbers 1 to this. */
export const MOST_MODES: number = (1 << MODE_BITS) - 1

const PAGE_FILTER = 4096
const pageIndex = (lo: number): number => (lo >>> PAGE_SHIFT) & (PAGE_FILTER - 1)

/** The jump cache as the host sees it. */
export class JumpCache {
  readonly #view: DataView
  #mode = 0
  #generation = 1
  #upperGeneration = 1
  /** A byte for pages of the lower and of the upper half that entries were noted for, by some bits of their numbers. */
  readonly #pages = new Uint8Array(PAGE_FILTER)
  readonly #upperPages = new Uint8Array(PAGE_FILTER)
  /** All entries of the upper half of the address space are of global pages. */
  #upperIsGlobal = true

  constructor(view: DataView) {
    this.#view = view
    this.#write()
  }

  /** Entries of other modes do not count from now on. */
  setMode(number: number): void {
    this.#mode = number
    this.#write()
  }

  /** Whether there may be an entry for a page of 4096 bytes. */
  mayHold(lo: number, hi: number): boolean {
    return (hi | 0) < 0 ? this.#upperPages[pageIndex(lo)] !== 0 : this.#pages[pageIndex(lo)] !== 0
  }

  /** Forgets all entries; with `keepGlobal`, none of the upper half if all there are of global pages. */
  flush(keepGlobal: boolean): void {
    this.#generation = (this.#generation + 1) % GENERATIONS
    this.#pages.fill(0)
    const isRound = this.#generation === 0
    // Numbers must not come back while entries carry them.
    if (isRound) this.#empty()
    if (!keepGlobal || !this.#upperIsGlobal || isRound) {
      this.#upperGeneration = this.#generation
      this.#upperIsGlobal = true
      this.#upperPages.fill(0)
    }
    this.#write()
  }

  #empty(): void {
    this.#generation = 1
    new Uint8Array(this.#view.buffer, JUMP_CACHE_OFFSET, JUMP_CACHE_ENTRIES << LOG2_BYTES).fill(0)
  }

  #write(): void {
    const view = this.#view
    view.setInt32(SCRATCH.generation, (this.#generation << MODE_BITS) | this.#mode, true)
    view.setInt32(SCRATCH.generation + 4, (this.#upperGeneration << MODE_BITS) | this.#mode, true)
  }

  /** The slot for an address: whatever makes a jump look up its target again does so here too. 0: none. */
  find(lo: number, hi: number): number {
    const view = this.#view
    const entry = jumpEntry(lo)
    const isKnown =
      view.getInt32(JUMP.rip + entry, true) === (lo | 0) &&
      view.getInt32(JUMP.rip + 4 + entry, true) === (hi | 0) &&
      view.getInt32(JUMP.generation + entry, true) === view.getInt32(generationOf(hi), true)
    return isKnown ? view.getInt32(JUMP.slot + entry, true) : 0
  }

  /** Lets jumps find a slot. */
  note(slot: number, lo: number, hi: number, isGlobal: boolean): void {
    if ((hi | 0) < 0 && !isGlobal) this.#upperIsGlobal = false
    const pages = (hi | 0) < 0 ? this.#upperPages : this.#pages
    pages[pageIndex(lo)] = 1
    const view = this.#view
    const entry = jumpEntry(lo)
    view.setInt32(JUMP.rip + entry, lo, true)
    view.setInt32(JUMP.rip + 4 + entry, hi, true)
    view.setInt32(JUMP.slot + entry, slot, true)
    view.setInt32(JUMP.generation + entry, view.getInt32(generationOf(hi), true), true)
  }
}

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
