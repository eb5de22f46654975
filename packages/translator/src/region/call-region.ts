/**
 * A function of every region module: calls the region that begins where a call or a region goes, and further ones, until
 * control comes back to where it is expected. So Wasm's stack predicts returns, and regions need not know one another.
 */
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { REGION_HANDLER } from '../interpreter/fixed-handlers.ts'
import { JUMP, pushGeneration, pushJumpEntry } from '../interpreter/jump-cache.ts'
import { SLOT } from '../layout.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { PARAMETERS, RESULTS } from './locals.ts'

const { i32, i64 } = WasmType
/** Parameters as a region's, and where control is expected to come back to. */
const [RIP, BUDGET, DEPTH, EXPECTED, ENTRY, SLOT_LOCAL] = [0, 1, 2, 3, 4, 5]

/**
 * Defines (RIP, budget, depth, expected RIP) -> (RIP, budget). It comes back at once where the jump cache knows no region; and else
 * where control came back to the expected RIP, where something is to be looked after (negative budget), or where no region is next.
 */
export function defineCallRegion(module: ModuleBuilder): number {
  const index = module.declare()
  const out = new ByteWriter(256)
  const e = new IrEmitter(out, new LocalPool(0), { effect: () => undefined })
  e.op(Wasm.block, WasmType.empty, Wasm.loop, WasmType.empty)
  findSlot(e)
  callSlot(e, module, out)
  e.op(Wasm.end, Wasm.end)
  e.get(RIP)
  e.get(BUDGET)
  module.define(index, [i64, i32, i32, i64], RESULTS, [i32, i32], out.toBytes())
  return index
}

/** The slot of a region at RIP, or out of the loop (1). */
function findSlot(e: IrEmitter): void {
  const unless = () => e.op(Wasm.brIf, 1)
  pushJumpEntry(e, RIP)
  e.tee(ENTRY)
  e.memory(Wasm.i64Load, 1, JUMP.rip, 3)
  e.get(RIP)
  e.op(Wasm.i64Ne)
  unless()
  e.get(ENTRY)
  e.memory(Wasm.i32Load, 1, JUMP.generation, 2)
  pushGeneration(e, RIP)
  e.op(Wasm.i32Ne)
  unless()
  e.get(ENTRY)
  e.memory(Wasm.i32Load, 1, JUMP.slot, 2)
  e.tee(SLOT_LOCAL)
  e.memory(Wasm.i32Load16U, 1, SLOT.handler, 1)
  e.i32(REGION_HANDLER)
  e.op(Wasm.i32Ne)
  unless()
  e.get(BUDGET)
  e.get(SLOT_LOCAL)
  e.memory(Wasm.i32Load, 1, SLOT.immediate2, 2)
  e.op(Wasm.i32LtS)
  unless()
}

function callSlot(e: IrEmitter, module: ModuleBuilder, out: ByteWriter): void {
  e.get(RIP)
  e.get(BUDGET)
  e.get(DEPTH)
  e.get(SLOT_LOCAL)
  e.memory(Wasm.i32Load, 1, SLOT.immediate, 2)
  e.op(Wasm.callIndirect)
  out.u32(module.type(PARAMETERS, RESULTS))
  out.u32(0)
  e.set(BUDGET)
  e.set(RIP)
  e.get(BUDGET)
  e.i32(0)
  e.op(Wasm.i32LtS)
  e.op(Wasm.brIf, 1)
  e.get(RIP)
  e.get(EXPECTED)
  e.op(Wasm.i64Ne)
  e.op(Wasm.brIf, 0)
}
