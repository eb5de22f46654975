/** The interpreter tier: predecoded slots, executed by one Wasm loop. */
import { type CpuState, FIELD as FIELD_TABLE } from '@ringfold/arch'
import type { EngineStatistics, WasmMemory } from '@ringfold/contracts'
import type { Instruction } from '@ringfold/isa/decoder'
import {
  HandlerStatus as HandlerStatus_TABLE,
  SCRATCH as SCRATCH_TABLE,
  SLOT_BYTES,
  SLOT as SLOT_TABLE,
} from '../layout.ts'
import { STATUS_IN_SCRATCH, unpackExit } from '../region/exits.ts'
import { type RegionOptions, Regions } from '../region/regions.ts'
import { baseModule, type HostFunctions, importsWithRoutines } from './base-module.ts'
import type { CodeMode } from './code-mode.ts'
import { JumpCache, MOST_MODES } from './jump-cache.ts'
import { Predecoder } from './predecoder.ts'
import { Tier } from './tier.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const HandlerStatus = HandlerStatus_TABLE
const SCRATCH = SCRATCH_TABLE
const SLOT = SLOT_TABLE

/** The processor around the interpreter. */
export interface InterpreterHost extends HostFunctions {
  readonly state: CpuState
  /**
   * @returns the host offset of the page from which RIP fetches; -1: a fault is pending; -2: the host has to execute, because the
   * page is no RAM, or CS ends in it
   */
  fetchPage(): number
  /** Whether the page that `fetchPage` found last is global. Absent: none is. */
  isFetchGlobal?(): boolean
  /** The same for the page behind the one of RIP, into which an instruction reaches. Absent: the host executes such instructions. */
  fetchNextPage?(): number
  /** The present mode: one object for each, by whose identity code is kept. */
  codeMode(): CodeMode
  /** Slots are about to be made from this page of RAM: writes to it must call {@link Interpreter.invalidatePage}. */
  codePage(hostOffset: number): void
  /** Whether the processor has the instruction, and may execute it in this mode; the host executes, or refuses, others. Absent: all. */
  isAvailable?(i: Instruction): boolean
  /** Mnemonics that the processor executes as others (`LiftOptions`). */
  readonly replaced?: Readonly<Record<string, string>>
  /** Whose encodings count where vendors differ (`DecoderOptions`). Absent: Intel's. */
  readonly vendor?: 'intel' | 'amd'
}

const STATUS_NAMES: readonly string[] = Object.keys(HandlerStatus_TABLE)
/** Instructions in one call of the loop: V8 replaces no function that runs, so that its better code begins with the next call. */
const SLICE = 1 << 16
/** Statuses after which execution goes on while budget is left. */
const ENDS_OF_SLICE: ReadonlySet<number> = new Set([
  HandlerStatus_TABLE.jump,
  HandlerStatus_TABLE.budget,
  HandlerStatus_TABLE.hot,
  HandlerStatus_TABLE.stale,
])
/** Statuses of a loop whose last instruction, which the budget was lowered by, did not retire. */
const GIVES_BACK: ReadonlySet<number> = new Set([
  HandlerStatus_TABLE.fault,
  HandlerStatus_TABLE.slow,
  HandlerStatus_TABLE.stale,
])

/** Code of one mode. */
export interface ModeCode {
  readonly mode: CodeMode
  readonly tier: Tier
  readonly code: Predecoder
  /** Number in entries of the jump cache. */
  readonly number: number
  /** Visits after which an entry is hot; 0: entries are not counted, and there are no regions. */
  readonly hotAfter: number
}

export interface RunResult {
  readonly status: number
  /** Instructions retired. */
  readonly retired: number
}

