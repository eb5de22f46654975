/**
 * A local APIC, in xAPIC and x2APIC mode: Intel SDM vol. 3A, chapter 12 "Advanced Programmable Interrupt Controller (APIC)". It gives
 * a processor its interrupts, and holds the registers of the APIC, in memory and as MSRs.
 */
import { APIC_BASE } from '@ringfold/arch'
import type { InterruptSource, IoDevice, IrqLine, MsrBank, Stateful, Timeline } from '@ringfold/contracts'
import type { ApicBus } from './apic-bus.ts'
import {
  APIC_REGISTERS,
  type ApicRegister,
  apicRegisterAt,
  DELIVERY,
  ESR,
  LVT,
  SVR,
  X2APIC_MSR_BASE,
  X2APIC_MSRS,
} from './apic-registers.ts'
import { ApicTimer, type ApicTimerState } from './apic-timer.ts'
import { VectorSet } from './vector-set.ts'

const IA32_APIC_BASE = 0x1b
const IA32_TSC_DEADLINE = 0x6e0
/** Version 14H with 7 LVT entries; the EOI broadcast can be suppressed. */
const VERSION = 0x14 | (6 << 16) | (1 << 24)
const DEFAULT_BASE = 0xfee0_0000
const LOWEST_VECTOR = 16
const { BSP, EXTD, EN } = APIC_BASE.lo
const FLAT = 0xffff_ffff
const LVT_REGISTERS = [
  ...['LVT_CMCI', 'LVT_TIMER', 'LVT_THERMAL', 'LVT_PERFORMANCE', 'LVT_LINT0', 'LVT_LINT1', 'LVT_ERROR'],
] as const
type LvtName = 'LVT_CMCI' | 'LVT_TIMER' | 'LVT_THERMAL' | 'LVT_PERFORMANCE' | 'LVT_LINT0' | 'LVT_LINT1' | 'LVT_ERROR'

/** What a local APIC does to its processor. */
export interface ApicProcessor {
  nmi(): void
  init(): void
  startup(vector: number): void
  /** An interrupt is pending that was not before. */
  interrupted?(): void
}

export interface LocalApicOptions {
  readonly id: number
  readonly isBootstrap: boolean
  readonly timeline: Timeline
  /** Frequency of the timer before it is divided, in Hz. */
  readonly timerHz: number
  readonly tsc: {
    /** When, on the timeline, the processor's time-stamp counter reaches a value. */
    deadlineNs(lo: number, hi: number): number
  }
  readonly bus: ApicBus
  readonly processor: ApicProcessor
  /** The 8259 pair behind LINT0. */
  readonly extInt?: { isPending(): boolean; acknowledge(): number }
  readonly physicalAddressBits?: number
  readonly features?: { readonly x2apic: boolean; readonly tscDeadline: boolean }
}

export interface LocalApicState {
  readonly baseLo: number
  readonly baseHi: number
  readonly id: number
  readonly tpr: number
  readonly ldr: number
  readonly dfr: number
  readonly svr: number
  readonly esr: number
  readonly errors: number
  readonly icrLo: number
  readonly icrHi: number
  readonly lvt: Readonly<Record<LvtName, number>>
  readonly isr: readonly number[]
  readonly tmr: readonly number[]
  readonly irr: readonly number[]
  readonly lint: readonly [boolean, boolean]
  readonly timer: ApicTimerState
}

export class LocalApic implements InterruptSource, MsrBank, Stateful<LocalApicState> {
  /** The initial APIC ID: in x2APIC mode the ID for ever. */
  readonly initialId: number
  lo = 0
  hi = 0
  readonly #options: LocalApicOptions
  readonly #timer: ApicTimer
  readonly #isr = new VectorSet()
  readonly #tmr = new VectorSet()
  readonly #irr = new VectorSet()
  readonly #lint: [boolean, boolean] = [false, false]
  #baseLo: number
  #baseHi = 0
  #id: number
  #tpr = 0
  #ldr = 0
  #dfr = FLAT
  #svr: number = SVR.VECTOR
  #esr = 0
  /** Errors that a write of ESR will show. */
  #errors = 0
  #icrLo = 0
  #icrHi = 0
  #lvt: Record<LvtName, number>
  /** The vector that is to be taken next, or -1. */
  #deliverable = -1
  #extIntPending = false

