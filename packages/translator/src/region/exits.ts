/** Where and why a region was left for the engine to look after something: one word, which the code holds as a constant. */

export interface RegionExit {
  /** One of `HandlerStatus`; {@link STATUS_IN_SCRATCH}: the one in `SCRATCH.status`. */
  readonly status: number
  /** From RIP of the region's entry to that of the instruction. */
  readonly distance: number
  /** Instructions that the budget was lowered by, and that have not retired. */
  readonly unretired: number
}

export const STATUS_IN_SCRATCH = 15

const STATUS_BITS = 4
const DISTANCE_BITS = 14
const DISTANCE_BIAS = 1 << (DISTANCE_BITS - 1)
const mask = (bits: number): number => (1 << bits) - 1

export const packExit = ({ status, distance, unretired }: RegionExit): number =>
  status | ((distance + DISTANCE_BIAS) << STATUS_BITS) | (unretired << (STATUS_BITS + DISTANCE_BITS))

export const unpackExit = (word: number): RegionExit => ({
  status: word & mask(STATUS_BITS),
  distance: ((word >>> STATUS_BITS) & mask(DISTANCE_BITS)) - DISTANCE_BIAS,
  unretired: word >>> (STATUS_BITS + DISTANCE_BITS),
})
