/** Debian's packages as a guest. */
export { type DebianGuest, guestCache, type ObtainOptions, obtainDebian } from './obtain.ts'
