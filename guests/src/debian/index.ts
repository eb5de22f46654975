/** A stock Debian kernel with busybox. */
export {
  DEBIAN_COMMAND_LINE,
  DEBIAN_FLAVOURS,
  DEFAULT_DEBIAN_FLAVOUR,
  type DebianFlavour,
  isDebianFlavour,
} from './flavours.ts'
export { GUEST_PROMPT, SCRIPT_MARKERS, SCRIPT_PATH } from './init-script.ts'
export { type DebianInitramfsParts, debianInitramfs, joinArchives, scriptArchive } from './initramfs.ts'
export { GUEST_MODULES, type KernelModule, moduleDependencies, moduleName, resolveModules } from './modules.ts'
export {
  DOM0_COMMAND_LINE,
  DOM0_FLAVOUR,
  XEN_COMMAND_LINE,
  XEN_MEMORY_BYTES,
  type XenFiles,
  xenBoot,
} from './xen.ts'