  constructor(options: LocalApicOptions) {
    this.#options = options
    this.initialId = options.id
    this.#id = options.id
    this.#baseLo = this.#resetBase()
    this.#lvt = maskedLvt()
    this.#timer = new ApicTimer(options, () => this.#fireLvt('LVT_TIMER'))
    options.bus.add(this)
  }

  #resetBase(): number {
    return (DEFAULT_BASE | EN | (this.#options.isBootstrap ? BSP : 0)) >>> 0
  }

  get #isX2Apic(): boolean {
    return (this.#baseLo & EXTD) !== 0
  }

  get #isOn(): boolean {
    return (this.#baseLo & EN) !== 0
  }

  get #isEnabled(): boolean {
    return this.#isOn && (this.#svr & SVR.ENABLED) !== 0
  }

  /** Physical address of the registers in xAPIC mode; -1 in x2APIC mode and while the APIC is off. */
  get mmioBase(): number {
    if (!this.#isOn || this.#isX2Apic) return -1
    return this.#baseHi * 2 ** 32 + (this.#baseLo & 0xffff_f000)
  }

  // The processor's side.

  isPending(): boolean {
    return this.#deliverable >= 0 || this.#extIntPending
  }

  /** Takes the interrupt of highest priority; one of the 8259 pair's comes first, as it has no priority here. */
  acknowledge(): number {
    if (this.#extIntPending && this.#options.extInt !== undefined) {
      const vector = this.#options.extInt.acknowledge()
      this.#update()
      return vector
    }
    const vector = this.#deliverable
    if (vector < 0) return this.#svr & SVR.VECTOR
    this.#irr.remove(vector)
    this.#isr.add(vector)
    this.#update()
    return vector
  }

  taskPriorityChanged(cr8: number): void {
    this.#tpr = (cr8 & 0xf) << 4
    this.#update()
  }

  /** What CR8 reads: bits 7:4 of TPR. */
  get cr8(): number {
    return this.#tpr >>> 4
  }

  get #ppr(): number {
    const inService = Math.max(this.#isr.highest(), 0)
    return this.#tpr >>> 4 >= inService >>> 4 ? this.#tpr : inService & 0xf0
  }

  /** Finds anew what is to be taken. */
  #update(): void {
    const was = this.isPending()
    const vector = this.#isOn ? this.#irr.highest() : -1
    this.#deliverable = vector >= 0 && vector >>> 4 > this.#ppr >>> 4 ? vector : -1
    this.#extIntPending = this.#passesExtInt() && (this.#options.extInt?.isPending() ?? false)
    if (!was && this.isPending()) this.#options.processor.interrupted?.()
  }

  /** Whether INTR of the 8259 pair reaches the processor: through LINT0 as ExtINT, or past an APIC that is off. */
  #passesExtInt(): boolean {
    if (!this.#isOn) return this.#options.isBootstrap
    const { LVT_LINT0: entry } = this.#lvt
    return (entry & LVT.MASKED) === 0 && (entry & LVT.DELIVERY_MODE) >>> 8 === DELIVERY.EXT_INT
  }

  // Wires.

