import type { CapabilityList } from './capabilities.ts'
import type { ConfigSpace } from './config-space.ts'
import { CAPABILITY_ID, POWER } from './registers.ts'

/**
 * Power states D0 and D3hot (PCI Power Management 1.2, 3.2 and 5.4). In D3hot a function answers configuration accesses only; it
 * keeps its registers. Power states that it does not have cannot be written.
 */
export class PowerState {
  readonly #space: ConfigSpace
  readonly #register: number

  constructor(space: ConfigSpace, capabilities: CapabilityList) {
    const offset = capabilities.add(CAPABILITY_ID.POWER_MANAGEMENT, POWER.BYTES)
    this.#space = space
    this.#register = offset + POWER.CONTROL_STATUS
    space.define(offset + POWER.CAPABILITIES, 2, POWER.VERSION_1_2)
    space.define(this.#register, 2, POWER.NO_SOFT_RESET, { writable: POWER.STATE })
  }

  get isOn(): boolean {
    return this.#state === POWER.D0
  }

  /** Does a write to configuration space, which may be one to the power state. */
  around(write: () => void): void {
    const before = this.#state
    write()
    if (this.#state !== POWER.D0 && this.#state !== POWER.D3_HOT) this.#space.write(this.#register, 1, before)
  }

  get #state(): number {
    return this.#space.read(this.#register, 1) & POWER.STATE
  }
}
