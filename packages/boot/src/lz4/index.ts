/** Decoding LZ4 as Linux kernels have it: `@ringfold/boot/lz4`. */
export { decodeLz4Legacy, type Lz4Data, type Lz4Options } from './legacy.ts'
