import { type CpuState, createState, FIELD } from '@ringfold/arch'
import { PhysicalMemory } from '@ringfold/memory'
import { cpuModel } from '@ringfold/rings'
import { LinearView } from '../src/debug/linear-view.ts'
import type { DebugPoint, DebugStop, DebugTarget, ThreadAction } from '../src/debug/target.ts'
import { resetState } from '../src/reset.ts'

/**
 * A machine that executes nothing: its stops are what a test says, and a step moves RIP by one byte. States and memory are real.
 */
export class ScriptedTarget implements DebugTarget {
  readonly memory = new PhysicalMemory({ ramBytes: 1 << 20 })
  readonly states: readonly CpuState[]
  readonly points: DebugPoint[] = []
  /** What `resume` was asked for. */
  readonly resumed: (readonly ThreadAction[])[] = []
  /** What it answers next; without any, steps are done and runs go on. */
  readonly stops: DebugStop[] = []
  readonly written: number[] = []
  caught: ReadonlySet<number> = new Set()
  resets = 0

  constructor(threads = 1) {
    const model = cpuModel('x86-64-v2')
    this.states = Array.from({ length: threads }, (_, n) => {
      const state = createState()
      resetState(state, model, n === 0)
      return state
    })
  }

  get threads(): number {
    return this.states.length
  }

  state(thread: number): CpuState {
    return this.states[thread] as CpuState
  }

  stateWritten(thread: number): void {
    this.written.push(thread)
  }

  #view(thread: number): LinearView {
    return new LinearView(this.state(thread), this.memory)
  }

  readMemory(thread: number, address: bigint, lengthBytes: number): Uint8Array {
    return this.#view(thread).read(address, lengthBytes)
  }

  writeMemory(thread: number, address: bigint, bytes: Uint8Array): boolean {
    return this.#view(thread).write(address, bytes)
  }

  walk(thread: number, address: bigint) {
    return this.#view(thread).walk(address)
  }

  insert(point: DebugPoint): boolean {
    this.points.push(point)
    return true
  }

  remove({ kind, address }: DebugPoint): boolean {
    const at = this.points.findIndex((point) => point.kind === kind && point.address === address)
    if (at >= 0) this.points.splice(at, 1)
    return at >= 0
  }

  resume(actions: readonly ThreadAction[], _budget: number): DebugStop {
    this.resumed.push(actions)
    const scripted = this.stops.shift()
    if (scripted !== undefined) return scripted
    const thread = actions.indexOf('step')
    if (thread < 0) return { kind: 'budget' }
    const state = this.state(thread)
    state.setLo(FIELD.rip, state.lo(FIELD.rip) + 1)
    return { kind: 'stepped', thread }
  }

  catchExceptions(vectors: ReadonlySet<number>): void {
    this.caught = vectors
  }

  reset(): void {
    this.resets++
  }
}
