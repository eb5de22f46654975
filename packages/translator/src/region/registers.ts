/** Accesses to the state in a region: registers and flags are locals, or lanes and parts of them. */
import { FIELD } from '@ringfold/arch'
import { Op } from '@ringfold/semantics'
import type { IrEmitter } from '../emit/emitter.ts'
import { Wasm } from '../wasm/opcodes.ts'
import { FIRST, KIND, RESULT, type RegionLocals, SECOND, STATUS } from './locals.ts'
import { IN_MEMORY } from './rewrite.ts'

const LOCAL_BITS: Readonly<Record<number, number>> = {
  [Op['state.load8']]: 8,
  [Op['state.load16']]: 16,
  [Op['state.load32']]: 32,
  [Op['state.load64']]: 64,
  [Op['state.load128']]: 128,
  [Op['state.store8']]: 8,
  [Op['state.store16']]: 16,
  [Op['state.store32']]: 32,
  [Op['state.store64']]: 64,
  [Op['state.store128']]: 128,
}
/** By bits of a lane: SIMD opcodes that extract and replace one. */
const LANES: Readonly<Record<number, readonly [extract: number, replace: number]>> = {
  8: [0x16, 0x17],
  16: [0x19, 0x1a],
  32: [0x1b, 0x1c],
  64: [0x1d, 0x1e],
}
const STORE_OPCODES: Readonly<Record<number, readonly [number, number]>> = {
  [Op['state.store32']]: [Wasm.i32Store, 2],
  [Op['state.store64']]: [Wasm.i64Store, 3],
}
/** The locals of what the state holds of flags, by offset. */
export const FLAG_LOCALS: ReadonlyMap<number, number> = new Map([
  [FIELD.lazyOp.offset, KIND],
  [FIELD.statusFlags.offset, STATUS],
  [FIELD.lazySrc1.offset, FIRST],
  [FIELD.lazySrc2.offset, SECOND],
  [FIELD.lazyResult.offset, RESULT],
])

/** Emits an op that accesses a local of the region, or, marked so, the state itself. @returns false for any other op */
export function emitRegister(e: IrEmitter, n: number, locals: RegionLocals): boolean {
  const { code } = e
  const bits = LOCAL_BITS[code.op[n] as number]
  if (bits === undefined || !code.isConstant(code.a[n] as number)) return false
  const offset = code.imm[n] as number
  const value = code.b[n] as number
  if (offset >= IN_MEMORY) {
    storeInMemory(e, code.op[n] as number, offset - IN_MEMORY, value)
    return true
  }
  const vector = locals.ofVectorOffset(offset)
  const flag = FLAG_LOCALS.get(offset)
  const local = flag ?? locals.ofOffset(offset)
  if (vector >= 0) accessVector(e, vector, bits, offset & 15, value)
  else if (local < 0) return false
  else if (flag !== undefined || bits === 64) accessWhole(e, local, value)
  else if (value < 0) pushPart(e, local, bits, (offset & 7) * 8)
  else setPart(e, local, bits, (offset & 7) * 8, value)
  return true
}

function storeInMemory(e: IrEmitter, op: number, offset: number, value: number): void {
  const [opcode, align] = STORE_OPCODES[op] as readonly [number, number]
  e.i32(0)
  e.push(value)
  e.memory(opcode, 1, offset, align)
}

function accessWhole(e: IrEmitter, local: number, value: number): void {
  if (value < 0) {
    e.get(local)
    return
  }
  e.push(value)
  e.set(local)
}

/** An XMM register, or the lane of it that begins at byte `at`. */
function accessVector(e: IrEmitter, vector: number, bits: number, at: number, value: number): void {
  if (bits === 128) {
    accessWhole(e, vector, value)
    return
  }
  const [extract, replace] = LANES[bits] as readonly [number, number]
  e.get(vector)
  if (value >= 0) e.push(value)
  e.op(Wasm.simd)
  e.out.u32(value >= 0 ? replace : extract)
  e.op((at * 8) / bits)
  if (value >= 0) e.set(vector)
}

/** Pushes some bits of a register. */
function pushPart(e: IrEmitter, register: number, bits: number, shift: number): void {
  e.get(register)
  e.op(Wasm.i32WrapI64)
  if (shift > 0) {
    e.i32(shift)
    e.op(Wasm.i32ShrU)
  }
  if (bits === 32) return
  e.i32(bits === 8 ? 0xff : 0xffff)
  e.op(Wasm.i32And)
}

function setPart(e: IrEmitter, register: number, bits: number, shift: number, value: number): void {
  const low = bits === 8 ? 0xff : 0xffff
  e.get(register)
  if (bits === 32) e.i64(0, -1)
  else e.i64(~(low << shift))
  e.op(Wasm.i64And)
  e.push(value)
  if (bits < 32) {
    e.i32(low)
    e.op(Wasm.i32And)
  }
  e.op(Wasm.i64ExtendI32U)
  if (shift > 0) {
    e.i64(shift)
    e.op(Wasm.i64Shl)
  }
  e.op(Wasm.i64Or)
  e.set(register)
}
