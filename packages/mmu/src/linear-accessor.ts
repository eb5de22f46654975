import { ACCESS_RIGHTS, EFER, EVENT_INFORMATION, EVENT_TYPE, EXCEPTION, FIELD, RFLAGS } from '@ringfold/arch'
import type { AccessStatus, LinearAccess, LinearMemory, PhysicalAddress } from '@ringfold/contracts'
import { ACCESS, accessClassOf, CLASS_ACCESS } from './access.ts'
import { PAGE_4K, PAGE_OFFSET } from './linear-address.ts'
import type { Mmu } from './mmu.ts'
import { TLB_ENTRY } from './tlb-layout.ts'
import { WALK } from './walker.ts'

const PAGE_MASK = -PAGE_4K
const ADDEND_WORD = TLB_ENTRY.ADDEND / 4
const CPL_USER = 3
const SYSTEM_FLAGS_WORD: number = /* @__PURE__ */ (() => FIELD.systemFlags.offset >>> 2)()
const { AC } = RFLAGS.lo

/** The pending event of a page fault. */
const PAGE_FAULT_EVENT: number = /* @__PURE__ */ (() => {
  const { lo, shift } = EVENT_INFORMATION
  const type = EVENT_TYPE.HARDWARE_EXCEPTION << shift.TYPE
  return (lo.VALID | lo.ERROR_CODE | type | (EXCEPTION['#PF'].vector << shift.VECTOR)) >>> 0
})()

/**
 * Linear memory of a processor: through the first level of the TLB, the second, or a walk, to RAM, ROM or devices.
 *
 * A page fault stands in the state as the pending event, with error code and the value for CR2, and nothing was accessed; so does
 * an access that crosses into a page that faults. Whether an address is canonical and within its segment is the caller's
 * business. A violation of the second stage gives status 1 and no event: its owner knows more.
 */
export class LinearAccessor implements LinearMemory {
  readonly mmu: Mmu
  /** What the last read gave. */
  lo = 0
  hi = 0
  readonly #words: Uint32Array
  readonly #state: Uint32Array
  readonly #view: DataView
  /** The upper half of the address in the second page of an access that crosses. */
  #nextHi = 0

  constructor(mmu: Mmu) {
    this.mmu = mmu
    this.#words = mmu.firstLevel.words
    this.#state = mmu.state.u32
    this.#view = mmu.memory.view
  }

