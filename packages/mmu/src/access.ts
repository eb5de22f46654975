import { CR0, CR4 } from '@ringfold/arch'
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

/** What all entries of a walk together allow, and what else a TLB keeps of a page. */
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
  const controls = {
    writeProtect: (cr0 & CR0.lo.WP) !== 0,
    smep: (cr4 & CR4.lo.SMEP) !== 0,
    smap: (cr4 & CR4.lo.SMAP) !== 0,
  }
  for (let access = 0; access < ACCESS_COUNT; access++)
    for (let rights = 0; rights < RIGHTS_COUNT; rights++)
      table[permissionIndex(rights, access)] = isAllowed(rights, access, controls) ? 1 : 0
}

/** One byte for each index. */
export const PERMISSION_TABLE_BYTES = RIGHTS_COUNT * ACCESS_COUNT

interface Controls {
  readonly writeProtect: boolean
  readonly smep: boolean
  readonly smap: boolean
}

function isAllowed(rights: number, access: number, { writeProtect, smep, smap }: Controls): boolean {
  const userPage = (rights & RIGHT.USER) !== 0
  const userAccess = (access & ACCESS.USER) !== 0
  if (userAccess && !userPage) return false
  if ((access & ACCESS.FETCH) !== 0) {
    const prevented = smep && userPage && !userAccess
    return (rights & RIGHT.EXECUTABLE) !== 0 && !prevented
  }
  if (smap && userPage && !userAccess && (access & ACCESS.AC) === 0) return false
  if ((access & ACCESS.WRITE) === 0 || (rights & RIGHT.WRITABLE) !== 0) return true
  return !userAccess && !writeProtect
}
