import { PAGE_FAULT_ERROR_CODE, PDE_2M, PDE_4M, PTE } from '@ringfold/arch'
import type {
  AddressTranslator,
  GuestMemory,
  PhysicalAddress,
  Translation,
  TranslationAccess,
} from '@ringfold/contracts'
import { ACCESS, accessBitsOf, RIGHT } from './access.ts'
import { narrowIndex, PAGE_1G, PAGE_2M, PAGE_4K, PAGE_4M, wideIndex } from './linear-address.ts'
import { PAGING_MODE, type PagingState } from './paging-state.ts'
import type { SecondStage } from './second-stage.ts'

/** How a walk ended. */
export const WALK = /* @__PURE__ */ Object.freeze({
  DONE: 0,
  /** A page fault; its error code stands in `errorCode`. */
  FAULT: 1,
  /** The second stage forbade an address, which stands in `guestPhysical`. */
  SECOND_STAGE: 2,
})

/** An entry was changed by another while it was in use: begin again. */
const AGAIN = 3
/** Tables that change with every read (a device) must not keep a walk going forever. */
const MOST_ATTEMPTS = 4

// The bits that all formats share stand at the same places in all of them.
const { P, RW, US, A, D, G, PWT, PCD } = PTE.lo
const { PS } = PDE_2M.lo
const CODE = PAGE_FAULT_ERROR_CODE.lo
const HIGH = 2 ** 32
const ADDRESS_HI = PTE.hi.ADDRESS
const { XD } = PTE.hi

const PAGE_BYTES_OF_LEVEL: readonly number[] = [0, PAGE_4K, PAGE_2M, PAGE_1G]

/**
 * Walks the paging structures of every mode: 32-bit (4 KiB, 4 MiB, PSE-36), PAE, 4-level and 5-level, with the checks of
 * rights and reserved bits; sets accessed and dirty bits exactly when the access is allowed. Intel SDM vol. 3A, 5.3 to 5.8;
 * AMD APM vol. 2, chapter 5.
 *
 * A walk allocates nothing: its result stands in the fields until the next one.
 */
export class Walker implements AddressTranslator {
  readonly paging: PagingState
  /** One of `WALK`. */
  status = 0
  /** Physical address of the byte that was asked for, behind both stages. */
  address: PhysicalAddress = 0
  /** The same before the second stage; or the address that the second stage forbade. */
  guestPhysical: PhysicalAddress = 0
  /** Bytes of the page: 4096, 2 MiB, 4 MiB or 1 GiB. */
  pageBytes = 0
  /** Bits of `RIGHT`. */
  rights = 0
  /** Of a fault, in the form of `PAGE_FAULT_ERROR_CODE`. */
  errorCode = 0
  /** For translations by name: EFLAGS.AC. */
  ac = false
  readonly #memory: GuestMemory
  readonly #secondStage: SecondStage | undefined
  /** The entries in use, the first table's first: guest-physical addresses and values. */
  readonly #at = new Float64Array(5)
  readonly #lo = new Uint32Array(5)
  readonly #hi = new Uint32Array(5)
  #used = 0
  #attempt = 0

  constructor(paging: PagingState, memory: GuestMemory, secondStage?: SecondStage) {
    this.paging = paging
    this.#memory = memory
    this.#secondStage = secondStage
  }

  /**
   * Translates a linear address for an access (bits of `ACCESS`), and sets accessed and dirty bits as it does. Outside
   * 4-level and 5-level paging the high half does not count. The address is taken to be canonical.
   *
   * @returns one of `WALK`
   */
  walk(lo: number, hi: number, access: number): number {
    let status = AGAIN
    for (this.#attempt = 1; status === AGAIN; this.#attempt++) status = this.#once(lo, hi, access)
    this.status = status
    return status
  }

  #once(lo: number, hi: number, access: number): number {
    const { paging } = this
    this.#used = 0
    switch (paging.mode) {
      case PAGING_MODE.NONE:
        return this.#unpaged(lo, access)
      case PAGING_MODE.BITS_32:
        return this.#narrow(lo, access)
      case PAGING_MODE.PAE: {
        const register = 2 * (lo >>> 30)
        const pdpteLo = paging.pdptes[register] as number
        if ((pdpteLo & P) === 0) return this.#fault(access, 0)
        return this.#wide(lo, 0, access, addressIn(pdpteLo, paging.pdptes[register + 1] as number), 2)
      }
      case PAGING_MODE.FOUR_LEVEL:
        return this.#wide(lo, hi, access, paging.root, 4)
      default:
        return this.#wide(lo, hi, access, paging.root, 5)
    }
  }

