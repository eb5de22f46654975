/** Regions of one code mode to the bytes of a Wasm module, with the time of each stage. */
import type { WasmMemory } from '@ringfold/contracts'
import type { Decoder } from '@ringfold/isa/decoder'
import { IrCode, type LiftOptions } from '@ringfold/semantics'
import type { AddressMode } from '../emit/guest-effects.ts'
import { importMemories, importRuntime, routinesCalled } from '../interpreter/base-module.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { type Block, findBlocks, type RegionSource } from './blocks.ts'
import { defineCallRegion } from './call-region.ts'
import type { TlbArrays } from './effects.ts'
import { PARAMETERS, RESULTS } from './locals.ts'
import { describeBlocks, type RegionObserver } from './observe.ts'
import { PASSES } from './passes/index.ts'
import type { Pass } from './passes/pass.ts'
import { type IrPool, liftBlocks, planRegion, type RegionPlan } from './plan.ts'
import type { LiftedBlock } from './rewrite.ts'
import { defineSlowPaths } from './slow-paths.ts'
import { defineStoreFlags } from './store-flags.ts'
import { writeRegion } from './writer.ts'

export const STAGES = ['find', 'lift', 'passes', 'plan', 'write'] as const
/** Callees that may come along with one region. */
const MORE_CALLEES = 8

export type Stage = (typeof STAGES)[number]

export interface CompileOptions {
  readonly decoder: Decoder
  readonly address: AddressMode
  readonly lift: LiftOptions
  readonly tlb: TlbArrays
  readonly ram: WasmMemory
  readonly state: WasmMemory
  /** For the IR, which is gone with the next translation. */
  readonly pool: IrPool
  /** What is done with the lifted IR. Default: {@link PASSES}. */
  readonly passes?: readonly Pass[]
  /** Is shown what becomes of code. */
  readonly observer?: RegionObserver
  /** What becomes of a direct call to a place of the same page. Absent: nothing is known of any. */
  readonly callee?: (page: number, place: number) => Callee | null
  /** Reads a clock, in ms, for the time of each stage. */
  readonly nowMs?: () => number
}

/** A region that is to be compiled, and the page in which it lies: calls within a page and a module are Wasm calls. */
export interface PlacedSource {
  readonly page: number
  readonly source: RegionSource
}

/** A region that is to be compiled too, or one that stands in the table already. */
export type Callee = { readonly source: RegionSource } | { readonly element: number }

export interface CompiledRegion {
  /** Budget that it needs to get to its first check. */
  readonly needed: number
  readonly instructions: number
  /** Bytes of the page that it was made of, by start and end. */
  readonly ranges: readonly (readonly [start: number, end: number])[]
}

export interface CompiledModule {
  readonly bytes: Uint8Array
  /** The sources, and callees that came along. */
  readonly sources: readonly PlacedSource[]
  /** In the order of the sources; `null` where the interpreter has to execute the first instruction. */
  readonly regions: readonly (CompiledRegion | null)[]
  readonly stageMs: Readonly<Record<Stage, number>>
}

/** Compiles regions into one module, whose functions go into the imported table from element `tableStart` on, in their order. */
export function compileRegions(
  wanted: readonly PlacedSource[],
  tableStart: number,
  options: CompileOptions,
): CompiledModule {
  const { pool, lift, nowMs = () => 0 } = options
  pool.reset()
  const times = [nowMs()]
  const found = new CalleeFinder(wanted, options)
  const { sources, blocks } = found
  times.push(nowMs())
  const raw = blocks.map((region) => liftBlocks(region, lift, pool))
  times.push(nowMs())
  const lifted = raw.map((region) => region.map((block) => runPasses(block, options)))
  times.push(nowMs())
  const plans = lifted.map((region) => (region[0]?.starts.length === 0 ? null : planRegion(region, pool)))
  times.push(nowMs())
  const { bytes, indices } = emitModule(found, plans, tableStart, options)
  times.push(nowMs())
  const stageMs = Object.fromEntries(
    STAGES.map((stage, n) => [stage, (times[n + 1] as number) - (times[n] as number)]),
  ) as Record<Stage, number>
  const regions = plans.map(describe)
  const { observer, passes = PASSES } = options
  if (observer !== undefined)
    for (const [n, { page, source }] of sources.entries()) {
      const [plan, region] = [plans[n], regions[n]]
      if (plan === null || plan === undefined || !observer.wants(page, region?.ranges ?? [])) continue
      const blocks = describeBlocks(raw[n] as LiftedBlock[], plan, passes)
      observer.show({ page, entry: source.entry, blocks, module: bytes, functionIndex: indices[n] as number })
    }
  return { bytes, sources, regions, stageMs }
}

