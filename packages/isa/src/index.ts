/** The x86 instruction table and everything derived from it. Import a subpath to carry only one part. */
export * from './decoder/index.ts'
export * from './registers.ts'
