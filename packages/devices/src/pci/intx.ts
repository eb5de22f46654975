import type { IrqLine } from '@ringfold/contracts'
import { DEVICES, INTERRUPT_PINS } from './registers.ts'

/** Where a pin of a device on bus 0 is wired to. */
export interface PciRoute {
  /** 0 to 31 */
  readonly device: number
  /** INTA# to INTD# as 0 to 3, as a `_PRT` counts them (ACPI 6.5, 6.2.13). */
  readonly pin: number
  /** PIRQ A to D as 0 to 3. */
  readonly pirq: number
}

/** The PIRQ of a pin, 0 to 3: devices in a row begin with different ones (PCI 3.0, 2.2.6, implementation note). */
export function pirqOf(device: number, pin: number): number {
  return (device + pin) % INTERRUPT_PINS
}

/** The whole table, by device and pin. */
export function pciRouting(): PciRoute[] {
  return Array.from({ length: DEVICES * INTERRUPT_PINS }, (_, index) => {
    const device = Math.floor(index / INTERRUPT_PINS)
    const pin = index % INTERRUPT_PINS
    return { device, pin, pirq: pirqOf(device, pin) }
  })
}

/** Who drives a PIRQ: pins are open drain, so one is enough (PCI 3.0, 2.2.6). */
export class PirqLine {
  readonly #line: IrqLine
  readonly #pins: (() => boolean)[] = []
  #level = false

  constructor(line: IrqLine) {
    this.#line = line
  }

  /** Wires a pin that tells its level. @returns what it calls when that may have changed. */
  join(pin: () => boolean): () => void {
    this.#pins.push(pin)
    return () => {
      const level = this.#isDriven
      if (level === this.#level) return
      this.#level = level
      this.#line.set(level)
    }
  }

  /** Takes the level over from pins that were restored. The line is not driven: its receiver keeps its own inputs. */
  settle(): void {
    this.#level = this.#isDriven
  }

  get #isDriven(): boolean {
    return this.#pins.some((pin) => pin())
  }
}
