/** The lab guest. */
export type { PowerOff } from './ending.ts'
export { type LabGuest, type LabGuestOptions, labGuest } from './lab.ts'
