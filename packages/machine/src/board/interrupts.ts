/** Where interrupts go: from ISA lines and PCI pins to the 8259 pair and the I/O APIC, from there to the processors. */
import type { InterruptSource, IrqLine, Stateful } from '@ringfold/contracts'

/** One wire that drives several inputs. */
export class FanOut implements IrqLine {
  readonly #lines: readonly IrqLine[]

  constructor(lines: readonly IrqLine[]) {
    this.#lines = lines
  }

  set(level: boolean): void {
    for (const line of this.#lines) line.set(level)
  }
}

/** A wire that somebody else may take over: while it is closed, it is low. */
export class GatedLine implements IrqLine {
  readonly #output: IrqLine
  #isOpen = true
  #level = false

  constructor(output: IrqLine) {
    this.#output = output
  }

  set(level: boolean): void {
    this.#level = level
    if (this.#isOpen) this.#output.set(level)
  }

  setOpen(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return
    this.#isOpen = isOpen
    this.#output.set(isOpen && this.#level)
  }
}

/** Several wires into one input, which is high while one of them is. */
export class WiredOr implements Stateful<{ readonly levels: readonly boolean[] }> {
  readonly inputs: readonly IrqLine[]
  #levels: boolean[]

  constructor(output: IrqLine, count: number) {
    this.#levels = new Array<boolean>(count).fill(false)
    this.inputs = this.#levels.map((_, n) => ({
      set: (level) => {
        this.#levels[n] = level
        output.set(this.#levels.includes(true))
      },
    }))
  }

  state(): { readonly levels: readonly boolean[] } {
    return { levels: [...this.#levels] }
  }

  restore({ levels }: { readonly levels: readonly boolean[] }): void {
    this.#levels = [...levels]
  }
}

/** Counts the interrupts that a processor takes. */
export class CountedInterrupts implements InterruptSource {
  readonly #source: InterruptSource
  readonly #taken: () => void

  constructor(source: InterruptSource, taken: () => void) {
    this.#source = source
    this.#taken = taken
  }

  isPending(): boolean {
    return this.#source.isPending()
  }

  acknowledge(): number {
    this.#taken()
    return this.#source.acknowledge()
  }

  taskPriorityChanged(cr8: number): void {
    this.#source.taskPriorityChanged?.(cr8)
  }
}
