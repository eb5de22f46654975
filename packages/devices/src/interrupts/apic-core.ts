/**
 * What a local APIC holds and does, apart from how its registers are reached: Intel SDM vol. 3A, chapter 12 "Advanced Programmable
 * Interrupt Controller (APIC)".
 */
import { APIC_BASE } from '@ringfold/arch'
import type { IrqLine, Stateful, Timeline } from '@ringfold/contracts'
import type { ApicBus } from './apic-bus.ts'
import { APIC_REGISTERS, DELIVERY, ESR, LVT, SVR } from './apic-registers.ts'
import { ApicTimer, type ApicTimerState } from './apic-timer.ts'
import { VectorSet } from './vector-set.ts'

const DEFAULT_BASE = 0xfee0_0000
/** Vectors below are the processor's own. */
export const LOWEST_VECTOR = 16
const { BSP, EXTD, EN } = APIC_BASE.lo
const FLAT = 0xffff_ffff
const LVT_REGISTERS = [
  ...['LVT_CMCI', 'LVT_TIMER', 'LVT_THERMAL', 'LVT_PERFORMANCE', 'LVT_LINT0', 'LVT_LINT1', 'LVT_ERROR'],
] as const
export type LvtName =
  | 'LVT_CMCI'
  | 'LVT_TIMER'
  | 'LVT_THERMAL'
  | 'LVT_PERFORMANCE'
  | 'LVT_LINT0'
  | 'LVT_LINT1'
  | 'LVT_ERROR'

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

/** The state of a local APIC, and what changes it: interrupts come in, are taken, and end. */
export class ApicCore implements Stateful<LocalApicState> {
  readonly options: LocalApicOptions
  readonly timer: ApicTimer
  readonly isr = new VectorSet()
  readonly tmr = new VectorSet()
  readonly irr = new VectorSet()
  readonly lint: [boolean, boolean] = [false, false]
  baseLo: number
  baseHi = 0
  id: number
  tpr = 0
  ldr = 0
  dfr = FLAT
  svr: number = SVR.VECTOR
  esr = 0
  /** Errors that a write of ESR will show. */
  errors = 0
  icrLo = 0
  icrHi = 0
  lvt: Record<LvtName, number>
  /** The vector that is to be taken next, or -1. */
  deliverable = -1
  extIntPending = false

  constructor(options: LocalApicOptions) {
    this.options = options
    this.id = options.id
    this.baseLo = this.resetBase()
    this.lvt = maskedLvt()
    this.timer = new ApicTimer(options, () => this.fireLvt('LVT_TIMER'))
  }

  resetBase(): number {
    return (DEFAULT_BASE | EN | (this.options.isBootstrap ? BSP : 0)) >>> 0
  }

  get isX2Apic(): boolean {
    return (this.baseLo & EXTD) !== 0
  }

  get isOn(): boolean {
    return (this.baseLo & EN) !== 0
  }

  get isEnabled(): boolean {
    return this.isOn && (this.svr & SVR.ENABLED) !== 0
  }

  // The processor's side.

  isPending(): boolean {
    return this.deliverable >= 0 || this.extIntPending
  }

  /** Takes the interrupt of highest priority; one of the 8259 pair's comes first, as it has no priority here. */
  acknowledge(): number {
    if (this.extIntPending && this.options.extInt !== undefined) {
      const vector = this.options.extInt.acknowledge()
      this.update()
      return vector
    }
    const vector = this.deliverable
    if (vector < 0) return this.svr & SVR.VECTOR
    this.irr.remove(vector)
    this.isr.add(vector)
    this.update()
    return vector
  }

  taskPriorityChanged(cr8: number): void {
    this.tpr = (cr8 & 0xf) << 4
    this.update()
  }

  /** What CR8 reads: bits 7:4 of TPR. */
  get cr8(): number {
    return this.tpr >>> 4
  }

  get ppr(): number {
    const inService = Math.max(this.isr.highest(), 0)
    return this.tpr >>> 4 >= inService >>> 4 ? this.tpr : inService & 0xf0
  }

  /** Finds anew what is to be taken. */
  update(): void {
    const was = this.isPending()
    const vector = this.isOn ? this.irr.highest() : -1
    this.deliverable = vector >= 0 && vector >>> 4 > this.ppr >>> 4 ? vector : -1
    this.extIntPending = this.passesExtInt() && (this.options.extInt?.isPending() ?? false)
    if (!was && this.isPending()) this.options.processor.interrupted?.()
  }

  /** Whether INTR of the 8259 pair reaches the processor: through LINT0 as ExtINT, or past an APIC that is off. */
  passesExtInt(): boolean {
    if (!this.isOn) return this.options.isBootstrap
    const { LVT_LINT0: entry } = this.lvt
    return (entry & LVT.MASKED) === 0 && (entry & LVT.DELIVERY_MODE) >>> 8 === DELIVERY.EXT_INT
  }

  // Wires.

  readonly lint0: IrqLine = { set: (level) => this.setLint(0, level) }
  readonly lint1: IrqLine = { set: (level) => this.setLint(1, level) }

