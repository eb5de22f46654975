/** A logical processor: state, paging, privilege, an engine, and the order of events between instructions. */
import {
  ACCESS_RIGHTS as ACCESS_RIGHTS_TABLE,
  ACTIVITY_STATE,
  type CpuState,
  cplOf,
  FIELD as FIELD_TABLE,
  INTERRUPTIBILITY,
  RFLAGS,
} from '@ringfold/arch'
import type {
  Clock,
  EngineEvents,
  EngineExit,
  EngineStatistics,
  ExecutionEngine,
  InterruptSource,
  MsrBank,
  PageNumber,
} from '@ringfold/contracts'
import { PAGE_BYTES, type PhysicalMemory, type PortSpace } from '@ringfold/memory'
import { LinearAccessor, Mmu, type PagingCapabilities } from '@ringfold/mmu'
import {
  type CpuModel,
  checkDebugTraps,
  checkInstructionBreakpoint,
  cpuModel,
  deliverEvent,
  hasPendingEvent,
  type RuleContext,
} from '@ringfold/rings'
import { Availability } from './availability.ts'
import { seededRandom, virtualClock } from './clock.ts'
import { CodeFetch } from './code-fetch.ts'
import { CodeModes } from './code-modes.ts'
import { CodePages } from './code-pages.ts'
import { type AccessObserver, EffectiveAccess } from './effective-access.ts'
import { type EngineFactory, type EngineName, makeEngine } from './engines.ts'
import { EventGate } from './event-gate.ts'
import { Hooks } from './hooks.ts'
import { Memory1 } from './memory1.ts'
import { ObservedLinear } from './observed-linear.ts'
import { initState, resetState } from './reset.ts'
import { countRetired } from './retired.ts'
import { MONITOR_LINE_BYTES, ProcessorRuleHost } from './rule-host.ts'
import {
  CS_ACCESS_WORD as CS_ACCESS_PLACE,
  FLAGS_WORD as FLAGS_PLACE,
  SS_ACCESS_WORD as SS_ACCESS_PLACE,
  wordOf,
} from './state-words.ts'
import { Stepper } from './stepper.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const ACCESS_RIGHTS = ACCESS_RIGHTS_TABLE
const CS_ACCESS_WORD = CS_ACCESS_PLACE
const SS_ACCESS_WORD = SS_ACCESS_PLACE
const FLAGS_WORD = FLAGS_PLACE
const FIELD = FIELD_TABLE

export interface ProcessorOptions {
  readonly memory: PhysicalMemory
  /** Without it every port is open bus. */
  readonly ports?: PortSpace
  readonly model?: CpuModel
  /** By name, or one of your making. Default `interpreter`. */
  readonly engine?: EngineName | EngineFactory
  /** Default: a tick of the time-stamp counter for each retired instruction. */
  readonly clock?: Clock
  readonly interrupts?: InterruptSource
  /** Registers of other parts, asked before the processor's own. */
  readonly msrs?: MsrBank
  /** 32 random bits for RDRAND and RDSEED. Default: a seeded sequence. */
  readonly random?: () => number
  /** Whether it runs at once after a reset, and does not wait for a start-up IPI. Default true. */
  readonly bootstrap?: boolean
  /** Reads a clock of the host, in ms: for statistics only, which have no times without it. */
  readonly nowMs?: () => number
  /** Bytes of memory 1, for state, TLB and predecoded code. */
  readonly memory1Bytes?: number
}

const { STI, MOV_SS } = INTERRUPTIBILITY.lo
const { TF, RF, AC, VM } = RFLAGS.lo
/** Words of the registers on which modes depend. */
const CONTROL_WORDS: readonly number[] = /* @__PURE__ */ (() =>
  [FIELD.cr0, FIELD.cr4, FIELD.efer, FIELD.dr7].map((field) => wordOf(field)))()
/** Enable bits of the breakpoints in DR7. */
const DR7_ENABLES = 0xff
/** Deliveries without an instruction retired between them, after which `run` returns: a guest may fault for ever. */
const MOST_DELIVERIES = 1000