  /** CR0.PG = 0: linear addresses are physical. */
  #unpaged(lo: number, access: number): number {
    this.pageBytes = PAGE_4K
    this.rights = RIGHT.WRITABLE | RIGHT.USER | RIGHT.EXECUTABLE | RIGHT.DIRTY
    return this.#finish(lo >>> 0, access)
  }

  /** Tables of 512 entries of 8 bytes, from `level` down. */
  #wide(lo: number, hi: number, access: number, root: PhysicalAddress, level: number): number {
    const { paging } = this
    const memory = this.#memory
    let table = root
    let allLo = RW | US | A
    let anyHi = 0
    for (let depth = level; ; depth--) {
      const guest = table + wideIndex(depth, lo, hi) * 8
      const at = this.#secondStage === undefined ? guest : this.#tableAddress(guest, false)
      if (at < 0) return WALK.SECOND_STAGE
      const entryLo = memory.read32(at)
      const entryHi = memory.read32(at + 4)
      if ((entryLo & P) === 0) return this.#fault(access, 0)
      const maps = depth === 1 || (depth <= 3 && (entryLo & PS) !== 0) ? 1 : 0
      if (((entryHi & paging.reservedHi) | (entryLo & (paging.reservedLo[2 * depth + maps] as number))) !== 0)
        return this.#fault(access, CODE.P | CODE.RSVD)
      this.#use(guest, entryLo, entryHi)
      allLo &= entryLo
      anyHi |= entryHi
      if (maps !== 0) {
        const pageBytes = PAGE_BYTES_OF_LEVEL[depth] as number
        const pageLo = ((entryLo & -pageBytes) | (lo & (pageBytes - 1))) >>> 0
        return this.#leaf(allLo, anyHi, entryLo, pageBytes, (entryHi & ADDRESS_HI) * HIGH + pageLo, access)
      }
      table = addressIn(entryLo, entryHi)
    }
  }

  /** Tables of 1024 entries of 4 bytes. Intel SDM vol. 3A, 5.3. */
  #narrow(lo: number, access: number): number {
    const { paging } = this
    let table = paging.root
    let all = RW | US | A
    for (let depth = 2; ; depth--) {
      const guest = table + narrowIndex(depth, lo) * 4
      const at = this.#tableAddress(guest, false)
      if (at < 0) return WALK.SECOND_STAGE
      const entry = this.#memory.read32(at)
      if ((entry & P) === 0) return this.#fault(access, 0)
      const large = depth === 2 && (entry & PS) !== 0 && paging.pageSizeExtensions
      if (large && (entry & paging.reserved4M) !== 0) return this.#fault(access, CODE.P | CODE.RSVD)
      this.#use(guest, entry, 0)
      all &= entry
      if (large) {
        const address = PDE_4M.extract('ADDRESS', entry) * PAGE_4M + (lo & (PAGE_4M - 1))
        return this.#leaf(all, 0, entry, PAGE_4M, address, access)
      }
      if (depth === 1) {
        const address = ((entry & -PAGE_4K) | (lo & (PAGE_4K - 1))) >>> 0
        return this.#leaf(all, 0, entry, PAGE_4K, address, access)
      }
      table = addressIn(entry, 0)
    }
  }

  #use(guest: PhysicalAddress, lo: number, hi: number): void {
    const n = this.#used++
    this.#at[n] = guest
    this.#lo[n] = lo
    this.#hi[n] = hi
  }

  /** The page was found: are its rights enough? */
  #leaf(
    allLo: number,
    anyHi: number,
    leafLo: number,
    pageBytes: number,
    address: PhysicalAddress,
    access: number,
  ): number {
    const { paging } = this
    const dirty = access & ACCESS.WRITE ? D : leafLo & D
    const rights =
      ((allLo & RW) !== 0 ? RIGHT.WRITABLE : 0) |
      ((allLo & US) !== 0 ? RIGHT.USER : 0) |
      ((anyHi & XD) === 0 ? RIGHT.EXECUTABLE : 0) |
      ((leafLo & G) !== 0 && paging.globalPages ? RIGHT.GLOBAL : 0) |
      (dirty !== 0 ? RIGHT.DIRTY : 0)
    if (!paging.permits(rights, access)) return this.#fault(access, CODE.P)
    if ((allLo & A) === 0 || dirty !== (leafLo & D)) {
      const status = this.#mark(dirty)
      if (status !== WALK.DONE) return status
    }
    this.rights = rights
    this.pageBytes = pageBytes
    return this.#finish(address, access)
  }

  #finish(address: PhysicalAddress, access: number): number {
    this.errorCode = 0
    this.guestPhysical = address
    this.address = address
    if (this.#secondStage === undefined) return WALK.DONE
    this.address = this.#secondStage.translate(address, (access & ACCESS.WRITE) !== 0, false)
    return this.address < 0 ? WALK.SECOND_STAGE : WALK.DONE
  }

  /**
   * Sets accessed bits in all entries that were used, and the dirty bit in the last: each by comparing with what was read, as the
   * processor's locked read-modify-write does. Intel SDM vol. 3A, 5.8 "Accessed and Dirty Flags".
   */
  #mark(dirty: number): number {
    const memory = this.#memory
    const wide = this.paging.mode !== PAGING_MODE.BITS_32
    for (let n = 0; n < this.#used; n++) {
      const before = this.#lo[n] as number
      const after = (before | A | (n === this.#used - 1 ? dirty : 0)) >>> 0
      if (after === before) continue
      const at = this.#tableAddress(this.#at[n] as number, true)
      if (at < 0) return WALK.SECOND_STAGE
      const same = memory.read32(at) === before && (!wide || memory.read32(at + 4) === this.#hi[n])
      if (!same && this.#attempt < MOST_ATTEMPTS) return AGAIN
      memory.write32(at, after)
    }
    return WALK.DONE
  }

  /** Where an entry really lies; negative if the second stage forbids the access. */
  #tableAddress(guest: PhysicalAddress, write: boolean): PhysicalAddress {
    if (this.#secondStage === undefined) return guest
    this.guestPhysical = guest
    return this.#secondStage.translate(guest, write, true)
  }

  /** Intel SDM vol. 3A, 5.7 "Page-Fault Exceptions". */
  #fault(access: number, code: number): number {
    this.errorCode =
      code |
      ((access & ACCESS.WRITE) !== 0 ? CODE.WR : 0) |
      ((access & ACCESS.USER) !== 0 ? CODE.US : 0) |
      ((access & ACCESS.FETCH) !== 0 && this.paging.reportsFetches ? CODE.ID : 0)
    return WALK.FAULT
  }

  /** Index into the PAT of the last page: PAT, PCD and PWT of its entry. Intel SDM vol. 3A, 5.9.2. 0 without paging. */
  get patIndex(): number {
    if (this.#used === 0) return 0
    const leaf = this.#lo[this.#used - 1] as number
    const pat = leaf & (this.pageBytes === PAGE_4K ? PTE.lo.PAT : PDE_2M.lo.PAT)
    return (pat !== 0 ? 4 : 0) | ((leaf & PCD) !== 0 ? 2 : 0) | ((leaf & PWT) !== 0 ? 1 : 0)
  }

  /** The same for tools, by `AddressTranslator`. A fault of the second stage has error code 0: its owner knows what it is. */
  translate(address: bigint, access: TranslationAccess): Translation {
    const lo = Number(BigInt.asUintN(32, address))
    const hi = Number(BigInt.asUintN(32, address >> 32n))
    this.walk(lo, hi, accessBitsOf(access, this.ac))
    return this.status === WALK.DONE
      ? translationOf(this.address, this.pageBytes, this.rights)
      : { kind: 'fault', errorCode: this.status === WALK.FAULT ? this.errorCode : 0 }
  }

  /** A walk keeps nothing. */
  invalidate(_address: bigint): void {}

  /** A walk keeps nothing. */
  flush(_keepGlobal: boolean): void {}
}

/** A page as plain data. */
export function translationOf(address: PhysicalAddress, pageBytes: number, rights: number): Translation {
  return {
    kind: 'page',
    address,
    pageBytes,
    writable: (rights & RIGHT.WRITABLE) !== 0,
    user: (rights & RIGHT.USER) !== 0,
    executable: (rights & RIGHT.EXECUTABLE) !== 0,
    global: (rights & RIGHT.GLOBAL) !== 0,
  }
}

/** The physical address of a table in an entry that refers to one. */
function addressIn(lo: number, hi: number): PhysicalAddress {
  return (hi & ADDRESS_HI) * HIGH + ((lo & PTE.lo.ADDRESS) >>> 0)
}
