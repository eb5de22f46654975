/** The x86 instruction table and everything derived from it. Import a subpath to carry only one part. */
export * from './assembler/index.ts'
export * from './decoder/index.ts'
export * from './encoder/index.ts'
export * from './facts/index.ts'
export * from './formatter/index.ts'
export * from './registers.ts'
export * from './samples.ts'
