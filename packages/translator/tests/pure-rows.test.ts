/** Every pure op, by its evaluation and as the Wasm instruction that stands beside it. */
import { CpuState, FIELD } from '@ringfold/arch'
import {
  Evaluator,
  FIRST_EFFECT,
  IrCode,
  OP_ROWS,
  type PureRow,
  StateBuilder,
  type Value,
  ValueType,
} from '@ringfold/semantics'
import { describe, expect, it } from 'vitest'
import { IrEmitter, LocalPool } from '../src/emit/emitter.ts'
import { GuestEffects, type RuntimeFunctions } from '../src/emit/guest-effects.ts'
import { ByteWriter } from '../src/wasm/bytes.ts'
import { ModuleBuilder } from '../src/wasm/module.ts'
import { fillVector, generator, seed } from './random.ts'

const ROWS = OP_ROWS.slice(0, FIRST_EFFECT) as PureRow[]
const ARGUMENTS = FIELD.helperArgument.offset
const RESULT = ARGUMENTS + 48
const NO_CALLS: RuntimeFunctions = {
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

interface Piece {
  readonly row: PureRow
  readonly code: IrCode
}

function argument(b: StateBuilder, type: ValueType, index: number): Value {
  const at = ARGUMENTS + index * 16
  if (type === ValueType.v128) return b.loadState(at, 128)
  if (type === ValueType.i64) return b.loadState(at, 64)
  if (type === ValueType.f64) return b.pure('f64.reinterpret_i64', b.loadState(at, 64))
  return type === ValueType.f32 ? b.pure('f32.reinterpret_i32', b.loadState(at, 32)) : b.loadState(at, 32)
}

function storeResult(b: StateBuilder, type: ValueType, v: Value): void {
  if (type === ValueType.f32) b.storeState(RESULT, 32, b.pure('i32.reinterpret_f32', v))
  else if (type === ValueType.f64) b.storeState(RESULT, 64, b.pure('i64.reinterpret_f64', v))
  else b.storeState(RESULT, type === ValueType.v128 ? 128 : type === ValueType.i64 ? 64 : 32, v)
}

const laneCount = (row: PureRow): number => Number(/x(\d+)\./.exec(row.name)?.[1] ?? 0)

/** The row between loads of its operands and the store of its result: once for each immediate. */
function pieces(row: PureRow, next: () => number): Piece[] {
  const piece = (immediate: (b: StateBuilder) => number): Piece => {
    const b = new StateBuilder(new IrCode())
    const [x, y = -1, z = -1] = row.args.map((type, n) => argument(b, type, n))
    storeResult(b, row.result, b.pure(row.name, x as Value, y, z, immediate(b)))
    return { row, code: b.code }
  }
  if (row.immediate === 'lane') return Array.from({ length: laneCount(row) }, (_, n) => piece(() => n))
  if (row.immediate === undefined) return [piece(() => 0)]
  return Array.from({ length: 6 }, () => {
    const lanes = Uint8Array.from({ length: 16 }, () => next() % 32)
    return piece((b) => b.code.vectors.push(lanes) - 1)
  })
}

/** One function for each piece, over the state in memory 1. */
function compile(all: readonly Piece[], memory: WebAssembly.Memory): (() => void)[] {
  const module = new ModuleBuilder()
  module.importMemory('ram', 0)
  module.importMemory('state', 1)
  for (const [n, { code }] of all.entries()) {
    const out = new ByteWriter(64)
    const pool = new LocalPool(0)
    new IrEmitter(out, pool, new GuestEffects(NO_CALLS, { mode: 64, flat: true }, 0, 0)).emit(code)
    const index = module.declare()
    module.define(index, [], [], pool.types, out.toBytes())
    module.export(`piece${n}`, index)
  }
  const ram = new WebAssembly.Memory({ initial: 0 })
  const bytes = module.toBytes() as Uint8Array<ArrayBuffer>
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { ram, state: memory } })
  return all.map((_, n) => exports[`piece${n}`] as () => void)
}

/** Divisions that would trap: liftings exclude them. */
function traps(row: PureRow, view: DataView): boolean {
  if (!/div_|rem_/.test(row.name) || row.result === ValueType.v128) return false
  const wide = row.result === ValueType.i64
  const [a, b] = wide
    ? [view.getBigInt64(ARGUMENTS, true), view.getBigInt64(ARGUMENTS + 16, true)]
    : [BigInt(view.getInt32(ARGUMENTS, true)), BigInt(view.getInt32(ARGUMENTS + 16, true))]
  return b === 0n || (b === -1n && a === -(1n << (wide ? 63n : 31n)))
}

/** Bits, or both NaN in every floating-point lane in which the bits differ. */
function agree(row: PureRow, a: Uint8Array, b: Uint8Array): boolean {
  if (Buffer.compare(a, b) === 0) return true
  const lanes = /^(f32|i32.reinterpret)/.test(row.name)
    ? Float32Array
    : /^(f64|i64.reinterpret)/.test(row.name)
      ? Float64Array
      : null
  if (lanes === null) return false
  const [x, y] = [new lanes(a.slice().buffer), new lanes(b.slice().buffer)]
  return x.every((v, n) => Object.is(v, y[n]))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe(`evaluation and Wasm of pure ops agree (RINGFOLD_SEED=${seed})`, () => {
  it('on every row, with random and edge operands', () => {
    const next = generator(seed)
    const memory = new WebAssembly.Memory({ initial: 1 })
    const state = new CpuState(memory.buffer, 0)
    const view = new DataView(memory.buffer)
    const bytes = new Uint8Array(memory.buffer)
    const all = ROWS.flatMap((row) => pieces(row, next))
    const functions = compile(all, memory)
    const nowhere = { load: () => null, store: () => false, probe: () => false }
    const environment = { state, memory: nowhere, call: () => 1, raise: () => undefined, checkJump: () => false }
    const evaluator = new Evaluator(new IrCode(), environment)
    const failures = new Map<string, string>()
    for (const [n, { row, code }] of all.entries()) {
      for (let round = 0; round < 60; round++) {
        for (let k = 0; k < 3; k++) fillVector(next, bytes.subarray(ARGUMENTS + k * 16, ARGUMENTS + k * 16 + 16))
        if (traps(row, view)) continue
        const before = hex(bytes.subarray(ARGUMENTS, RESULT))
        bytes.fill(0, RESULT, RESULT + 16)
        evaluator.run(code, 0n)
        const evaluated = bytes.slice(RESULT, RESULT + 16)
        bytes.fill(0, RESULT, RESULT + 16)
        ;(functions[n] as () => void)()
        const executed = bytes.slice(RESULT, RESULT + 16)
        if (!agree(row, evaluated, executed)) failures.set(row.name, `${before}: ${hex(evaluated)} ${hex(executed)}`)
      }
    }
    expect([...failures]).toEqual([])
    expect(ROWS.filter((row) => row.wasm[0] === 0xfd).length).toBeGreaterThan(200)
  })
})
