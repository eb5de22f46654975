/**
 * Runs code through regions: looks the code at RIP up by its code key, compiles where there is none, enters for at most about a
 * millisecond at a time, and leaves what regions do not hold, and the last instructions of a budget, to the interpreter tier.
 */

import { FIELD } from '@ringfold/arch'
import { HandlerStatus } from '@ringfold/translator'
import { baseModule, enclosingLoops } from '@ringfold/translator/codegen'
import { type SpikeMachine, TLB_ARRAYS } from './machine.ts'
import { successors } from './region/blocks.ts'
import { type Compiled, compileRegions, exportName } from './region/compile.ts'
import type { ExitSite } from './region/effects.ts'
import { IrPool, type RegionPlan } from './region/plan.ts'

const PAGE_BYTES = 4096
/** Instructions of one entry: there is no on-stack replacement, so that better code begins with the next one. */
const SLICE = 1 << 20

/** What the code at an address depends on besides its bytes: the bits of DESIGN's code key that this machine can vary. */
export interface CodeKey {
  readonly hostOffset: number
  /** CS.L, CS.D, SS.B, flatness, privilege class, SMAP with AC, MXCSR class, root mode: constant here, and so one number. */
  readonly mode: number
}

/** Code for a key. */
interface Entry {
  readonly enter: () => number
  readonly exits: readonly ExitSite[]
}

/** Places that indirect jumps were seen to go to: by the address of the jump. */
export type Profile = ReadonlyMap<number, ReadonlySet<number>>

export interface RegionEngineOptions {
  readonly machine: SpikeMachine
  readonly profile: Profile
  /** Addresses of functions of one page, to be compiled into one module beforehand. */
  readonly functions?: readonly number[]
}

export class RegionEngine {
  readonly #machine: SpikeMachine
  readonly #profile: Profile
  readonly #imports: Record<string, unknown>
  readonly #entries = new Map<number, Entry>()
  readonly #plans: { readonly page: number; readonly plan: RegionPlan }[] = []
  readonly #view: DataView
  readonly #pool = new IrPool()
  /** Regions that were compiled because execution came back to a place within another one. */
  extraRegions = 0

  constructor({ machine, profile, functions = [] }: RegionEngineOptions) {
    this.#machine = machine
    this.#profile = profile
    this.#view = new DataView(machine.memory1.buffer)
    const { ram, state } = { ram: machine.memory.wasm, state: machine.memory1 }
    const host = { ...machine.host }
    this.#imports = { ...host, ...baseModule(ram, state), ram, state }
    const keys = functions.map((address) => this.#key(address))
    if (keys.length > 0) this.#compile(keys, new Set())
  }

  #key(address: number): CodeKey {
    return { hostOffset: this.#machine.fetch(address, 0), mode: 0 }
  }

  /** Compiles regions of one page, all into one module. */
  #compile(keys: readonly CodeKey[], stops: ReadonlySet<number>): void {
    const page = (keys[0]?.hostOffset ?? 0) & -PAGE_BYTES
    const places = keys.map(({ hostOffset }) => hostOffset - page)
    const { bytes, plans, exits } = this.translate(page, places, stops)
    const exports = this.instantiate(bytes)
    for (const plan of plans) {
      this.#plans.push({ page, plan })
      // Where a region cannot begin, the interpreter executes an instruction.
      const isEmpty = plan.blocks[0]?.instructions.length === 0
      const enter = isEmpty ? () => this.#interpret() : (exports[exportName(plan.entry)] as () => number)
      this.#entries.set(page + plan.entry, { enter, exits })
    }
  }

  /** Regions of a page as a module. */
  translate(page: number, places: readonly number[], stops: ReadonlySet<number>, nowMs?: () => number): Compiled {
    const { memory, memory1 } = this.#machine
    const bytes = memory.bytes.subarray(page, page + PAGE_BYTES)
    const observed = (place: number) => [...(this.#profile.get(page + place) ?? [])].map((address) => address - page)
    return compileRegions({
      sources: places.map((entry) => ({ bytes, entry, stops, observedTargets: observed })),
      tlb: TLB_ARRAYS,
      pool: this.#pool,
      ram: memory.wasm,
      state: memory1,
      ...(nowMs === undefined ? {} : { nowMs }),
    })
  }

  /** Exports of a module on this machine. */
  instantiate(wasm: Uint8Array): Readonly<Record<string, unknown>> {
    return new WebAssembly.Instance(new WebAssembly.Module(wasm), { e: this.#imports }).exports
  }

  /** The entry for the code at RIP; compiled where execution came back to a place that has none. */
  #entry(): Entry | undefined {
    const { state } = this.#machine
    if (this.#machine.isStopped) return undefined
    const key = this.#key(state.lo(FIELD.rip))
    const known = this.#entries.get(key.hostOffset)
    if (known !== undefined) return known
    this.extraRegions++
    this.#compile([key], this.#loopsAround(key))
    return this.#entries.get(key.hostOffset)
  }

  /** Headers of the loops around a place: a region that begins there ends at them, so that execution climbs back. */
  #loopsAround({ hostOffset }: CodeKey): ReadonlySet<number> {
    for (const { page, plan } of this.#plans) {
      const n = plan.blocks.findIndex(({ start }) => page + start === hostOffset)
      if (n < 0) continue
      const headers = enclosingLoops(plan.shape, plan.blocks.map(successors), n)
      return new Set(headers.map((header) => (plan.blocks[header] as { start: number }).start))
    }
    return new Set()
  }

  /** Runs until the function has returned, a fault is pending, or for a number of instructions. @returns those that have retired. */
  run(budget: number): number {
    let left = budget
    while (left > 0 && !this.#machine.isStopped) {
      const slice = Math.min(left, SLICE)
      const isLast = slice === left
      const { status, retired } = this.#enter(slice)
      left -= retired
      if (status === HandlerStatus.fault) break
      // The end of a slice is no event: the next one goes on at the check at which this one stopped. The end of the budget is
      // exact, and the interpreter executes what lies before the next check.
      if (isLast && left > 0 && status === HandlerStatus.budget) left -= this.#machine.interpreter.run(left).retired
    }
    return budget - left
  }

  /** Enters regions, one after the other, until the budget is too small for the next check or something has to be looked after. */
  #enter(budget: number): { readonly status: number; readonly retired: number } {
    this.#view.setInt32(FIELD.budget.offset, budget, true)
    let status = 0
    while (status === 0 && this.#view.getInt32(FIELD.budget.offset, true) > 0) {
      const entry = this.#entry()
      if (entry === undefined) break
      const site = entry.enter()
      if (site !== 0) status = this.#leaveAt(entry.exits[site - 1] as ExitSite)
    }
    return { status, retired: budget - this.#view.getInt32(FIELD.budget.offset, true) }
  }

  /** One instruction by the lower tier. */
  #interpret(): number {
    const { state, interpreter } = this.#machine
    const budget = state.lo(FIELD.budget)
    const { status, retired } = interpreter.run(Math.min(1, budget))
    state.setLo(FIELD.budget, budget - retired)
    if (status === HandlerStatus.slow) throw new Error('nobody here executes this instruction')
    return 0
  }

  /** Makes RIP and budget what they are at an exit site. */
  #leaveAt({ status, distance, unretired }: ExitSite): number {
    const { state } = this.#machine
    const lo = state.lo(FIELD.rip) + distance
    const carry = lo > 0xffffffff ? 1 : lo < 0 ? -1 : 0
    state.set(FIELD.rip, lo, state.hi(FIELD.rip) + carry)
    state.setLo(FIELD.budget, state.lo(FIELD.budget) + unretired)
    return status
  }
}
