import { type CpuState, FIELD, PAGE_FAULT_ERROR_CODE } from '@ringfold/arch'
import type { AccessStatus, LinearMemory } from '@ringfold/contracts'
import { type RuleHost, raise, VECTOR } from './context.ts'

/** Linear memory without paging, for rules that are used alone: an array from address 0; beyond its end every access is #PF. */
export class FlatLinearMemory implements LinearMemory {
  readonly bytes: Uint8Array
  lo = 0
  hi = 0
  readonly #state: CpuState
  readonly #view: DataView

  constructor(state: CpuState, sizeBytes: number) {
    this.#state = state
    this.bytes = new Uint8Array(sizeBytes)
    this.#view = new DataView(this.bytes.buffer)
  }

  read(sizeBytes: 1 | 2 | 4 | 8, addressLo: number, addressHi: number): AccessStatus {
    if (this.#fault(sizeBytes, addressLo, addressHi, 0) !== 0) return 1
    const at = addressLo >>> 0
    this.hi = sizeBytes === 8 ? this.#view.getUint32(at + 4, true) : 0
    if (sizeBytes === 1) this.lo = this.#view.getUint8(at)
    else this.lo = sizeBytes === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true)
    return 0
  }

  write(sizeBytes: 1 | 2 | 4 | 8, addressLo: number, addressHi: number, lo: number, hi: number): AccessStatus {
    if (this.probeWrite(sizeBytes, addressLo, addressHi) !== 0) return 1
    const at = addressLo >>> 0
    if (sizeBytes === 1) this.#view.setUint8(at, lo)
    else if (sizeBytes === 2) this.#view.setUint16(at, lo, true)
    else this.#view.setUint32(at, lo, true)
    if (sizeBytes === 8) this.#view.setUint32(at + 4, hi, true)
    return 0
  }

  probeWrite(sizeBytes: number, addressLo: number, addressHi: number): AccessStatus {
    return this.#fault(sizeBytes, addressLo, addressHi, PAGE_FAULT_ERROR_CODE.lo.WR)
  }

  #fault(sizeBytes: number, lo: number, hi: number, errorCode: number): AccessStatus {
    if (hi === 0 && (lo >>> 0) + sizeBytes <= this.bytes.length) return 0
    raise(this.#state, VECTOR.PF, errorCode)
    this.#state.set(FIELD.pendingPayload, lo, hi)
    return 1
  }
}

const nothing = (): void => {}

/** Surroundings without TLB, clock, APIC or PDPTEs, for rules that are used alone. Spread it to answer some questions. */
export function aloneHost(): RuleHost {
  return {
    flushTlb: nothing,
    invalidatePage: nothing,
    invpcid: nothing,
    cr3Written: nothing,
    loadPdptes: () => 0,
    modeChanged: nothing,
    taskPriorityChanged: nothing,
    tscLo: () => 0,
    tscHi: () => 0,
    readMsr: () => 2,
    writeMsr: () => 2,
    msrLo: 0,
    msrHi: 0,
    readPort: (_port, sizeBytes) => 2 ** (8 * sizeBytes) - 1,
    writePort: nothing,
    random: () => 0,
    armMonitor: () => 0,
  }
}
