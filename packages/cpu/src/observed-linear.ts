/** Linear memory that tells an observer what rules and helpers access: a processor puts it in their way only while somebody watches. */
import type { AccessStatus, LinearAccess, LinearMemory } from '@ringfold/contracts'
import type { AccessObserver } from './effective-access.ts'

/** Descriptor tables and the TSS, which are no operands of an instruction. */
const SYSTEM: LinearAccess = 2

export class ObservedLinear implements LinearMemory {
  readonly #inner: LinearMemory
  readonly #observer: AccessObserver

  constructor(inner: LinearMemory, observer: AccessObserver) {
    this.#inner = inner
    this.#observer = observer
  }

  get lo(): number {
    return this.#inner.lo
  }

  get hi(): number {
    return this.#inner.hi
  }

  read(sizeBytes: 1 | 2 | 4 | 8, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus {
    const status = this.#inner.read(sizeBytes, addressLo, addressHi, access)
    if (status === 0 && access !== SYSTEM) this.#observer(false, addressLo >>> 0, addressHi >>> 0, sizeBytes)
    return status
  }

  write(
    sizeBytes: 1 | 2 | 4 | 8,
    addressLo: number,
    addressHi: number,
    lo: number,
    hi: number,
    access: LinearAccess,
  ): AccessStatus {
    const status = this.#inner.write(sizeBytes, addressLo, addressHi, lo, hi, access)
    if (status === 0 && access !== SYSTEM) this.#observer(true, addressLo >>> 0, addressHi >>> 0, sizeBytes)
    return status
  }

  probeWrite(sizeBytes: number, addressLo: number, addressHi: number, access: LinearAccess): AccessStatus {
    return this.#inner.probeWrite(sizeBytes, addressLo, addressHi, access)
  }
}
