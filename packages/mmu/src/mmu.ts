import { type CpuState, FIELD } from '@ringfold/arch'
import type { AddressTranslator, PhysicalAddress, Translation, TranslationAccess } from '@ringfold/contracts'
import { ALL_PAGES, PAGE_ATTRIBUTE, type PhysicalMemory, RESTRICTIONS } from '@ringfold/memory'
import { ACCESS, accessBitsOf, RIGHT } from './access.ts'
import { FirstLevelTlb } from './first-level.ts'
import { PAGE_4K, PAGE_OFFSET, PAGE_SHIFT } from './linear-address.ts'
import { FULL_CAPABILITIES, type PagingCapabilities, type PagingState, pagingStateOf, STALE } from './paging-state.ts'
import { loadPdptes } from './pdptes.ts'
import { SecondLevelTlb } from './second-level.ts'
import type { SecondStage } from './second-stage.ts'
import { translationOf, WALK, Walker } from './walker.ts'

/** Kinds of INVPCID. Intel SDM vol. 2A, INVPCID. */
export const INVPCID_TYPE = /* @__PURE__ */ Object.freeze({
  INDIVIDUAL_ADDRESS: 0,
  SINGLE_CONTEXT: 1,
  ALL_INCLUDING_GLOBAL: 2,
  ALL_CONTEXTS: 3,
})

export interface MmuOptions {
  readonly state: CpuState
  readonly memory: PhysicalMemory
  /** All that there is, if absent. */
  readonly capabilities?: PagingCapabilities
  /** Where the first-level TLB lies: `TLB_BYTES` in memory 1. A buffer of its own if absent. */
  readonly tlb?: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }
  readonly secondStage?: SecondStage
}

/**
 * The paging unit of one processor: its walker, both levels of the TLB, and what invalidates them. Intel SDM vol. 3A, 5.10.
 *
 * It reads CR0, CR3, CR4, EFER and the PDPTE registers from the state only when it is told that they have changed:
 * `modeChanged`, `cr3Written`.
 */
export class Mmu implements AddressTranslator {
  readonly state: CpuState
  readonly memory: PhysicalMemory
  readonly paging: PagingState
  readonly walker: Walker
  readonly firstLevel: FirstLevelTlb
  readonly secondLevel = new SecondLevelTlb()
  /** For translations by name: EFLAGS.AC. */
  ac = false
  /** How the last `resolve` that failed ended: one of `WALK`. */
  status = 0
  /** The error code of a page fault. */
  errorCode = 0
  readonly #detach: () => void

  /** Throws `MmuError` `mmu.tlb-memory` or `mmu.capabilities`. */
  constructor({ state, memory, capabilities = FULL_CAPABILITIES, tlb, secondStage }: MmuOptions) {
    this.state = state
    this.memory = memory
    this.paging = pagingStateOf(state, capabilities)
    this.walker = new Walker(this.paging, memory, secondStage)
    this.firstLevel = new FirstLevelTlb(tlb?.buffer, tlb?.byteOffset)
    this.#detach = memory.onAttributesChanged((page, before, after) => this.#attributesChanged(page, before, after))
  }

  /** Whether the page that `resolve` found last is global: it survives loads of CR3. */
  isGlobal = false

  /** Ends the connection to the memory: when a processor is thrown away and its memory is not. */
  dispose(): void {
    this.#detach()
  }

  /**
   * The physical address for an access (bits of `ACCESS`), from the second level or a walk; not through the A20 gate.
   *
   * @returns a negative number for a fault: `status` and `errorCode` say which
   */
  resolve(lo: number, hi: number, access: number): PhysicalAddress {
    const { secondLevel: tlb, paging, walker } = this
    if (tlb.find(lo, hi, paging.pcid) && paging.permits(tlb.rights, access)) {
      // A first write has to set the dirty bit.
      if ((access & ACCESS.WRITE) === 0 || (tlb.rights & RIGHT.DIRTY) !== 0) {
        this.isGlobal = (tlb.rights & RIGHT.GLOBAL) !== 0
        return tlb.frame + (lo & PAGE_OFFSET)
      }
    }
    const status = walker.walk(lo, hi, access)
    if (status === WALK.DONE) {
      if (walker.keepable)
        tlb.insert(lo, hi, paging.pcid, walker.address - (lo & PAGE_OFFSET), walker.rights, walker.pageBytes)
      this.isGlobal = (walker.rights & RIGHT.GLOBAL) !== 0
      return walker.address
    }
    this.status = status
    this.errorCode = walker.errorCode
    // A fault forgets the page, so that a stale entry is never the cause of a second one (SDM vol. 3A, 5.10.4.1).
    if (status === WALK.FAULT) this.invalidatePage(lo, hi)
    return -1
  }

