import { ACTIVITY_STATE, type CpuState, FIELD } from '@ringfold/arch'
import type { WalkExplanation } from '@ringfold/mmu'
import { is64Bit } from '@ringfold/rings'
import type { MemoryAccess, Unsubscribe } from '../hooks.ts'
import type { Processor } from '../processor.ts'
import { DebugPoints } from './debug-points.ts'
import { LinearView } from './linear-view.ts'
import type { DebugPoint, DebugStop, DebugTarget, ThreadAction } from './target.ts'

export interface ProcessorTargetOptions {
  /** Nothing outside the processors runs, which could wake them: then it is a stop when all of them wait. */
  readonly isClosed?: boolean
  /** Instructions of one processor before the next has its turn. */
  readonly turnInstructions?: number
  /** Called before a processor has its turn. */
  readonly onTurn?: (thread: number) => void
  /** What a reset is, beyond that of the processors. */
  readonly onReset?: () => void
}

const TURN_INSTRUCTIONS = 1000

/**
 * Processors on one memory, as a debugger's threads. They take turns, in their order. While a breakpoint or watchpoint is set,
 * they go instruction by instruction; without any they run as fast as ever.
 */
export class ProcessorTarget implements DebugTarget {
  readonly #processors: readonly Processor[]
  readonly #options: ProcessorTargetOptions
  readonly #points = new DebugPoints()
  readonly #views: readonly LinearView[]
  /** Ends the hooks that are set. */
  #hooks: Unsubscribe[] = []
  #caught: ReadonlySet<number> = new Set()
  /** What a hook has found in the present turn. */
  #found: DebugStop | null = null
  /** The processor of the present turn, and what it does. */
  #turn = 0
  #action: ThreadAction = 'stop'
  /** Whose turn it is next. */
  #next = 0
  /** Processors that were reported to stand at a breakpoint, which lets them go. */
  readonly #standing = new Set<number>()

  constructor(processors: readonly Processor[], options: ProcessorTargetOptions = {}) {
    this.#processors = processors
    this.#options = options
    this.#views = processors.map(({ state, memory, mmu }) => new LinearView(state, memory, mmu.paging.capabilities))
  }

  get threads(): number {
    return this.#processors.length
  }

