/** Several processors on one memory, in one thread: in turn, a slice each, so that a run repeats to the bit. */
import type { EngineExitReason, PageNumber } from '@ringfold/contracts'
import { cpuModel, withTopology } from '@ringfold/rings'
import { CpuError } from './errors.ts'
import { Processor, type ProcessorOptions } from './processor.ts'

/** Instructions of a turn: short enough that a processor that spins for another does not wait long. */
const DEFAULT_SLICE = 1000

export interface ProcessorGroupOptions extends Omit<ProcessorOptions, 'bootstrap' | 'interrupts' | 'msrs'> {
  /** How many: the first one is the bootstrap processor, the others wait for a start-up IPI. */
  readonly count: number
  /** Instructions of a turn. */
  readonly slice?: number
  /** What only one of them has: its interrupt source, its registers of other parts. */
  readonly own?: (index: number) => Pick<ProcessorOptions, 'interrupts' | 'msrs'>
}

export interface GroupExit {
  /** `halted`: all wait. `shutdown` and `interrupted`: one did, `processor` says which. */
  readonly reason: EngineExitReason
  readonly processor: number
  /** Instructions that all of them retired together. */
  readonly retired: number
}

export class ProcessorGroup {
  readonly processors: readonly Processor[]
  readonly #slice: number
  /** Whose turn it is, and what is left of it. */
  #turn = 0
  #left: number

  /** Throws `CpuError` `cpu.count`, and what `Processor` throws. */
  constructor({ count, slice = DEFAULT_SLICE, own, ...options }: ProcessorGroupOptions) {
    if (!(Number.isInteger(count) && count >= 1 && count <= 255))
      throw new CpuError('cpu.count', `there are no ${count} processors`, 'give 1 to 255')
    if (!(Number.isInteger(slice) && slice >= 1))
      throw new CpuError('cpu.count', `there is no turn of ${slice} instructions`, 'give 1 or more')
    const model = options.model ?? cpuModel()
    this.processors = Array.from({ length: count }, (_, index) => {
      const part = { model: withTopology(model, index, count), bootstrap: index === 0 }
      return new Processor({ ...options, ...part, ...own?.(index) })
    })
    this.#slice = slice
    this.#left = slice
  }

  /** The processor whose turn it is: during a run, the one that executes. */
  get current(): number {
    return this.#turn
  }

  /** Whose turn it is, and what is left of it: the processors' own states are saved apart. */
  get turn(): { readonly processor: number; readonly left: number } {
    return { processor: this.#turn, left: this.#left }
  }

  /** Puts a turn back. Throws `CpuError` `cpu.count` for a processor that is not there. */
  set turn({ processor, left }: { readonly processor: number; readonly left: number }) {
    if (this.processors[processor] === undefined || !(left >= 1))
      throw new CpuError('cpu.count', `there is no turn of ${left} of processor ${processor}`, 'give what `turn` gave')
    this.#turn = processor
    this.#left = left
  }

  /** Lets `run` return at the next boundary, with `interrupted`. */
  stop(): void {
    this.processors[this.#turn]?.stop()
  }

  /** Retires at most `instructions`, counted over all processors. A processor that waits gives its turn away. */
  run(instructions: number): GroupExit {
    // One processor has nobody to give its turn to.
    if (this.processors.length === 1) return { ...(this.processors[0] as Processor).run(instructions), processor: 0 }
    let left = instructions
    let idle = 0
    while (left > 0) {
      const index = this.#turn
      const { reason, retired } = (this.processors[index] as Processor).run(Math.min(left, this.#left))
      left -= retired
      this.#left -= retired
      if (reason === 'shutdown' || reason === 'interrupted')
        return { reason, processor: index, retired: instructions - left }
      idle = reason === 'halted' && retired === 0 ? idle + 1 : 0
      if (reason === 'halted' || this.#left === 0) this.#pass()
      if (idle === this.processors.length) return { reason: 'halted', processor: index, retired: instructions - left }
    }
    return { reason: 'budget', processor: this.#turn, retired: instructions }
  }

  #pass(): void {
    this.#turn = (this.#turn + 1) % this.processors.length
    this.#left = this.#slice
  }

  /** Forgets predecoded code of these physical pages on all processors; without arguments, all. */
  invalidateCode(firstPage?: PageNumber, pages?: number): void {
    for (const processor of this.processors) processor.invalidateCode(firstPage, pages)
  }

  dispose(): void {
    for (const processor of this.processors) processor.dispose()
  }
}