export class Processor {
  readonly model: CpuModel
  readonly memory: PhysicalMemory
  readonly state: CpuState
  readonly mmu: Mmu
  readonly linear: LinearAccessor
  readonly hooks: Hooks
  readonly rules: RuleContext
  readonly #context: { -readonly [Part in keyof RuleContext]: RuleContext[Part] }
  readonly #observed: ObservedLinear
  /** Name of the engine. */
  readonly engine: string
  readonly #memory1: Memory1
  readonly #access: EffectiveAccess
  readonly #stepper: Stepper
  readonly #engine: ExecutionEngine
  readonly #events: EventGate
  readonly #bootstrap: boolean
  readonly #dispose: (() => void)[] = []
  /** Something watches single instructions: breakpoints, hooks, alignment checks. */
  #watched = false
  /** The same, but for alignment checks. */
  #isObserved = false
  #modeChanged = true
  /** Control registers that the paging unit has seen. */
  #cr0 = -1
  #cr4 = -1
  #efer = -1
  /** What of the state the last application of a mode saw. */
  readonly #controlSeen = new Float64Array(CONTROL_WORDS.length).fill(-1)
  #csSeen = -1
  #ssSeen = -1
  #flagsSeen = -1
  #hooksSeen = -1
  #stopRequested = false
  /** Deliveries since the last instruction that retired, and how many had retired in this execution before the last one of them. */
  #deliveries = 0
  #deliveredAt = 0

