/** Shows what the region tier makes of the code at a linear address. */
import { PAGE_BYTES } from '@ringfold/memory'
import type { RegionObserver, RegionText } from '@ringfold/translator'
import { LinearView } from './debug/linear-view.ts'
import type { EngineParts } from './engines.ts'

export interface RegionWatch {
  /** Linear address of an instruction. */
  readonly address: bigint
  /** Called for every region that holds it, each time one is compiled. */
  readonly show: (region: RegionText) => void
}

/** Regions lie in pages of the host's RAM: the address is translated each time, as its page may be mapped late; the guest sees nothing of it. */
export function observerAt({ address, show }: RegionWatch, { ctx, linear }: EngineParts): RegionObserver {
  const { memory } = linear.mmu
  const view = new LinearView(ctx.state, memory)
  const offset = Number(address % BigInt(PAGE_BYTES))
  return {
    wants(page, ranges) {
      if (!ranges.some(([start, end]) => start <= offset && offset < end)) return false
      const physical = view.walk(address)?.page?.address
      return physical !== undefined && memory.hostOffset(Math.floor(physical / PAGE_BYTES)) === page
    },
    show,
  }
}
