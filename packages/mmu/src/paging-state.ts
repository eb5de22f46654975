import {
  type CpuState,
  CR0,
  CR3,
  CR3_PCID,
  CR4,
  EFER,
  FIELD,
  PDE,
  PDE_2M,
  PDE_4M,
  PDPTE_1G,
  PDPTE_PAE,
  PML4E,
  PTE,
  PTE_PAE,
} from '@ringfold/arch'
import { fillPermissions, PERMISSION_TABLE_BYTES, permissionIndex } from './access.ts'
import { MmuError } from './errors.ts'

/** Paging modes. Intel SDM vol. 3A, 5.1.1 "Four Paging Modes". */
export const PAGING_MODE = /* @__PURE__ */ Object.freeze({
  NONE: 0,
  /** 32-bit paging: tables of 1024 entries of 4 bytes. */
  BITS_32: 1,
  PAE: 2,
  FOUR_LEVEL: 3,
  FIVE_LEVEL: 4,
})

/** What a processor can do. A control bit that belongs to something that it cannot do never counts. */
export interface PagingCapabilities {
  /** MAXPHYADDR: 32 to 52. */
  readonly physicalAddressBits: number
  readonly pse: boolean
  readonly pse36: boolean
  readonly pae: boolean
  readonly pge: boolean
  readonly nx: boolean
  readonly gigabytePages: boolean
  readonly pcid: boolean
  readonly smep: boolean
  readonly smap: boolean
  readonly la57: boolean
}

/** Everything, with physical addresses of 46 bits. */
export const FULL_CAPABILITIES: PagingCapabilities = /* @__PURE__ */ Object.freeze({
  physicalAddressBits: 46,
  pse: true,
  pse36: true,
  pae: true,
  pge: true,
  nx: true,
  gigabytePages: true,
  pcid: true,
  smep: true,
  smap: true,
  la57: true,
})

/** The registers on which paging depends: low halves, where nothing else is said. */
export interface PagingControls {
  readonly cr0: number
  readonly cr3Lo: number
  readonly cr3Hi: number
  readonly cr4: number
  readonly efer: number
  /** The four PDPTE registers, low and high halves in turn. */
  readonly pdptes?: ArrayLike<number>
}

/** What a change of the registers makes obsolete. */
export const STALE = /* @__PURE__ */ Object.freeze({
  NOTHING: 0,
  /** What was concluded from rights: the first-level TLB. */
  PERMISSIONS: 1,
  /** Every translation, global ones too. */
  TRANSLATIONS: 2,
})

/** The levels of table entries by 512, plus one: level 0 is none. */
const LEVELS = 6

/** Everything that paging depends on, taken apart so that a walk only tests and masks. */
export class PagingState {
  readonly capabilities: PagingCapabilities
  cr0 = 0
  cr3Lo = 0
  cr3Hi = 0
  cr4 = 0
  efer = 0
  readonly pdptes = new Uint32Array(8)
  /** One of `PAGING_MODE`. */
  mode = -1
  /** Physical address of the first table, in halves; for PAE paging, which has registers instead, 0. */
  rootLo = 0
  rootHi = 0
  /** 0 unless CR4.PCIDE. */
  pcid = 0
  globalPages = false
  /** Fetches are marked in error codes: NX or SMEP is on. */
  reportsFetches = false
  pageSizeExtensions = false
  /** Reserved bits of the high half of 8-byte entries. */
  reservedHi = 0
  /** Reserved bits of the low half of 8-byte entries: at twice the level for those that refer to a table, plus 1 for those that map a page. */
  readonly reservedLo = new Int32Array(2 * LEVELS)
  /** Reserved bits of PDEs that map 4 MiB. */
  reserved4M = 0
  /** Reserved bits of PDPTE registers, high half: besides the format's own, addresses beyond MAXPHYADDR. */
  readonly reservedPdpteHi: number
  readonly #beyondPhysical: number
  readonly #permissions = new Uint8Array(PERMISSION_TABLE_BYTES)

  /** Throws `MmuError` `mmu.capabilities` for impossible ones. Starts with paging off. */
  constructor(capabilities: PagingCapabilities = FULL_CAPABILITIES) {
    const { physicalAddressBits: bits } = capabilities
    if (!(Number.isInteger(bits) && bits >= 32 && bits <= 52)) {
      throw new MmuError('mmu.capabilities', `MAXPHYADDR cannot be ${bits}`, 'give 32 to 52')
    }
    this.capabilities = capabilities
    this.#beyondPhysical = PTE.hi.ADDRESS & ~(2 ** (bits - 32) - 1)
    this.reservedPdpteHi = PDPTE_PAE.reservedHi | this.#beyondPhysical
    this.#fillReserved()
    this.load({ cr0: 0, cr3Lo: 0, cr3Hi: 0, cr4: 0, efer: 0 })
  }

  /** Takes the registers over. @returns one of `STALE`: what must be forgotten, besides what a write of CR3 makes obsolete. */
  load({ cr0, cr3Lo, cr3Hi, cr4, efer, pdptes }: PagingControls): number {
    this.cr3Lo = cr3Lo >>> 0
    this.cr3Hi = cr3Hi >>> 0
    for (let n = 0; pdptes !== undefined && n < 8; n++) this.pdptes[n] = pdptes[n] as number
    const stale = this.#loadControls(cr0 | 0, this.#effectiveCr4(cr4), this.#effectiveEfer(efer))
    this.#loadCr3()
    return stale
  }

