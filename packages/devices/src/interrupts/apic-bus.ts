/** What connects local APICs with one another, with I/O APICs, and with devices that send messages. */
import type { MessageTarget } from '@ringfold/contracts'
import { DELIVERY } from './apic-registers.ts'
import type { LocalApic } from './local-apic.ts'

/** An interrupt on its way. */
export interface ApicMessage {
  readonly vector: number
  /** One of `DELIVERY`. */
  readonly mode: number
  readonly isLevel: boolean
}

/** What hears of the end of a level-triggered interrupt. */
export interface EoiListener {
  endOfInterrupt(vector: number): void
}

const MESSAGE_REGION = 0xfee

export class ApicBus implements MessageTarget {
  readonly #apics: LocalApic[] = []
  readonly #listeners: EoiListener[] = []

  /** A local APIC joins: it does so itself. */
  add(apic: LocalApic): void {
    this.#apics.push(apic)
  }

  /** An I/O APIC that is to hear of ends of interrupts. */
  addListener(listener: EoiListener): void {
    this.#listeners.push(listener)
  }

  get apics(): readonly LocalApic[] {
    return this.#apics
  }

  /** The APICs of a destination. */
  matching(destination: number, isLogical: boolean): readonly LocalApic[] {
    return this.#apics.filter((apic) =>
      isLogical ? apic.matchesLogical(destination) : apic.matchesPhysical(destination),
    )
  }

  /** Delivers to all of `targets`; of a lowest-priority message, to the least busy one, the first of equals. */
  send({ vector, mode, isLevel }: ApicMessage, targets: readonly LocalApic[]): void {
    if (mode === DELIVERY.LOWEST) {
      const enabled = targets.filter((apic) => apic.isEnabled)
      const least = Math.min(...enabled.map((apic) => apic.arbitrationPriority))
      enabled.find((apic) => apic.arbitrationPriority === least)?.accept(vector, isLevel)
      return
    }
    for (const apic of targets)
      if (mode === DELIVERY.FIXED || mode === DELIVERY.EXT_INT) apic.accept(vector, isLevel)
      else if (mode === DELIVERY.NMI) apic.nmi()
      else if (mode === DELIVERY.INIT) apic.init()
      else if (mode === DELIVERY.STARTUP) apic.startup(vector)
  }

  /** A message-signalled interrupt: Intel SDM vol. 3A, 12.11. Other addresses are not this bus's. */
  deliver(addressLo: number, addressHi: number, data: number): void {
    if (addressHi !== 0 || addressLo >>> 20 !== MESSAGE_REGION) return
    // The manual ties DM to the redirection hint; processors, and the systems that rely on them, honour it alone.
    const isLogical = (addressLo & 0x4) !== 0
    const mode = (data >>> 8) & 7
    const isLevel = (data & 0x8000) !== 0
    this.send({ vector: data & 0xff, mode, isLevel }, this.matching((addressLo >>> 12) & 0xff, isLogical))
  }

  endOfInterrupt(vector: number): void {
    for (const listener of this.#listeners) listener.endOfInterrupt(vector)
  }
}
