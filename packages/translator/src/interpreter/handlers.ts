/** Handlers: the lifting of a shape, as a piece of the loop or as a function of its own. */
import type { WasmMemory } from '@ringfold/contracts'
import { type Instruction, OperandKind, operandKind } from '@ringfold/isa/decoder'
import { IrCode, Lifter, liftingOf, Op } from '@ringfold/semantics'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { type AddressMode, GuestEffects } from '../emit/guest-effects.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { WasmType } from '../wasm/opcodes.ts'
import { importMemories, importObject, importRuntime, routinesCalled } from './base-module.ts'
import { TemplateSource } from './shape.ts'

export interface HandlerCode {
  readonly code: IrCode
  /** Ends with a status other than next at times. */
  readonly mayLeave: boolean
  /** A direct near branch: its slot can be linked to the target's. */
  readonly isDirect: boolean
}

const LEAVING: ReadonlySet<number> = new Set([Op.jump, Op.repeat, Op.leave])

/** Lifts the shape of an instruction; `null` where there is no lifting, or it does more outside the processor than to read the clock. */
export function handlerCode(
  i: Instruction,
  stackBits: 16 | 32 | 64,
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
  return { code, mayLeave, isDirect: mayLeave && operandKind(i, 0) === OperandKind.relative }
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
  importMemories(module, ram, state)
  const out = new ByteWriter(512)
  const pool = new LocalPool(2)
  const effects = new GuestEffects(functions, address, 0, 1)
  const emitter = new IrEmitter(out, pool, effects)
  emitter.emit(handler.code)
  if (effects.setsStatus) emitter.get(1)
  else emitter.i32(0)
  const index = module.declare()
  module.define(index, [WasmType.i32], [WasmType.i32], [WasmType.i32, ...pool.types], out.toBytes())
  module.export('handler', index)
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), {
    e: importObject(imports, { ram, state }),
  })
  return instance.exports.handler
}
