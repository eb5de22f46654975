import { PAGE_BYTES } from './layout.ts'
import type { MappedRange } from './range-map.ts'

/** The largest piece below `end` of whole pages of which no range has a part: where it begins and ends. */
export function largestGap(ranges: readonly MappedRange<unknown>[], end: number): readonly [from: number, to: number] {
  let best: readonly [number, number] = [0, 0]
  let from = 0
  const consider = (to: number): void => {
    if (to - from > best[1] - best[0]) best = [from, to]
  }
  for (const { base, sizeBytes } of ranges) {
    consider(Math.min(Math.floor(base / PAGE_BYTES) * PAGE_BYTES, end))
    from = Math.ceil((base + sizeBytes) / PAGE_BYTES) * PAGE_BYTES
  }
  consider(end)
  return best
}
