import type { Clock } from '@ringfold/contracts'

/** Virtual time: the time-stamp counter ticks once for each retired instruction, so that a run repeats to the bit. */
export function virtualClock(tscHz = 1_000_000_000): Clock {
  return {
    tscHz,
    tscLo: (retiredLo) => retiredLo >>> 0,
    tscHi: (_retiredLo, retiredHi) => retiredHi >>> 0,
  }
}

/** A seeded source of 32-bit numbers (xorshift32; Marsaglia 2003) for RDRAND and RDSEED where a run must repeat. */
export function seededRandom(seed = 0x2545f491): () => number {
  let x = seed >>> 0 || 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x
  }
}
