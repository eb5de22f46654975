/** Backends that touch the outside in Node: files and overlays, terminal, network switch, passt. */
export { type DebianGuest, guestCache, type ObtainOptions, obtainDebian } from './debian/index.ts'
export { HostError, type HostErrorCode } from './errors.ts'
export { type ReadLimits, readFileChecked, writeFileAtomically } from './files/files.ts'
