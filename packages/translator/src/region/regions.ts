/** The regions of one processor: what is hot waits here, is compiled together, and ends when its page is written. */
import type { EngineStatistics, WasmMemory } from '@ringfold/contracts'
import type { Instruction } from '@ringfold/isa/decoder'
import { importObject } from '../interpreter/base-module.ts'
import type { CodeMode } from '../interpreter/code-mode.ts'
import { NEVER, REGION_HANDLER } from '../interpreter/fixed-handlers.ts'
import type { InterpreterHost, ModeCode } from '../interpreter/interpreter.ts'
import type { PageCode } from '../interpreter/page-code.ts'
import { MAX_HANDLERS, type Tier } from '../interpreter/tier.ts'
import { INDIRECT_RING_BYTES, INDIRECT_RING_OFFSET, SLOT, TLB_ARRAY_BYTES, TLB_OFFSET } from '../layout.ts'
import { type CodeTable, instantiate } from '../wasm/instance.ts'
import type { RegionSource } from './blocks.ts'
import { type Callee, type CompiledModule, type CompileOptions, compileRegions, STAGES, type Stage } from './compile.ts'
import type { RegionObserver } from './observe.ts'
import type { Pass } from './passes/pass.ts'
import { IrPool } from './plan.ts'

export interface RegionOptions {
  /** Visits of an entry after which it is compiled. */
  readonly hotAfter: number
  /** Entries that are compiled together, at most. */
  readonly batch: number
  /** Instructions of one region, at most. */
  readonly mostInstructions: number
  /** Bytes of Wasm modules that are kept; with more, all code is forgotten, and what is still hot comes back. Default 48 MiB. */
  readonly mostBytes?: number
  /** Whether code is compiled that was not seen to be executed. */
  readonly isEager: boolean
  /** What is done with the IR, in this order. Default: `PASSES`. */
  readonly passes?: readonly Pass[]
  /** Is shown what becomes of code. */
  readonly observer?: RegionObserver
  /** Reads a clock, in ms, for statistics: without it they have no times. */
  readonly nowMs?: () => number
}

/** Of the visits of what is hot, those of what is warm. */
const WARM = 1 / 64
const TABLE_STEP = 4096
const MOST_BYTES = 48 << 20

interface Hot {
  readonly mode: ModeCode
  readonly page: number
  readonly offset: number
}

/** Where modules find what they import. */
export interface RegionHost {
  readonly ram: WasmMemory
  readonly memory: WasmMemory
  readonly imports: Readonly<Record<string, unknown>>
}

interface TableEntry {
  readonly table: CodeTable
  readonly element: number
}

/** What was translated so far; times are milliseconds. */
export interface RegionStatistics {
  readonly modules: number
  /** Those that were made, and those of pages that were written since. */
  readonly translated: number
  readonly invalidated: number
  /** Entries whose first instruction is the interpreter's. */
  readonly refused: number
  /** Guest instructions that were translated, each as often as it was. */
  readonly sourceInstructions: number
  readonly wasmBytes: number
  /** How often all was forgotten because modules had become too large together. */
  readonly evictions: number
  /** Milliseconds by stage: the translator's own, and V8's module. */
  readonly ms: Readonly<Record<Stage | 'instantiate', number>>
}

