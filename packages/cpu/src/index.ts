/** A logical processor: the parts above composed. */
export type {}