  /** Enters the page that was just resolved into the first level for a class, if its memory may be read or written directly. */
  fill(accessClass: number, write: boolean, lo: number, hi: number, physical: PhysicalAddress): void {
    const { memory } = this
    const array = 2 * accessClass + (write ? 1 : 0)
    if (physical >= memory.plainFrom && physical - memory.plainFrom < memory.plainBytes) {
      // Nearly always: RAM whose host offsets are its addresses.
      const page = physical >>> PAGE_SHIFT
      if (write && memory.attributeTable[page] !== PAGE_ATTRIBUTE.RAM) return
      this.firstLevel.fill(array, lo, hi, (page << PAGE_SHIFT) >>> 0, page, this.isGlobal)
      return
    }
    const page = Math.floor(memory.gate(physical) / PAGE_4K)
    const host = memory.hostOffset(page)
    if (host < 0 || (write && !memory.isPlainRam(page))) return
    this.firstLevel.fill(array, lo, hi, host, page, this.isGlobal)
  }

  // What the instructions do. Each is the part behind the checks of privilege and operands, which are the rules' own.

  /**
   * INVLPG: the page of an address, for the present PCID and among global pages; every piece of a large one.
   *
   * @returns the sizes of large pages, added, that may have been known for the address; 0: it had 4096 bytes
   */
  invalidatePage(lo: number, hi: number): number {
    const sizes = this.secondLevel.drop(lo, hi, this.paging.pcid, true)
    // The first level may still hold pieces that the second has lost.
    for (let rest = sizes; rest !== 0; rest &= rest - 1) this.firstLevel.dropRange(lo, hi, rest & -rest)
    this.firstLevel.dropLinear(lo, hi)
    return sizes
  }

  /** INVPCID with one of `INVPCID_TYPE`. */
  invpcid(type: number, pcid: number, lo: number, hi: number): void {
    if (type === INVPCID_TYPE.INDIVIDUAL_ADDRESS) {
      if (pcid === this.paging.pcid) this.firstLevel.clear()
      this.secondLevel.drop(lo, hi, pcid, false)
    } else if (type === INVPCID_TYPE.SINGLE_CONTEXT) {
      if (pcid === this.paging.pcid) this.firstLevel.clear()
      this.secondLevel.flushPcid(pcid)
    } else this.flushAll(type === INVPCID_TYPE.ALL_CONTEXTS)
  }

  /** CR3 of the state was written. `keepTlb`: CR4.PCIDE is set, and so was bit 63 of what was written. */
  cr3Written(keepTlb: boolean): void {
    this.#reload()
    this.firstLevel.clearLocal()
    if (!keepTlb) this.secondLevel.flushPcid(this.paging.pcid)
  }

  /** CR0, CR4, EFER or the PDPTE registers of the state may have changed: forgets what the change makes obsolete. */
  modeChanged(): void {
    this.#reload()
  }

  /** Forgets the translations of all PCIDs, but global pages only if they are not to be kept. */
  flushAll(keepGlobal: boolean): void {
    this.firstLevel.clear()
    this.secondLevel.flush(keepGlobal)
  }

  /** Loads the PDPTE registers of the state for a value of CR3. @returns whether they were; if not, #GP(0) is due. */
  loadPdptes(cr3Lo: number = this.state.lo(FIELD.cr3)): boolean {
    const loaded = loadPdptes(this.state, this.memory, this.paging, cr3Lo)
    if (loaded) this.#reload()
    return loaded
  }

  #reload(): void {
    const stale = this.paging.loadFrom(this.state)
    if (stale === STALE.TRANSLATIONS) this.flushAll(false)
    else if (stale === STALE.PERMISSIONS) this.firstLevel.clear()
  }

  #attributesChanged(page: number, before: number, after: number): void {
    if (page === ALL_PAGES) {
      this.firstLevel.clear()
      return
    }
    const taken = after & ~before & RESTRICTIONS
    const given = before & ~after & (PAGE_ATTRIBUTE.RAM | PAGE_ATTRIBUTE.ROM)
    if ((taken | given) === 0) return
    const writesOnly = ((taken & PAGE_ATTRIBUTE.MMIO) | given) === 0
    this.firstLevel.dropPhysical(page, writesOnly)
  }

  // AddressTranslator, for tools.

  translate(address: bigint, access: TranslationAccess): Translation {
    const lo = Number(BigInt.asUintN(32, address))
    const hi = Number(BigInt.asUintN(32, address >> 32n))
    const physical = this.resolve(lo, hi, accessBitsOf(access, this.ac))
    if (physical < 0) return { kind: 'fault', errorCode: this.status === WALK.FAULT ? this.errorCode : 0 }
    this.secondLevel.find(lo, hi, this.paging.pcid)
    return translationOf(physical, this.secondLevel.pageBytes, this.secondLevel.rights)
  }

  invalidate(address: bigint): void {
    this.invalidatePage(Number(BigInt.asUintN(32, address)), Number(BigInt.asUintN(32, address >> 32n)))
  }

  flush(keepGlobal: boolean): void {
    this.flushAll(keepGlobal)
  }
}
