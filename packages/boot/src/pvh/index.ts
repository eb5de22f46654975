/** ELF kernels and the PVH boot protocol: `@ringfold/boot/pvh`. */
export { type ElfKernelOptions, loadElfKernel, pvhEntry } from './elf-kernel.ts'
export {
  MEMMAP_ENTRY as PVH_MEMMAP_ENTRY,
  MODLIST_ENTRY as PVH_MODLIST_ENTRY,
  START_INFO as PVH_START_INFO,
  START_INFO_MAGIC as PVH_START_INFO_MAGIC,
  type StartInfoContents as PvhStartInfo,
  startInfo as pvhStartInfo,
} from './start-info.ts'
