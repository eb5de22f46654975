import type { CpuState } from '@ringfold/arch'
import { PAGE_ATTRIBUTE, PAGE_BYTES, type PhysicalMemory } from '@ringfold/memory'
import {
  ACCESS,
  explainWalk,
  FULL_CAPABILITIES,
  isCanonical,
  PAGING_MODE,
  type PagingCapabilities,
  pagingStateOf,
  type WalkExplanation,
} from '@ringfold/mmu'
import { hiOf, loOf } from './registers/register.ts'

const { RAM, ROM, MMIO } = PAGE_ATTRIBUTE
const PAGE_MASK = BigInt(PAGE_BYTES - 1)

/**
 * Linear memory as a debugger sees it: with the rights of a supervisor that nothing but absence stops, without accessed or dirty
 * bits, and without reading devices, which would notice.
 */
export class LinearView {
  readonly #state: CpuState
  readonly #memory: PhysicalMemory
  readonly #capabilities: PagingCapabilities

  constructor(state: CpuState, memory: PhysicalMemory, capabilities: PagingCapabilities = FULL_CAPABILITIES) {
    this.#state = state
    this.#memory = memory
    this.#capabilities = capabilities
  }

  /** The translation of an address, level by level; undefined if it is not canonical. */
  walk(address: bigint): WalkExplanation | undefined {
    const paging = pagingStateOf(this.#state, this.#capabilities)
    const isWide = paging.mode === PAGING_MODE.FOUR_LEVEL || paging.mode === PAGING_MODE.FIVE_LEVEL
    const bits = paging.mode === PAGING_MODE.FIVE_LEVEL ? 57 : 48
    if (isWide && !isCanonical(loOf(address), hiOf(address), bits)) return undefined
    return explainWalk(paging, this.#memory, BigInt.asUintN(isWide ? 64 : 32, address), ACCESS.AC)
  }

  /** The physical address of a byte of RAM or ROM (of RAM alone, to write to it), or -1. */
  #locate(address: bigint, write: boolean): number {
    const physical = this.walk(address)?.page?.address
    if (physical === undefined) return -1
    const bits = this.#memory.attributes(Math.floor(physical / PAGE_BYTES))
    if ((bits & MMIO) !== 0 || (bits & (RAM | ROM)) === 0) return -1
    return write && (bits & ROM) !== 0 ? -1 : physical
  }

  /** Up to `lengthBytes` bytes: those before the first that cannot be read. */
  read(address: bigint, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes)
    let done = 0
    while (done < lengthBytes) {
      const at = this.#wrap(address + BigInt(done))
      const physical = this.#locate(at, false)
      if (physical < 0) break
      const count = Math.min(lengthBytes - done, PAGE_BYTES - Number(at & PAGE_MASK))
      this.#memory.readBytes(physical, bytes.subarray(done, done + count))
      done += count
    }
    return bytes.subarray(0, done)
  }

  /** Writes all bytes or none, on the way that tells those who hold code. Pages may be read-only to the guest. */
  write(address: bigint, bytes: Uint8Array): boolean {
    const pieces: { readonly physical: number; readonly start: number; readonly end: number }[] = []
    for (let start = 0; start < bytes.length; ) {
      const at = this.#wrap(address + BigInt(start))
      const physical = this.#locate(at, true)
      if (physical < 0) return false
      const end = Math.min(bytes.length, start + PAGE_BYTES - Number(at & PAGE_MASK))
      pieces.push({ physical, start, end })
      start = end
    }
    for (const { physical, start, end } of pieces) this.#memory.writeBytes(physical, bytes.subarray(start, end))
    return true
  }

  #wrap(address: bigint): bigint {
    return BigInt.asUintN(64, address)
  }
}