/** What is between two passes is needed no longer behind them: two pieces take turns. */
const BETWEEN = /* @__PURE__ */ [new IrCode(), new IrCode()] as const

function runPasses(block: LiftedBlock, { passes = PASSES, pool }: CompileOptions): LiftedBlock {
  let done = block
  for (let n = 0; n < passes.length; n++) {
    const into = n === passes.length - 1 ? pool.take() : (BETWEEN[n & 1] as IrCode)
    into.clear()
    done = (passes[n] as Pass).run(done, into)
  }
  return done
}

/** Where a region begins, as one number. */
const placeOf = ({ page, source }: PlacedSource): number => page + source.entry

/** Blocks of all regions, callees included that come along: a few, so that a module stays small. */
class CalleeFinder {
  readonly sources: PlacedSource[]
  readonly blocks: Block[][] = []
  /** Elements of the table, by place, of callees that have been compiled before. */
  readonly elements = new Map<number, number>()
  readonly #options: CompileOptions
  readonly #places: Set<number>
  readonly #most: number

  constructor(wanted: readonly PlacedSource[], options: CompileOptions) {
    this.sources = [...wanted]
    this.#options = options
    this.#places = new Set(wanted.map(placeOf))
    this.#most = wanted.length * 2 + MORE_CALLEES
    for (let n = 0; n < this.sources.length; n++) {
      const { page, source } = this.sources[n] as PlacedSource
      const blocks = findBlocks(source, options.decoder)
      this.blocks.push(blocks)
      for (const { terminator } of blocks)
        if (terminator.kind === 'call' && terminator.target >= 0) this.#called(page, terminator.target)
    }
  }

  #called(page: number, target: number): void {
    if (this.#places.has(page + target)) return
    const callee = this.#options.callee?.(page, target)
    if (callee === null || callee === undefined) return
    if ('element' in callee) this.elements.set(page + target, callee.element)
    else if (this.sources.length < this.#most) {
      this.#places.add(page + target)
      this.sources.push({ page, source: callee.source })
    }
  }
}

function describe(plan: RegionPlan | null): CompiledRegion | null {
  if (plan === null) return null
  const instructions = plan.blocks.flatMap((block) => block.instructions)
  return {
    needed: plan.needed[0] as number,
    instructions: instructions.length,
    ranges: instructions.map(({ place, end }) => [place, end] as const),
  }
}

function emitModule(
  { sources, elements }: CalleeFinder,
  plans: readonly (RegionPlan | null)[],
  tableStart: number,
  { tlb, ram, state, address }: CompileOptions,
): { readonly bytes: Uint8Array; readonly indices: readonly (number | undefined)[] } {
  const module = new ModuleBuilder()
  const codes = plans.flatMap(
    (plan) => plan?.rewritten.flatMap((each) => (each === undefined ? [] : [each.code])) ?? [],
  )
  const functions = importRuntime(module, routinesCalled(codes))
  module.importTable('table', 1)
  importMemories(module, ram, state)
  const parts = {
    functions,
    slowPaths: defineSlowPaths(module, functions, address.mode),
    storeFlags: defineStoreFlags(module),
    callRegion: defineCallRegion(module),
    tlb,
    address,
  }
  const callees = new Map<number, number>()
  plans.forEach((plan, n) => {
    if (plan !== null) callees.set(placeOf(sources[n] as PlacedSource), module.declare())
  })
  const regionType = module.type(PARAMETERS, RESULTS)
  const indices: (number | undefined)[] = []
  plans.forEach((plan, n) => {
    if (plan === null) return
    const { page } = sources[n] as PlacedSource
    const index = callees.get(page + plan.entry) as number
    const callee = (place: number) => callees.get(page + place)
    const element = (place: number) => elements.get(page + place)
    const { locals, body, hints } = writeRegion(plan, { ...parts, callee, element, regionType })
    module.define(index, PARAMETERS, RESULTS, locals, body, hints)
    indices[n] = index
  })
  module.fillTable(
    tableStart,
    indices.filter((index) => index !== undefined),
  )
  return { bytes: module.toBytes(), indices }
}