  /** Throws `CpuError` `cpu.engine` for an engine that does not exist. The processor is reset. */
  constructor(options: ProcessorOptions) {
    const { memory, model = cpuModel(), engine = 'interpreter', bootstrap = true } = options
    this.model = model
    this.memory = memory
    this.#bootstrap = bootstrap
    this.#memory1 = new Memory1(options.memory1Bytes)
    const { state } = this.#memory1
    this.state = state
    this.mmu = new Mmu({ state, memory, capabilities: pagingCapabilities(model), tlb: this.#memory1.tlb })
    this.linear = new LinearAccessor(this.mmu)
    this.hooks = new Hooks(() => this.noteModeChange())
    this.#observed = new ObservedLinear(this.linear, this.#observe)
    this.#context = { state, linear: this.linear, model, host: this.#ruleHost(options) }
    this.rules = this.#context
    const availability = new Availability(this.rules)
    this.#access = new EffectiveAccess(this.rules, this.linear, this.#memory1.data)
    const fetch = new CodeFetch(this.rules, this.linear)
    this.#stepper = new Stepper(this.rules, fetch, this.#access, availability, this.#memory1.data)
    this.#events = new EventGate(this, options.interrupts)
    const modes = new CodeModes(state, availability)
    const events = this.#engineEvents()
    const parts = { ctx: this.rules, linear: this.linear, access: this.#access, availability, modes, events }
    const { nowMs } = options
    this.#engine = makeEngine(engine, { ...parts, memory1: this.#memory1, ...(nowMs === undefined ? {} : { nowMs }) })
    this.engine = this.#engine.name
    this.#dispose.push(memory.onCodeWrite((page, first, last) => this.#monitorWrite(page, first, last)))
    this.reset()
  }

  #ruleHost({ memory, ports, clock, interrupts, msrs, random }: ProcessorOptions): ProcessorRuleHost {
    return new ProcessorRuleHost({
      processor: this,
      mmu: this.mmu,
      linear: this.linear,
      memory,
      ports,
      clock: clock ?? virtualClock(),
      interrupts,
      msrs,
      random: random ?? seededRandom(),
    })
  }

  /** What the engine counted; no part of the state. */
  engineStatistics(): EngineStatistics {
    return this.#engine.statistics?.() ?? {}
  }

  /** Ends the connections to the memory: when the processor is thrown away and its memory is not. */
  dispose(): void {
    for (const end of this.#dispose.splice(0)) end()
    this.#engine.dispose()
    this.mmu.dispose()
  }

  // Signals from outside, at the processor's pins or from its local APIC.

  /** RESET, or power-up: everything begins anew. */
  reset(): void {
    resetState(this.state, this.model, this.#bootstrap)
    this.stateWritten()
  }

  /** An NMI: taken at the next boundary unless one is being handled. */
  signalNmi(): void {
    this.#events.signalNmi()
  }

  /** INIT: taken at the next boundary; the bootstrap processor starts at its reset vector, others wait for a start-up IPI. */
  signalInit(): void {
    this.#events.signalInit()
  }

  /** A start-up IPI: a processor that waits for one starts in real mode at `vector` * 4096. */
  signalStartup(vector: number): void {
    this.#events.signalStartup(vector)
  }

  /** What INIT does to the state. */
  init(): void {
    initState(this.state, this.model)
    this.stateWritten()
  }

  /** Lets `run` return at the next boundary, with `interrupted`. */
  stop(): void {
    this.#stopRequested = true
    this.attend()
  }

  /** The state was written from outside: everything that follows from it is made anew. Flags that are still lazy are forgotten. */
  stateWritten(): void {
    this.state.setFirst(FIELD.lazyOp, 0)
    this.mmu.modeChanged()
    this.mmu.flushAll(false)
    this.translationsChanged()
    this.#controlSeen.fill(-1)
    this.#applyMode()
  }

  // What rules tell.

  /** Mode, privilege or flags on which decoding and accesses depend may have changed: looked at before the next instruction. */
  noteModeChange(): void {
    this.#modeChanged = true
    this.attend()
  }

  /** Something may be due at the next boundary. */
  attend(): void {
    this.#engine?.attend?.()
  }

  translationsChanged(keepGlobal = false): void {
    this.#engine.translationsChanged(keepGlobal)
  }

  /** The translation of a page at an address has changed: of one of 4096 bytes, or larger. */
  translationChanged(lo: number, hi: number, isLarge: boolean): void {
    const engine = this.#engine
    if (isLarge || engine.translationChanged === undefined) engine.translationsChanged()
    else engine.translationChanged(lo, hi)
  }

  /** Puts what the engine keeps elsewhere (lazy flags) into the state. */
  settle(): void {
    this.#engine.settle()
  }

  /** Forgets predecoded code of these physical pages; without arguments, all. */
  invalidateCode(firstPage?: PageNumber, pages?: number): void {
    this.#engine.invalidateCode(firstPage, pages)
  }

  #applyMode(): void {
    this.#modeChanged = false
    const isSameControl = this.#isSameControl()
    if (this.#isSameCode() && isSameControl) return
    const { state } = this
    if (!isSameControl) this.#reloadPaging()
    this.#access.modeChanged()
    this.#memory1.selectTlb(cplOf(state) === 3)
    this.#engine.modeChanged()
    if (!isSameControl) this.#lookForWatchers()
    this.#watched = this.#isObserved || this.#access.alignmentChecked
  }

  /** Breakpoints and hooks. */
  #lookForWatchers(): void {
    const breakpoints = (this.state.first(FIELD.dr7) & DR7_ENABLES) !== 0
    const hooked = this.hooks.has('memory')
    this.#isObserved = breakpoints || hooked || this.hooks.has('instruction')
    this.#access.observer = breakpoints || hooked ? this.#observe : null
    this.#context.linear = breakpoints || hooked ? this.#observed : this.linear
  }

  /** Whether control registers and hooks are as they were when the mode was applied last. */
  #isSameControl(): boolean {
    const { u32 } = this.state
    const seen = this.#controlSeen
    let same = this.hooks.version === this.#hooksSeen
    for (let n = 0; n < CONTROL_WORDS.length; n++) {
      const word = u32[CONTROL_WORDS[n] as number] as number
      if (seen[n] === word) continue
      seen[n] = word
      same = false
    }
    this.#hooksSeen = this.hooks.version
    return same
  }

  /**
   * Whether code segment, privilege and flags are as they were: in 64-bit code that is all on which its mode depends besides control
   * registers, and most exceptions and returns of a kernel change none of it.
   */
  #isSameCode(): boolean {
    const { u32 } = this.state
    const cs = u32[CS_ACCESS_WORD] as number
    const ss = u32[SS_ACCESS_WORD] as number
    const flags = (u32[FLAGS_WORD] as number) & (AC | VM)
    const same = cs === this.#csSeen && ss === this.#ssSeen && flags === this.#flagsSeen
    this.#csSeen = cs
    this.#ssSeen = ss
    this.#flagsSeen = flags
    return same && (cs & ACCESS_RIGHTS.lo.L) !== 0
  }

  /** Lets the paging unit look at the registers on which it depends, if one has changed. */
  #reloadPaging(): void {
    const { state } = this
    const [cr0, cr4, efer] = [state.first(FIELD.cr0), state.first(FIELD.cr4), state.first(FIELD.efer)]
    if (cr0 === this.#cr0 && cr4 === this.#cr4 && efer === this.#efer) return
    this.#cr0 = cr0
    this.#cr4 = cr4
    this.#efer = efer
    this.mmu.modeChanged()
    this.translationsChanged()
  }

  readonly #observe: AccessObserver = (isWrite, lo, hi, sizeBytes) => {
    this.#access.noteBreakpoints(isWrite, lo, hi, sizeBytes)
    if (!this.hooks.has('memory')) return
    this.hooks.emit('memory', { kind: isWrite ? 'write' : 'read', lo, hi, sizeBytes }, this)
  }

