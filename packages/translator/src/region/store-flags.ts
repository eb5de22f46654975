/** A function of every region module: flags from a region's locals to the lazy form in the state that all engines read. */

import { FIELD } from '@ringfold/arch'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { Kind, SIZE_SHIFT } from './flag-state.ts'

const { i32, i64 } = WasmType
/** Parameters, in the order of the locals of a region. */
const PARAMETERS = [i32, i32, i64, i64, i64] as const
const [KIND, STATUS, FIRST, SECOND, RESULT] = [0, 1, 2, 3, 4]
/** Locals. */
const [PLAIN, SHIFT] = [5, 6]

/** Defines (kind, status, first, second, result) -> nothing. The kind is not -1: then the state would have them already. */
export function defineStoreFlags(module: ModuleBuilder): number {
  const index = module.declare()
  const out = new ByteWriter(256)
  writeBody(new IrEmitter(out, new LocalPool(0), { effect: () => undefined }))
  module.define(index, PARAMETERS, [], [i32, i64], out.toBytes())
  return index
}

function writeBody(e: IrEmitter): void {
  e.get(KIND)
  e.i32((1 << SIZE_SHIFT) - 1)
  e.op(Wasm.i32And)
  e.set(PLAIN)
  // 64 less the bits of the operand.
  e.i64(64)
  e.i64(8)
  e.get(KIND)
  e.i32(SIZE_SHIFT)
  e.op(Wasm.i32ShrU, Wasm.i64ExtendI32U, Wasm.i64Shl, Wasm.i64Sub)
  e.set(SHIFT)
  signExtend(e, () => e.get(FIRST), FIRST)
  signExtend(e, () => e.get(SECOND), SECOND)
  writeOperands(e)
  store(e, FIELD.lazyOp.offset, Wasm.i32Store, PLAIN)
  store(e, FIELD.statusFlags.offset, Wasm.i32Store, STATUS)
  store(e, FIELD.lazySrc1.offset, Wasm.i64Store, FIRST)
  store(e, FIELD.lazySrc2.offset, Wasm.i64Store, SECOND)
  store(e, FIELD.lazyResult.offset, Wasm.i64Store, RESULT)
}

function signExtend(e: IrEmitter, push: () => void, to: number): void {
  push()
  e.get(SHIFT)
  e.op(Wasm.i64Shl)
  e.get(SHIFT)
  e.op(Wasm.i64ShrS)
  e.set(to)
}

function store(e: IrEmitter, offset: number, opcode: number, local: number): void {
  e.i32(0)
  e.get(local)
  e.memory(opcode, 1, offset, 2)
}

/** Second operand and result of each kind: where one is made of others, regions do not keep it. */
function writeOperands(e: IrEmitter): void {
  const sum = (opcode: number) => () => {
    e.get(FIRST)
    e.get(SECOND)
    e.op(opcode)
  }
  const one = () => {
    e.i64(1)
    e.set(SECOND)
  }
  const when = (kind: number, then: () => void) => {
    e.get(PLAIN)
    e.i32(kind)
    e.op(Wasm.i32Eq, Wasm.if, WasmType.empty)
    then()
    e.op(Wasm.end)
  }
  const carried = (kind: number, plain: number) =>
    when(kind, () => {
      signExtend(e, () => e.get(RESULT), RESULT)
      e.i32(plain)
      e.set(PLAIN)
    })
  const first = () => {
    e.get(FIRST)
    e.set(RESULT)
  }
  when(Kind.add, () => signExtend(e, sum(Wasm.i64Add), RESULT))
  when(Kind.sub, () => signExtend(e, sum(Wasm.i64Sub), RESULT))
  when(Kind.logic, () => {
    e.i64(0)
    e.set(SECOND)
    first()
  })
  when(Kind.inc, () => {
    one()
    signExtend(e, sum(Wasm.i64Add), RESULT)
  })
  when(Kind.dec, () => {
    one()
    signExtend(e, sum(Wasm.i64Sub), RESULT)
  })
  when(Kind.result, first)
  carried(Kind.addWithCarry, Kind.add)
  carried(Kind.subWithBorrow, Kind.sub)
}
