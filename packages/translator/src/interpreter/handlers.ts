/** Handlers: the lifting of a shape, as a piece of the loop or as a function of its own. */
import type { WasmMemory } from '@ringfold/contracts'
import { type Instruction, memorySegment, OperandKind, operandKind } from '@ringfold/isa/decoder'
import { controlFlow } from '@ringfold/isa/facts'
import { IrCode, Lifter, liftingOf, Op } from '@ringfold/semantics'
import { bulkName, bulkOf, pushHasMore } from '../emit/bulk.ts'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { type AddressMode, GuestEffects } from '../emit/guest-effects.ts'
import { HandlerStatus } from '../layout.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import { instantiate } from '../wasm/instance.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { importBulks, importMemories, importObject, importRuntime, routinesCalled } from './base-module.ts'
import { TemplateSource } from './shape.ts'

export interface HandlerCode {
  readonly code: IrCode
  /** Ends with a status other than next at times. */
  readonly mayLeave: boolean
  /** A direct near branch: its slot can be linked to the target's. */
  readonly isDirect: boolean
  /** A near jump to where a register or memory says. */
  readonly isIndirect: boolean
  /** Name of the function that executes many iterations of it at once. */
  readonly bulk: string | null
}

const LEAVING: ReadonlySet<number> = new Set([Op.jump, Op.repeat, Op.leave])

/** Lifts the shape of an instruction; `null` where there is no lifting, or it does more outside the processor than to read the clock. */
export function handlerCode(
  i: Instruction,
  stackBits: 16 | 32 | 64,
  address: AddressMode,
  replaced: Readonly<Record<string, string>> = {},
): HandlerCode | null {
  const code = new IrCode()
  const lifter = new Lifter((b) => new TemplateSource(b, i, stackBits), code)
  const { mnemonic, formName } = lifter.source
  const lifting = liftingOf(replaced[mnemonic] ?? mnemonic, formName)
  if (lifting === undefined) return null
  lifting(lifter)
  let mayLeave = false
  if (has(code, Op.external) && has(code, Op.leave)) return null
  for (let n = 0; n < code.length; n++) mayLeave ||= LEAVING.has(code.op[n] as number)
  const isDirect = mayLeave && operandKind(i, 0) === OperandKind.relative
  const isIndirect = controlFlow(i.form) === 'jmpind'
  return { code, mayLeave, isDirect, isIndirect, bulk: bulkFunction(i, formName, address) }
}

function bulkFunction(i: Instruction, formName: string, address: AddressMode): string | null {
  const segments = [0, 1].filter((n) => operandKind(i, n) === OperandKind.memory).map((n) => memorySegment(i, n))
  const bulk = bulkOf(formName, i, segments, address)
  return bulk === null ? null : bulkName(bulk, address.mode)
}

/** Returns the status where some iterations were executed at once. */
function emitBulk(e: IrEmitter, bulk: number, mode: 32 | 64): void {
  e.call(bulk)
  e.op(Wasm.if, WasmType.empty)
  e.i32(HandlerStatus.repeat)
  e.i32(HandlerStatus.next)
  pushHasMore(e, mode)
  e.op(Wasm.select, Wasm.return, Wasm.end)
}

function has(code: IrCode, op: number): boolean {
  for (let n = 0; n < code.length; n++) if (code.op[n] === op) return true
  return false
}

/** Compiles a handler as a function (slot) -> status. */
export function compileHandler(
  handler: HandlerCode,
  address: AddressMode,
  ram: WasmMemory,
  state: WasmMemory,
  imports: Readonly<Record<string, unknown>>,
): unknown {
  const module = new ModuleBuilder()
  const functions = importRuntime(module, routinesCalled([handler.code]))
  const bulks = importBulks(module, handler.bulk === null ? [] : [handler.bulk])
  importMemories(module, ram, state)
  const out = new ByteWriter(512)
  const pool = new LocalPool(2)
  const effects = new GuestEffects(functions, address, 0, 1)
  const emitter = new IrEmitter(out, pool, effects)
  if (handler.bulk !== null) emitBulk(emitter, bulks.get(handler.bulk) as number, address.mode)
  emitter.emit(handler.code)
  if (effects.setsStatus) emitter.get(1)
  else emitter.i32(0)
  const index = module.declare()
  module.define(index, [WasmType.i32], [WasmType.i32], [WasmType.i32, ...pool.types], out.toBytes())
  module.export('handler', index)
  return instantiate(module.toBytes(), importObject(imports, { ram, state })).handler
}
