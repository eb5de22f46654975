/**
 * A local APIC, in xAPIC and x2APIC mode: Intel SDM vol. 3A, chapter 12 "Advanced Programmable Interrupt Controller (APIC)". It gives
 * a processor its interrupts, and holds the registers of the APIC, in memory and as MSRs.
 */
import { APIC_BASE } from '@ringfold/arch'
import type { InterruptSource, IoDevice, IrqLine, MsrBank, Stateful } from '@ringfold/contracts'
import { ApicCore, LOWEST_VECTOR, type LocalApicOptions, type LocalApicState, type LvtName } from './apic-core.ts'
import {
  type ApicRegister,
  apicRegisterAt,
  DELIVERY,
  ESR,
  LVT,
  X2APIC_MSR_BASE,
  X2APIC_MSRS,
} from './apic-registers.ts'

const IA32_APIC_BASE = 0x1b
const IA32_TSC_DEADLINE = 0x6e0
/** Version 14H with 7 LVT entries; the EOI broadcast can be suppressed. */
const VERSION = 0x14 | (6 << 16) | (1 << 24)
const { EXTD, EN } = APIC_BASE.lo
/** Bits of IA32_APIC_BASE that must be 0, below the address. */
const RESERVED_BASE = 0x2ff

export class LocalApic implements InterruptSource, MsrBank, Stateful<LocalApicState> {
  /** The initial APIC ID: in x2APIC mode the ID for ever. */
  readonly initialId: number
  /** What the last `read` of an MSR gave. */
  lo = 0
  hi = 0
  readonly #core: ApicCore

  constructor(options: LocalApicOptions) {
    this.initialId = options.id
    this.#core = new ApicCore(options)
    options.bus.add(this)
  }

