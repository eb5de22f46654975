/** A logical processor: the parts above composed. */
export { initState, resetState } from './reset.ts'
