/** Functions of every region module: the host's slow paths with the address in one piece, so that a call of them is short. */
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { pushHalves, type RuntimeFunctions } from '../emit/guest-effects.ts'
import { SCRATCH } from '../layout.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'

const NAMES = ['slowLoad', 'slowStore', 'slowProbe'] as const
/** Indices of (address, imm) -> status, which stands in `SCRATCH.status` too. The address is i64 in 64-bit code, else i32. */
export type SlowPaths = Readonly<Record<(typeof NAMES)[number], number>>

const [ADDRESS, IMM, STATUS] = [0, 1, 2]

export function defineSlowPaths(module: ModuleBuilder, host: RuntimeFunctions, bits: 32 | 64): SlowPaths {
  const define = (name: (typeof NAMES)[number]) => [name, defineSlowPath(module, host[name], bits)]
  return Object.fromEntries(NAMES.map(define)) as unknown as SlowPaths
}

function defineSlowPath(module: ModuleBuilder, host: number, bits: 32 | 64): number {
  const index = module.declare()
  const out = new ByteWriter(32)
  const e = new IrEmitter(out, new LocalPool(0), { effect: () => undefined })
  e.i32(0)
  pushHalves(e, ADDRESS, bits)
  e.get(IMM)
  e.call(host)
  e.tee(STATUS)
  e.memory(Wasm.i32Store, 1, SCRATCH.status, 2)
  e.get(STATUS)
  const address = bits === 64 ? WasmType.i64 : WasmType.i32
  module.define(index, [address, WasmType.i32], [WasmType.i32], [WasmType.i32], out.toBytes())
  return index
}
