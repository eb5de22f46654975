import { CR0, CR4, PTE } from '@ringfold/arch'
import type { LinearAccess, TranslationAccess } from '@ringfold/contracts'

/** Bits of an access. None of them: an implicit supervisor read, or an explicit one with EFLAGS.AC = 0. */
export const ACCESS = /* @__PURE__ */ Object.freeze({
  WRITE: 1,
  FETCH: 2,
  /** Made at CPL 3, and not to a system structure. */
  USER: 4,
  /** An explicit supervisor access with EFLAGS.AC = 1: SMAP lets it pass. */
  AC: 8,
})

/**
 * What all entries of a walk together allow, and what else a TLB keeps of a page. The bits stand in the order of those of entries,
 * so that `commonRights` need not branch.
 */
export const RIGHT = /* @__PURE__ */ Object.freeze({
  /** R/W is 1 at every level. */
  WRITABLE: 1,
  /** U/S is 1 at every level: a user-mode address. */
  USER: 2,
  /** XD is 0 at every level. */
  EXECUTABLE: 4,
  /** The leaf has G, and CR4.PGE is set. */
  GLOBAL: 8,
  /** The leaf has D. */
  DIRTY: 16,
})

const RIGHTS_COUNT = 8
const ACCESS_COUNT = 16

/** The access classes of the first-level TLB, each with arrays of its own. */
export const ACCESS_CLASS = /* @__PURE__ */ Object.freeze({ USER: 0, SUPERVISOR: 1, SUPERVISOR_AC: 2 })
export const ACCESS_CLASSES = 3

/** The bits of `ACCESS` that each class stands for. */
export const CLASS_ACCESS: readonly number[] = /* @__PURE__ */ (() => Object.freeze([ACCESS.USER, 0, ACCESS.AC]))()

/** The class of an access of `LinearMemory`; `ac` is EFLAGS.AC. */
export function accessClassOf(access: LinearAccess, ac: boolean): 0 | 1 | 2 {
  if (access === 0) return ACCESS_CLASS.USER
  return access === 1 && ac ? ACCESS_CLASS.SUPERVISOR_AC : ACCESS_CLASS.SUPERVISOR
}

/** The bits of an access of `AddressTranslator`; `ac` is EFLAGS.AC. */
export function accessBitsOf(access: TranslationAccess, ac: boolean): number {
  const { write, fetch, user, implicit } = access
  return (
    (write ? ACCESS.WRITE : 0) |
    (fetch ? ACCESS.FETCH : 0) |
    (user && !implicit ? ACCESS.USER : 0) |
    (!user && !implicit && ac ? ACCESS.AC : 0)
  )
}

/** Index into a permission table. */
export function permissionIndex(rights: number, access: number): number {
  return (access * RIGHTS_COUNT) | (rights & (RIGHTS_COUNT - 1))
}

/**
 * Whether an access is allowed by rights, for every combination of `ACCESS` and the first three bits of `RIGHT`, under the
 * given CR0 and CR4. Intel SDM vol. 3A, 5.6.1 "Determination of Access Rights".
 */
export function fillPermissions(table: Uint8Array, cr0: number, cr4: number): void {
  const controls = rightsControls(cr0, cr4)
  for (let access = 0; access < ACCESS_COUNT; access++)
    for (let rights = 0; rights < RIGHTS_COUNT; rights++)
      table[permissionIndex(rights, access)] = denialOf(rights, access, controls) === undefined ? 1 : 0
}

/** One byte for each index. */
export const PERMISSION_TABLE_BYTES = RIGHTS_COUNT * ACCESS_COUNT

/** The control bits that decide about rights. */
export interface RightsControls {
  readonly writeProtect: boolean
  readonly smep: boolean
  readonly smap: boolean
}

export function rightsControls(cr0: number, cr4: number): RightsControls {
  return {
    writeProtect: (cr0 & CR0.lo.WP) !== 0,
    smep: (cr4 & CR4.lo.SMEP) !== 0,
    smap: (cr4 & CR4.lo.SMAP) !== 0,
  }
}

/** Why rights do not allow an access. */
export type Denial = 'supervisor-page' | 'execute-disable' | 'smep' | 'smap' | 'read-only'

/** What forbids an access, or nothing. Of several reasons, the one that no control bit could lift comes first. */
export function denialOf(rights: number, access: number, controls: RightsControls): Denial | undefined {
  const userPage = (rights & RIGHT.USER) !== 0
  const userAccess = (access & ACCESS.USER) !== 0
  if (userAccess && !userPage) return 'supervisor-page'
  if ((access & ACCESS.FETCH) !== 0) {
    if ((rights & RIGHT.EXECUTABLE) === 0) return 'execute-disable'
    return controls.smep && userPage && !userAccess ? 'smep' : undefined
  }
  if (controls.smap && userPage && !userAccess && (access & ACCESS.AC) === 0) return 'smap'
  if ((access & ACCESS.WRITE) === 0 || (rights & RIGHT.WRITABLE) !== 0) return undefined
  return userAccess || controls.writeProtect ? 'read-only' : undefined
}

/** The bits of `RIGHT` that the entries of a walk give together: `allLo` what all have in common, `anyHi` what any has. */
export function commonRights(allLo: number, anyHi: number): number {
  return ((allLo & RW_US) >>> RW_SHIFT) | ((~anyHi >>> XD_SHIFT) & EXECUTABLE)
}

const RW_US = PTE.lo.RW | PTE.lo.US
const RW_SHIFT = /* @__PURE__ */ Math.log2(PTE.lo.RW / RIGHT.WRITABLE)
const { EXECUTABLE } = RIGHT
/** From XD, the highest bit, to `EXECUTABLE`. */
const XD_SHIFT = /* @__PURE__ */ Math.log2((PTE.hi.XD >>> 0) / EXECUTABLE)
