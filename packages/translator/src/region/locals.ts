/** The locals of a region's function. */
import { FIELD } from '@ringfold/arch'
import { type IrCode, OP_ROWS, Op } from '@ringfold/semantics'
import { WasmType } from '../wasm/opcodes.ts'

/** Parameters: RIP of the entry, instructions until the next event, calls that may still nest. */
export const BASE = 0
export const BUDGET = 1
export const DEPTH = 2
/** Where the region is left for, and the flags: kind, status word, operands, result where no operand tells. */
export const RIP = 3
export const KIND = 4
export const STATUS = 5
export const FIRST = 6
export const SECOND = 7
export const RESULT = 8
/** What `packExit` says of the site at which the region is left. */
export const SITE = 9
const FIRST_REGISTER = 10

const { i32, i64 } = WasmType
export const PARAMETERS: readonly WasmType[] = [i64, i32, i32]
export const RESULTS: readonly WasmType[] = [i64, i32]
const FIXED: readonly WasmType[] = [i64, i32, i32, i64, i64, i64, i32]

const REGISTERS = 16

/** Which registers a region uses, a bit each, and which of them it writes. */
interface Usage {
  used: number
  written: number
}

const numbers = (mask: number): number[] =>
  Array.from({ length: REGISTERS }, (_, register) => register).filter((register) => (mask >> register) & 1)

/**
 * General and XMM registers that a region uses have a local each, i64 and v128, in 32-bit code too: its writes clear the upper halves, as
 * the liftings have it. What lies above XMM registers stays in the state.
 */
export class RegionLocals {
  /** Numbers of registers, in the order of their locals. */
  readonly used: readonly number[]
  readonly written: readonly number[]
  readonly usedVectors: readonly number[]
  readonly writtenVectors: readonly number[]
  readonly #local = new Int32Array(REGISTERS).fill(-1)
  readonly #vector = new Int32Array(REGISTERS).fill(-1)

  constructor(codes: readonly IrCode[]) {
    const [general, vectors] = [
      { used: 0, written: 0 },
      { used: 0, written: 0 },
    ]
    for (const code of codes)
      for (let n = 0; n < code.length; n++) {
        if (IS_STATE_ACCESS[code.op[n] as number] === 0) continue
        note(general, registerOf(code, n), code.b[n] as number)
        note(vectors, vectorOf(code, n), code.b[n] as number)
      }
    this.used = numbers(general.used)
    this.written = numbers(general.written)
    this.usedVectors = numbers(vectors.used)
    this.writtenVectors = numbers(vectors.written)
    let next = FIRST_REGISTER
    for (const register of this.used) this.#local[register] = next++
    for (const register of this.usedVectors) this.#vector[register] = next++
  }

  local(register: number): number {
    return this.#local[register] as number
  }

  vector(register: number): number {
    return this.#vector[register] as number
  }

  /** The local of a place in the state, -1 where it has none, or is that of an XMM register. */
  ofOffset(offset: number): number {
    if (offset === FIELD.rip.offset) return BASE
    const register = (offset - FIELD.gpr.offset) >> 3
    return register >= 0 && register < REGISTERS ? this.local(register) : -1
  }

  /** The local of the XMM register in which a place of the state lies, -1 for others. */
  ofVectorOffset(offset: number): number {
    const register = vectorAt(offset)
    return register < 0 ? -1 : this.vector(register)
  }

  /** Types of all that are not parameters. */
  get types(): readonly WasmType[] {
    return [...FIXED, ...this.used.map(() => i64), ...this.usedVectors.map(() => WasmType.v128)]
  }
}

function note(usage: Usage, register: number, value: number): void {
  if (register < 0) return
  usage.used |= 1 << register
  if (value >= 0) usage.written |= 1 << register
}

/** By op: whether it reads or writes the state. */
const IS_STATE_ACCESS: Uint8Array = /* @__PURE__ */ (() => {
  const is = new Uint8Array(OP_ROWS.length)
  for (const bits of [8, 16, 32, 64, 128])
    for (const how of ['load', 'store']) is[Op[`state.${how}${bits}` as 'state.load8']] = 1
  return is
})()

/** The general register that an op reads or writes, -1 none. */
function registerOf(code: IrCode, n: number): number {
  if (IS_STATE_ACCESS[code.op[n] as number] === 0) return -1
  const register = ((code.imm[n] as number) - FIELD.gpr.offset) >> 3
  return register >= 0 && register < REGISTERS ? register : -1
}

const XMM_BYTES = 16

/** The XMM register at a place of the state, -1 none. */
function vectorAt(offset: number): number {
  const from = offset - FIELD.zmm.offset
  if (from < 0 || from >= REGISTERS * FIELD.zmm.strideBytes) return -1
  return from % FIELD.zmm.strideBytes < XMM_BYTES ? Math.floor(from / FIELD.zmm.strideBytes) : -1
}

function vectorOf(code: IrCode, n: number): number {
  return code.isConstant(code.a[n] as number) ? vectorAt(code.imm[n] as number) : -1
}
