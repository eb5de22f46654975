/** Back ends that need nothing from outside. */
export { MemoryBlock } from './memory-block.ts'
export { pairedNet } from './paired-net.ts'
export { ScratchBlock } from './scratch-block.ts'