export class Regions {
  readonly #counts = {
    modules: 0,
    translated: 0,
    invalidated: 0,
    refused: 0,
    sourceInstructions: 0,
    wasmBytes: 0,
    evictions: 0,
  }
  /** Of the modules since everything was forgotten last. */
  #bytes = 0
  readonly #ms: Record<Stage | 'instantiate', number> = {
    find: 0,
    lift: 0,
    passes: 0,
    plan: 0,
    write: 0,
    instantiate: 0,
  }
  readonly #host: InterpreterHost
  readonly #parts: RegionHost
  readonly #options: RegionOptions
  readonly #pool = new IrPool()
  #queue: Hot[] = []
  #waited = false
  /** Elements of tables that were used, by table and by page. */
  readonly #used = new Map<CodeTable, number>()
  readonly #ofPage = new Map<number, TableEntry[]>()

  constructor(host: InterpreterHost, parts: RegionHost, options: RegionOptions) {
    this.#host = host
    this.#parts = parts
    this.#options = options
  }

  statistics(): RegionStatistics & EngineStatistics {
    return { ...this.#counts, ms: { ...this.#ms } }
  }

  /** Visits after which entries of a mode are hot; 0: it has no regions. */
  hotAfter({ bits, stackBits, flat }: CodeMode): number {
    return flat && bits !== 16 && stackBits === bits ? this.#options.hotAfter : 0
  }

  /** An entry was visited often enough. */
  hot(mode: ModeCode, page: number, offset: number): void {
    if (this.#queue.length === 0) this.#waited = false
    this.#queue.push({ mode, page, offset })
    this.#setCount(mode, page, offset)
  }

  /** It counts on, so that others are executed meanwhile. */
  #setCount({ code }: ModeCode, page: number, offset: number): void {
    const entry = code.pageCode(page)?.entries.get(offset)
    if (entry !== undefined) this.#view().setInt32(entry + SLOT.immediate, NEVER, true)
  }

  #view(): DataView {
    return new DataView(this.#parts.memory.buffer as ArrayBuffer)
  }

  /** Whether what waits should wait no longer; `isFresh`: something has just become hot. */
  isDue(isFresh: boolean): boolean {
    const { length } = this.#queue
    if (length === 0) return false
    if (length >= this.#options.batch) return true
    if (isFresh) return false
    const due = this.#waited
    this.#waited = true
    return due
  }

  /** Whether the modules are too large together: then all code is to be forgotten. */
  isFull(): boolean {
    if (this.#bytes <= (this.#options.mostBytes ?? MOST_BYTES)) return false
    this.#counts.evictions++
    return true
  }

  /** Compiles what waits: a module for each mode. */
  compile(): void {
    const queue = this.#queue
    this.#queue = []
    const byMode = Map.groupBy(queue, ({ mode }) => mode)
    for (const [mode, entries] of byMode) this.#compileMode(mode, entries)
  }

  #compileMode(mode: ModeCode, queued: readonly Hot[]): void {
    const entries = queued.filter(({ page, offset }) => mode.code.pageCode(page)?.entries.has(offset) === true)
    if (entries.length === 0) return
    const { tier } = mode
    const start = this.#used.get(tier.table) ?? MAX_HANDLERS
    const sources = entries.map(({ page, offset }) => ({ page, source: this.#source(mode, page, offset) }))
    const compiled = compileRegions(sources, start, this.#compileOptions(mode))
    this.#reserve(tier, start, compiled.regions.length)
    this.#instantiate(tier, compiled)
    this.#enter(mode, compiled, start)
  }

  /** A callee of the same page: one that is warm comes along. */
  #callee(mode: ModeCode, page: number, place: number): Callee | null {
    const pageCode = mode.code.pageCode(page) as PageCode
    const entry = pageCode.entries.get(place)
    if (entry === undefined) return null
    const view = this.#view()
    if (view.getUint16(entry + SLOT.handler, true) === REGION_HANDLER)
      return { element: view.getInt32(entry + SLOT.immediate, true) }
    return this.#isWarm(pageCode, place, true) ? { source: this.#source(mode, page, place) } : null
  }

  #compileOptions(modeCode: ModeCode): CompileOptions {
    const { mode, tier, code } = modeCode
    const { ram, memory } = this.#parts
    const read = TLB_OFFSET + 2 * mode.accessClass * TLB_ARRAY_BYTES
    return {
      decoder: code.decoder,
      address: tier.address,
      lift: { stackBig: mode.stackBits === 32, replaced: this.#host.replaced ?? {} },
      tlb: { read, write: read + TLB_ARRAY_BYTES },
      ram,
      state: memory,
      pool: this.#pool,
      callee: (page, place) => this.#callee(modeCode, page, place),
      ...(this.#options.passes === undefined ? {} : { passes: this.#options.passes }),
      ...(this.#options.observer === undefined ? {} : { observer: this.#options.observer }),
      ...(this.#options.nowMs === undefined ? {} : { nowMs: this.#options.nowMs }),
    }
  }

  #source({ code }: ModeCode, page: number, offset: number): RegionSource {
    const pageCode = code.pageCode(page) as PageCode
    const { isEager, mostInstructions } = this.#options
    return {
      bytes: new Uint8Array(this.#parts.ram.buffer as ArrayBuffer, page, 4096),
      entry: offset,
      holds: (i: Instruction) => this.#host.isAvailable?.(i) !== false,
      isWarm: (place, isTarget) => isEager || this.#isWarm(pageCode, place, isTarget),
      targetsOf: (place) => this.#indirectTargets(pageCode, place),
      mostInstructions,
    }
  }

  /** Targets have counted how often they were met; what only stands behind something is warm if it was predecoded. */
  #isWarm({ entries, slots }: PageCode, place: number, isTarget: boolean): boolean {
    if (!isTarget) return slots[place] !== 0
    const entry = entries.get(place)
    if (entry === undefined) return false
    const { hotAfter } = this.#options
    const left = this.#view().getInt32(entry + SLOT.immediate, true)
    return left > hotAfter || left < hotAfter - hotAfter * WARM
  }

  /** Where an indirect jump went while the interpreter executed it. */
  #indirectTargets({ slots }: PageCode, place: number): number[] {
    const slot = slots[place]
    if (slot === 0 || slot === undefined) return []
    const view = this.#view()
    const seen = new Set<number>()
    for (let at = INDIRECT_RING_OFFSET; at < INDIRECT_RING_OFFSET + INDIRECT_RING_BYTES; at += 8)
      if (view.getInt32(at, true) === slot) seen.add(view.getInt32(at + 4, true))
    return [...seen].sort((a, b) => a - b)
  }

  #reserve({ table }: Tier, start: number, count: number): void {
    this.#used.set(table, start + count)
    if (start + count > table.length) table.grow(Math.max(TABLE_STEP, count))
  }

  #instantiate({ table }: Tier, { bytes, stageMs }: CompiledModule): void {
    const { ram, memory, imports } = this.#parts
    const e = importObject(imports, { ram, state: memory, table })
    const { nowMs = () => 0 } = this.#options
    const start = nowMs()
    instantiate(bytes, e)
    this.#ms.instantiate += nowMs() - start
    for (const stage of STAGES) this.#ms[stage] += stageMs[stage]
    this.#counts.modules++
    this.#counts.wasmBytes += bytes.length
    this.#bytes += bytes.length
  }

  /** Lets entries lead to their regions. */
  #enter({ code, tier }: ModeCode, { sources, regions }: CompiledModule, start: number): void {
    const view = this.#view()
    let element = start
    for (const [n, { page, source }] of sources.entries()) {
      const region = regions[n]
      if (region === null || region === undefined) {
        this.#counts.refused++
        continue
      }
      const pageCode = code.pageCode(page) as PageCode
      const entry = pageCode.entries.get(source.entry) as number
      for (const [from, to] of region.ranges) {
        pageCode.noteDecoded(from, to - from)
        pageCode.noteTranslated(from, to - from)
      }
      view.setUint16(entry + SLOT.handler, REGION_HANDLER, true)
      view.setInt32(entry + SLOT.immediate, element, true)
      view.setInt32(entry + SLOT.immediate2, region.needed, true)
      this.#note(page, { table: tier.table, element })
      element++
      this.#counts.translated++
      this.#counts.sourceInstructions += region.instructions
    }
  }

  #note(page: number, entry: TableEntry): void {
    const known = this.#ofPage.get(page)
    if (known !== undefined) known.push(entry)
    else this.#ofPage.set(page, [entry])
  }

  /** The regions of a page end: nothing leads to them any more. */
  invalidatePage(page: number): void {
    const entries = this.#ofPage.get(page)
    if (entries === undefined) return
    this.#counts.invalidated += entries.length
    for (const { table, element } of entries) table.set(element, null)
    this.#ofPage.delete(page)
  }

  invalidateAll(): void {
    for (const page of [...this.#ofPage.keys()]) this.invalidatePage(page)
    this.#used.clear()
    this.#bytes = 0
    this.#queue = []
  }
}
