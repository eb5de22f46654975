/** An I/O APIC: Intel 82093AA datasheet (290566-001), 3.0; version 20H has an EOI register (Intel ICH, IOxAPIC). */
import type { IoDevice, IrqLine, MessageTarget, Stateful } from '@ringfold/contracts'
import type { EoiListener } from './apic-bus.ts'

const REGISTER = { SELECT: 0x00, WINDOW: 0x10, EOI: 0x40 } as const
const INDEX = { ID: 0, VERSION: 1, ARBITRATION: 2, TABLE: 0x10 } as const
const VERSION = 0x20

/** Redirection entries, low word: 3.2.4. */
export const REDIRECTION = {
  VECTOR: 0xff,
  DELIVERY_MODE: 0x700,
  LOGICAL: 0x800,
  DELIVERY_STATUS: 0x1000,
  ACTIVE_LOW: 0x2000,
  REMOTE_IRR: 0x4000,
  LEVEL: 0x8000,
  MASKED: 0x1_0000,
} as const
const READ_ONLY = REDIRECTION.DELIVERY_STATUS | REDIRECTION.REMOTE_IRR
const DEFINED = 0x1_ffff
const MESSAGE_BASE = 0xfee0_0000

export interface IoApicOptions {
  readonly id: number
  readonly target: MessageTarget
  /** Inputs. Default 24. */
  readonly pins?: number
}

export interface IoApicState {
  readonly id: number
  readonly select: number
  /** Levels of the inputs, as they are driven. */
  readonly lines: number
  /** Low and high words of the redirection table. */
  readonly table: readonly number[]
}

export class IoApic implements EoiListener, Stateful<IoApicState> {
  readonly pins: number
  readonly #target: MessageTarget
  readonly #initialId: number
  readonly #lines: readonly IrqLine[]
  readonly #table: Uint32Array
  #levels = 0
  #id: number
  #select = 0

  constructor({ id, target, pins = 24 }: IoApicOptions) {
    this.pins = pins
    this.#target = target
    this.#initialId = id
    this.#id = id
    this.#table = new Uint32Array(2 * pins)
    this.#lines = Array.from({ length: pins }, (_, n) => ({ set: (level) => this.#setLine(n, level) }))
    this.#clearTable()
  }

  #clearTable(): void {
    for (let n = 0; n < this.pins; n++) {
      this.#table[2 * n] = REDIRECTION.MASKED
      this.#table[2 * n + 1] = 0
    }
  }

  /** Input `n`. Lines are driven high when they ask: a low-active entry sees them so all the same, as the PC's wires are inverted. */
  line(n: number): IrqLine {
    return this.#lines[n] as IrqLine
  }

  #setLine(n: number, level: boolean): void {
    const bit = 1 << n
    const was = (this.#levels & bit) !== 0
    if (was === level) return
    this.#levels = level ? this.#levels | bit : this.#levels & ~bit
    if (!level) return
    const entry = this.#table[2 * n] as number
    if ((entry & REDIRECTION.LEVEL) !== 0) this.#service(n)
    else if ((entry & REDIRECTION.MASKED) === 0) this.#send(n)
  }

  /** Sends what a level-triggered input asks for, unless it is being served. */
  #service(n: number): void {
    const entry = this.#table[2 * n] as number
    const asks = (this.#levels & (1 << n)) !== 0
    if (!asks || (entry & (REDIRECTION.MASKED | REDIRECTION.REMOTE_IRR)) !== 0) return
    this.#table[2 * n] = entry | REDIRECTION.REMOTE_IRR
    this.#send(n)
  }

  #send(n: number): void {
    const [lo, hi] = [this.#table[2 * n] as number, this.#table[2 * n + 1] as number]
    const isLogical = (lo & REDIRECTION.LOGICAL) !== 0
    const address = MESSAGE_BASE | ((hi >>> 24) << 12) | (isLogical ? 4 : 0)
    const trigger = (lo & REDIRECTION.LEVEL) !== 0 ? 0x8000 : 0
    this.#target.deliver(address >>> 0, 0, (lo & (REDIRECTION.VECTOR | REDIRECTION.DELIVERY_MODE)) | trigger)
  }

  /** A processor has ended a level-triggered interrupt with this vector: an input that still asks is sent again. */
  endOfInterrupt(vector: number): void {
    for (let n = 0; n < this.pins; n++) {
      const entry = this.#table[2 * n] as number
      const isMeant = (entry & REDIRECTION.VECTOR) === vector && (entry & REDIRECTION.REMOTE_IRR) !== 0
      if (!isMeant || (entry & REDIRECTION.LEVEL) === 0) continue
      this.#table[2 * n] = entry & ~REDIRECTION.REMOTE_IRR
      this.#service(n)
    }
  }

  readonly mmio: IoDevice = {
    read: (offset) => {
      if (offset === REGISTER.SELECT) return this.#select
      return offset === REGISTER.WINDOW ? this.#readWindow() : 0
    },
    write: (offset, _sizeBytes, value) => {
      if (offset === REGISTER.SELECT) this.#select = value & 0xff
      else if (offset === REGISTER.WINDOW) this.#writeWindow(value)
      else if (offset === REGISTER.EOI) this.endOfInterrupt(value & 0xff)
    },
  }

  #readWindow(): number {
    const at = this.#select - INDEX.TABLE
    if (at >= 0) return this.#table[at] ?? 0
    if (this.#select === INDEX.VERSION) return VERSION | ((this.pins - 1) << 16)
    return this.#select <= INDEX.ARBITRATION ? this.#id << 24 : 0
  }

  #writeWindow(value: number): void {
    const at = this.#select - INDEX.TABLE
    if (this.#select === INDEX.ID) this.#id = (value >>> 24) & 0xf
    if (at < 0 || at >= this.#table.length) return
    if (at % 2 === 1) {
      this.#table[at] = value & 0xff00_0000
      return
    }
    const old = this.#table[at] as number
    let entry = (value & DEFINED & ~READ_ONLY) | (old & READ_ONLY)
    // An entry that becomes edge-triggered forgets that it was being served.
    if ((entry & REDIRECTION.LEVEL) === 0) entry &= ~REDIRECTION.REMOTE_IRR
    this.#table[at] = entry
    if ((entry & REDIRECTION.LEVEL) !== 0) this.#service(at / 2)
  }

  reset(): void {
    this.#id = this.#initialId
    this.#select = 0
    this.#clearTable()
  }

  state(): IoApicState {
    return { id: this.#id, select: this.#select, lines: this.#levels, table: [...this.#table] }
  }

  restore({ id, select, lines, table }: IoApicState): void {
    this.#id = id
    this.#select = select
    this.#levels = lines
    this.#table.set(table)
  }
}
