/** Short runs of the reference evaluator: where indirect jumps go, and what all engines have to agree with. */
import { FIELD } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { controlFlow } from '@ringfold/isa/facts'
import { type Datum, Evaluator, IrCode, liftInstruction } from '@ringfold/semantics'
import type { Profile } from './engine.ts'
import { type Image, KERNELS } from './image.ts'
import { SpikeMachine } from './machine.ts'

/** Steps through a function that was prepared with `call`, an instruction at a time. */
export class ReferenceRun {
  /** Targets of indirect jumps, by the address of the jump. */
  readonly targets = new Map<number, Set<number>>()
  readonly #machine: SpikeMachine
  readonly #evaluator: Evaluator
  readonly #code = new IrCode()
  readonly #instruction = new Instruction()
  readonly #decoder = new Decoder(64)

  /** Addresses of code and data are physical ones: the machine maps its RAM to itself. */
  constructor(machine: SpikeMachine) {
    this.#machine = machine
    const { memory, state } = machine
    const place = (ea: number | bigint) => Number(BigInt.asUintN(32, BigInt(ea)))
    this.#evaluator = new Evaluator(this.#code, {
      state,
      memory: {
        load: (size, ea) => read(memory.view, size, place(ea)),
        store: (size, ea, value) => {
          write(memory.view, size, place(ea), value)
          return true
        },
        probe: () => true,
      },
      call: () => 1,
      raise: () => undefined,
      checkJump: () => true,
    })
  }

  /** Runs to the end of the function, or for so many instructions. @returns those that have retired. */
  run(budget: number): number {
    let retired = 0
    while (retired < budget && !this.#machine.isStopped && this.#step()) retired++
    return retired
  }

  #step(): boolean {
    const { memory, state } = this.#machine
    const rip = state.lo(FIELD.rip)
    const i = this.#instruction
    this.#code.clear()
    if (this.#decoder.decode(i, memory.bytes, rip) !== Status.ok || !liftInstruction(i, this.#code)) return false
    const outcome = this.#evaluator.run(this.#code, BigInt(rip + i.length))
    if (outcome === 'fault') return false
    const next = outcome === 'jump' ? Number(this.#evaluator.target) : rip + i.length
    state.set(FIELD.rip, next, 0)
    if (controlFlow(i.form) === 'jmpind') this.#note(rip, next)
    return true
  }

  #note(from: number, to: number): void {
    const known = this.targets.get(from)
    if (known) known.add(to)
    else this.targets.set(from, new Set([to]))
  }
}

function read(view: DataView, size: number, at: number): Datum {
  if (size === 8) return view.getBigInt64(at, true)
  return size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at)
}

function write(view: DataView, size: number, at: number, value: Datum): void {
  if (size === 8) view.setBigInt64(at, value as bigint, true)
  else if (size === 4) view.setInt32(at, value as number, true)
  else if (size === 2) view.setUint16(at, value as number, true)
  else view.setUint8(at, value as number)
}

/** Instructions after which a kernel has shown all of its jump targets. */
const ENOUGH = 2000

/** Where the indirect jumps of a prepared image's kernels go: what the lower tier tells the region compiler. */
export function profileOf(image: Image): Profile {
  const machine = new SpikeMachine(image)
  const reference = new ReferenceRun(machine)
  for (const kernel of KERNELS) {
    machine.call(image.functions.get(kernel) as number, 1)
    reference.run(ENOUGH)
  }
  return reference.targets
}
