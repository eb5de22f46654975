/** Regions of one page to a Wasm module, with the time of each stage. */

import { FIELD } from '@ringfold/arch'
import type { WasmMemory } from '@ringfold/contracts'
import { Decoder } from '@ringfold/isa/decoder'
import { SCRATCH } from '@ringfold/translator'
import {
  ByteWriter,
  IrEmitter,
  importMemories,
  importRuntime,
  LocalPool,
  ModuleBuilder,
  Wasm,
  WasmType,
} from '@ringfold/translator/codegen'
import { findBlocks, type RegionSource } from './blocks.ts'
import type { ExitSite, TlbArrays } from './effects.ts'
import { PARAMETERS } from './locals.ts'
import { type IrPool, liftBlocks, planRegion, type RegionPlan } from './plan.ts'
import { defineSlowPaths } from './slow-paths.ts'
import { defineStoreFlags } from './store-flags.ts'
import { writeRegion } from './writer.ts'

/** Calls that may nest in Wasm before one goes back to the engine. */
const MAX_DEPTH = 256

export const STAGES = ['decode', 'lift', 'passes', 'emit'] as const
export type Stage = (typeof STAGES)[number]

export interface CompileOptions {
  readonly sources: readonly RegionSource[]
  readonly tlb: TlbArrays
  readonly ram: WasmMemory
  readonly state: WasmMemory
  /** For the IR, which is gone with the next translation. */
  readonly pool: IrPool
  /** Reads a clock, in ms, for the time of each stage. */
  readonly nowMs?: () => number
}

export interface Compiled {
  readonly bytes: Uint8Array
  readonly plans: readonly RegionPlan[]
  readonly exits: readonly ExitSite[]
  readonly instructions: number
  /** Bytes of x86 code. */
  readonly codeBytes: number
  readonly stageMs: Readonly<Record<Stage, number>>
}

/** Name under which the module exports the entry of a region. */
export const exportName = (place: number): string => `region${place.toString(16)}`

/** Compiles regions into the bytes of one module; calls between them are Wasm calls. */
export function compileRegions(options: CompileOptions): Compiled {
  const { pool, nowMs = () => 0 } = options
  pool.reset()
  const times = [nowMs()]
  const decoder = new Decoder(64)
  const blocks = options.sources.map((source) => findBlocks(source, decoder))
  times.push(nowMs())
  const lifted = blocks.map((region) => liftBlocks(region, pool))
  times.push(nowMs())
  const plans = lifted.map((region) => planRegion(region, pool))
  times.push(nowMs())
  const exits: ExitSite[] = []
  const bytes = emitModule(plans, options, exits)
  times.push(nowMs())
  const stageMs = Object.fromEntries(
    STAGES.map((stage, n) => [stage, (times[n + 1] as number) - (times[n] as number)]),
  ) as Record<Stage, number>
  const instructions = blocks.flat().flatMap((block) => block.instructions)
  const codeBytes = instructions.reduce((sum, { place, end }) => sum + end - place, 0)
  return { bytes, plans, exits, instructions: instructions.length, codeBytes, stageMs }
}

function emitModule(plans: readonly RegionPlan[], { tlb, ram, state }: CompileOptions, exits: ExitSite[]): Uint8Array {
  const module = new ModuleBuilder()
  // Regions hold no instruction that calls a routine, and call those of flags seldom enough for an import.
  const functions = importRuntime(module, [])
  importMemories(module, ram, state)
  const slowPaths = defineSlowPaths(module, functions)
  const storeFlags = defineStoreFlags(module)
  const callees = new Map(plans.map(({ entry }) => [entry, module.declare()]))
  const { i32, i64 } = WasmType
  for (const plan of plans) {
    const index = callees.get(plan.entry) as number
    const { locals, body, hints } = writeRegion(plan, {
      functions,
      slowPaths,
      storeFlags,
      tlb,
      exits,
      callee: (place) => callees.get(place),
    })
    module.define(index, PARAMETERS, [i64, i32], locals, body, hints)
    module.export(exportName(plan.entry), defineEntry(module, index))
  }
  return module.toBytes()
}

/** Defines () -> number of an exit site: runs a region from RIP and budget of the state. 0: on at RIP, which is up to date. */
function defineEntry(module: ModuleBuilder, region: number): number {
  const index = module.declare()
  const out = new ByteWriter(64)
  const [rip, budget] = [0, 1]
  const e = new IrEmitter(out, new LocalPool(0), { effect: () => undefined })
  e.i32(0)
  e.i32(0)
  e.memory(Wasm.i64Load, 1, FIELD.rip.offset, 3)
  e.i32(0)
  e.memory(Wasm.i32Load, 1, FIELD.budget.offset, 2)
  e.i32(MAX_DEPTH)
  e.call(region)
  e.set(budget)
  e.set(rip)
  e.get(rip)
  e.memory(Wasm.i64Store, 1, FIELD.rip.offset, 3)
  e.i32(0)
  e.get(budget)
  e.get(budget)
  e.i32(31)
  e.op(Wasm.i32ShrS, Wasm.i32Xor)
  e.memory(Wasm.i32Store, 1, FIELD.budget.offset, 2)
  e.get(budget)
  e.i32(0)
  e.op(Wasm.i32LtS, Wasm.if, WasmType.i32)
  e.i32(0)
  e.memory(Wasm.i32Load, 1, SCRATCH.leave, 2)
  e.op(Wasm.else)
  e.i32(0)
  e.op(Wasm.end)
  module.define(index, [], [WasmType.i32], [WasmType.i64, WasmType.i32], out.toBytes())
  return index
}