  #processor(thread: number): Processor {
    return this.#processors[thread] as Processor
  }

  #view(thread: number): LinearView {
    return this.#views[thread] as LinearView
  }

  state(thread: number): CpuState {
    const processor = this.#processor(thread)
    processor.settle()
    return processor.state
  }

  stateWritten(thread: number): void {
    this.#standing.delete(thread)
    this.#processor(thread).stateWritten()
  }

  readMemory(thread: number, address: bigint, lengthBytes: number): Uint8Array {
    return this.#view(thread).read(address, lengthBytes)
  }

  writeMemory(thread: number, address: bigint, bytes: Uint8Array): boolean {
    return this.#view(thread).write(address, bytes)
  }

  walk(thread: number, address: bigint): WalkExplanation | undefined {
    return this.#view(thread).walk(address)
  }

  insert(point: DebugPoint): boolean {
    this.#points.insert(point)
    return true
  }

  remove(point: DebugPoint): boolean {
    return this.#points.remove(point)
  }

  catchExceptions(vectors: ReadonlySet<number>): void {
    this.#caught = vectors
  }

  reset(): void {
    this.#standing.clear()
    for (const processor of this.#processors) processor.reset()
    this.#options.onReset?.()
  }

  resume(actions: readonly ThreadAction[], budget: number): DebugStop {
    this.#setHooks(actions.includes('step'))
    const stop = actions.includes('step') ? this.#stepRound(actions) : this.#rounds(actions, budget)
    for (const end of this.#hooks.splice(0)) end()
    return stop
  }

  /** One instruction each: those that only continue go first, so that stepping one lets the others come on, too. */
  #stepRound(actions: readonly ThreadAction[]): DebugStop {
    const order = actions.map((_, thread) => thread).filter((thread) => actions[thread] !== 'stop')
    order.sort((x, y) => Number(actions[x] === 'step') - Number(actions[y] === 'step'))
    for (const thread of order) {
      const stop = this.#run(thread, actions[thread] as ThreadAction, 1)
      if (stop !== null && stop.kind !== 'idle') return stop
      // A processor that waits has nothing to step: it is there already.
      if (actions[thread] === 'step') return { kind: 'stepped', thread }
    }
    return { kind: 'budget' }
  }

  #rounds(actions: readonly ThreadAction[], budget: number): DebugStop {
    const turn = this.#options.turnInstructions ?? TURN_INSTRUCTIONS
    let left = budget
    for (let idle = 0; left > 0; ) {
      const thread = this.#next % this.threads
      this.#next = thread + 1
      const count = Math.min(turn, left)
      const stop = actions[thread] === 'continue' ? this.#run(thread, 'continue', count) : IDLE
      if (stop !== null && stop.kind !== 'idle') return stop
      idle = stop === null ? 0 : idle + 1
      if (stop === null) left -= count
      else if (idle === this.threads) {
        return this.#options.isClosed ? { kind: 'halted', thread: Math.max(0, actions.indexOf('continue')) } : IDLE
      }
    }
    return { kind: 'budget' }
  }

  /** A turn of one processor. @returns null if it was used up and nothing happened */
  #run(thread: number, action: ThreadAction, instructions: number): DebugStop | null {
    this.#found = null
    this.#turn = thread
    this.#action = action
    this.#options.onTurn?.(thread)
    if (!this.#points.hasBreakpoints) return this.#execute(thread, instructions)
    // Instruction by instruction: asking between calls of the engine is faster than a hook, which the evaluator has to serve.
    for (let n = 0; n < instructions; n++) {
      const idle = this.#wake(thread)
      if (idle !== null) return idle
      const point = this.#standing.delete(thread) ? undefined : this.#breakpointAt(thread)
      if (point !== undefined) {
        this.#standing.add(thread)
        return { kind: 'breakpoint', thread, hardware: point.kind === 'hardware' }
      }
      const stop = this.#execute(thread, 1)
      if (stop !== null) return stop
    }
    return null
  }

  /** What ends a wait is delivered before anything is executed, so that the first instruction behind it can be a breakpoint. */
  #wake(thread: number): DebugStop | null {
    const { state } = this.#processor(thread)
    if (state.lo(FIELD.activityState) === ACTIVITY_STATE.ACTIVE) return null
    const stop = this.#execute(thread, 0)
    return stop === null && state.lo(FIELD.activityState) !== ACTIVITY_STATE.ACTIVE ? IDLE : stop
  }

  #execute(thread: number, instructions: number): DebugStop | null {
    const { reason, retired } = this.#processor(thread).run(instructions)
    if (this.#found !== null) return this.#found
    if (reason === 'shutdown') return { kind: 'shutdown', thread }
    if (this.#action === 'step' && retired > 0) return { kind: 'stepped', thread }
    return reason === 'halted' && retired === 0 ? IDLE : null
  }

  #breakpointAt(thread: number): DebugPoint | undefined {
    const { state } = this.#processor(thread)
    const wide = is64Bit(state)
    const lo = wide ? state.lo(FIELD.rip) : (state.lo(FIELD.rip) + state.lo(FIELD.csBase)) >>> 0
    return this.#points.breakpointAt(lo, wide ? state.hi(FIELD.rip) : 0)
  }

  #find(stop: DebugStop, processor: Processor): void {
    this.#found ??= stop
    processor.stop()
  }

  #setHooks(stepping: boolean): void {
    for (const { hooks } of this.#processors) {
      if (this.#points.hasWatchpoints)
        this.#hooks.push(hooks.onMemory((access, processor) => this.#afterAccess(access, processor)))
      if (stepping || this.#caught.size > 0 || this.#points.hasBreakpoints)
        this.#hooks.push(hooks.onException(({ vector }, processor) => this.#beforeException(vector, processor)))
    }
  }

  #afterAccess(access: MemoryAccess, processor: Processor): void {
    const met = this.#points.watchpointFor(access)
    if (met === undefined) return
    const { kind, address } = met
    this.#find({ kind: 'watchpoint', thread: this.#turn, access: kind, address }, processor)
  }

  /** A step ends at the handler's first instruction, and so does a run that an exception is to stop; a breakpoint may be there. */
  #beforeException(vector: number, processor: Processor): void {
    const thread = this.#turn
    if (this.#caught.has(vector)) this.#find({ kind: 'exception', thread, vector }, processor)
    else if (this.#action === 'step') this.#find({ kind: 'stepped', thread }, processor)
    else if (this.#points.hasBreakpoints) processor.stop()
  }
}

const IDLE: DebugStop = /* @__PURE__ */ Object.freeze({ kind: 'idle' })