export class Interpreter {
  readonly #host: InterpreterHost
  readonly #ram: WasmMemory
  readonly #memory: WasmMemory
  readonly #view: DataView
  readonly #imports: Readonly<Record<string, unknown>>
  readonly #settle: () => number
  readonly #tiers = new Map<string, Tier>()
  readonly #modes = new Map<CodeMode, ModeCode>()
  readonly #slots: { next: number }
  #mode: ModeCode | null = null
  /** The mode before the present one. */
  #other: ModeCode | null = null
  readonly #jumps: JumpCache
  #status = 0
  #exitStatus = 0
  /** Instructions that {@link execute} has retired when the budget of the present slice is used up. */
  #sliceEnd = 0
  #counted = 0
  #isRepeating = false
  #ruleFaulted = false
  /** The next entry is the instruction's slot, although a region begins there: its budget does not suffice. */
  #entersSlot = false
  readonly regions: Regions | null
  /** How often the loop ended with each status. */
  readonly #ends = new Float64Array(STATUS_NAMES.length)

  /** `memory`: memory 1, with the layout of layout.ts; what is left of it behind `SLOTS_OFFSET` holds slots. `regions`: hot code is compiled. */
  constructor(host: InterpreterHost, ram: WasmMemory, memory: WasmMemory, regions?: RegionOptions) {
    this.#host = host
    this.#ram = ram
    this.#memory = memory
    this.#view = new DataView(memory.buffer as ArrayBuffer)
    this.#jumps = new JumpCache(this.#view)
    const base = baseModule(ram, memory)
    this.#settle = base.settle as () => number
    const functions = {
      ...base,
      slowLoad: (lo: number, hi: number, imm: number) => host.slowLoad(lo, hi, imm),
      slowStore: (lo: number, hi: number, imm: number) => host.slowStore(lo, hi, imm),
      slowProbe: (lo: number, hi: number, imm: number) => host.slowProbe(lo, hi, imm),
      helper: (n: number, a: number, b: number, c: number) => this.#helper(n, a, b, c),
      raise: (vector: number, errorCode: number) => host.raise(vector, errorCode),
      count: () => this.#count(),
      boundary: () => this.#boundary(),
    }
    this.#imports = importsWithRoutines(ram, memory, functions)
    this.#slots = Predecoder.emptySlots()
    this.regions = regions === undefined ? null : new Regions(host, { ram, memory, imports: this.#imports }, regions)
  }

  /** Helpers and rules find the flags settled. */
  #helper(n: number, a: number, b: number, c: number): number {
    this.settle()
    const status = this.#host.helper(n, a, b, c)
    this.#ruleFaulted = status === HandlerStatus.fault
    return status
  }

  /** @returns 0: the loop goes on at RIP, whatever mode that is in now; it cannot where another loop is that mode's. */
  #boundary(): number {
    const { tier } = this.#mode as ModeCode
    return this.#host.boundary?.() === true && this.#mode?.tier === tier ? 0 : 1
  }

  /** From now on, {@link InterpreterHost.boundary} is asked at the next boundary, or is not. */
  attend(isWanted: boolean): void {
    this.#view.setInt32(SCRATCH.attend, isWanted ? 1 : 0, true)
  }

