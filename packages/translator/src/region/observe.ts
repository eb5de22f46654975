/** What becomes of a piece of guest code, stage by stage, for people who look. */
import type { Instruction } from '@ringfold/isa/decoder'
import { IrCode, printIr } from '@ringfold/semantics'
import type { Pass } from './passes/pass.ts'
import type { RegionPlan } from './plan.ts'
import type { LiftedBlock } from './rewrite.ts'

/** Told of regions as they are compiled. */
export interface RegionObserver {
  /** Whether it is to be shown a region of these bytes (start and end, offsets in a page) of the page at this offset in the host's RAM. */
  wants(page: number, ranges: readonly (readonly [start: number, end: number])[]): boolean
  show(region: RegionText): void
}

export interface RegionText {
  /** Offset of the page in the host's RAM, and of the entry in the page. */
  readonly page: number
  readonly entry: number
  readonly blocks: readonly BlockText[]
  /** The Wasm module that was made, and the region's function in it. */
  readonly module: Uint8Array
  readonly functionIndex: number
}

export interface BlockText {
  readonly instructions: readonly { readonly place: number; readonly decoded: Instruction }[]
  /** How it ends: `next`, `branch`, `call`, `switch`, `dynamic` or `exit`. */
  readonly end: string
  /** The IR as lifted (`lift`), behind each pass, by its name, and over the locals of the region (`locals`), with the flags followed. */
  readonly stages: readonly { readonly name: string; readonly ir: string }[]
}

/** The blocks of a region as text, in the order of their numbers; those that nothing leads to are left out. */
export function describeBlocks(raw: readonly LiftedBlock[], plan: RegionPlan, passes: readonly Pass[]): BlockText[] {
  return raw.flatMap((lifted, n) => {
    const rewritten = plan.rewritten[n]
    if (rewritten === undefined) return []
    const stages = [{ name: 'lift', ir: printIr(lifted.code) }]
    let done = lifted
    for (const pass of passes) {
      done = pass.run(done, new IrCode())
      stages.push({ name: pass.name, ir: printIr(done.code) })
    }
    stages.push({ name: 'locals', ir: printIr(rewritten.code) })
    const { instructions, terminator } = lifted.block
    return [{ instructions, end: terminator.kind, stages }]
  })
}
