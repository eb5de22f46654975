/** Decoding .xz: `@ringfold/boot/xz`. */
export { hasXzMagic } from './container.ts'
export { decodeXz, type XzData, type XzOptions } from './decode.ts'