  /** As `load`, from a processor's state. */
  loadFrom(state: CpuState): number {
    this.cr3Lo = state.lo(FIELD.cr3)
    this.cr3Hi = state.hi(FIELD.cr3)
    const first = FIELD.pdpte.offset >>> 2
    for (let n = 0; n < 8; n++) this.pdptes[n] = state.u32[first + n] as number
    const cr4 = this.#effectiveCr4(state.lo(FIELD.cr4))
    const stale = this.#loadControls(state.lo(FIELD.cr0) | 0, cr4, this.#effectiveEfer(state.lo(FIELD.efer)))
    this.#loadCr3()
    return stale
  }

  /** Whether rights (`RIGHT`) allow an access (`ACCESS`). Intel SDM vol. 3A, 5.6.1. */
  permits(rights: number, access: number): boolean {
    return this.#permissions[permissionIndex(rights, access)] !== 0
  }

  #loadControls(cr0: number, cr4: number, efer: number): number {
    // Below zero only before the constructor has loaded anything.
    if (cr0 === this.cr0 && cr4 === this.cr4 && efer === this.efer && this.mode >= 0) return STALE.NOTHING
    const changed = this.#staleAfter(cr0 ^ this.cr0, cr4 ^ this.cr4, efer ^ this.efer)
    this.cr0 = cr0
    this.cr4 = cr4
    this.efer = efer
    this.mode = modeOf(cr0, cr4, efer)
    this.globalPages = (cr4 & CR4.lo.PGE) !== 0
    this.pageSizeExtensions = (cr4 & CR4.lo.PSE) !== 0
    const nx = (efer & EFER.lo.NXE) !== 0
    this.reportsFetches = (cr4 & CR4.lo.SMEP) !== 0 || (nx && (cr4 & CR4.lo.PAE) !== 0)
    const format = this.mode === PAGING_MODE.PAE ? PTE_PAE.reservedHi : PTE.reservedHi
    this.reservedHi = format | this.#beyondPhysical | (nx ? 0 : PTE.hi.XD)
    fillPermissions(this.#permissions, cr0, cr4)
    return changed
  }

  /** What Intel SDM vol. 3A, 5.10.4.1 "Operations that Invalidate TLBs and Paging-Structure Caches" says, or more. */
  #staleAfter(cr0: number, cr4: number, efer: number): number {
    const { PAE, PGE, PSE, PCIDE, SMEP, LA57 } = CR4.lo
    const translations = (cr4 & (PAE | PGE | PSE | PCIDE | SMEP | LA57)) | (cr0 & CR0.lo.PG)
    if ((translations | (efer & (EFER.lo.LMA | EFER.lo.NXE))) !== 0) return STALE.TRANSLATIONS
    return ((cr0 & CR0.lo.WP) | (cr4 & CR4.lo.SMAP)) !== 0 ? STALE.PERMISSIONS : STALE.NOTHING
  }

  #loadCr3(): void {
    const { mode } = this
    this.rootHi = mode >= PAGING_MODE.FOUR_LEVEL ? this.cr3Hi & CR3.hi.ADDRESS : 0
    this.rootLo = mode >= PAGING_MODE.FOUR_LEVEL || mode === PAGING_MODE.BITS_32 ? this.cr3Lo & CR3.lo.ADDRESS : 0
    this.pcid = (this.cr4 & CR4.lo.PCIDE) !== 0 ? this.cr3Lo & CR3_PCID.lo.PCID : 0
  }

  #effectiveCr4(cr4: number): number {
    const { pse, pae, pge, pcid, smep, smap, la57 } = this.capabilities
    const { PSE, PAE, PGE, PCIDE, SMEP, SMAP, LA57 } = CR4.lo
    const present =
      (pse ? PSE : 0) |
      (pae ? PAE : 0) |
      (pge ? PGE : 0) |
      (pcid ? PCIDE : 0) |
      (smep ? SMEP : 0) |
      (smap ? SMAP : 0) |
      (la57 ? LA57 : 0)
    return cr4 & present
  }

  #effectiveEfer(efer: number): number {
    return efer & (EFER.lo.LMA | (this.capabilities.nx ? EFER.lo.NXE : 0))
  }

  #fillReserved(): void {
    const { gigabytePages, pse36, physicalAddressBits } = this.capabilities
    for (let level = 4; level < LEVELS; level++) this.reservedLo[2 * level] = PML4E.reservedLo
    for (const level of [2, 3]) this.reservedLo[2 * level] = PDE.reservedLo
    this.reservedLo[2 * 2 + 1] = PDE_2M.reservedLo
    // Without 1-GByte pages, PS of a PDPTE is a reserved bit.
    this.reservedLo[2 * 3 + 1] = gigabytePages ? PDPTE_1G.reservedLo : PDE.lo.PS
    // The field holds physical bits 39:22: those from MAXPHYADDR on are reserved, and without PSE-36 all from 32 on.
    const usable = pse36 ? Math.min(physicalAddressBits, 40) : 32
    this.reserved4M = PDE_4M.reservedLo | PDE_4M.insertLo('ADDRESS', 0, 2 ** 18 - 2 ** (usable - 22))
  }
}

function modeOf(cr0: number, cr4: number, efer: number): number {
  if ((cr0 & CR0.lo.PG) === 0) return PAGING_MODE.NONE
  if ((cr4 & CR4.lo.PAE) === 0) return PAGING_MODE.BITS_32
  if ((efer & EFER.lo.LMA) === 0) return PAGING_MODE.PAE
  return (cr4 & CR4.lo.LA57) === 0 ? PAGING_MODE.FOUR_LEVEL : PAGING_MODE.FIVE_LEVEL
}

/** The paging state of a processor. */
export function pagingStateOf(state: CpuState, capabilities: PagingCapabilities = FULL_CAPABILITIES): PagingState {
  const paging = new PagingState(capabilities)
  paging.loadFrom(state)
  return paging
}
