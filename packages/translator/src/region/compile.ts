/** Regions of one code mode to the bytes of a Wasm module, with the time of each stage. */
import type { WasmMemory } from '@ringfold/contracts'
import type { Decoder } from '@ringfold/isa/decoder'
import type { LiftOptions } from '@ringfold/semantics'
import type { AddressMode } from '../emit/guest-effects.ts'
import { importMemories, importRuntime, routinesCalled } from '../interpreter/base-module.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { findBlocks, type RegionSource } from './blocks.ts'
import { defineCallRegion } from './call-region.ts'
import type { TlbArrays } from './effects.ts'
import { PARAMETERS, RESULTS } from './locals.ts'
import { type IrPool, liftBlocks, planRegion, type RegionPlan } from './plan.ts'
import { defineSlowPaths } from './slow-paths.ts'
import { defineStoreFlags } from './store-flags.ts'
import { writeRegion } from './writer.ts'

export const STAGES = ['find', 'lift', 'plan', 'write'] as const
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
  /** Reads a clock, in ms, for the time of each stage. */
  readonly nowMs?: () => number
}

/** A region that is to be compiled, and the page in which it lies: calls within a page and a module are Wasm calls. */
export interface PlacedSource {
  readonly page: number
  readonly source: RegionSource
}

export interface CompiledRegion {
  /** Budget that it needs to get to its first check. */
  readonly needed: number
  readonly instructions: number
  /** Bytes of the page that it was made of, by start and end. */
  readonly ranges: readonly (readonly [start: number, end: number])[]
}

export interface CompiledModule {
  readonly bytes: Uint8Array
  /** In the order of the sources; `null` where the interpreter has to execute the first instruction. */
  readonly regions: readonly (CompiledRegion | null)[]
  readonly stageMs: Readonly<Record<Stage, number>>
}

/** Compiles regions into one module, whose functions go into the imported table from element `tableStart` on, in their order. */
export function compileRegions(
  sources: readonly PlacedSource[],
  tableStart: number,
  options: CompileOptions,
): CompiledModule {
  const { pool, decoder, lift, address, nowMs = () => 0 } = options
  pool.reset()
  const times = [nowMs()]
  const blocks = sources.map(({ source }) => findBlocks(source, decoder))
  times.push(nowMs())
  const lifted = blocks.map((region) => liftBlocks(region, address.mode, lift, pool))
  times.push(nowMs())
  const plans = lifted.map((region) => (region[0]?.starts.length === 0 ? null : planRegion(region, pool)))
  times.push(nowMs())
  const bytes = emitModule(sources, plans, tableStart, options)
  times.push(nowMs())
  const stageMs = Object.fromEntries(
    STAGES.map((stage, n) => [stage, (times[n + 1] as number) - (times[n] as number)]),
  ) as Record<Stage, number>
  return { bytes, regions: plans.map(describe), stageMs }
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
  sources: readonly PlacedSource[],
  plans: readonly (RegionPlan | null)[],
  tableStart: number,
  { tlb, ram, state, address }: CompileOptions,
): Uint8Array {
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
  const key = (page: number, place: number) => page + place
  const callees = new Map<number, number>()
  plans.forEach((plan, n) => {
    if (plan !== null) callees.set(key((sources[n] as PlacedSource).page, plan.entry), module.declare())
  })
  const indices: number[] = []
  plans.forEach((plan, n) => {
    if (plan === null) return
    const { page } = sources[n] as PlacedSource
    const index = callees.get(key(page, plan.entry)) as number
    const callee = (place: number) => callees.get(key(page, place))
    const { locals, body, hints } = writeRegion(plan, { ...parts, callee })
    module.define(index, PARAMETERS, RESULTS, locals, body, hints)
    indices.push(index)
  })
  module.fillTable(tableStart, indices)
  return module.toBytes()
}
