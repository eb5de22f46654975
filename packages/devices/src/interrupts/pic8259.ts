/** A pair of 8259A interrupt controllers, cascaded as in every PC: Intel 8259A datasheet (231468-003); ELCR: Intel 82371FB, 4.2.3. */
import type { InterruptSource, IoDevice, IrqLine, Stateful } from '@ringfold/contracts'

/** Initialization command words. */
const ICW1 = { IC4: 0x01, LTIM: 0x08, SELECT: 0x10 } as const
const ICW4 = { AEOI: 0x02, SFNM: 0x10 } as const
/** Operation command words. */
const OCW2 = { EOI: 0x20, SL: 0x40, R: 0x80 } as const
const OCW3 = { RIS: 0x01, RR: 0x02, POLL: 0x04, SELECT: 0x08, SMM: 0x20, ESMM: 0x40 } as const
const LEVELS = 8
const SPURIOUS = 7
/** The master's input to which the slave is wired. */
const CASCADE = 2
/** Inputs that are always edge-triggered: timer, keyboard, cascade; RTC and coprocessor of the slave. */
const EDGE_ONLY = [0x07, 0x21] as const

/** State of one controller. */
export interface Pic8259State {
  readonly irr: number
  readonly isr: number
  readonly imr: number
  /** Levels of the inputs. */
  readonly lines: number
  readonly elcr: number
  readonly vectorBase: number
  /** The level that has the lowest priority. */
  readonly lowest: number
  /** Which initialization command word comes next; 0: none. */
  readonly nextIcw: number
  readonly needsIcw4: boolean
  readonly isLevel: boolean
  readonly autoEoi: boolean
  readonly rotateOnAutoEoi: boolean
  readonly specialMask: boolean
  readonly specialFullyNested: boolean
  readonly readsIsr: boolean
  readonly polls: boolean
}

const INITIAL: Pic8259State = {
  ...{ irr: 0, isr: 0, imr: 0, lines: 0, elcr: 0, vectorBase: 0, lowest: 7, nextIcw: 0 },
  ...{ needsIcw4: false, isLevel: false, autoEoi: false, rotateOnAutoEoi: false },
  ...{ specialMask: false, specialFullyNested: false, readsIsr: false, polls: false },
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** One controller; `changed` is called when its output may have changed. */
class Pic8259 implements IoDevice {
  s: Mutable<Pic8259State> = { ...INITIAL }
  readonly #isMaster: boolean
  readonly #changed: () => void

  constructor(isMaster: boolean, changed: () => void) {
    this.#isMaster = isMaster
    this.#changed = changed
  }

  /** The level to be served: -1 if none asks that may interrupt what is in service. */
  get pending(): number {
    const { irr, isr, imr, lowest, specialMask, specialFullyNested } = this.s
    const requests = irr & ~imr
    if (requests === 0) return -1
    for (let n = 1; n <= LEVELS; n++) {
      const level = (lowest + n) % LEVELS
      const bit = 1 << level
      const isNested = specialFullyNested && this.#isMaster && level === CASCADE
      if ((requests & bit) !== 0 && ((isr & bit) === 0 || isNested)) return level
      // What is in service holds back its own level and those below; the special mask mode lifts this for masked levels.
      if ((isr & bit) !== 0 && !(specialMask && (imr & bit) !== 0) && !isNested) return -1
    }
    return -1
  }

  #isLevelTriggered(bit: number): boolean {
    return this.s.isLevel || (this.s.elcr & bit) !== 0
  }

  setLine(n: number, level: boolean): void {
    const { s } = this
    const bit = 1 << n
    const was = (s.lines & bit) !== 0
    if (was === level) return
    s.lines = level ? s.lines | bit : s.lines & ~bit
    // An edge is latched until it is acknowledged, or its line falls before.
    s.irr = level ? s.irr | bit : s.irr & ~bit
    this.#changed()
  }

  /** The second INTA pulse: the level that is taken, or the spurious one. */
  acknowledge(): number {
    const level = this.pending
    if (level < 0) return SPURIOUS
    const { s } = this
    const bit = 1 << level
    if (!this.#isLevelTriggered(bit)) s.irr &= ~bit
    if (s.autoEoi) {
      if (s.rotateOnAutoEoi) s.lowest = level
    } else s.isr |= bit
    return level
  }

  read(offset: number, _sizeBytes: 1 | 2 | 4): number {
    const { s } = this
    if (s.polls) {
      s.polls = false
      const level = this.pending
      if (level < 0) return 0
      this.acknowledge()
      this.#changed()
      return 0x80 | level
    }
    if (offset === 1) return s.imr
    return s.readsIsr ? s.isr : s.irr
  }

  write(offset: number, _sizeBytes: 1 | 2 | 4, value: number): void {
    if (offset === 1) this.#writeData(value & 0xff)
    else if ((value & ICW1.SELECT) !== 0) this.#initialize(value)
    else if ((value & OCW3.SELECT) !== 0) this.#writeOcw3(value)
    else this.#writeOcw2(value)
    this.#changed()
  }

  #initialize(value: number): void {
    const { lines, elcr } = this.s
    // Edges must come anew; level-triggered inputs that are high still ask.
    this.s = { ...INITIAL, lines, elcr, nextIcw: 2 }
    this.s.needsIcw4 = (value & ICW1.IC4) !== 0
    this.s.isLevel = (value & ICW1.LTIM) !== 0
    this.s.irr = lines & (this.s.isLevel ? 0xff : elcr)
  }

  #writeData(value: number): void {
    const { s } = this
    if (s.nextIcw === 0) s.imr = value
    else if (s.nextIcw === 2) {
      s.vectorBase = value & 0xf8
      s.nextIcw = 3
    } else if (s.nextIcw === 3) s.nextIcw = s.needsIcw4 ? 4 : 0
    else {
      s.autoEoi = (value & ICW4.AEOI) !== 0
      s.specialFullyNested = (value & ICW4.SFNM) !== 0
      s.nextIcw = 0
    }
  }

  #writeOcw3(value: number): void {
    const { s } = this
    if ((value & OCW3.ESMM) !== 0) s.specialMask = (value & OCW3.SMM) !== 0
    if ((value & OCW3.POLL) !== 0) s.polls = true
    if ((value & OCW3.RR) !== 0) s.readsIsr = (value & OCW3.RIS) !== 0
  }

  #writeOcw2(value: number): void {
    const { s } = this
    const level = value & 7
    const rotates = (value & OCW2.R) !== 0
    if ((value & OCW2.EOI) === 0) {
      if ((value & OCW2.SL) === 0) s.rotateOnAutoEoi = rotates
      else if (rotates) s.lowest = level
      return
    }
    const ended = (value & OCW2.SL) !== 0 ? level : this.#highestInService()
    if (ended < 0) return
    s.isr &= ~(1 << ended)
    if (rotates) s.lowest = ended
  }

  #highestInService(): number {
    const { isr, imr, lowest, specialMask } = this.s
    const candidates = specialMask ? isr & ~imr : isr
    for (let n = 1; n <= LEVELS; n++) {
      const level = (lowest + n) % LEVELS
      if ((candidates & (1 << level)) !== 0) return level
    }
    return -1
  }
}

