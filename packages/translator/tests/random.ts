/** Reproducible random values for tests. */

/** `RINGFOLD_SEED` repeats a run. */
export const seed: number = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

/** mulberry32: unsigned 32-bit numbers. */
export function generator(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** Words that mean something as integers, as singles, or as halves of doubles. */
const WORDS = [
  0x00000000, 0x00000000, 0xffffffff, 0x80000000, 0x7fffffff, 0x00000001, 0x3f800000, 0xbf800000, 0x7f800000,
  0xff800000, 0x7fc00000, 0x3ff00000, 0x7ff00000, 0x43e00000, 0xc3e00000, 0x4f000000, 0xcf000000, 0x5f000000,
  0x3fe00000, 0x3f000000, 0x7fff8000, 0x41e00000, 0x80008000, 0x4b000001, 0x43300000, 0xc0400000, 0x807f7f80,
]

/** Fills bytes with random words, edges among them; now and then all alike, or small. */
export function fillVector(next: () => number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const kind = next() % 8
  const same = next()
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = kind < 3 ? (WORDS[next() % WORDS.length] as number) : kind === 3 ? next() & 0x07070707 : next()
    view.setUint32(at, kind === 4 ? same : word, true)
  }
}
