/** The routines of floating point in Wasm, called directly. */
import { CpuState, FIELD } from '@ringfold/arch'
import { helperNumber } from '@ringfold/semantics'
import { routineModule } from '../../src/interpreter/base-module.ts'

type WasmRoutine = (a: number, b: number, c: number) => number

export class FloatRoutines {
  readonly state: CpuState
  readonly #exports: Readonly<Record<string, unknown>>
  readonly #view: DataView

  constructor() {
    const ram = new WebAssembly.Memory({ initial: 1 })
    const memory = new WebAssembly.Memory({ initial: 4 })
    const none = () => {
      throw new Error('routines of floating point call nothing outside')
    }
    const host = { slowLoad: none, slowStore: none, slowProbe: none, helper: none, raise: none, count: none }
    this.#exports = routineModule(ram, memory, host)
    this.state = new CpuState(memory.buffer, 0)
    this.#view = new DataView(memory.buffer)
  }

  routine(name: string): WasmRoutine {
    return this.#exports[`routine${helperNumber(name)}`] as WasmRoutine
  }

  /** Calls a routine by the convention of `float/index.ts`. */
  call(name: string, operands: readonly bigint[], mxcsr: number, option = 0): { result: bigint; exceptions: number } {
    const at = FIELD.helperArgument.offset
    operands.forEach((v, n) => {
      this.#view.setBigUint64(at + n * 8, v, true)
    })
    this.#view.setBigUint64(at + 24, 0n, true)
    this.routine(name)(mxcsr, option, 0)
    return { result: this.#view.getBigUint64(at, true), exceptions: this.#view.getInt32(at + 24, true) }
  }
}
