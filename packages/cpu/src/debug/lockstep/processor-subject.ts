import {
  ARCHITECTURAL_ROWS,
  type CpuSnapshot,
  elementName,
  FIELD,
  restoreState,
  type StateField,
  saveState,
} from '@ringfold/arch'
import type { Processor } from '../../processor.ts'
import { codeBitsOf, MOST_INSTRUCTION_BYTES } from '../code-at.ts'
import { LinearView } from '../linear-view.ts'
import { programCounter } from '../registers/general.ts'
import type { DebugRegister, RegisterAccess } from '../registers/register.ts'
import { RegisterTable } from '../registers/table.ts'
import { MemoryDigest } from './memory-digest.ts'
import type { Advance, LockstepSubject, NextInstruction, Observation } from './subject.ts'

export interface ProcessorSubjectOptions {
  readonly name?: string
  /**
   * `state`: all fields of the processor's state, to compare engines. `debugger`: the registers that debuggers see, under their
   * names, to compare with a machine behind a stub. `rip` is the offset in CS.
   */
  readonly view?: 'state' | 'debugger'
  /** Whether RAM counts, as a field `memory`: a digest, kept up by the memory's dirty log. */
  readonly withMemory?: boolean
}

/** A processor with its memory, alone: devices are not put back to a checkpoint. */
export class ProcessorSubject implements LockstepSubject {
  readonly name: string
  readonly #processor: Processor
  readonly #memory: LinearView
  readonly #view: 'state' | 'debugger'
  readonly #registers: readonly DebugRegister[]
  readonly #digest: MemoryDigest | null

  constructor(processor: Processor, options: ProcessorSubjectOptions = {}) {
    const { name = processor.engine, view = 'state', withMemory = false } = options
    const { state, memory, mmu } = processor
    this.name = name
    this.#processor = processor
    this.#memory = new LinearView(state, memory, mmu.paging.capabilities)
    this.#view = view
    this.#digest = withMemory ? new MemoryDigest(memory) : null
    this.#registers = view === 'debugger' ? new RegisterTable('i386:x86-64').registers : []
  }

  get #access(): RegisterAccess {
    const { state } = this.#processor
    return { state, linearPc: false, readMemory: (address, lengthBytes) => this.#memory.read(address, lengthBytes) }
  }

  async advance(instructions: number): Promise<Advance> {
    const processor = this.#processor
    const end = instructions === 1 ? processor.hooks.onException(() => processor.stop()) : undefined
    const { reason, retired } = processor.run(instructions)
    end?.()
    return reason === 'halted' || reason === 'shutdown' ? { retired, end: reason } : { retired }
  }

  async observe(): Promise<Observation> {
    const { state } = this.#processor
    this.#processor.settle()
    const values = new Map<string, bigint>()
    if (this.#digest !== null) values.set('memory', this.#digest.read())
    const access = this.#access
    for (const register of this.#registers) values.set(register.name, register.read(access))
    if (this.#view === 'debugger') return values
    for (const field of ARCHITECTURAL_ROWS)
      for (let n = 0; n < field.count; n++) values.set(nameOf(field, n), state.readBig(field, n))
    return values
  }

  async position(): Promise<bigint> {
    return this.#processor.state.readBig(FIELD.rip)
  }

  async next(): Promise<NextInstruction> {
    const { state } = this.#processor
    const address = programCounter({ state })
    return { address, bits: codeBitsOf(state), bytes: this.#memory.read(address, MOST_INSTRUCTION_BYTES) }
  }

  async write(field: string, value: bigint): Promise<boolean> {
    this.#processor.settle()
    const register = this.#registers.find(({ name }) => name === field)
    const done = register?.write(this.#access, value) ?? false
    if (done) this.#processor.stateWritten()
    return done
  }

  async readMemory(address: bigint, lengthBytes: number): Promise<Uint8Array | null> {
    const bytes = this.#memory.read(address, lengthBytes)
    return bytes.length === lengthBytes ? bytes : null
  }

  async checkpoint(): Promise<() => Promise<void>> {
    const { memory } = this.#processor
    this.#processor.settle()
    const state: CpuSnapshot = saveState(this.#processor.state)
    const contents = memory.save()
    return async () => {
      memory.restore(contents)
      restoreState(this.#processor.state, state)
      this.#processor.stateWritten()
    }
  }
}

const names = /* @__PURE__ */ new Map<StateField, string[]>()

function nameOf(field: StateField, index: number): string {
  let all = names.get(field)
  if (all === undefined) {
    all = Array.from({ length: field.count }, (_, n) => elementName(field.name, n))
    names.set(field, all)
  }
  return all[index] as string
}
