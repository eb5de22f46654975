/** Archives for an initramfs: `@ringfold/boot/cpio`. */
export type { CpioDevice, CpioDirectory, CpioEntry, CpioFifo, CpioFile, CpioSymlink } from './format.ts'
export { type CpioArchive, readCpio } from './read.ts'
export { writeCpio } from './write.ts'