  /** Physical address of the registers in xAPIC mode; -1 in x2APIC mode and while the APIC is off. */
  get mmioBase(): number {
    if (!this.#core.isOn || this.#core.isX2Apic) return -1
    return this.#core.baseHi * 2 ** 32 + (this.#core.baseLo & 0xffff_f000)
  }

  // The processor's side.

  isPending(): boolean {
    return this.#core.isPending()
  }

  /** Takes the interrupt of highest priority; one of the 8259 pair's comes first, as it has no priority here. */
  acknowledge(): number {
    return this.#core.acknowledge()
  }

  taskPriorityChanged(cr8: number): void {
    this.#core.taskPriorityChanged(cr8)
  }

  /** What CR8 reads: bits 7:4 of TPR. */
  get cr8(): number {
    return this.#core.cr8
  }

  get lint0(): IrqLine {
    return this.#core.lint0
  }

  get lint1(): IrqLine {
    return this.#core.lint1
  }

  // The bus's side.

  /** A fixed or lowest-priority interrupt for this APIC. */
  accept(vector: number, isLevel: boolean): void {
    this.#core.accept(vector, isLevel)
  }

  nmi(): void {
    if (this.#core.isOn) this.#core.options.processor.nmi()
  }

  init(): void {
    if (this.#core.isOn) this.#core.options.processor.init()
  }

  startup(vector: number): void {
    if (this.#core.isOn) this.#core.options.processor.startup(vector)
  }

  /** For lowest-priority delivery: the smaller, the sooner. */
  get arbitrationPriority(): number {
    return this.#core.ppr
  }

  get acceptsMessages(): boolean {
    return this.#core.isOn
  }

  get isEnabled(): boolean {
    return this.#core.isEnabled
  }

  /** Whether a physical destination is this APIC; all ones is everybody. */
  matchesPhysical(destination: number): boolean {
    if (this.#core.isX2Apic) return destination === 0xffff_ffff || destination === this.initialId
    return (destination & 0xff) === 0xff || destination === this.#core.id
  }

  /** Whether a logical destination includes this APIC: Intel SDM vol. 3A, 12.6.2.2 and 12.12.10.2. */
  matchesLogical(destination: number): boolean {
    if (this.#core.isX2Apic) {
      if (destination === 0xffff_ffff) return true
      return destination >>> 16 === this.initialId >>> 4 && (destination & (1 << (this.initialId & 15)) & 0xffff) !== 0
    }
    if ((destination & 0xff) === 0xff) return true
    const own = this.#core.ldr >>> 24
    if (this.#core.dfr >>> 28 === 0xf) return (destination & own) !== 0
    return destination >>> 4 === own >>> 4 && (destination & own & 0xf) !== 0
  }

  // Registers in memory.

  readonly mmio: IoDevice = {
    read: (offset, sizeBytes) => {
      if (!this.#core.isOn || this.#core.isX2Apic) return 2 ** (8 * sizeBytes) - 1
      const value = this.#readPage(offset & 0xfff)
      return (value >>> (8 * (offset & 3))) % 2 ** (8 * sizeBytes)
    },
    write: (offset, sizeBytes, value) => {
      // Writes of less than 32 bits, or across a register, are undefined; here they do nothing.
      if (!this.#core.isOn || this.#core.isX2Apic || sizeBytes !== 4 || (offset & 0xf) !== 0) return
      this.#writePage(offset & 0xfff, value)
    },
  }

  #readPage(offset: number): number {
    const register = apicRegisterAt(offset)
    if (register === undefined) {
      this.#core.error(ESR.ILLEGAL_REGISTER)
      return 0
    }
    // Only the first 4 of 16 bytes are the register.
    if ((offset & 0xc) !== 0 || register.access === 'w') return 0
    return this.#read(register, offset)
  }

  #writePage(offset: number, value: number): void {
    const register = apicRegisterAt(offset)
    if (register === undefined || register.name === 'SELF_IPI') this.#core.error(ESR.ILLEGAL_REGISTER)
    else if (register.access !== 'r') this.#write(register, value, this.#core.icrHi)
  }

  #read({ name }: ApicRegister, offset: number): number {
    switch (name) {
      case 'ID':
        return this.#core.isX2Apic ? this.initialId : (this.#core.id << 24) >>> 0
      case 'VERSION':
        return VERSION
      case 'TPR':
        return this.#core.tpr
      case 'APR':
      case 'PPR':
        return this.#core.ppr
      case 'LDR':
        return this.#core.isX2Apic
          ? (((this.initialId >>> 4) << 16) | (1 << (this.initialId & 15))) >>> 0
          : this.#core.ldr
      case 'DFR':
        return this.#core.dfr
      case 'SVR':
        return this.#core.svr
      case 'ESR':
        return this.#core.esr
      case 'ICR':
        return this.#core.icrLo
      case 'ICR_HIGH':
        return this.#core.icrHi
      default:
        return this.#readMore(name, offset)
    }
  }

  #readMore(name: ApicRegister['name'], offset: number): number {
    if (name.startsWith('LVT')) return this.#core.lvt[name as LvtName]
    const word = (offset >>> 4) & 7
    switch (name) {
      case 'ISR':
        return this.#core.isr.word(word)
      case 'TMR':
        return this.#core.tmr.word(word)
      case 'IRR':
        return this.#core.irr.word(word)
      case 'INITIAL_COUNT':
        return this.#core.timer.initialCount
      case 'CURRENT_COUNT':
        return this.#core.timer.currentCount
      case 'DIVIDE':
        return this.#core.timer.divideConfiguration
      default:
        return 0
    }
  }

  #write({ name }: ApicRegister, value: number, hi: number): void {
    switch (name) {
      case 'ID':
        this.#core.id = value >>> 24
        break
      case 'TPR':
        this.#core.tpr = value & 0xff
        this.#core.update()
        break
      case 'EOI':
        this.#core.endOfInterrupt()
        break
      case 'LDR':
        this.#core.ldr = (value & 0xff00_0000) >>> 0
        break
      case 'DFR':
        this.#core.dfr = (value | 0x0fff_ffff) >>> 0
        break
      case 'SVR':
        this.#core.writeSvr(value)
        break
      case 'ESR':
        this.#core.esr = this.#core.errors
        this.#core.errors = 0
        break
      default:
        this.#writeMore(name, value, hi)
    }
  }

  #writeMore(name: ApicRegister['name'], value: number, hi: number): void {
    switch (name) {
      case 'ICR':
        this.#writeIcr(value, hi)
        break
      case 'ICR_HIGH':
        this.#core.icrHi = this.#core.isX2Apic ? value : (value & 0xff00_0000) >>> 0
        break
      case 'INITIAL_COUNT':
        this.#core.timer.writeInitialCount(value)
        break
      case 'DIVIDE':
        this.#core.timer.writeDivide(value)
        break
      case 'SELF_IPI':
        this.#core.options.bus.send({ vector: value & 0xff, mode: DELIVERY.FIXED, isLevel: false }, [this])
        break
      default:
        if (name.startsWith('LVT')) this.#core.writeLvt(name as LvtName, value)
    }
  }

  #writeIcr(lo: number, hi: number): void {
    this.#core.icrLo = (lo & ~LVT.DELIVERY_STATUS) >>> 0
    this.#core.icrHi = hi
    const mode = (lo >>> 8) & 7
    const vector = lo & 0xff
    const isOrdinary = mode === DELIVERY.FIXED || mode === DELIVERY.LOWEST
    if (isOrdinary && vector < LOWEST_VECTOR) {
      this.#core.error(ESR.SEND_ILLEGAL_VECTOR)
      return
    }
    // INIT level de-assert: long without effect (12.6.1).
    if (mode === DELIVERY.INIT && (lo & 0xc000) === 0x8000) return
    this.#core.options.bus.send({ vector, mode, isLevel: false }, this.#targets(lo, hi))
  }

  /** Whom the destination shorthand, or the destination, names. */
  #targets(lo: number, hi: number): readonly LocalApic[] {
    const { bus } = this.#core.options
    switch ((lo >>> 18) & 3) {
      case 1:
        return [this]
      case 2:
        return bus.apics
      case 3:
        return bus.apics.filter((apic) => apic !== this)
      default:
        return bus.matching(this.#core.isX2Apic ? hi : hi >>> 24, (lo & 0x800) !== 0)
    }
  }

  // Registers as MSRs.

  read(index: number): 0 | 1 | 2 {
    if (index === IA32_APIC_BASE) return this.#give(this.#core.baseLo, this.#core.baseHi)
    if (index === IA32_TSC_DEADLINE && this.#core.options.features?.tscDeadline !== false)
      return this.#give(...this.#core.timer.deadline)
    const register = this.#msr(index)
    if (typeof register === 'number') return register
    const { x2apic = register.access, name } = register
    if (x2apic !== 'r' && x2apic !== 'rw') return 1
    return this.#give(this.#read(register, (index - X2APIC_MSR_BASE) << 4), name === 'ICR' ? this.#core.icrHi : 0)
  }

  write(index: number, lo: number, hi: number): 0 | 1 | 2 {
    if (index === IA32_APIC_BASE) return this.#writeBase(lo, hi)
    if (index === IA32_TSC_DEADLINE && this.#core.options.features?.tscDeadline !== false) {
      this.#core.timer.writeDeadline(lo, hi)
      return 0
    }
    const register = this.#msr(index)
    if (typeof register === 'number') return register
    const { x2apic = register.access, writable = 0, name } = register
    if (x2apic !== 'w' && x2apic !== 'rw') return 1
    if ((lo & ~writable) !== 0 || (hi !== 0 && name !== 'ICR')) return 1
    this.#write(register, lo, hi)
    return 0
  }

  #give(lo: number, hi: number): 0 {
    this.lo = lo >>> 0
    this.hi = hi >>> 0
    return 0
  }

  /** The register behind an MSR of x2APIC mode; 1: #GP, 2: not an MSR of the APIC. */
  #msr(index: number): ApicRegister | 1 | 2 {
    if (index < X2APIC_MSR_BASE || index >= X2APIC_MSR_BASE + X2APIC_MSRS) return 2
    if (!this.#core.isX2Apic) return 1
    const register = apicRegisterAt((index - X2APIC_MSR_BASE) << 4)
    return register === undefined || register.x2apic === '-' ? 1 : register
  }

  /** Transitions of modes: Intel SDM vol. 3A, figure 12-27. */
  #writeBase(lo: number, hi: number): 0 | 1 {
    const { physicalAddressBits = 36, features } = this.#core.options
    if ((lo & RESERVED_BASE) !== 0 || hi >>> (physicalAddressBits - 32) !== 0) return 1
    const [wasOn, wasX2] = [this.#core.isOn, this.#core.isX2Apic]
    const [on, x2] = [(lo & EN) !== 0, (lo & EXTD) !== 0]
    if (x2 && (!on || features?.x2apic === false || !wasOn)) return 1
    if (wasX2 && on && !x2) return 1
    this.#core.baseLo = lo
    this.#core.baseHi = hi
    if (wasOn && !on) this.#core.resetRegisters()
    if (!wasX2 && x2) this.#core.icrHi = 0
    this.#core.update()
    return 0
  }

  // Reset and state.

  /** What INIT does: all but the ID (12.4.7.3). */
  initReset(): void {
    this.#core.initReset()
  }

  reset(): void {
    this.#core.reset()
  }

  state(): LocalApicState {
    return this.#core.state()
  }

  restore(state: LocalApicState): void {
    this.#core.restore(state)
  }
}
