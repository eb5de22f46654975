/** Loading Linux: `@ringfold/boot/linux`. */
export { type BzImageOptions, loadBzImage } from './bzimage.ts'
export {
  type Decompress,
  extractVmlinux,
  findPayload,
  type Payload,
  type PayloadFormat,
  type Vmlinux,
} from './payload.ts'
export {
  LOADFLAGS,
  readSetupHeader,
  SETUP_HEADER,
  type SetupHeader,
  XLOADFLAGS,
} from './setup-header.ts'
export { BOOT_PARAMS, E820_MAX_ENTRIES, type ZeroPageContents, zeroPage } from './zero-page.ts'
