import type { IoDevice } from '@ringfold/contracts'

export interface IoFuzzOptions {
  /** 32 random bits: `seededRandom(seed)` of `@ringfold/cpu`. */
  readonly random: () => number
  readonly steps: number
  /** Called after each access: to move time, drive lines, look at invariants. */
  readonly after?: (step: number) => void
}

const SIZES = [1, 2, 4] as const

/**
 * Random accesses of every size to a device behind `sizeBytes` of ports or memory. Values are random, all zeros, all ones or single
 * bits. A device must answer every read with an unsigned number of the size asked for, and throw for none.
 */
export function fuzzIo(device: IoDevice, sizeBytes: number, { random, steps, after }: IoFuzzOptions): void {
  for (let step = 0; step < steps; step++) {
    const size = SIZES[random() % SIZES.length] as 1 | 2 | 4
    const offset = random() % Math.max(1, sizeBytes - size + 1)
    if (size > sizeBytes) continue
    if (random() % 2 === 0) device.write(offset, size, randomValue(random, size))
    else expectValue(device.read(offset, size), size, offset)
    after?.(step)
  }
}

function randomValue(random: () => number, size: 1 | 2 | 4): number {
  const mask = 2 ** (8 * size) - 1
  const kind = random() % 8
  if (kind === 0) return 0
  if (kind === 1) return mask
  if (kind === 2) return 2 ** (random() % (8 * size))
  return (random() >>> 0) % (mask + 1)
}

function expectValue(value: number, size: number, offset: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** (8 * size)) return
  throw new RangeError(`a read of ${size} bytes at ${offset} gave ${value}`)
}
