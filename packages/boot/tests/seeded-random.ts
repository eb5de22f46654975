/** Seed of this run's random tests: `RINGFOLD_SEED` repeats a run whose test names show it. */
export const seed = Number(process.env.RINGFOLD_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** A generator of numbers from 0 to `limit - 1` (xorshift32). */
export function seededRandom(from: number): (limit: number) => number {
  let state = from | 0 || 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}

/** Rounds of a random test: `RINGFOLD_FUZZ_STEPS` multiplies them. */
export const rounds = (few: number): number => few * Number(process.env.RINGFOLD_FUZZ_STEPS ?? 1)
