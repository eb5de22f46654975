/** The interpreter tier on a processor: what it asks of its surroundings. */
import {
  type CpuState,
  cplOf,
  FIELD as FIELD_TABLE,
  RFLAGS as RFLAGS_TABLE,
  SEGMENT as SEGMENT_TABLE,
} from '@ringfold/arch'
import type { EngineStatistics, EngineStatus, ExecutionEngine, PageNumber } from '@ringfold/contracts'
import type { Instruction } from '@ringfold/isa/decoder'
import { PAGE_ATTRIBUTE, PAGE_BYTES, type PhysicalMemory } from '@ringfold/memory'
import { ACCESS, accessClassOf, CLASS_ACCESS } from '@ringfold/mmu'
import { ACCESS_KIND, is64Bit, isAmd, isCanonical, raiseGp } from '@ringfold/rings'
import { callHelper, MemoryImm } from '@ringfold/semantics'
import { HandlerStatus, Interpreter, type InterpreterHost, type RegionOptions } from '@ringfold/translator'
import { CodePages } from './code-pages.ts'
import type { EngineParts } from './engines.ts'
import { countRetired } from './retired.ts'
import { raiseVector } from './stepper.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE

const OFFSET = PAGE_BYTES - 1
const EXECUTE = -2
const PAGE_SHIFT = 12
const USER = 3
const FETCH_ENTRIES = 64
const NO_FETCH = 2
const FAULT = -1
/** Bytes of a write to code that the interpreter's loop may do by itself. */
const MOST_IN_LOOP = 16

const STATUS: Readonly<Record<number, EngineStatus>> = {
  [HandlerStatus.budget]: 'budget',
  [HandlerStatus.fault]: 'fault',
  [HandlerStatus.leave]: 'boundary',
  [HandlerStatus.transfer]: 'boundary',
  [HandlerStatus.slow]: 'foreign',
}

/** Whether a page is memory at its own address in the host, that may be read, or written without further ado. */
function isPlain(memory: PhysicalMemory, physical: number, write: boolean): boolean {
  if (physical < memory.plainFrom || physical - memory.plainFrom >= memory.plainBytes) return false
  const attributes = memory.attributeTable[physical >>> PAGE_SHIFT] as number
  return write ? attributes === PAGE_ATTRIBUTE.RAM : (attributes & PAGE_ATTRIBUTE.MMIO) === 0
}

export class InterpreterEngine implements InterpreterHost, ExecutionEngine {
  readonly name: string
  readonly state: CpuState
  readonly replaced: Readonly<Record<string, string>>
  readonly vendor: 'intel' | 'amd'
  readonly interpreter: Interpreter
  readonly #parts: EngineParts
  readonly #pages: CodePages
  /** Physical pages by host offset, and the other way round, of which there is code. */
  readonly #pageOfHost = new Map<number, PageNumber>()
  readonly #hostOfPage = new Map<PageNumber, number>()
  readonly #ends: readonly (() => void)[]
  #lastPage: PageNumber = 0
  #lastIsGlobal = false
  /** Pages from which code was fetched lately: linear page and privilege, physical page, host offset. */
  readonly #fetchLo = new Int32Array(FETCH_ENTRIES).fill(NO_FETCH)
  readonly #fetchHi = new Int32Array(FETCH_ENTRIES)
  readonly #fetchGlobal = new Uint8Array(FETCH_ENTRIES)
  readonly #fetchPages = new Float64Array(FETCH_ENTRIES)
  readonly #fetchHosts = new Float64Array(FETCH_ENTRIES)