export interface Pic8259PairOptions {
  /** INTR: to the processor, or to LINT0 of a local APIC. */
  readonly output: IrqLine
}

export interface Pic8259PairState {
  readonly master: Pic8259State
  readonly slave: Pic8259State
}

/** Both controllers of a PC: IRQ 0 to 7 on the master at ports 20H and 21H, IRQ 8 to 15 on the slave at A0H and A1H. */
export class Pic8259Pair implements InterruptSource, Stateful<Pic8259PairState> {
  readonly #master: Pic8259
  readonly #slave: Pic8259
  readonly #output: IrqLine
  readonly #lines: readonly IrqLine[]
  #isPending = false

  constructor({ output }: Pic8259PairOptions) {
    this.#output = output
    this.#master = new Pic8259(true, () => this.#update())
    this.#slave = new Pic8259(false, () => this.#updateSlave())
    this.#lines = Array.from({ length: 2 * LEVELS }, (_, n) => {
      const chip = n < LEVELS ? this.#master : this.#slave
      return { set: (level) => chip.setLine(n % LEVELS, level) }
    })
  }

  /** Ports 20H and 21H. */
  get master(): IoDevice {
    return this.#master
  }

  /** Ports A0H and A1H. */
  get slave(): IoDevice {
    return this.#slave
  }

  /** Edge/level control: ports 4D0H and 4D1H. */
  readonly elcr: IoDevice = {
    read: (offset) => (offset === 0 ? this.#master : this.#slave).s.elcr,
    write: (offset, _sizeBytes, value) => {
      const chip = offset === 0 ? this.#master : this.#slave
      chip.s.elcr = value & 0xff & ~(EDGE_ONLY[offset === 0 ? 0 : 1] as number)
    },
  }

  /** Input IRQ 0 to 15. Input 2 is the slave's, and nobody else's. */
  line(n: number): IrqLine {
    return this.#lines[n] as IrqLine
  }

  #updateSlave(): void {
    const asks = this.#slave.pending >= 0
    this.#master.setLine(CASCADE, asks)
    this.#update()
  }

  #update(): void {
    const asks = this.#master.pending >= 0
    if (asks === this.#isPending) return
    this.#isPending = asks
    this.#output.set(asks)
  }

  isPending(): boolean {
    return this.#isPending
  }

  /** An INTA cycle. @returns the vector; that of IRQ 7 or 15 where nothing asks any more */
  acknowledge(): number {
    const level = this.#master.acknowledge()
    let vector = this.#master.s.vectorBase + level
    if (level === CASCADE) {
      vector = this.#slave.s.vectorBase + this.#slave.acknowledge()
      this.#updateSlave()
    }
    this.#update()
    return vector
  }

  reset(): void {
    for (const chip of [this.#master, this.#slave]) chip.s = { ...INITIAL, lines: chip.s.lines }
    this.#update()
  }

  state(): Pic8259PairState {
    return { master: { ...this.#master.s }, slave: { ...this.#slave.s } }
  }

  restore({ master, slave }: Pic8259PairState): void {
    this.#master.s = { ...master }
    this.#slave.s = { ...slave }
    this.#isPending = this.#master.pending >= 0
  }
}
