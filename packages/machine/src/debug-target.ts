/** A machine as a debugger sees it: processors are its threads, and between their turns devices do what they do. */
import { type DebugStop, type DebugTarget, ProcessorTarget, type ThreadAction } from '@ringfold/cpu'
import type { Board } from './board/board.ts'
import type { RunLoop } from './run-loop.ts'

/** Instructions between two looks at timers and inputs. */
const MOST_INSTRUCTIONS = 5000

/** `atBoundary` does what the machine has to do between instructions, and says whether it has ended. */
export function machineTarget(board: Board, loop: RunLoop, atBoundary: () => boolean): DebugTarget {
  const { group } = board
  const processors = new ProcessorTarget(group.processors, {
    // What a processor reaches, its local APIC among it, depends on whose turn it is.
    onTurn: (processor) => {
      group.turn = { processor, left: group.turn.left }
    },
    onReset: () => board.reset(),
  })
  return new MachineTarget(board, loop, processors, atBoundary)
}

class MachineTarget implements DebugTarget {
  readonly threads: number
  readonly #board: Board
  readonly #loop: RunLoop
  readonly #inner: ProcessorTarget
  readonly #atBoundary: () => boolean

  constructor(board: Board, loop: RunLoop, inner: ProcessorTarget, atBoundary: () => boolean) {
    this.threads = inner.threads
    this.#board = board
    this.#loop = loop
    this.#inner = inner
    this.#atBoundary = atBoundary
  }

  resume(actions: readonly ThreadAction[], budget: number): DebugStop {
    for (let left = budget; left > 0; ) {
      this.#loop.clearInterrupt()
      let found = { kind: 'budget' } as DebugStop
      const done = this.#loop.turn(Math.min(left, MOST_INSTRUCTIONS), (instructions) => {
        const before = this.#board.retired
        found = this.#inner.resume(actions, instructions)
        const retired = this.#board.retired - before
        return { reason: found.kind === 'idle' ? 'halted' : 'budget', processor: 0, retired }
      })
      if (this.#atBoundary()) return { kind: 'shutdown', thread: 0 }
      if (found.kind !== 'budget' && found.kind !== 'idle') return found
      if (done === 'wait') return { kind: 'idle' }
      // Time passes for who waits, too.
      left -= Math.max(1, done)
    }
    return { kind: 'budget' }
  }

  state(thread: number): ReturnType<ProcessorTarget['state']> {
    return this.#inner.state(thread)
  }

  stateWritten(thread: number): void {
    this.#inner.stateWritten(thread)
  }

  readMemory(thread: number, address: bigint, lengthBytes: number): Uint8Array {
    return this.#inner.readMemory(thread, address, lengthBytes)
  }

  writeMemory(thread: number, address: bigint, bytes: Uint8Array): boolean {
    return this.#inner.writeMemory(thread, address, bytes)
  }

  walk(thread: number, address: bigint): ReturnType<ProcessorTarget['walk']> {
    return this.#inner.walk(thread, address)
  }

  insert(point: Parameters<ProcessorTarget['insert']>[0]): boolean {
    return this.#inner.insert(point)
  }

  remove(point: Parameters<ProcessorTarget['remove']>[0]): boolean {
    return this.#inner.remove(point)
  }

  catchExceptions(vectors: ReadonlySet<number>): void {
    this.#inner.catchExceptions(vectors)
  }

  reset(): void {
    this.#inner.reset()
  }
}
