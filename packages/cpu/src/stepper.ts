/** One instruction by the reference evaluator: the whole of engine `reference`, and what other engines leave to it. */
import { type CpuState, FIELD as FIELD_TABLE, RFLAGS as RFLAGS_TABLE, SEGMENT as SEGMENT_TABLE } from '@ringfold/arch'
import { Instruction } from '@ringfold/isa/decoder'
import { type ControlFlow, controlFlow } from '@ringfold/isa/facts'
import { is64Bit, isCanonical, isLongMode, type RuleContext, raise, raiseGp, raiseUd } from '@ringfold/rings'
import { callHelper, type Datum, Evaluator, IrCode, liftInstruction, type Outcome } from '@ringfold/semantics'
import type { Availability } from './availability.ts'
import { type CodeFetch, codeBits } from './code-fetch.ts'
import type { EffectiveAccess } from './effective-access.ts'

// Constants of this module are folded into code, those of others are loaded each time.
const FIELD = FIELD_TABLE
const RFLAGS = RFLAGS_TABLE
const SEGMENT = SEGMENT_TABLE

/** Lifted instructions that are kept: by their bytes, in the mode that decides what these mean. */
const MOST_LIFTED = 8192
/** So many fit into an exact number beside mode and length. */
const SHORT_BYTES = 5
const DB = 0x4000
const STEPPED_BY_RESULT: ReadonlySet<ControlFlow> = new Set(['int', 'intcond', 'syscall', 'sysret'])

const halves = (ea: number | bigint): readonly [number, number] =>
  typeof ea === 'bigint' ? [Number(BigInt.asUintN(32, ea)), Number(BigInt.asUintN(32, ea >> 32n))] : [ea >>> 0, 0]

export class Stepper {
  readonly instruction = new Instruction()
  readonly #ctx: RuleContext
  readonly #state: CpuState
  readonly #fetch: CodeFetch
  readonly #access: EffectiveAccess
  readonly #availability: Availability
  readonly #data: DataView
  readonly #evaluator: Evaluator
  readonly #rip: BigUint64Array
  readonly #lifted = new Map<string | number, IrCode | null>()

  constructor(ctx: RuleContext, fetch: CodeFetch, access: EffectiveAccess, availability: Availability, data: DataView) {
    this.#ctx = ctx
    this.#state = ctx.state
    this.#fetch = fetch
    this.#access = access
    this.#availability = availability
    this.#data = data
    this.#rip = new BigUint64Array(ctx.state.buffer, ctx.state.byteOffset + FIELD.rip.offset, 1)
    this.#evaluator = new Evaluator(new IrCode(), this.#environment())
  }

  #environment(): ConstructorParameters<typeof Evaluator>[1] {
    const ctx = this.#ctx
    return {
      state: this.#state,
      memory: {
        load: (size, ea, imm) => this.#load(size, ea, imm),
        store: (size, ea, value, imm) => this.#store(size, ea, value, imm),
        probe: (ea, imm) => this.#access.probe(...halves(ea), imm) === 0,
      },
      call: (helper, a, b, c) => callHelper(helper, ctx, a, b, c),
      raise: (vector, errorCode) => raiseVector(ctx, vector, errorCode),
      checkJump: (target) => this.#checkJump(target),
    }
  }

  #load(size: number, ea: number | bigint, imm: number): Datum | null {
    if (this.#access.load(size, ...halves(ea), imm) !== 0) return null
    const data = this.#data
    if (size === 16) return new Uint8Array(data.buffer, data.byteOffset, 16).slice()
    if (size === 8) return data.getBigInt64(0, true)
    return size === 4 ? data.getInt32(0, true) : size === 2 ? data.getUint16(0, true) : data.getUint8(0)
  }

  #store(size: number, ea: number | bigint, value: Datum, imm: number): boolean {
    const data = this.#data
    if (size === 16) new Uint8Array(data.buffer, data.byteOffset, 16).set(value as Uint8Array)
    else if (size === 8) data.setBigInt64(0, value as bigint, true)
    else data.setInt32(0, value as number, true)
    return this.#access.store(size, ...halves(ea), imm) === 0
  }

  /** A near branch: the target must be canonical in 64-bit code, and within CS elsewhere; else #GP(0). */
  #checkJump(target: bigint): boolean {
    const state = this.#state
    const hi = Number(target >> 32n)
    const isGood = is64Bit(state)
      ? isCanonical(state, hi)
      : hi === 0 && Number(target) <= state.lo(FIELD.segLimit, SEGMENT.CS)
    if (!isGood) raiseGp(state)
    return isGood
  }

  /**
   * Executes the instruction at RIP, and moves RIP on. Flags are settled before and after.
   * @returns how it ended; `fault`: an exception is pending, and the state is as before
   */
  step(): Outcome {
    const state = this.#state
    const bits = codeBits(state.lo(FIELD.segAccess, SEGMENT.CS), isLongMode(state))
    const i = this.instruction
    if (this.#fetch.fetch(i, bits) !== 0 || this.#availability.check(i.form) !== 0) return 'fault'
    const code = this.#lift(bits)
    if (code === null) {
      raiseUd(state)
      return 'fault'
    }
    const rip = this.#rip
    const next = BigInt.asUintN(64, (rip[0] as bigint) + BigInt(i.length))
    const outcome = this.#evaluator.run(code, next)
    if (outcome === 'next') rip[0] = next
    else if (outcome === 'jump') rip[0] = this.#evaluator.target
    return outcome
  }

  /**
   * Whether a single step is due after the last instruction, before which TF was set (Intel SDM vol. 3B, 19.3.1.4): not after INT n
   * and its kin, which clear TF, but after their handler's return; after SYSCALL and SYSRET by TF as they leave it, which the manual
   * does not say (Xen security advisory 204).
   */
  get isStepped(): boolean {
    const byResult = STEPPED_BY_RESULT.has(controlFlow(this.instruction.form))
    return !byResult || (this.#state.lo(FIELD.systemFlags) & RFLAGS.lo.TF) !== 0
  }

  #lift(bits: number): IrCode | null {
    const stackBig = (this.#state.lo(FIELD.segAccess, SEGMENT.SS) & DB) !== 0
    const key = liftKey(bits + (stackBig ? 1 : 0), this.#fetch.bytes)
    const known = this.#lifted.get(key)
    if (known !== undefined) return known
    if (this.#lifted.size === MOST_LIFTED) this.#lifted.clear()
    const code = new IrCode()
    const made = liftInstruction(this.instruction, code, { stackBig, replaced: this.#availability.replaced })
    this.#lifted.set(key, made ? code : null)
    return made ? code : null
  }
}

/** Few bytes, and what decides their meaning, are a number; many are a string. */
function liftKey(mode: number, bytes: Uint8Array): string | number {
  if (bytes.length > SHORT_BYTES) return `${mode}${String.fromCharCode(...bytes)}`
  let key = mode * 8 + bytes.length
  for (let n = 0; n < bytes.length; n++) key = key * 256 + (bytes[n] as number)
  return key
}

/** Exceptions with an error code, by vector: the lifting gives 0 to all. Intel SDM vol. 3A, table 7-1. */
export function raiseVector(ctx: RuleContext, vector: number, errorCode: number): void {
  const withCode = vector === 8 || (vector >= 10 && vector <= 14) || vector === 17 || vector === 21
  raise(ctx.state, vector, withCode ? errorCode : -1)
}