  read(sizeBytes: 1 | 2 | 4 | 8, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus {
    const offset = addressLo & PAGE_OFFSET
    const accessClass = this.#classOf(access)
    if (offset + sizeBytes > PAGE_4K) return this.#readAcross(sizeBytes, addressLo, addressHi, accessClass)
    const words = this.#words
    const at = this.mmu.firstLevel.entryWord(2 * accessClass, addressLo)
    if (words[at] === (addressLo & PAGE_MASK) >>> 0 && words[at + 1] === addressHi >>> 0) {
      this.#readHost(sizeBytes, ((words[at + ADDEND_WORD] as number) + addressLo) >>> 0)
      return 0
    }
    const physical = this.#resolve(addressLo, addressHi, accessClass, 0)
    if (physical < 0) return 1
    this.#readPhysical(sizeBytes, physical)
    return 0
  }

  write(
    sizeBytes: 1 | 2 | 4 | 8,
    addressLo: number,
    addressHi: number,
    lo: number,
    hi: number,
    access: LinearAccess,
  ): AccessStatus {
    const accessClass = this.#classOf(access)
    if ((addressLo & PAGE_OFFSET) + sizeBytes > PAGE_4K)
      return this.#writeAcross(sizeBytes, addressLo, addressHi, lo, hi, accessClass)
    const words = this.#words
    const at = this.mmu.firstLevel.entryWord(2 * accessClass + 1, addressLo)
    if (words[at] === (addressLo & PAGE_MASK) >>> 0 && words[at + 1] === addressHi >>> 0) {
      this.#writeHost(sizeBytes, ((words[at + ADDEND_WORD] as number) + addressLo) >>> 0, lo, hi)
      return 0
    }
    const physical = this.#resolve(addressLo, addressHi, accessClass, ACCESS.WRITE)
    if (physical < 0) return 1
    this.#writePhysical(sizeBytes, physical, lo, hi)
    return 0
  }

  /** By the first level of the TLB alone. */
  directOffset(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess, write: boolean): number {
    if ((addressLo & PAGE_OFFSET) + sizeBytes > PAGE_4K) return -1
    const words = this.#words
    const at = this.mmu.firstLevel.entryWord(2 * this.#classOf(access) + (write ? 1 : 0), addressLo)
    if (words[at] !== (addressLo & PAGE_MASK) >>> 0 || words[at + 1] !== addressHi >>> 0) return -1
    return ((words[at + ADDEND_WORD] as number) + addressLo) >>> 0
  }

  get direct(): DataView {
    return this.#view
  }

  probeWrite(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus {
    return this.#probe(sizeBytes, addressLo, addressHi, access, ACCESS.WRITE)
  }

  /** Whether all bytes could be read: raises the fault that the read would raise. */
  probeRead(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus {
    return this.#probe(sizeBytes, addressLo, addressHi, access, 0)
  }

  /**
   * The physical address (behind the A20 gate) from which the byte at a linear address is fetched as code, at a privilege level.
   *
   * @returns a negative number for a page fault, which stands in the state then
   */
  translateForFetch(addressLo: number, addressHi: number, cpl: number): PhysicalAddress {
    const access = ACCESS.FETCH | (cpl === CPL_USER ? ACCESS.USER : 0)
    const physical = this.mmu.resolve(addressLo, addressHi, access)
    if (physical < 0) return this.#raise(addressLo, addressHi)
    return this.mmu.memory.gate(physical)
  }

  #classOf(access: LinearAccess): 0 | 1 | 2 {
    return accessClassOf(access, access === 1 && ((this.#state[SYSTEM_FLAGS_WORD] as number) & AC) !== 0)
  }

  /** The physical address for a class, and an entry in the first level if it may have one. */
  #resolve(lo: number, hi: number, accessClass: number, write: number): PhysicalAddress {
    const { mmu } = this
    const physical = mmu.resolve(lo, hi, (CLASS_ACCESS[accessClass] as number) | write)
    if (physical < 0) return this.#raise(lo, hi)
    mmu.fill(accessClass, write !== 0, lo, hi, physical)
    return physical
  }

  /** Puts the page fault of the last `resolve` into the state. */
  #raise(lo: number, hi: number): number {
    const { state, status, errorCode } = this.mmu
    if (status === WALK.FAULT) {
      state.setFirst(FIELD.pendingEvent, PAGE_FAULT_EVENT)
      state.setFirst(FIELD.pendingErrorCode, errorCode)
      state.set(FIELD.pendingPayload, lo, hi)
    }
    return -1
  }

  #readHost(sizeBytes: number, host: number): void {
    const view = this.#view
    this.hi = 0
    if (sizeBytes === 4) this.lo = view.getUint32(host, true)
    else if (sizeBytes === 8) {
      this.lo = view.getUint32(host, true)
      this.hi = view.getUint32(host + 4, true)
    } else if (sizeBytes === 1) this.lo = view.getUint8(host)
    else this.lo = view.getUint16(host, true)
  }

  #writeHost(sizeBytes: number, host: number, lo: number, hi: number): void {
    const view = this.#view
    if (sizeBytes === 4) view.setUint32(host, lo, true)
    else if (sizeBytes === 8) {
      view.setUint32(host, lo, true)
      view.setUint32(host + 4, hi, true)
    } else if (sizeBytes === 1) view.setUint8(host, lo)
    else view.setUint16(host, lo, true)
  }

  #readPhysical(sizeBytes: number, physical: PhysicalAddress): void {
    const { memory } = this.mmu
    this.hi = 0
    if (sizeBytes === 4) this.lo = memory.read32(physical)
    else if (sizeBytes === 8) {
      this.lo = memory.read32(physical)
      this.hi = memory.read32(physical + 4)
    } else this.lo = sizeBytes === 1 ? memory.read8(physical) : memory.read16(physical)
  }

  #writePhysical(sizeBytes: number, physical: PhysicalAddress, lo: number, hi: number): void {
    const { memory } = this.mmu
    if (sizeBytes === 4) memory.write32(physical, lo)
    else if (sizeBytes === 8) {
      memory.write32(physical, lo)
      memory.write32(physical + 4, hi)
    } else if (sizeBytes === 1) memory.write8(physical, lo)
    else memory.write16(physical, lo)
  }