  // The address monitor.

  watchPage(page: PageNumber): void {
    CodePages.of(this.memory).hold(page, this)
  }

  #monitorWrite(page: PageNumber, first: number, last: number): void {
    const { state } = this
    if (state.first(FIELD.monitorArmed) === 0) return
    const line = state.hi(FIELD.monitorAddress) * 2 ** 32 + state.first(FIELD.monitorAddress)
    if (Math.floor(line / PAGE_BYTES) !== page) return
    const start = line % PAGE_BYTES
    if (last >= start && first < start + MONITOR_LINE_BYTES) this.#events.monitorWritten()
  }

  // Running.

  /**
   * Retires at most `instructions`, delivering exceptions and interrupts on the way. Stops exactly there; or earlier: halted,
   * shut down, or interrupted (`stop`, or exceptions without end). Flags are settled afterwards.
   */
  run(instructions: number): EngineExit {
    let left = instructions
    this.#deliveries = 0
    this.#stopRequested = false
    for (;;) {
      if (this.#modeChanged) this.#applyMode()
      if (this.#events.deliver()) {
        if (++this.#deliveries > MOST_DELIVERIES) return this.#exit('interrupted', instructions - left)
        continue
      }
      const idle = this.#events.idleReason()
      if (idle !== null) return this.#exit(idle, instructions - left)
      if (left <= 0) return this.#exit('budget', instructions - left)
      if (this.#stopRequested) return this.#exit('interrupted', instructions - left)
      this.#deliveredAt = 0
      const retired = this.#execute(left)
      left -= retired
      if (retired > this.#deliveredAt) this.#deliveries = 0
    }
  }

  /** Retires one instruction, or delivers what comes before it and retires the first of the handler. */
  step(): EngineExit {
    return this.run(1)
  }

  #exit(reason: EngineExit['reason'], retired: number): EngineExit {
    this.settle()
    return { reason, retired }
  }

  #engineEvents(): EngineEvents {
    const { state } = this
    return {
      isDue: () => this.#modeChanged || this.#stopRequested || this.#events.isAnyPending(),
      boundary: () => {
        if (this.#modeChanged) this.#applyMode()
        const { activityState, systemFlags } = FIELD
        if (this.#stopRequested || this.#watched || state.first(activityState) !== ACTIVITY_STATE.ACTIVE) return false
        return (state.first(systemFlags) & TF) === 0 && !hasPendingEvent(this.rules) && !this.#events.isDue()
      },
      deliver: (retired) => {
        if (this.hooks.has('exception')) return false
        this.#deliveries = 1
        this.#deliveredAt = retired
        this.settle()
        deliverEvent(this.rules)
        return true
      },
    }
  }

  /** Runs the engine up to the next boundary at which events can be due. @returns instructions retired */
  #execute(left: number): number {
    const { state } = this
    const flags = state.first(FIELD.systemFlags)
    if (this.#watched || (flags & TF) !== 0) return this.#watchedStep(flags)
    const shadow = state.first(FIELD.interruptibility) & (STI | MOV_SS)
    if (shadow !== 0 || (flags & RF) !== 0) this.#beginInstruction()
    return this.#runEngine(shadow === 0 ? left : 1)
  }

  /** The shadow of STI and MOV SS lasts for one instruction, and so does RF. */
  #beginInstruction(): void {
    const { state } = this
    state.setFirst(FIELD.interruptibility, state.first(FIELD.interruptibility) & ~(STI | MOV_SS))
    state.setFirst(FIELD.systemFlags, state.first(FIELD.systemFlags) & ~RF)
  }

  #runEngine(budget: number): number {
    const engine = this.#engine
    let retired = engine.execute(budget)
    countRetired(this.state, retired - engine.counted)
    if (engine.isRepeating) this.#setRf()
    if (engine.status === 'foreign' && retired < budget) {
      engine.settle()
      retired += this.#singleStep()
    }
    if (hasPendingEvent(this.rules)) engine.settle()
    return retired
  }

  /** One instruction of the reference engine. @returns 1 if it retired */
  #singleStep(): 0 | 1 {
    const outcome = this.#stepper.step()
    if (outcome === 'fault') return 0
    countRetired(this.state, 1)
    if (outcome === 'repeat') this.#setRf()
    return 1
  }

  /**
   * Between two iterations of a string instruction RF is set: events that come there push it so, and an instruction breakpoint is not
   * met again (Intel SDM vol. 3B, 19.3.1.1).
   */
  #setRf(): void {
    const { state } = this
    state.setFirst(FIELD.systemFlags, state.first(FIELD.systemFlags) | RF)
  }

  /** One instruction with everything that may be watched: breakpoints, hooks, single steps. */
  #watchedStep(flags: number): number {
    const { state, rules } = this
    this.settle()
    if (this.hooks.has('instruction')) {
      this.hooks.emit('instruction', this)
      if (this.#stopRequested) return 0
    }
    if ((state.first(FIELD.dr7) & DR7_ENABLES) !== 0 && this.#meetsBreakpoint()) return 0
    this.#beginInstruction()
    const noted = state.first(FIELD.pendingDebug)
    if (this.#singleStep() === 0) {
      // What it met before its fault, its restart will meet again (Intel SDM vol. 3B, 19.3.1.2).
      state.setFirst(FIELD.pendingDebug, noted)
      return 0
    }
    const stepped = (flags & TF) !== 0 && this.#stepper.isStepped
    if (stepped || state.first(FIELD.pendingDebug) !== 0) checkDebugTraps(rules, stepped ? 1 : 0)
    return 1
  }

  #meetsBreakpoint(): boolean {
    const { state } = this
    // 64-bit code has no base; elsewhere linear addresses wrap at 4 GiB.
    const lo = (state.first(FIELD.rip) + state.first(FIELD.csBase)) >>> 0
    return checkInstructionBreakpoint(this.rules, lo, state.hi(FIELD.rip)) !== 0
  }
}

/** What a model can do of paging. */
function pagingCapabilities({ features, physicalAddressBits }: CpuModel): PagingCapabilities {
  return {
    physicalAddressBits,
    pse: features.has('PSE'),
    pse36: features.has('PSE_36'),
    pae: features.has('PAE'),
    pge: features.has('PGE'),
    nx: features.has('NX'),
    gigabytePages: features.has('PAGE1GB'),
    pcid: features.has('PCID'),
    smep: features.has('SMEP'),
    smap: features.has('SMAP'),
    la57: features.has('LA57'),
  }
}
