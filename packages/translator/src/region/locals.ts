/** The locals of a region's function. */
import { FIELD } from '@ringfold/arch'
import { type IrCode, Op } from '@ringfold/semantics'
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

/** General registers that a region uses have a local each: i64 in 64-bit code, i32 in 32-bit code, which sees no more of them. */
export class RegionLocals {
  /** Numbers of registers, in the order of their locals. */
  readonly used: readonly number[]
  readonly written: readonly number[]
  readonly bits: 32 | 64
  readonly #local = new Int32Array(REGISTERS).fill(-1)

  constructor(codes: readonly IrCode[], bits: 32 | 64) {
    this.bits = bits
    let [used, written] = [0, 0]
    for (const code of codes)
      for (let n = 0; n < code.length; n++) {
        const register = registerOf(code, n)
        if (register < 0) continue
        used |= 1 << register
        if ((code.b[n] as number) >= 0) written |= 1 << register
      }
    const list = (mask: number) => Array.from({ length: REGISTERS }, (_, r) => r).filter((r) => (mask >> r) & 1)
    this.used = list(used)
    this.written = list(written)
    this.used.forEach((register, n) => {
      this.#local[register] = FIRST_REGISTER + n
    })
  }

  local(register: number): number {
    return this.#local[register] as number
  }

  /** The local of a place in the state, -1 where it has none. */
  ofOffset(offset: number): number {
    if (offset === FIELD.rip.offset) return BASE
    const register = (offset - FIELD.gpr.offset) >> 3
    return register >= 0 && register < REGISTERS ? this.local(register) : -1
  }

  /** Types of all that are not parameters. */
  get types(): readonly WasmType[] {
    return [...FIXED, ...this.used.map(() => (this.bits === 64 ? i64 : i32))]
  }
}

const STATE_ACCESSES: ReadonlySet<number> = new Set(
  [8, 16, 32, 64].flatMap((bits) => [
    Op[`state.load${bits}` as 'state.load8'],
    Op[`state.store${bits}` as 'state.store8'],
  ]),
)

/** The general register that an op reads or writes, -1 none. */
export function registerOf(code: IrCode, n: number): number {
  if (!STATE_ACCESSES.has(code.op[n] as number)) return -1
  const register = ((code.imm[n] as number) - FIELD.gpr.offset) >> 3
  return register >= 0 && register < REGISTERS ? register : -1
}
