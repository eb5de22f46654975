/** Disks. */
export { openOverlay } from './overlay.ts'
export { openRawDisk, type RawDiskOptions } from './raw.ts'
