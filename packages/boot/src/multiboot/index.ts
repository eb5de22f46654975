/** Multiboot 1: `@ringfold/boot/multiboot`. */
export {
  HEADER_FLAG as MULTIBOOT_HEADER_FLAG,
  HEADER_MAGIC as MULTIBOOT_HEADER_MAGIC,
  type HeaderAddresses as MultibootAddresses,
  type MultibootHeader,
  readMultibootHeader,
} from './header.ts'
export {
  INFORMATION as MULTIBOOT_INFORMATION,
  INFORMATION_FLAG as MULTIBOOT_INFORMATION_FLAG,
  type InformationContents as MultibootInformation,
  multibootInformation,
} from './information.ts'
export { LOADER_MAGIC as MULTIBOOT_LOADER_MAGIC, loadMultiboot, type MultibootOptions } from './load.ts'
