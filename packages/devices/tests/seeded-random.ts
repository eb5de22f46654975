/** The seed of this run: fresh each time, or `RINGFOLD_SEED` to repeat one. Tests print it in their names. */
export const seed: number = Number(process.env.RINGFOLD_SEED ?? Date.now() % 2 ** 32) >>> 0

/** A generator of unsigned 32-bit numbers that a seed determines: SplitMix32. */
export function seededRandom(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
}
