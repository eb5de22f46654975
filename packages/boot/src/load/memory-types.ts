/** The memory types that firmware leaves in every processor: without them, all memory is uncached, and Linux leaves PAT alone. */
import { type CpuState, FIELD, MEMORY_TYPE, MTRR_DEF_TYPE, MTRR_PHYSMASK } from '@ringfold/arch'
import { BootError } from '../errors.ts'
import type { MemoryExtent } from './memory-map.ts'

const { UC, WB } = MEMORY_TYPE
const PAGE_BYTES = 0x1000
/** Of the fixed-range MTRRs: eight ranges each (Intel SDM vol. 3A, 13.11.2.2). */
const FIXED_WRITE_BACK = WB * 0x0101_0101
/** IA32_MTRR_FIX16K_A0000: video memory. */
const FIXED_VIDEO = 2

export interface MemoryTypeOptions {
  /** `MAXPHYADDR` of the processor: masks have no bits beyond. */
  readonly physicalAddressBits: number
  /** Where devices are. Default: the last GiB below 4 GiB. */
  readonly uncached?: readonly MemoryExtent[]
}

const DEVICES: readonly MemoryExtent[] = [{ address: 0xc000_0000, sizeBytes: 0x4000_0000 }]

/** Parts whose size is a power of two, each aligned to its size: what a variable range can say. */
function parts({ address, sizeBytes }: MemoryExtent): MemoryExtent[] {
  const found: MemoryExtent[] = []
  for (let at = address; at < address + sizeBytes; ) {
    let part = PAGE_BYTES
    while (at % (part * 2) === 0 && at + part * 2 <= address + sizeBytes) part *= 2
    found.push({ address: at, sizeBytes: part })
    at += part
  }
  return found
}

const set = (state: CpuState, field: typeof FIELD.mtrrPhysBase | typeof FIELD.mtrrPhysMask, n: number, value: number) =>
  state.set(field, value % 2 ** 32, Math.floor(value / 2 ** 32), n)

/**
 * Sets the MTRRs of a processor that is as after a reset: write-back everywhere but in video memory and where devices are (Intel SDM
 * vol. 3A, 13.11.2). To be done alike for all processors. Throws `BootError` `boot.memory-types` if there are too few ranges.
 */
export function applyMemoryTypes(state: CpuState, options: MemoryTypeOptions): void {
  const ranges = (options.uncached ?? DEVICES).flatMap(parts)
  if (ranges.length > FIELD.mtrrPhysBase.count)
    throw new BootError('boot.memory-types', `${ranges.length} ranges of uncached memory`, 'align them better')
  for (let n = 0; n < FIELD.mtrrFix.count; n++) {
    const types = n === FIXED_VIDEO ? UC : FIXED_WRITE_BACK
    state.set(FIELD.mtrrFix, types, types, n)
  }
  const limit = 2 ** options.physicalAddressBits
  for (const [n, { address, sizeBytes }] of ranges.entries()) {
    set(state, FIELD.mtrrPhysBase, n, address + UC)
    set(state, FIELD.mtrrPhysMask, n, limit - sizeBytes + MTRR_PHYSMASK.lo.V)
  }
  state.set(FIELD.mtrrDefType, MTRR_DEF_TYPE.lo.E | MTRR_DEF_TYPE.lo.FE | WB, 0)
}
