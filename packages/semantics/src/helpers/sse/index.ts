/** Routines of SSE floating point. */
import type { Routine } from '../types.ts'
import { APPROXIMATE_ROUTINES } from './approximate.ts'
import { DOT_PRODUCT_ROUTINES } from './dot-product.ts'
import { simdExceptions } from './exceptions.ts'
import { LANE_ROUTINES } from './lanes.ts'

export const SSE_FLOAT_ROUTINES: Readonly<Record<string, Routine>> = {
  'sse.exceptions': simdExceptions,
  ...LANE_ROUTINES,
  ...DOT_PRODUCT_ROUTINES,
  ...APPROXIMATE_ROUTINES,
}