  #readAcross(sizeBytes: number, lo: number, hi: number, accessClass: 0 | 1 | 2): AccessStatus {
    const first = this.#resolve(lo, hi, accessClass, 0)
    if (first < 0) return 1
    const nextLo = this.#nextPage(lo, hi)
    const second = this.#resolve(nextLo, this.#nextHi, accessClass, 0)
    if (second < 0) return 1
    const { memory } = this.mmu
    const inFirst = PAGE_4K - (lo & PAGE_OFFSET)
    this.lo = 0
    this.hi = 0
    for (let n = 0; n < sizeBytes; n++) {
      const byte = memory.read8(n < inFirst ? first + n : second + n - inFirst)
      if (n < 4) this.lo = (this.lo | (byte << (8 * n))) >>> 0
      else this.hi = (this.hi | (byte << (8 * (n - 4)))) >>> 0
    }
    return 0
  }

  #writeAcross(
    sizeBytes: number,
    addressLo: number,
    addressHi: number,
    lo: number,
    hi: number,
    accessClass: 0 | 1 | 2,
  ): AccessStatus {
    const first = this.#resolve(addressLo, addressHi, accessClass, ACCESS.WRITE)
    if (first < 0) return 1
    const nextLo = this.#nextPage(addressLo, addressHi)
    const second = this.#resolve(nextLo, this.#nextHi, accessClass, ACCESS.WRITE)
    if (second < 0) return 1
    const { memory } = this.mmu
    const inFirst = PAGE_4K - (addressLo & PAGE_OFFSET)
    for (let n = 0; n < sizeBytes; n++) {
      const byte = n < 4 ? lo >>> (8 * n) : hi >>> (8 * (n - 4))
      memory.write8(n < inFirst ? first + n : second + n - inFirst, byte & 0xff)
    }
    return 0
  }

  #probe(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess, write: number): AccessStatus {
    const accessClass = this.#classOf(access)
    let lo = addressLo
    let hi = addressHi
    for (let left = sizeBytes; left > 0; ) {
      if (!this.#isPresent(lo, hi, accessClass, write) && this.#resolve(lo, hi, accessClass, write) < 0) return 1
      left -= PAGE_4K - (lo & PAGE_OFFSET)
      lo = this.#nextPage(lo, hi)
      hi = this.#nextHi
    }
    return 0
  }

  /** Whether the first level holds the page: then there is nothing to check. */
  #isPresent(lo: number, hi: number, accessClass: number, write: number): boolean {
    const at = this.mmu.firstLevel.entryWord(2 * accessClass + (write === 0 ? 0 : 1), lo)
    return this.#words[at] === (lo & PAGE_MASK) >>> 0 && this.#words[at + 1] === hi >>> 0
  }

  /** Low half of the address of the next page; the high half stands in `#nextHi`. Addresses of 32 bits wrap. */
  #nextPage(lo: number, hi: number): number {
    const next = ((lo & PAGE_MASK) + PAGE_4K) >>> 0
    this.#nextHi = next === 0 && this.#carries(hi) ? (hi + 1) >>> 0 : hi >>> 0
    return next
  }

  /**
   * Whether an address goes on behind 4 GiB: in 64-bit mode, and wherever its upper half says so already (implicit accesses
   * in compatibility mode). Elsewhere linear addresses have 32 bits. Intel SDM vol. 1, 3.3.7 "Address Calculations in 64-Bit Mode".
   */
  #carries(hi: number): boolean {
    const { state } = this.mmu
    if (hi !== 0) return true
    if ((state.first(FIELD.efer) & EFER.lo.LMA) === 0) return false
    return (state.first(FIELD.csAccess) & ACCESS_RIGHTS.lo.L) !== 0
  }
}