  /** `regions`: hot code is compiled. */
  constructor(parts: EngineParts, name = 'interpreter', regions?: RegionOptions) {
    this.name = name
    const { ctx, availability, memory1, linear } = parts
    this.#parts = parts
    this.state = ctx.state
    this.replaced = availability.replaced
    this.vendor = isAmd(ctx) ? 'amd' : 'intel'
    const { memory } = linear.mmu
    this.#pages = CodePages.of(memory)
    this.interpreter = new Interpreter(this, memory.wasm, memory1.wasm, regions)
    this.#ends = [
      memory.onCodeWrite((page, first, last) => this.#codeWritten(page, first, last)),
      memory.onAttributesChanged((page, before, after) => this.#attributesChanged(page, before, after)),
    ]
  }

  /** Ends the connections to the memory. */
  dispose(): void {
    for (const end of this.#ends) end()
    this.#forgetAll()
  }

  // The engine.

  get status(): EngineStatus {
    return STATUS[this.interpreter.status] as EngineStatus
  }

  get isRepeating(): boolean {
    return this.interpreter.isRepeating
  }

  get counted(): number {
    return this.interpreter.counted
  }

  count(retired: number): void {
    countRetired(this.state, retired)
  }

  execute(budget: number): number {
    this.interpreter.attend(this.#parts.events.isDue())
    return this.interpreter.execute(budget)
  }

  attend(): void {
    this.interpreter.attend(true)
  }

  boundary(): boolean {
    const { events } = this.#parts
    if (!events.boundary()) return false
    this.interpreter.attend(events.isDue())
    return true
  }

  deliver(retired: number): boolean {
    return this.#parts.events.deliver(retired) && this.boundary()
  }

  statistics(): EngineStatistics {
    return this.interpreter.statistics()
  }

  settle(): void {
    this.interpreter.settle()
  }

  modeChanged(): void {
    this.interpreter.modeChanged()
  }

  invalidateCode(firstPage?: PageNumber, pages = 1): void {
    if (firstPage === undefined) this.#forgetAll()
    else for (let n = 0; n < pages; n++) this.#forgetPage(firstPage + n)
  }

  // Code.

  codeMode() {
    return this.#parts.modes.current()
  }

  isAvailable(i: Instruction): boolean {
    return this.#parts.availability.allows(i.form)
  }

  fetchPage(): number {
    const { state } = this
    const lo = state.lo(FIELD.rip)
    const hi = state.hi(FIELD.rip)
    if (is64Bit(state)) {
      if (isCanonical(state, hi)) return this.#hostOfCode(lo, hi)
      raiseGp(state)
      return FAULT
    }
    const limit = state.lo(FIELD.segLimit, SEGMENT.CS)
    if (hi !== 0 || lo > limit) {
      raiseGp(state)
      return FAULT
    }
    const linear = (lo + state.lo(FIELD.csBase)) >>> 0
    // Where CS ends within the page, each instruction must be looked at.
    if (limit - lo < OFFSET - (linear & OFFSET)) return EXECUTE
    return this.#hostOfCode(linear, 0)
  }

  isFetchGlobal(): boolean {
    return this.#lastIsGlobal
  }

  fetchNextPage(): number {
    const { state } = this
    const lo = state.lo(FIELD.rip)
    const hi = state.hi(FIELD.rip)
    const isLong = is64Bit(state)
    const linear = isLong ? lo : (lo + state.lo(FIELD.csBase)) >>> 0
    const distance = PAGE_BYTES - (linear & OFFSET)
    // An instruction that CS may cut short, or that would go round the address space, is the reference engine's.
    if (!isLong && state.lo(FIELD.segLimit, SEGMENT.CS) - lo < distance + OFFSET) return EXECUTE
    const next = linear + distance
    if (next > 0xffffffff) return EXECUTE
    return this.#hostOfCode(next, isLong ? hi : 0)
  }

  #hostOfCode(lo: number, hi: number): number {
    const cpl = cplOf(this.state)
    const entry = (lo >>> PAGE_SHIFT) & (FETCH_ENTRIES - 1)
    const pageLo = (lo & ~OFFSET) | (cpl === USER ? 1 : 0)
    if (this.#fetchLo[entry] === pageLo && this.#fetchHi[entry] === (hi | 0)) {
      this.#lastPage = this.#fetchPages[entry] as number
      this.#lastIsGlobal = this.#fetchGlobal[entry] === 1
      return this.#fetchHosts[entry] as number
    }
    const { linear } = this.#parts
    const physical = linear.translateForFetch(lo, hi, cpl)
    if (physical < 0) return FAULT
    const { isGlobal } = linear.mmu
    const page = Math.floor(physical / PAGE_BYTES)
    const { memory } = linear.mmu
    const host = memory.hostOffset(page)
    if (host < 0 || (memory.attributes(page) & PAGE_ATTRIBUTE.MMIO) !== 0) return EXECUTE
    this.#lastPage = page
    this.#lastIsGlobal = isGlobal
    this.#fetchGlobal[entry] = isGlobal ? 1 : 0
    this.#fetchLo[entry] = pageLo
    this.#fetchHi[entry] = hi
    this.#fetchPages[entry] = page
    this.#fetchHosts[entry] = host
    return host
  }

  translationsChanged(keepGlobal = false): void {
    this.attend()
    this.interpreter.flushJumps(keepGlobal)
    // Bit 1 of an entry is never set by a fetch.
    this.#fetchLo.fill(NO_FETCH)
  }

  translationChanged(lo: number, hi: number): void {
    const { state } = this
    const rip = (state.first(FIELD.rip) + state.first(FIELD.csBase)) >>> 0
    // Data, nearly always. Jump targets are offsets in CS: they are addresses where its base is 0.
    const isCode =
      state.first(FIELD.csBase) !== 0 || this.interpreter.mayJumpTo(lo, hi) || rip >>> PAGE_SHIFT === lo >>> PAGE_SHIFT
    if (isCode) this.translationsChanged()
    else this.#fetchLo[(lo >>> PAGE_SHIFT) & (FETCH_ENTRIES - 1)] = NO_FETCH
  }

  codePage(hostOffset: number): void {
    const page = this.#lastPage
    this.#pageOfHost.set(hostOffset, page)
    this.#hostOfPage.set(page, hostOffset)
    this.#pages.hold(page, this)
  }

  #codeWritten(page: PageNumber, first: number, last: number): void {
    const host = this.#hostOfPage.get(page)
    if (host === undefined || !this.interpreter.holdsCode(host, first, last)) return
    if (!this.interpreter.writeCode(host, first, last)) this.#forget(page, host)
  }

  #forget(page: PageNumber, host: number): void {
    this.interpreter.invalidatePage(host)
    this.#hostOfPage.delete(page)
    this.#pageOfHost.delete(host)
    this.#pages.release(page, this)
  }

