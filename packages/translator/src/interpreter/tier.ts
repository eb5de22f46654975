/** Handlers and loop for one way of addressing and one stack width. */
import type { WasmMemory } from '@ringfold/contracts'
import type { Instruction } from '@ringfold/isa/decoder'
import type { AddressMode } from '../emit/guest-effects.ts'
import { type CodeTable, instantiate, newTable } from '../wasm/instance.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { WasmType } from '../wasm/opcodes.ts'
import { defineRuntime, importBulks, importMemories, importObject, routinesCalled } from './base-module.ts'
import { FIRST_HANDLER, SLOW_HANDLER } from './fixed-handlers.ts'
import { compileHandler, type HandlerCode, handlerCode } from './handlers.ts'
import { defineLoop } from './loop-module.ts'
import { shapeKey } from './shape.ts'

/** Handlers that stand in the loop; more of them cost compiler memory faster than they save time (DESIGN, "The engine"). */
const LOOP_HANDLERS = 250
/** Slices after which new shapes come into the loop, too, though they are few: twice as many after each time, as V8 compiles it anew. */
const REBUILD_AFTER = 4
const MOST_DOUBLINGS = 10
export const MAX_HANDLERS = 8192

type Run = (slot: number, budget: number) => number

/** Where a tier's code lives and what it calls. */
export interface TierHost {
  readonly ram: WasmMemory
  readonly memory: WasmMemory
  readonly imports: Readonly<Record<string, unknown>>
  /** Mnemonics that are executed as others (`LiftOptions`). */
  readonly replaced: Readonly<Record<string, string>>
}

export class Tier {
  readonly handlers: HandlerCode[] = []
  readonly numbers = new Map<string, number>()
  /** Handlers by number; regions stand behind them. */
  readonly table: CodeTable = newTable(MAX_HANDLERS)
  readonly address: AddressMode
  readonly stackBits: 16 | 32 | 64
  readonly #host: TierHost
  #run: Run | null = null
  #inlined = 0
  #slices = 0
  /** How often the loop was compiled. */
  builds = 0

  constructor(address: AddressMode, stackBits: 16 | 32 | 64, host: TierHost) {
    this.address = address
    this.stackBits = stackBits
    this.#host = host
  }

  /** The handler of an instruction: compiled where it is the first of its shape; `SLOW_HANDLER` where the host executes it. */
  number(i: Instruction): number {
    const key = shapeKey(i, this.stackBits)
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const handler =
      this.handlers.length + FIRST_HANDLER < MAX_HANDLERS
        ? handlerCode(i, this.stackBits, this.address, this.#host.replaced)
        : null
    if (handler === null) {
      this.numbers.set(key, SLOW_HANDLER)
      return SLOW_HANDLER
    }
    const number = this.handlers.push(handler) - 1 + FIRST_HANDLER
    this.numbers.set(key, number)
    const { ram, memory, imports } = this.#host
    this.table.set(number, compileHandler(handler, this.address, ram, memory, imports))
    return number
  }

  /** The loop, compiled anew when there are twice as many shapes, or new ones have gone on for a while. */
  get run(): Run {
    const count = Math.min(this.handlers.length, LOOP_HANDLERS)
    const isNew = count > this.#inlined
    if (isNew) this.#slices++
    if (
      this.#run !== null &&
      (!isNew || (count < 2 * this.#inlined && this.#slices < REBUILD_AFTER << Math.min(this.builds, MOST_DOUBLINGS)))
    )
      return this.#run
    return this.#compile(count)
  }

  #compile(count: number): Run {
    this.#inlined = count
    this.builds++
    this.#slices = 0
    const { ram, memory, imports } = this.#host
    const module = new ModuleBuilder()
    importMemories(module, ram, memory)
    module.importTable('table', 1)
    const handlers = this.handlers.slice(0, count)
    const bulks = importBulks(
      module,
      handlers.flatMap(({ bulk }) => bulk ?? []),
    )
    const boundary = module.importFunction('boundary', [], [WasmType.i32])
    const functions = defineRuntime(module, routinesCalled(handlers.map(({ code }) => code)))
    const index = defineLoop(module, { functions, boundary, bulks, address: this.address, handlers })
    module.export('run', index)
    const e = importObject(imports, { ram, state: memory, table: this.table })
    this.#run = instantiate(module.toBytes(), e).run as Run
    return this.#run
  }
}
