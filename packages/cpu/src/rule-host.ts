/** What rules may ask of the processor around them. */
import { EVENT_INFORMATION, FIELD } from '@ringfold/arch'
import type { Clock, InterruptSource, MsrBank } from '@ringfold/contracts'
import { PAGE_BYTES, type PhysicalMemory, type PortSpace } from '@ringfold/memory'
import type { LinearAccessor, Mmu } from '@ringfold/mmu'
import type { MsrHookStatus, RuleHost, RuleStatus } from '@ringfold/rings'
import type { Processor } from './processor.ts'

const { lo: INFO, shift } = EVENT_INFORMATION

/** Bytes that MONITOR watches, as CPUID leaf 5 tells. */
export const MONITOR_LINE_BYTES = 64

export interface HostParts {
  readonly processor: Processor
  readonly mmu: Mmu
  readonly linear: LinearAccessor
  readonly memory: PhysicalMemory
  readonly ports: PortSpace | undefined
  readonly clock: Clock
  readonly interrupts: InterruptSource | undefined
  readonly msrs: MsrBank | undefined
  readonly random: () => number
}

export class ProcessorRuleHost implements RuleHost {
  msrLo = 0
  msrHi = 0
  readonly #parts: HostParts

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  flushTlb(keepGlobal: boolean): void {
    const { mmu, processor } = this.#parts
    mmu.modeChanged()
    mmu.flushAll(keepGlobal)
    processor.translationsChanged()
  }

  invalidatePage(lo: number, hi: number): void {
    const largeSizes = this.#parts.mmu.invalidatePage(lo, hi)
    this.#parts.processor.translationChanged(lo, hi, largeSizes !== 0)
  }

  invpcid(type: number, pcid: number, lo: number, hi: number): void {
    this.#parts.mmu.invpcid(type, pcid, lo, hi)
    this.#parts.processor.translationsChanged()
  }

  cr3Written(keepTlb: boolean): void {
    const { mmu, processor } = this.#parts
    mmu.cr3Written(keepTlb)
    processor.translationsChanged(true)
    if (processor.hooks.has('cr3')) processor.hooks.emit('cr3', processor)
  }

  loadPdptes(cr3Lo: number): RuleStatus {
    return this.#parts.mmu.loadPdptes(cr3Lo) ? 0 : 1
  }

  modeChanged(): void {
    this.#parts.processor.noteModeChange()
  }

  delivering(event: number, code: number): void {
    const { processor } = this.#parts
    if (!processor.hooks.has('exception')) return
    const errorCode = (event & INFO.ERROR_CODE) === 0 ? undefined : code
    const type = (event & INFO.TYPE) >>> shift.TYPE
    processor.hooks.emit('exception', { vector: event & INFO.VECTOR, type, errorCode }, processor)
  }

  taskPriorityChanged(): void {
    const { interrupts, processor } = this.#parts
    interrupts?.taskPriorityChanged?.(processor.state.lo(FIELD.cr8))
    processor.attend()
  }

  tscLo(): number {
    const { state } = this.#parts.processor
    return this.#parts.clock.tscLo(state.lo(FIELD.retired), state.hi(FIELD.retired))
  }

  tscHi(): number {
    const { state } = this.#parts.processor
    return this.#parts.clock.tscHi(state.lo(FIELD.retired), state.hi(FIELD.retired))
  }

  readMsr(index: number): MsrHookStatus {
    const { msrs, processor } = this.#parts
    if (processor.hooks.has('msr')) processor.hooks.emit('msr', { kind: 'read', index }, processor)
    const status = msrs?.read(index) ?? 2
    if (msrs !== undefined && status === 0) {
      this.msrLo = msrs.lo
      this.msrHi = msrs.hi
    }
    return status
  }

  writeMsr(index: number, lo: number, hi: number): MsrHookStatus {
    const { msrs, processor } = this.#parts
    if (processor.hooks.has('msr')) processor.hooks.emit('msr', { kind: 'write', index }, processor)
    processor.attend()
    return msrs?.write(index, lo, hi) ?? 2
  }

  readPort(port: number, sizeBytes: 1 | 2 | 4): number {
    const { ports, processor } = this.#parts
    const value = ports === undefined ? 2 ** (8 * sizeBytes) - 1 : ports.in(port, sizeBytes)
    if (processor.hooks.has('port')) processor.hooks.emit('port', { kind: 'in', port, sizeBytes, value }, processor)
    return value
  }

  writePort(port: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const { ports, processor } = this.#parts
    ports?.out(port, sizeBytes, value)
    if (processor.hooks.has('port')) processor.hooks.emit('port', { kind: 'out', port, sizeBytes, value }, processor)
  }

  random(): number {
    return this.#parts.random()
  }

  armMonitor(lo: number, hi: number): RuleStatus {
    const { linear, mmu, memory, processor } = this.#parts
    const { state } = processor
    if (linear.read(1, lo, hi, 1) !== 0) return 1
    const physical = memory.gate(mmu.resolve(lo, hi, 0))
    const line = physical - (physical % MONITOR_LINE_BYTES)
    state.set(FIELD.monitorAddress, line >>> 0, Math.floor(line / 2 ** 32))
    state.setLo(FIELD.monitorArmed, 1)
    processor.watchPage(Math.floor(line / PAGE_BYTES))
    return 0
  }
}
