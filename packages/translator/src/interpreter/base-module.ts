/** The base module: functions that every handler calls, over memory 1. */
import type { WasmMemory } from '@ringfold/contracts'
import { type IrCode, isRoutine, Op, routineCode, routineNumbers } from '@ringfold/semantics'
import { defineBulks } from '../emit/bulk.ts'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { type FlagFunction, flagFunctions } from '../emit/flags.ts'
import { GuestEffects, type RuntimeFunctions } from '../emit/guest-effects.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import { instantiate } from '../wasm/instance.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { WasmType } from '../wasm/opcodes.ts'

/** What a handler module imports besides its memories, by name. */
export interface HostFunctions {
  /**
   * Addresses are effective, in halves; `imm` is the `MemoryImm` with the size.
   * @returns 0, `HandlerStatus.fault` when a fault is pending, or `HandlerStatus.slow`: the host is to execute the instruction
   */
  slowLoad(eaLo: number, eaHi: number, imm: number): number
  slowStore(eaLo: number, eaHi: number, imm: number): number
  slowProbe(eaLo: number, eaHi: number, imm: number): number
  helper(number: number, a: number, b: number, c: number): number
  raise(vector: number, errorCode: number): void
  /**
   * An instruction that may have changed the mode, or what events depend on, has retired, and RIP is set: applies what has changed.
   * @returns whether the next instruction may be executed at once. Absent: it may not
   */
  boundary?(): boolean
  /**
   * An exception is pending, and RIP on its instruction: delivers it. `retired`: instructions since `execute` began.
   * @returns whether its handler may be executed at once. Absent: it may not
   */
  deliver?(retired: number): boolean
  /** These instructions have retired, and something is about to read the clock. */
  count?(retired: number): void
}

export const CONDITIONS = 8
const NO_FUNCTIONS: RuntimeFunctions = {
  settle: -1,
  carry: -1,
  conditions: [],
  slowLoad: -1,
  slowStore: -1,
  slowProbe: -1,
  helper: -1,
  routines: new Map(),
  raise: -1,
  count: -1,
}

/** Declares memories 0 and 1 as imports, of at least these sizes. */
export function importMemories(module: ModuleBuilder, ram: WasmMemory, state: WasmMemory): void {
  const pages = (memory: WasmMemory) => Math.floor(memory.buffer.byteLength / 65536)
  module.importMemory('ram', Math.min(pages(ram), 1))
  module.importMemory('state', Math.min(pages(state), 1))
}

function emitFunction({ code, result }: FlagFunction): { locals: readonly WasmType[]; body: Uint8Array } {
  const out = new ByteWriter()
  const pool = new LocalPool(0)
  const emitter = new IrEmitter(out, pool, new GuestEffects(NO_FUNCTIONS, { mode: 64, flat: true }, 0, 0))
  emitter.emit(code, result)
  return { locals: pool.types, body: out.toBytes() }
}

/** Compiles the base module. */
export function baseModule(ram: WasmMemory, state: WasmMemory): Readonly<Record<string, unknown>> {
  const module = new ModuleBuilder()
  importMemories(module, ram, state)
  for (const [name, index] of [...defineFlagFunctions(module), ...defineBulks(module)]) module.export(name, index)
  return instantiate(module.toBytes(), { ram, state })
}

const { i32 } = WasmType

/** Defines the flag functions in a module of its own: a call within a module costs a tenth of one between modules. */
export function defineFlagFunctions(module: ModuleBuilder): ReadonlyMap<string, number> {
  const indices = new Map<string, number>()
  for (const [name, f] of flagFunctions()) {
    const index = module.declare()
    const { locals, body } = emitFunction(f)
    module.define(index, [], [WasmType.i32], locals, body)
    indices.set(name, index)
  }
  return indices
}

/** The name under which the routine module exports a routine. */
const routineName = (number: number): string => `routine${number}`

/** Compiles all routines in one module. */
export function routineModule(
  ram: WasmMemory,
  state: WasmMemory,
  imports: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const module = new ModuleBuilder()
  const host = importHost(module)
  importMemories(module, ram, state)
  const routines = new Map(routineNumbers().map((number) => [number, module.declare()]))
  const functions = { ...NO_FUNCTIONS, ...host, routines }
  for (const [number, index] of routines) {
    const out = new ByteWriter(4096)
    const pool = new LocalPool(ROUTINE_WORDS)
    const emitter = new IrEmitter(out, pool, new GuestEffects(functions, { mode: 64, flat: true }, 0, 0))
    emitter.emit(routineCode(number))
    emitter.i32(0)
    module.define(index, Array<typeof i32>(ROUTINE_WORDS).fill(i32), [i32], pool.types, out.toBytes())
    module.export(routineName(number), index)
  }
  return instantiate(module.toBytes(), { ...imports, ram, state })
}

