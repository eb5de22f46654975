/** Disks. */
export { type OverlayOptions, openOverlay } from './overlay.ts'
export { openRawDisk, type RawDiskOptions } from './raw.ts'
export type { SyncBlock, SyncBlockBackend } from './sync-block.ts'