  #attributesChanged(page: PageNumber, before: number, after: number): void {
    if (page < 0) {
      this.translationsChanged()
      return
    }
    const { RAM, ROM, MMIO } = PAGE_ATTRIBUTE
    const host = this.#hostOfPage.get(page)
    if (((before ^ after) & (RAM | ROM | MMIO)) === 0) return
    this.translationsChanged()
    if (host !== undefined) this.#forget(page, host)
  }

  #forgetAll(): void {
    this.interpreter.invalidateAll()
    this.#hostOfPage.clear()
    this.#pageOfHost.clear()
    this.#pages.releaseAll(this)
  }

  #forgetPage(page: PageNumber): void {
    const host = this.#hostOfPage.get(page)
    if (host !== undefined) this.#forget(page, host)
  }

  /**
   * A load that only misses the first level of the TLB, as nearly all that come here do: enters the page, and brings the bytes. @returns whether
   * that was all
   */
  #loadPlain(size: number, lo: number, hi: number, imm: number): boolean {
    const { access, linear, memory1 } = this.#parts
    if (!access.isPlainOperand(size, lo, hi, imm)) return false
    const { mmu } = linear
    const accessClass = this.#classOf(imm)
    const physical = mmu.resolve(lo, hi, CLASS_ACCESS[accessClass] as number)
    if (physical < 0 || !isPlain(mmu.memory, physical, false)) return false
    mmu.fill(accessClass, false, lo, hi, physical)
    memory1.bytes.set(mmu.memory.bytes.subarray(physical, physical + size))
    return true
  }

  /** A store that only misses the first level of the TLB. */
  #storePlain(size: number, lo: number, hi: number, imm: number): boolean {
    const { access, linear, memory1 } = this.#parts
    if (!access.isPlainOperand(size, lo, hi, imm)) return false
    const { mmu } = linear
    const accessClass = this.#classOf(imm)
    const physical = mmu.resolve(lo, hi, (CLASS_ACCESS[accessClass] as number) | ACCESS.WRITE)
    if (physical < 0 || !isPlain(mmu.memory, physical, true)) return false
    mmu.fill(accessClass, true, lo, hi, physical)
    mmu.memory.bytes.set(memory1.bytes.subarray(0, size), physical)
    return true
  }

  #classOf(imm: number): 0 | 1 | 2 {
    const ac = (this.state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0
    return accessClassOf(this.#parts.access.accessOf(imm), ac)
  }

  // Data. What is no plain RAM, or holds code that the access changes, the reference engine executes: it then leaves at once.

  slowLoad(lo: number, hi: number, imm: number): number {
    const { access } = this.#parts
    const size = imm >>> MemoryImm.sizeShift
    if (this.#loadPlain(size, lo, hi, imm)) return 0
    if (access.locate(size, lo, hi, imm, ACCESS_KIND.READ) !== 0) return HandlerStatus.fault
    if (this.#isSpecial(size, imm, false)) return HandlerStatus.slow
    return access.load(size, lo, hi, imm)
  }

  slowStore(lo: number, hi: number, imm: number): number {
    const { access } = this.#parts
    const size = imm >>> MemoryImm.sizeShift
    if (this.#storePlain(size, lo, hi, imm)) return 0
    if (access.locate(size, lo, hi, imm, ACCESS_KIND.WRITE) !== 0) return HandlerStatus.fault
    if (this.#isSpecial(size, imm, true)) return HandlerStatus.slow
    return access.store(size, lo, hi, imm)
  }

  /** What was probed is written later, when the state has changed already: it has to be plain RAM here and now. */
  slowProbe(lo: number, hi: number, imm: number): number {
    const { access } = this.#parts
    const size = imm >>> MemoryImm.sizeShift
    if (access.locate(size, lo, hi, imm, ACCESS_KIND.WRITE) !== 0) return HandlerStatus.fault
    if (this.#isSpecial(size, imm, true)) return HandlerStatus.slow
    return access.probe(lo, hi, imm)
  }

  #isSpecial(size: number, imm: number, write: boolean): boolean {
    const { linearLo: lo, linearHi: hi } = this.#parts.access
    const offset = lo & OFFSET
    if (offset + size <= PAGE_BYTES) return this.#isSpecialPage(lo, hi, imm, write, offset, offset + size - 1)
    // The second page is not touched, not even its accessed bit, if the first one faults: the access itself finds that.
    const { linear, access } = this.#parts
    const kind = access.accessOf(imm)
    const status = write ? linear.probeWrite(size, lo, hi, kind) : linear.probeRead(size, lo, hi, kind)
    if (status !== 0) return false
    const next = lo + PAGE_BYTES - offset
    const nextHi = next > 0xffffffff ? (hi + 1) >>> 0 : hi
    const last = offset + size - PAGE_BYTES - 1
    return (
      this.#isSpecialPage(lo, hi, imm, write, offset, OFFSET) ||
      this.#isSpecialPage(next >>> 0, nextHi, imm, write, 0, last)
    )
  }

  #isSpecialPage(lo: number, hi: number, imm: number, write: boolean, first: number, last: number): boolean {
    const { linear, access } = this.#parts
    const { mmu } = linear
    const ac = (this.state.lo(FIELD.systemFlags) & RFLAGS.lo.AC) !== 0
    const bits = CLASS_ACCESS[accessClassOf(access.accessOf(imm), ac)] as number
    const physical = mmu.resolve(lo, hi, bits | (write ? ACCESS.WRITE : 0))
    // A fault is found once more, and raised, by the access itself.
    if (physical < 0) return false
    const page = Math.floor(mmu.memory.gate(physical) / PAGE_BYTES)
    const attributes = mmu.memory.attributes(page)
    if ((attributes & PAGE_ATTRIBUTE.MMIO) !== 0) return true
    if (!write || (attributes & PAGE_ATTRIBUTE.CODE) === 0) return false
    const host = this.#hostOfPage.get(page)
    if (host === undefined || !this.interpreter.holdsCode(host, first, last)) return false
    // The loop finds what a small write changes; regions, and pages that are forgotten as a whole, are left before.
    return last - first >= MOST_IN_LOOP || !this.interpreter.isPatchable(host, first, last)
  }

  helper(n: number, a: number, b: number, c: number): number {
    return callHelper(n, this.#parts.ctx, a, b, c)
  }

  raise(vector: number, errorCode: number): void {
    raiseVector(this.#parts.ctx, vector, errorCode)
  }
}
