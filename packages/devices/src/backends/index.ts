/** Back ends that need nothing from outside. */
export { MemoryBlock } from './memory-block.ts'
export { MemoryConsole } from './memory-console.ts'
export { pairedNet } from './paired-net.ts'
export { ScratchBlock } from './scratch-block.ts'
