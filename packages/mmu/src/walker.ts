import { PAGE_FAULT_ERROR_CODE, PDE_2M, PDE_4M, PTE } from '@ringfold/arch'
import type {
  AddressTranslator,
  GuestMemory,
  PhysicalAddress,
  Translation,
  TranslationAccess,
} from '@ringfold/contracts'
import { ACCESS, accessBitsOf, commonRights, RIGHT } from './access.ts'
import { narrowIndex, PAGE_1G, PAGE_2M, PAGE_4K, PAGE_4M, wideIndex } from './linear-address.ts'
import { PAGING_MODE, type PagingState } from './paging-state.ts'
import type { PlainWords } from './plain-words.ts'
import { type SecondStage, STAGE_RIGHT } from './second-stage.ts'

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
const RESERVED_2M = PDE_2M.reservedLo
// Constants of this module are constants to the compiler; those of other modules, and members of objects, it loads.
const { WRITE, FETCH, USER } = ACCESS
const { GLOBAL, DIRTY } = RIGHT
const P_PS = P | PS
const P_A = P | A
/** What is left of an index into a table of 8-byte entries, in place. */
const OFFSET_8 = 0xff8
const ADDRESS_LO = PTE.lo.ADDRESS
const ADDRESS_HI = PTE.hi.ADDRESS

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
  /** Whether a TLB may keep the page: not where a second stage forbids reading it. */
  keepable = true
  /**
   * How many entries were looked at, without PDPTE registers; the last is the one that ended the walk. Walks through `PlainWords`
   * keep no entries.
   */
  used = 0
  /** For translations by name: EFLAGS.AC. */
  ac = false
  readonly #memory: GuestMemory
  readonly #plain: PlainWords | undefined
  readonly #secondStage: SecondStage | undefined
  /** The entries that were looked at, the first table's first: guest-physical addresses and values. */
  readonly #at = new Float64Array(5)
  readonly #lo = new Uint32Array(5)
  readonly #hi = new Uint32Array(5)
  #attempt = 0
  #leafLo = 0

  constructor(paging: PagingState, memory: GuestMemory & Partial<PlainWords>, secondStage?: SecondStage) {
    this.paging = paging
    this.#memory = memory
    this.#plain = secondStage === undefined && memory.words !== undefined ? (memory as PlainWords) : undefined
    this.#secondStage = secondStage
  }

  /**
   * Translates a linear address for an access (bits of `ACCESS`), and sets accessed and dirty bits as it does. Outside
   * 4-level and 5-level paging the high half does not count. The address is taken to be canonical.
   *
   * @returns one of `WALK`
   */
  walk(lo: number, hi: number, access: number): number {
    const plain = this.#plain
    if (plain !== undefined && this.paging.mode === PAGING_MODE.FOUR_LEVEL) {
      const status = this.#quick(plain, lo, hi, access)
      if (status !== AGAIN) {
        this.status = status
        return status
      }
    }
    return this.#thorough(lo, hi, access)
  }

  /** Apart from `walk`, so that the compiler puts the whole quick walk into its caller, and not this. */
  #thorough(lo: number, hi: number, access: number): number {
    let status = AGAIN
    for (this.#attempt = 1; status === AGAIN; this.#attempt++) status = this.#once(lo, hi, access)
    this.status = status
    return status
  }

  #once(lo: number, hi: number, access: number): number {
    const { paging } = this
    this.used = 0
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
        return this.#wide(lo, hi, access, addressIn(paging.rootLo, paging.rootHi), 4)
      default:
        return this.#wide(lo, hi, access, addressIn(paging.rootLo, paging.rootHi), 5)
    }
  }

  /** CR0.PG = 0: linear addresses are physical. */
  #unpaged(lo: number, access: number): number {
    this.#leafLo = 0
    this.pageBytes = PAGE_4K
    this.rights = RIGHT.WRITABLE | RIGHT.USER | RIGHT.EXECUTABLE | RIGHT.DIRTY
    return this.#finish(lo >>> 0, access)
  }

  /**
   * The walk that nearly all are, in a third of the time of `#wide`: four levels, tables in plain words, a page of 4 KiB or 2 MiB, all
   * accessed and dirty bits set. It has no rules of its own: whatever else it meets, `#wide` finds out from the start.
   */
  #quick(plain: PlainWords, lo: number, hi: number, access: number): number {
    const { paging } = this
    const { words, plainFrom, plainBytes } = plain
    const { reservedHi } = paging
    const notTable = reservedHi | ADDRESS_HI
    let at = paging.rootLo | ((hi >>> 4) & OFFSET_8)
    if ((at - plainFrom) >>> 0 >= plainBytes || paging.rootHi !== 0) return AGAIN
    const lo4 = (words[at >>> 2] as number) | 0
    const hi4 = (words[(at >>> 2) + 1] as number) | 0
    at = (lo4 & ADDRESS_LO) | (((hi << 5) | (lo >>> 27)) & OFFSET_8)
    if ((lo4 & P_PS) !== P || (hi4 & notTable) !== 0 || (at - plainFrom) >>> 0 >= plainBytes) return AGAIN
    const lo3 = (words[at >>> 2] as number) | 0
    const hi3 = (words[(at >>> 2) + 1] as number) | 0
    at = (lo3 & ADDRESS_LO) | ((lo >>> 18) & OFFSET_8)
    if ((lo3 & P_PS) !== P || (hi3 & notTable) !== 0 || (at - plainFrom) >>> 0 >= plainBytes) return AGAIN
    const lo2 = (words[at >>> 2] as number) | 0
    const hi2 = (words[(at >>> 2) + 1] as number) | 0
    let all = lo4 & lo3 & lo2
    let any = hi4 | hi3 | hi2
    let leafLo = lo2
    let leafHi = hi2
    let pageBytes = PAGE_2M
    if ((lo2 & P_PS) === P) {
      at = (lo2 & ADDRESS_LO) | ((lo >>> 9) & OFFSET_8)
      if ((hi2 & notTable) !== 0 || (at - plainFrom) >>> 0 >= plainBytes) return AGAIN
      leafLo = (words[at >>> 2] as number) | 0
      leafHi = (words[(at >>> 2) + 1] as number) | 0
      all &= leafLo
      any |= leafHi
      pageBytes = PAGE_4K
    } else if ((lo2 & RESERVED_2M) !== 0) return AGAIN
    const marks = (access & WRITE) !== 0 ? D : 0
    if ((all & P_A) !== P_A || (leafHi & reservedHi) !== 0 || (leafLo & marks) !== marks) return AGAIN
    const pageLo = ((leafLo & -pageBytes) | (lo & (pageBytes - 1))) >>> 0
    return this.#leaf(all, any, leafLo, pageBytes, (leafHi & ADDRESS_HI) * HIGH + pageLo, access)
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
      const at = this.#tableAddress(guest, false)
      if (at < 0) return WALK.SECOND_STAGE
      const entryLo = memory.read32(at)
      const entryHi = memory.read32(at + 4)
      this.#use(guest, entryLo, entryHi)
      if ((entryLo & P) === 0) return this.#fault(access, 0)
      const maps = wideMaps(depth, entryLo) ? 1 : 0
      if (((entryHi & paging.reservedHi) | (entryLo & (paging.reservedLo[2 * depth + maps] as number))) !== 0)
        return this.#fault(access, CODE.P | CODE.RSVD)
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
    let table = addressIn(paging.rootLo, 0)
    let all = RW | US | A
    for (let depth = 2; ; depth--) {
      const guest = table + narrowIndex(depth, lo) * 4
      const at = this.#tableAddress(guest, false)
      if (at < 0) return WALK.SECOND_STAGE
      const entry = this.#memory.read32(at)
      this.#use(guest, entry, 0)
      if ((entry & P) === 0) return this.#fault(access, 0)
      const large = depth === 2 && narrowMaps(depth, entry, paging)
      if (large && (entry & paging.reserved4M) !== 0) return this.#fault(access, CODE.P | CODE.RSVD)
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
    const n = this.used++
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
    const dirty = (access & WRITE) !== 0 ? D : leafLo & D
    const rights =
      commonRights(allLo, anyHi) | ((leafLo & G) !== 0 && paging.globalPages ? GLOBAL : 0) | (dirty !== 0 ? DIRTY : 0)
    if (!paging.permits(rights, access)) return this.#fault(access, CODE.P)
    if ((allLo & A) === 0 || dirty !== (leafLo & D)) {
      const status = this.#mark(dirty)
      if (status !== WALK.DONE) return status
    }
    this.#leafLo = leafLo
    this.rights = rights
    this.pageBytes = pageBytes
    return this.#finish(address, access)
  }

  #finish(address: PhysicalAddress, access: number): number {
    this.errorCode = 0
    this.guestPhysical = address
    this.address = address
    return this.#secondStage === undefined ? WALK.DONE : this.#finishBehind(this.#secondStage, access)
  }

  /** The page goes through the second stage, whose rights join the others: what it does not allow for good is walked again. */
  #finishBehind(stage: SecondStage, access: number): number {
    this.address = stage.translate(this.guestPhysical, access, false)
    if (this.address < 0) return WALK.SECOND_STAGE
    const { allows } = stage
    this.keepable = (allows & STAGE_RIGHT.READ) !== 0
    // Not `WRITABLE`: with CR0.WP = 0 a supervisor writes without it.
    if ((allows & STAGE_RIGHT.WRITE) === 0) this.rights &= ~RIGHT.DIRTY
    if ((allows & STAGE_RIGHT.EXECUTE) === 0) this.rights &= ~RIGHT.EXECUTABLE
    return WALK.DONE
  }

  /**
   * Sets accessed bits in all entries that were used, and the dirty bit in the last: each by comparing with what was read, as the
   * processor's locked read-modify-write does. Intel SDM vol. 3A, 5.8 "Accessed and Dirty Flags".
   */
  #mark(dirty: number): number {
    const memory = this.#memory
    const wide = this.paging.mode !== PAGING_MODE.BITS_32
    for (let n = 0; n < this.used; n++) {
      const before = this.#lo[n] as number
      const after = (before | A | (n === this.used - 1 ? dirty : 0)) >>> 0
      if (after === before) continue
      const at = this.#tableAddress(this.entryAddress(n), true)
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
    return this.#secondStage.translate(guest, write ? WRITE : 0, true)
  }

  /** Intel SDM vol. 3A, 5.7 "Page-Fault Exceptions". */
  #fault(access: number, code: number): number {
    this.errorCode =
      code |
      ((access & WRITE) !== 0 ? CODE.WR : 0) |
      ((access & USER) !== 0 ? CODE.US : 0) |
      ((access & FETCH) !== 0 && this.paging.reportsFetches ? CODE.ID : 0)
    return WALK.FAULT
  }

  /** Guest-physical address of an entry that was looked at; 0 is the first table's. */
  entryAddress(n: number): PhysicalAddress {
    return this.#at[n] as number
  }

  entryLo(n: number): number {
    return this.#lo[n] as number
  }

  /** 0 for entries of 4 bytes. */
  entryHi(n: number): number {
    return this.#hi[n] as number
  }

  /** Index into the PAT of the last page: PAT, PCD and PWT of its entry. Intel SDM vol. 3A, 5.9.2. 0 without paging. */
  get patIndex(): number {
    const leaf = this.#leafLo
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

/** Whether a present entry of 8 bytes maps a page; at levels 4 and 5, PS is reserved. */
export function wideMaps(level: number, lo: number): boolean {
  return level === 1 || (level <= 3 && (lo & PS) !== 0)
}

/** Whether a present entry of 4 bytes maps a page. */
export function narrowMaps(level: number, entry: number, paging: PagingState): boolean {
  return level === 1 || ((entry & PS) !== 0 && paging.pageSizeExtensions)
}

/** The physical address of a table in an entry that refers to one. */
function addressIn(lo: number, hi: number): PhysicalAddress {
  return (hi & ADDRESS_HI) * HIGH + ((lo & ADDRESS_LO) >>> 0)
}