  readonly lint0: IrqLine = { set: (level) => this.#setLint(0, level) }
  readonly lint1: IrqLine = { set: (level) => this.#setLint(1, level) }

  #setLint(n: 0 | 1, level: boolean): void {
    const was = this.#lint[n]
    this.#lint[n] = level
    if (!this.#isOn) {
      if (n === 1 && level && !was && this.#options.isBootstrap) this.#options.processor.nmi()
    } else if (level && !was) this.#fireLvt(n === 0 ? 'LVT_LINT0' : 'LVT_LINT1')
    this.#update()
  }

  /** A local interrupt, delivered as its LVT entry says. */
  #fireLvt(name: LvtName): void {
    const entry = this.#lvt[name]
    if ((entry & LVT.MASKED) !== 0) return
    const mode = name === 'LVT_TIMER' || name === 'LVT_ERROR' ? DELIVERY.FIXED : (entry & LVT.DELIVERY_MODE) >>> 8
    if (mode === DELIVERY.FIXED) {
      const isLint = name === 'LVT_LINT0' || name === 'LVT_LINT1'
      this.accept(entry & LVT.VECTOR, isLint && (entry & LVT.LEVEL) !== 0)
    } else if (mode === DELIVERY.NMI) this.#options.processor.nmi()
    else if (mode === DELIVERY.INIT) this.#options.processor.init()
  }

  // The bus's side.

  /** A fixed or lowest-priority interrupt for this APIC. */
  accept(vector: number, isLevel: boolean): void {
    if (!this.#isEnabled) return
    if (vector < LOWEST_VECTOR) {
      this.#error(ESR.RECEIVE_ILLEGAL_VECTOR)
      return
    }
    this.#irr.add(vector)
    if (isLevel) this.#tmr.add(vector)
    else this.#tmr.remove(vector)
    this.#update()
  }

  nmi(): void {
    if (this.#isOn) this.#options.processor.nmi()
  }

  init(): void {
    if (this.#isOn) this.#options.processor.init()
  }

  startup(vector: number): void {
    if (this.#isOn) this.#options.processor.startup(vector)
  }

  /** For lowest-priority delivery: the smaller, the sooner. */
  get arbitrationPriority(): number {
    return this.#ppr
  }

  get acceptsMessages(): boolean {
    return this.#isOn
  }

  get isEnabled(): boolean {
    return this.#isEnabled
  }

  /** Whether a physical destination is this APIC; all ones is everybody. */
  matchesPhysical(destination: number): boolean {
    if (this.#isX2Apic) return destination === 0xffff_ffff || destination === this.initialId
    return (destination & 0xff) === 0xff || destination === this.#id
  }

  /** Whether a logical destination includes this APIC: Intel SDM vol. 3A, 12.6.2.2 and 12.12.10.2. */
  matchesLogical(destination: number): boolean {
    if (this.#isX2Apic) {
      if (destination === 0xffff_ffff) return true
      return destination >>> 16 === this.initialId >>> 4 && (destination & (1 << (this.initialId & 15)) & 0xffff) !== 0
    }
    if ((destination & 0xff) === 0xff) return true
    const own = this.#ldr >>> 24
    if (this.#dfr >>> 28 === 0xf) return (destination & own) !== 0
    return destination >>> 4 === own >>> 4 && (destination & own & 0xf) !== 0
  }

  // Registers in memory.

  readonly mmio: IoDevice = {
    read: (offset, sizeBytes) => {
      if (!this.#isOn || this.#isX2Apic) return 2 ** (8 * sizeBytes) - 1
      const value = this.#readPage(offset & 0xfff)
      return (value >>> (8 * (offset & 3))) % 2 ** (8 * sizeBytes)
    },
    write: (offset, sizeBytes, value) => {
      // Writes of less than 32 bits, or across a register, are undefined; here they do nothing.
      if (!this.#isOn || this.#isX2Apic || sizeBytes !== 4 || (offset & 0xf) !== 0) return
      this.#writePage(offset & 0xfff, value)
    },
  }

  #readPage(offset: number): number {
    const register = apicRegisterAt(offset)
    if (register === undefined) {
      this.#error(ESR.ILLEGAL_REGISTER)
      return 0
    }
    // Only the first 4 of 16 bytes are the register.
    if ((offset & 0xc) !== 0 || register.access === 'w') return 0
    return this.#read(register, offset)
  }

  #writePage(offset: number, value: number): void {
    const register = apicRegisterAt(offset)
    if (register === undefined || register.name === 'SELF_IPI') this.#error(ESR.ILLEGAL_REGISTER)
    else if (register.access !== 'r') this.#write(register, value, this.#icrHi)
  }

  #read({ name }: ApicRegister, offset: number): number {
    switch (name) {
      case 'ID':
        return this.#isX2Apic ? this.initialId : (this.#id << 24) >>> 0
      case 'VERSION':
        return VERSION
      case 'TPR':
        return this.#tpr
      case 'APR':
      case 'PPR':
        return this.#ppr
      case 'LDR':
        return this.#isX2Apic ? (((this.initialId >>> 4) << 16) | (1 << (this.initialId & 15))) >>> 0 : this.#ldr
      case 'DFR':
        return this.#dfr
      case 'SVR':
        return this.#svr
      case 'ESR':
        return this.#esr
      case 'ICR':
        return this.#icrLo
      case 'ICR_HIGH':
        return this.#icrHi
      default:
        return this.#readMore(name, offset)
    }
  }

  #readMore(name: ApicRegister['name'], offset: number): number {
    if (name.startsWith('LVT')) return this.#lvt[name as LvtName]
    const word = (offset >>> 4) & 7
    switch (name) {
      case 'ISR':
        return this.#isr.word(word)
      case 'TMR':
        return this.#tmr.word(word)
      case 'IRR':
        return this.#irr.word(word)
      case 'INITIAL_COUNT':
        return this.#timer.initialCount
      case 'CURRENT_COUNT':
        return this.#timer.currentCount
      case 'DIVIDE':
        return this.#timer.divideConfiguration
      default:
        return 0
    }
  }

  #write({ name }: ApicRegister, value: number, hi: number): void {
    switch (name) {
      case 'ID':
        this.#id = value >>> 24
        break
      case 'TPR':
        this.#tpr = value & 0xff
        this.#update()
        break
      case 'EOI':
        this.#endOfInterrupt()
        break
      case 'LDR':
        this.#ldr = (value & 0xff00_0000) >>> 0
        break
      case 'DFR':
        this.#dfr = (value | 0x0fff_ffff) >>> 0
        break
      case 'SVR':
        this.#writeSvr(value)
        break
      case 'ESR':
        this.#esr = this.#errors
        this.#errors = 0
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
        this.#icrHi = this.#isX2Apic ? value : (value & 0xff00_0000) >>> 0
        break
      case 'INITIAL_COUNT':
        this.#timer.writeInitialCount(value)
        break
      case 'DIVIDE':
        this.#timer.writeDivide(value)
        break
      case 'SELF_IPI':
        this.#options.bus.send({ vector: value & 0xff, mode: DELIVERY.FIXED, isLevel: false }, [this])
        break
      default:
        if (name.startsWith('LVT')) this.#writeLvt(name as LvtName, value)
    }
  }

  #writeSvr(value: number): void {
    this.#svr = value & (SVR.VECTOR | SVR.ENABLED | SVR.EOI_BROADCAST_SUPPRESSION | 0x200)
    // An APIC that is switched off by software keeps its LVT masked (12.4.7.2).
    if ((value & SVR.ENABLED) === 0) for (const name of LVT_REGISTERS) this.#lvt[name as LvtName] |= LVT.MASKED
    this.#timer.lvtChanged(this.#lvt.LVT_TIMER)
    this.#update()
  }

  #writeLvt(name: LvtName, value: number): void {
    const masked = (this.#svr & SVR.ENABLED) === 0 ? LVT.MASKED : 0
    const { writable } = APIC_REGISTERS[name]
    this.#lvt[name] = (value & writable) | masked
    if (name === 'LVT_TIMER') this.#timer.lvtChanged(this.#lvt.LVT_TIMER)
    this.#update()
  }

  #endOfInterrupt(): void {
    const vector = this.#isr.highest()
    if (vector < 0) return
    this.#isr.remove(vector)
    const broadcasts = (this.#svr & SVR.EOI_BROADCAST_SUPPRESSION) === 0
    if (this.#tmr.has(vector) && broadcasts) this.#options.bus.endOfInterrupt(vector)
    this.#update()
  }

  #writeIcr(lo: number, hi: number): void {
    this.#icrLo = (lo & ~LVT.DELIVERY_STATUS) >>> 0
    this.#icrHi = hi
    const mode = (lo >>> 8) & 7
    const vector = lo & 0xff
    const isOrdinary = mode === DELIVERY.FIXED || mode === DELIVERY.LOWEST
    if (isOrdinary && vector < LOWEST_VECTOR) {
      this.#error(ESR.SEND_ILLEGAL_VECTOR)
      return
    }
    // INIT level de-assert: long without effect (12.6.1).
    if (mode === DELIVERY.INIT && (lo & 0xc000) === 0x8000) return
    this.#options.bus.send({ vector, mode, isLevel: false }, this.#targets(lo, hi))
  }

  /** Whom the destination shorthand, or the destination, names. */
  #targets(lo: number, hi: number): readonly LocalApic[] {
    const { bus } = this.#options
    switch ((lo >>> 18) & 3) {
      case 1:
        return [this]
      case 2:
        return bus.apics
      case 3:
        return bus.apics.filter((apic) => apic !== this)
      default:
        return bus.matching(this.#isX2Apic ? hi : hi >>> 24, (lo & 0x800) !== 0)
    }
  }

  #error(bits: number): void {
    this.#errors |= bits
    this.#fireLvt('LVT_ERROR')
  }

  // Registers as MSRs.

  read(index: number): 0 | 1 | 2 {
    if (index === IA32_APIC_BASE) return this.#give(this.#baseLo, this.#baseHi)
    if (index === IA32_TSC_DEADLINE && this.#options.features?.tscDeadline !== false)
      return this.#give(...this.#timer.deadline)
    const register = this.#msr(index)
    if (typeof register === 'number') return register
    const { x2apic = register.access, name } = register
    if (x2apic !== 'r' && x2apic !== 'rw') return 1
    return this.#give(this.#read(register, (index - X2APIC_MSR_BASE) << 4), name === 'ICR' ? this.#icrHi : 0)
  }

  write(index: number, lo: number, hi: number): 0 | 1 | 2 {
    if (index === IA32_APIC_BASE) return this.#writeBase(lo, hi)
    if (index === IA32_TSC_DEADLINE && this.#options.features?.tscDeadline !== false) {
      this.#timer.writeDeadline(lo, hi)
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
    if (!this.#isX2Apic) return 1
    const register = apicRegisterAt((index - X2APIC_MSR_BASE) << 4)
    return register === undefined || register.x2apic === '-' ? 1 : register
  }

  /** Transitions of modes: Intel SDM vol. 3A, figure 12-27. */
  #writeBase(lo: number, hi: number): 0 | 1 {
    const { physicalAddressBits = 36, features } = this.#options
    const reserved = 0xff & ~0
    if ((lo & (reserved | 0x200)) !== 0 || hi >>> (physicalAddressBits - 32) !== 0) return 1
    const [wasOn, wasX2] = [this.#isOn, this.#isX2Apic]
    const [on, x2] = [(lo & EN) !== 0, (lo & EXTD) !== 0]
    if (x2 && (!on || features?.x2apic === false || !wasOn)) return 1
    if (wasX2 && on && !x2) return 1
    this.#baseLo = lo
    this.#baseHi = hi
    if (wasOn && !on) this.#resetRegisters()
    if (!wasX2 && x2) this.#icrHi = 0
    this.#update()
    return 0
  }

  // Reset and state.

  /** What INIT does: all but the ID (12.4.7.3). */
  initReset(): void {
    this.#resetRegisters()
    this.#update()
  }

  reset(): void {
    this.#resetRegisters()
    this.#id = this.initialId
    this.#baseLo = this.#resetBase()
    this.#baseHi = 0
    this.#update()
  }

  #resetRegisters(): void {
    for (const set of [this.#isr, this.#tmr, this.#irr]) set.clear()
    this.#tpr = 0
    this.#ldr = 0
    this.#dfr = FLAT
    this.#svr = SVR.VECTOR
    this.#esr = 0
    this.#errors = 0
    this.#icrLo = 0
    this.#icrHi = 0
    this.#lvt = maskedLvt()
    this.#timer.reset()
    this.#timer.lvtChanged(this.#lvt.LVT_TIMER)
  }

  state(): LocalApicState {
    return {
      ...{ baseLo: this.#baseLo, baseHi: this.#baseHi, id: this.#id, tpr: this.#tpr, ldr: this.#ldr, dfr: this.#dfr },
      ...{ svr: this.#svr, esr: this.#esr, errors: this.#errors, icrLo: this.#icrLo, icrHi: this.#icrHi },
      lvt: { ...this.#lvt },
      ...{ isr: this.#isr.words(), tmr: this.#tmr.words(), irr: this.#irr.words() },
      lint: [this.#lint[0], this.#lint[1]],
      timer: this.#timer.state(),
    }
  }

  restore(state: LocalApicState): void {
    const { baseLo, baseHi, id, tpr, ldr, dfr, svr, esr, errors, icrLo, icrHi, lvt, lint } = state
    Object.assign(this.#lint, lint)
    this.#baseLo = baseLo
    this.#baseHi = baseHi
    this.#id = id
    this.#tpr = tpr
    this.#ldr = ldr
    this.#dfr = dfr
    this.#svr = svr
    this.#esr = esr
    this.#errors = errors
    this.#icrLo = icrLo
    this.#icrHi = icrHi
    this.#lvt = { ...lvt }
    this.#isr.setWords(state.isr)
    this.#tmr.setWords(state.tmr)
    this.#irr.setWords(state.irr)
    this.#timer.restore(state.timer, lvt.LVT_TIMER)
    this.#update()
  }
}

function maskedLvt(): Record<LvtName, number> {
  return Object.fromEntries(LVT_REGISTERS.map((name) => [name, LVT.MASKED])) as Record<LvtName, number>
}