  /** Lets the host count what has retired before the present instruction. */
  #count(): void {
    const retired = this.#sliceEnd - this.#view.getInt32(FIELD.budget.offset, true) - 1
    this.#host.count?.(retired - this.#counted)
    this.#counted = retired
  }

  /** Computes the status flags from the last operation. */
  settle(): void {
    if (this.#host.state.first(FIELD.lazyOp) !== 0) this.#settle()
  }

  /**
   * Translations of addresses have changed: jumps look up their targets again. `keepGlobal`: those of global pages have not, so that the
   * upper half need not be forgotten if all that is known there are such.
   */
  flushJumps(keepGlobal = false): void {
    this.#jumps.flush(keepGlobal)
  }

  /** Whether jumps may know code of the page of 4096 bytes at a linear address. */
  mayJumpTo(lo: number, hi: number): boolean {
    return this.#jumps.mayHold(lo, hi)
  }

  /** The processor's mode has changed, perhaps: `codeMode` of the host is asked again. */
  modeChanged(): void {
    const mode = this.#host.codeMode()
    if (this.#mode?.mode === mode) return
    const before = this.#mode
    // To and fro between two modes, as system calls and exceptions go.
    if (this.#other?.mode === mode) this.#mode = this.#other
    else this.#mode = this.#modes.get(mode) ?? this.#newMode(mode)
    this.#other = before
    this.#jumps.setMode(this.#mode.number)
  }

  #newMode(mode: CodeMode): ModeCode {
    // Entries of the jump cache tell so many modes apart; with more, all begin anew.
    if (this.#modes.size === MOST_MODES) this.invalidateAll()
    const tier = this.#tier(mode)
    const code = new Predecoder(this.#host, mode, tier, this.#slots, this.#ram, this.#memory)
    const made = { mode, tier, code, number: this.#modes.size + 1, hotAfter: this.regions?.hotAfter(mode) ?? 0 }
    this.#modes.set(mode, made)
    return made
  }

  #tier({ bits, stackBits, flat, based = 0 }: CodeMode): Tier {
    const key = `${bits === 64}.${stackBits}.${flat}.${based}`
    const known = this.#tiers.get(key)
    if (known !== undefined) return known
    const address = { mode: bits === 64 ? 64 : 32, flat, based } as const
    const tier = new Tier(address, stackBits, {
      ram: this.#ram,
      memory: this.#memory,
      imports: this.#imports,
      replaced: this.#host.replaced ?? {},
    })
    this.#tiers.set(key, tier)
    return tier
  }

  /** Forgets the code of a page of RAM, by its host offset. */
  invalidatePage(hostOffset: number): void {
    for (const { code } of this.#modes.values()) code.invalidatePage(hostOffset)
    this.regions?.invalidatePage(hostOffset)
    this.flushJumps()
  }

  /**
   * Bytes of a page of RAM that were predecoded are about to be written. @returns false where the page is to be forgotten as a whole
   * ({@link invalidatePage})
   */
  writeCode(hostOffset: number, first: number, last: number): boolean {
    let endsRegions = false
    for (const { code } of this.#modes.values()) {
      if (!code.writeCode(hostOffset, first, last)) return false
      endsRegions ||= code.pageCode(hostOffset)?.overlapsRegion(first, last) === true
    }
    if (endsRegions) this.#endRegions(hostOffset)
    return true
  }

  /** The regions of a page end, whatever the mode: they call one another without a look at the page. */
  #endRegions(hostOffset: number): void {
    for (const { code, hotAfter } of this.#modes.values()) code.endRegions(hostOffset, hotAfter)
    this.regions?.invalidatePage(hostOffset)
  }

  /** Whether {@link writeCode} may be called for these bytes while the loop runs, which then finds what has changed. */
  isPatchable(hostOffset: number, first: number, last: number): boolean {
    for (const { code } of this.#modes.values()) if (!code.isPatchable(hostOffset, first, last)) return false
    return true
  }

  /** Whether any of these bytes of a page of RAM were predecoded: if not, a write to them changes no code. */
  holdsCode(hostOffset: number, first: number, last: number): boolean {
    for (const { code } of this.#modes.values()) if (code.holdsCode(hostOffset, first, last)) return true
    return false
  }

  /** Forgets all code. */
  invalidateAll(): void {
    this.#modes.clear()
    this.#mode = null
    this.#other = null
    this.regions?.invalidateAll()
    Object.assign(this.#slots, Predecoder.emptySlots())
    this.flushJumps()
  }

  /** What was counted, by tier; times are milliseconds of the clock that `regions` was given. */
  statistics(): EngineStatistics {
    const counter = (at: number) => Number(this.#view.getBigUint64(at, true))
    let [handlers, loops, pages] = [0, 0, 0]
    for (const tier of this.#tiers.values()) {
      handlers += tier.handlers.length
      loops += tier.builds
    }
    for (const { code } of this.#modes.values()) pages += code.pages
    const slots = (this.#slots.next - Predecoder.emptySlots().next) / SLOT_BYTES
    const interpreter = { modes: this.#modes.size, pages, slots, handlers, loops }
    const ends = Object.fromEntries(STATUS_NAMES.map((name, status) => [name, this.#ends[status] as number]))
    if (this.regions === null) return { interpreter, ends }
    const entries = counter(SCRATCH.regionEntries)
    const instructions = counter(SCRATCH.regionInstructions)
    return { interpreter, ends, regions: { entries, instructions, ...this.regions.statistics() } }
  }

  /** How the last {@link execute} ended: one of `HandlerStatus`. */
  get status(): number {
    return this.#status
  }

  /** Whether the last {@link execute} ended between two iterations of a string instruction, with RIP on it. */
  get isRepeating(): boolean {
    return this.#isRepeating
  }

  /** Executes as {@link execute}, and tells status and count. */
  run(budget: number): RunResult {
    const retired = this.execute(budget)
    return { status: this.#status, retired }
  }

  /** Instructions of the last {@link execute} of which the host was told while it went on (`count`). */
  get counted(): number {
    return this.#counted
  }

  /**
   * Executes up to `budget` instructions from RIP on. RIP and `budget` of the state are up to date afterwards; flags may be lazy.
   * `HandlerStatus.budget`: all are retired; `slow`: the next one is the host's to execute; `fault`: an exception is pending;
   * `leave` and `transfer`: the host looks after events.
   *
   * @returns how many were retired; `status` tells why no more
   */
  execute(budget: number): number {
    if (this.#mode === null) this.modeChanged()
    this.#isRepeating = false
    this.#ruleFaulted = false
    this.#counted = 0
    let left = budget
    let faultedAt = budget
    for (;;) {
      const slot = this.#enter()
      if (slot < 0) {
        if (slot === -1 && left !== faultedAt && this.#deliver(budget - left)) {
          faultedAt = left
          continue
        }
        this.#status = slot === -1 ? HandlerStatus.fault : HandlerStatus.slow
        return budget - left
      }
      const slice = Math.min(left, SLICE)
      this.#sliceEnd = budget - left + slice
      const ended = (this.#mode as ModeCode).tier.run(slot, slice)
      this.#isRepeating = ended === HandlerStatus.repeat
      this.#ends[ended] = (this.#ends[ended] as number) + 1
      left -= slice - this.#view.getInt32(FIELD.budget.offset, true)
      if (ended === HandlerStatus.exit) left += this.#exitRegion()
      else this.#leave(this.#isRepeating ? HandlerStatus.budget : ended)
      const status = ended === HandlerStatus.exit ? this.#exitStatus : this.#isRepeating ? HandlerStatus.budget : ended
      // An instruction that did not retire gives its tick back.
      if (GIVES_BACK.has(ended)) left++
      // A guest may fault for ever: a fault without progress is the host's to look after.
      if (status === HandlerStatus.fault && left > 0 && left !== faultedAt && this.#deliver(budget - left)) {
        faultedAt = left
        continue
      }
      if (status === HandlerStatus.stale && !this.#revive()) return budget - left
      if (this.regions !== null) this.#lookAfterRegions(status)
      if (left === 0 && ENDS_OF_SLICE.has(status)) this.#status = HandlerStatus.budget
      else if (left > 0 && ENDS_OF_SLICE.has(status)) continue
      else this.#status = status
      return budget - left
    }
  }

  /** Lets the host deliver the exception that is pending. @returns whether execution goes on */
  #deliver(retired: number): boolean {
    this.#ruleFaulted = false
    return this.#host.deliver?.(retired) === true
  }

  /** What a region left for: RIP into the state. @returns instructions that the budget was lowered by, and that did not retire */
  #exitRegion(): number {
    const view = this.#view
    const { status, distance, unretired } = unpackExit(view.getInt32(SCRATCH.leave, true))
    this.#exitStatus = status === STATUS_IN_SCRATCH ? view.getInt32(SCRATCH.status, true) : status
    this.#setRip(SCRATCH.jumpTarget, distance)
    this.#entersSlot = this.#exitStatus === HandlerStatus.budget
    return unretired
  }

  /** The next instruction, whose bytes were written, is decoded anew. @returns false where it cannot be fetched, as `status` says */
  #revive(): boolean {
    const page = this.#host.fetchPage()
    if (page < 0) {
      this.#status = page === -1 ? HandlerStatus.fault : HandlerStatus.slow
      return false
    }
    const offset = (this.#host.state.first(FIELD.rip) + this.#host.state.first(FIELD.csBase)) & 0xfff
    ;(this.#mode as ModeCode).code.revive(page, offset, this.#view.getInt32(SCRATCH.slot, true))
    return true
  }

  #lookAfterRegions(status: number): void {
    const regions = this.regions as Regions
    if (status === HandlerStatus.hot) {
      const entry = this.#view.getInt32(SCRATCH.slot, true)
      const page = this.#view.getUint32(entry + SLOT.displacement, true)
      regions.hot(this.#mode as ModeCode, page, this.#view.getUint16(entry + SLOT.end, true))
    }
    if (!regions.isDue(status === HandlerStatus.hot)) return
    if (!regions.isFull()) regions.compile()
    else {
      // What is hot comes back, and is compiled then: before something new is, so that there is progress however little room there is.
      this.invalidateAll()
      this.modeChanged()
    }
  }

  /** Puts RIP into the state. */
  #leave(status: number): void {
    const { state } = this.#host
    // RIP is set already: by a transfer, or before a rule that faulted, which may have gone to another task before it did.
    if (status === HandlerStatus.transfer || (status === HandlerStatus.fault && this.#ruleFaulted)) return
    if (status === HandlerStatus.jump) {
      state.set(
        FIELD.rip,
        this.#view.getInt32(SCRATCH.jumpTarget, true),
        this.#view.getInt32(SCRATCH.jumpTarget + 4, true),
      )
      return
    }
    const slot = this.#view.getInt32(SCRATCH.slot, true)
    const end = this.#view.getUint16(slot + SLOT.end, true)
    this.#setRip(SCRATCH.ripBase, status === HandlerStatus.leave ? end : end - this.#view.getUint8(slot + SLOT.length))
  }

  /** Puts the sum of an i64 of the engine and a distance into RIP. */
  #setRip(base: number, distance: number): void {
    const lo = this.#view.getUint32(base, true) + distance
    const carry = lo > 0xffffffff ? 1 : lo < 0 ? -1 : 0
    this.#host.state.set(FIELD.rip, lo, this.#view.getInt32(base + 4, true) + carry)
  }

  /** The slot at RIP, made where there is none; -1: fetching faults, -2: the host has to execute. */
  #enter(): number {
    const { state } = this.#host
    const lo = state.first(FIELD.rip)
    const hi = state.hi(FIELD.rip)
    const offset = (lo + state.first(FIELD.csBase)) & 0xfff
    const known = this.#entersSlot ? 0 : this.#jumps.find(lo, hi)
    if (known !== 0) {
      this.#setBase(lo, hi, offset)
      return known
    }
    const page = this.#host.fetchPage()
    if (page < 0) return page
    const { code, hotAfter } = this.#mode as ModeCode
    const isSlot = hotAfter === 0 || this.#entersSlot
    const slot = isSlot ? code.slotAt(page, offset) : code.entryAt(page, offset, hotAfter)
    if (slot === Predecoder.FULL) {
      this.invalidateAll()
      this.modeChanged()
      return this.#enter()
    }
    if (slot < 0) return slot
    this.#setBase(lo, hi, offset)
    if (!this.#entersSlot) this.#jumps.note(slot, lo, hi, this.#host.isFetchGlobal?.() === true)
    this.#entersSlot = false
    return slot
  }

  /** Sets the base of RIP. */
  #setBase(lo: number, hi: number, offset: number): void {
    const view = this.#view
    const base = lo - offset
    view.setInt32(SCRATCH.ripBase, base, true)
    view.setInt32(SCRATCH.ripBase + 4, base < 0 ? hi - 1 : hi, true)
  }
}
