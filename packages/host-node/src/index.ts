/** Backends that touch the outside in Node: files and overlays, terminal, network switch, passt. */
export {
  type OverlayOptions,
  openOverlay,
  openRawDisk,
  type RawDiskOptions,
  type SyncBlock,
  type SyncBlockBackend,
} from './block/index.ts'
export { enableBranchHints } from './branch-hints.ts'
export {
  ESCAPE_KEY,
  EscapeKeys,
  type FileConsoleOptions,
  fileConsole,
  socketConsole,
  type TerminalConsoleOptions,
  terminalConsole,
} from './console/index.ts'
export {
  type DebianGuest,
  guestCache,
  type KeepOptions,
  type ObtainOptions,
  obtainDebian,
  obtainXen,
  type XenHypervisor,
} from './debian/index.ts'
export { HostError, type HostErrorCode } from './errors.ts'
export { type FileContents, type ReadLimits, readFileChecked, writeFileAtomically } from './files/files.ts'
export { joinSwitch, NetSwitch, type PasstOptions, passtNetwork, USER_NETWORK } from './net/index.ts'
