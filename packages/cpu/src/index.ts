/** A logical processor: the parts above composed. */
export * from './debug/index.ts'
export { initState, resetState } from './reset.ts'
