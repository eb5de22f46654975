/** Functions of every region module: the host's slow paths with the address in one piece, so that a call of them is short. */
import {
  ByteWriter,
  IrEmitter,
  LocalPool,
  type ModuleBuilder,
  type RuntimeFunctions,
  Wasm,
  WasmType,
} from '@ringfold/translator/codegen'

const NAMES = ['slowLoad', 'slowStore', 'slowProbe'] as const
/** Indices of (address, imm) -> status. */
export type SlowPaths = Readonly<Record<(typeof NAMES)[number], number>>

const [ADDRESS, IMM] = [0, 1]

export function defineSlowPaths(module: ModuleBuilder, host: RuntimeFunctions): SlowPaths {
  return Object.fromEntries(NAMES.map((name) => [name, defineSlowPath(module, host[name])])) as unknown as SlowPaths
}

function defineSlowPath(module: ModuleBuilder, host: number): number {
  const index = module.declare()
  const out = new ByteWriter(32)
  const e = new IrEmitter(out, new LocalPool(0), { effect: () => undefined })
  e.get(ADDRESS)
  e.op(Wasm.i32WrapI64)
  e.get(ADDRESS)
  e.i64(32)
  e.op(Wasm.i64ShrU, Wasm.i32WrapI64)
  e.get(IMM)
  e.call(host)
  module.define(index, [WasmType.i64, WasmType.i32], [WasmType.i32], [], out.toBytes())
  return index
}