const ROUTINE_WORDS = 3

/**
 * Imports of modules, and every routine among them: each is compiled when a module first asks for it, because there are many, and most
 * are never called. Give modules an object made by {@link importObject}: a copy has no routines.
 */
export function importsWithRoutines(
  ram: WasmMemory,
  state: WasmMemory,
  imports: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = { ...imports }
  for (const number of routineNumbers()) {
    let compiled: unknown
    const get = (): unknown => {
      compiled ??= compileRoutine(number, importObject(all, { ram, state }))
      return compiled
    }
    Object.defineProperty(all, routineName(number), { get })
  }
  return all
}

/** An import object that has some values of its own, and the others of `imports`. */
export const importObject = (
  imports: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): Record<string, unknown> => Object.assign(Object.create(imports) as Record<string, unknown>, own)

/** One routine in a module of its own. */
function compileRoutine(number: number, imports: Readonly<Record<string, unknown>>): unknown {
  const code = routineCode(number)
  const module = new ModuleBuilder()
  const host = importHost(module)
  const routines = importRoutines(module, routinesCalled([code]))
  importMemories(module, imports.ram as WasmMemory, imports.state as WasmMemory)
  const functions = { ...NO_FUNCTIONS, ...host, routines }
  const out = new ByteWriter(4096)
  const pool = new LocalPool(ROUTINE_WORDS)
  const emitter = new IrEmitter(out, pool, new GuestEffects(functions, { mode: 64, flat: true }, 0, 0))
  emitter.emit(code)
  emitter.i32(0)
  const index = module.declare()
  module.define(index, Array<typeof i32>(ROUTINE_WORDS).fill(i32), [i32], pool.types, out.toBytes())
  module.export('routine', index)
  return instantiate(module.toBytes(), imports).routine
}

/** Numbers of the routines that pieces of IR call: what a module need not import, it should not, as there are many. */
export function routinesCalled(pieces: Iterable<IrCode>): ReadonlySet<number> {
  const called = new Set<number>()
  for (const { op, imm, length } of pieces)
    for (let n = 0; n < length; n++) if (op[n] === Op.call && isRoutine(imm[n] as number)) called.add(imm[n] as number)
  return called
}

function importRoutines(module: ModuleBuilder, called: Iterable<number>): ReadonlyMap<number, number> {
  return new Map(
    [...called].map((number) => [number, module.importFunction(routineName(number), [i32, i32, i32], [i32])]),
  )
}

/** Imports functions of the base module that execute string instructions in bulk, by name. */
export function importBulks(module: ModuleBuilder, names: Iterable<string>): ReadonlyMap<string, number> {
  return new Map([...new Set(names)].map((name) => [name, module.importFunction(name, [], [i32])]))
}

/** Imports the host's functions and routines, and defines those of flags. Memories are to be imported before. */
export function defineRuntime(module: ModuleBuilder, called: Iterable<number>): RuntimeFunctions {
  const host = importHost(module)
  const routines = importRoutines(module, called)
  const flags = defineFlagFunctions(module)
  const of = (name: string) => flags.get(name) as number
  return {
    ...host,
    routines,
    settle: of('settle'),
    carry: of('carry'),
    conditions: Array.from({ length: CONDITIONS }, (_, n) => of(`condition${n}`)),
  }
}

/** Imports what handlers call: the host's functions, those of the base module, and routines. */
export function importRuntime(module: ModuleBuilder, called: Iterable<number>): RuntimeFunctions {
  const of = (name: string) => module.importFunction(name, [], [i32])
  return {
    settle: of('settle'),
    carry: of('carry'),
    conditions: Array.from({ length: CONDITIONS }, (_, n) => of(`condition${n}`)),
    ...importHost(module),
    routines: importRoutines(module, called),
  }
}

function importHost(
  module: ModuleBuilder,
): Pick<RuntimeFunctions, 'slowLoad' | 'slowStore' | 'slowProbe' | 'helper' | 'raise' | 'count'> {
  const of = (name: string, params: number, results: number) =>
    module.importFunction(name, Array<typeof i32>(params).fill(i32), Array<typeof i32>(results).fill(i32))
  return {
    slowLoad: of('slowLoad', 3, 1),
    slowStore: of('slowStore', 3, 1),
    slowProbe: of('slowProbe', 3, 1),
    helper: of('helper', 4, 1),
    raise: of('raise', 2, 0),
    count: of('count', 0, 0),
  }
}