  setLint(n: 0 | 1, level: boolean): void {
    const was = this.lint[n]
    this.lint[n] = level
    if (!this.isOn) {
      if (n === 1 && level && !was && this.options.isBootstrap) this.options.processor.nmi()
    } else if (level && !was) this.fireLvt(n === 0 ? 'LVT_LINT0' : 'LVT_LINT1')
    this.update()
  }

  /** A local interrupt, delivered as its LVT entry says. */
  fireLvt(name: LvtName): void {
    const entry = this.lvt[name]
    if ((entry & LVT.MASKED) !== 0) return
    const mode = name === 'LVT_TIMER' || name === 'LVT_ERROR' ? DELIVERY.FIXED : (entry & LVT.DELIVERY_MODE) >>> 8
    if (mode === DELIVERY.FIXED) {
      const isLint = name === 'LVT_LINT0' || name === 'LVT_LINT1'
      this.accept(entry & LVT.VECTOR, isLint && (entry & LVT.LEVEL) !== 0)
    } else if (mode === DELIVERY.NMI) this.options.processor.nmi()
    else if (mode === DELIVERY.INIT) this.options.processor.init()
  }

  /** A fixed or lowest-priority interrupt for this APIC. */
  accept(vector: number, isLevel: boolean): void {
    if (!this.isEnabled) return
    if (vector < LOWEST_VECTOR) {
      this.error(ESR.RECEIVE_ILLEGAL_VECTOR)
      return
    }
    this.irr.add(vector)
    if (isLevel) this.tmr.add(vector)
    else this.tmr.remove(vector)
    this.update()
  }

  writeSvr(value: number): void {
    this.svr = value & (SVR.VECTOR | SVR.ENABLED | SVR.EOI_BROADCAST_SUPPRESSION | 0x200)
    // An APIC that is switched off by software keeps its LVT masked (12.4.7.2).
    if ((value & SVR.ENABLED) === 0) for (const name of LVT_REGISTERS) this.lvt[name as LvtName] |= LVT.MASKED
    this.timer.lvtChanged(this.lvt.LVT_TIMER)
    this.update()
  }

  writeLvt(name: LvtName, value: number): void {
    const masked = (this.svr & SVR.ENABLED) === 0 ? LVT.MASKED : 0
    const { writable } = APIC_REGISTERS[name]
    this.lvt[name] = (value & writable) | masked
    if (name === 'LVT_TIMER') this.timer.lvtChanged(this.lvt.LVT_TIMER)
    this.update()
  }

  endOfInterrupt(): void {
    const vector = this.isr.highest()
    if (vector < 0) return
    this.isr.remove(vector)
    const broadcasts = (this.svr & SVR.EOI_BROADCAST_SUPPRESSION) === 0
    if (this.tmr.has(vector) && broadcasts) this.options.bus.endOfInterrupt(vector)
    this.update()
  }

  error(bits: number): void {
    this.errors |= bits
    this.fireLvt('LVT_ERROR')
  }

  // Reset and state.

  /** What INIT does: all but the ID (12.4.7.3). */
  initReset(): void {
    this.resetRegisters()
    this.update()
  }

  reset(): void {
    this.resetRegisters()
    this.id = this.options.id
    this.baseLo = this.resetBase()
    this.baseHi = 0
    this.update()
  }

  resetRegisters(): void {
    for (const set of [this.isr, this.tmr, this.irr]) set.clear()
    this.tpr = 0
    this.ldr = 0
    this.dfr = FLAT
    this.svr = SVR.VECTOR
    this.esr = 0
    this.errors = 0
    this.icrLo = 0
    this.icrHi = 0
    this.lvt = maskedLvt()
    this.timer.reset()
    this.timer.lvtChanged(this.lvt.LVT_TIMER)
  }

  state(): LocalApicState {
    return {
      ...{ baseLo: this.baseLo, baseHi: this.baseHi, id: this.id, tpr: this.tpr, ldr: this.ldr, dfr: this.dfr },
      ...{ svr: this.svr, esr: this.esr, errors: this.errors, icrLo: this.icrLo, icrHi: this.icrHi },
      lvt: { ...this.lvt },
      ...{ isr: this.isr.words(), tmr: this.tmr.words(), irr: this.irr.words() },
      lint: [this.lint[0], this.lint[1]],
      timer: this.timer.state(),
    }
  }

  restore(state: LocalApicState): void {
    const { baseLo, baseHi, id, tpr, ldr, dfr, svr, esr, errors, icrLo, icrHi, lvt, lint } = state
    Object.assign(this.lint, lint)
    this.baseLo = baseLo
    this.baseHi = baseHi
    this.id = id
    this.tpr = tpr
    this.ldr = ldr
    this.dfr = dfr
    this.svr = svr
    this.esr = esr
    this.errors = errors
    this.icrLo = icrLo
    this.icrHi = icrHi
    this.lvt = { ...lvt }
    this.isr.setWords(state.isr)
    this.tmr.setWords(state.tmr)
    this.irr.setWords(state.irr)
    this.timer.restore(state.timer, lvt.LVT_TIMER)
    this.update()
  }
}

function maskedLvt(): Record<LvtName, number> {
  return Object.fromEntries(LVT_REGISTERS.map((name) => [name, LVT.MASKED])) as Record<LvtName, number>
}
