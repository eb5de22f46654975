/** Debian's packages as a guest. */
export { guestCache, type KeepOptions } from './kept.ts'
export { type DebianGuest, type ObtainOptions, obtainDebian } from './obtain.ts'
export { obtainXen, type XenHypervisor } from './xen.ts'
