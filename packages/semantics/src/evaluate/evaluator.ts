/** The reference evaluator: IR as it reads, an op at a time. */
import { type CpuState, FIELD } from '@ringfold/arch'
import { isRoutine, routineCode } from '../helpers/index.ts'
import type { IrCode } from '../ir/builder.ts'
import { conditionHolds, flagsAfter, STATUS } from '../ir/flags.ts'
import { FIRST_EFFECT, type FlagKind, OP_ROWS, Op } from '../ir/ops.ts'
import type { PureRow } from '../ir/rows.ts'
import type { Datum } from '../ir/types.ts'
import type { EffectiveMemory, EvaluationEnvironment } from './environment.ts'

/** What the name of an op says, taken apart once. */
interface EffectFacts {
  readonly family: string
  readonly detail: string
  /** Of a load, store or probe; NaN elsewhere. */
  readonly bits: number
  /** A load, or reading a variable. */
  readonly isRead: boolean
}

const EFFECTS: readonly EffectFacts[] = /* @__PURE__ */ OP_ROWS.map(({ name }) => {
  const [family = '', detail = ''] = name.split('.')
  return { family, detail, bits: Number(/\d+/.exec(detail)?.[0]), isRead: /^(load|get)/.test(detail) }
})

/** How an instruction ended. */
export type Outcome = 'next' | 'jump' | 'repeat' | 'fault' | 'transfer'

/** Evaluates the IR of one instruction on a state. */
export class Evaluator {
  readonly #state: CpuState
  readonly #view: DataView
  readonly #memory: EffectiveMemory
  readonly #environment: EvaluationEnvironment
  readonly #values: Datum[] = []
  readonly #locals: Datum[] = []
  readonly #loops: number[] = []
  #code: IrCode
  #at = 0
  #words: readonly number[] = []
  #outcome: Outcome = 'next'
  /** Where a jump goes: an offset in CS. */
  target = 0n
  /** The instruction asked that events be looked after. */
  leaves = false

  constructor(code: IrCode, environment: EvaluationEnvironment) {
    this.#code = code
    this.#environment = environment
    this.#state = environment.state
    this.#memory = environment.memory
    this.#view = new DataView(this.#state.buffer as ArrayBuffer, this.#state.byteOffset)
  }

  /** Runs `code` to its end or to a fault. `nextRip` is the offset in CS of the next instruction. */
  run(code: IrCode, nextRip: bigint): Outcome {
    this.#code = code
    // Every value is computed before it is used, so that those of other instructions may stay.
    for (let n = 0; n < code.locals.length; n++) this.#locals[n] = 0
    this.#outcome = 'next'
    this.leaves = false
    this.target = nextRip
    const loops = this.#loops
    loops.length = 0
    for (this.#at = 0; this.#at < code.length && !this.#isFaulted(); this.#at++) {
      const op = code.op[this.#at] as number
      if (op < FIRST_EFFECT) this.#pure(OP_ROWS[op] as PureRow)
      else if (!this.#steer(op, loops)) this.#effect(op, nextRip)
    }
    return this.#outcome
  }

  #isFaulted(): boolean {
    return this.#outcome === 'fault'
  }

  // Operands; 0 where the op has none. An index of -1 would be looked up as a name.

  #a(): Datum {
    return this.#value(this.#code.a[this.#at] as number)
  }

  #b(): Datum {
    return this.#value(this.#code.b[this.#at] as number)
  }

  #c(): Datum {
    return this.#value(this.#code.c[this.#at] as number)
  }

  #value(n: number): Datum {
    return n < 0 ? 0 : (this.#values[n] as Datum)
  }

  #pure(row: PureRow): void {
    const evaluate = row.evaluate as (...args: (Datum | number)[]) => Datum
    const imm = this.#code.imm[this.#at] as number
    const immediate = row.immediate === 'shuffle' ? (this.#code.vectors[imm] as Uint8Array) : imm
    this.#values[this.#at] = evaluate(this.#a(), this.#b(), this.#c(), immediate)
  }

  /** if, else, loop, end. @returns false for other ops. */
  #steer(op: number, loops: number[]): boolean {
    switch (op) {
      case Op.if:
        if ((this.#a() as number) === 0) this.#at = this.#matching(true)
        loops.push(-1)
        return true
      case Op.else:
        this.#at = this.#matching(false) - 1
        return true
      case Op.loop:
        loops.push(this.#at)
        return true
      case Op['continue.if']: {
        const start = loops.at(-1) as number
        if ((this.#a() as number) !== 0) this.#at = start
        return true
      }
      case Op.end:
        loops.pop()
        return true
      default:
        return false
    }
  }

  /** The else (if asked for) or end that belongs to the if or else at which we are: the op before which to go on. */
  #matching(stopAtElse: boolean): number {
    let depth = 0
    for (let n = this.#at + 1; ; n++) {
      const op = this.#code.op[n]
      if (op === Op.if || op === Op.loop) depth++
      else if (op === Op.end) {
        // The end is executed: it takes the block off the stack.
        if (depth === 0) return n - (stopAtElse ? 1 : 0)
        depth--
      } else if (op === Op.else && depth === 0 && stopAtElse) return n
    }
  }

  #effect(op: number, nextRip: bigint): void {
    const effect = EFFECTS[op] as EffectFacts
    switch (effect.family) {
      case 'const':
        this.#values[this.#at] =
          effect.detail === 'v128'
            ? (this.#code.vectors[this.#code.imm[this.#at] as number] as Datum)
            : this.#code.constant(this.#at)
        return
      case 'select':
        this.#values[this.#at] = (this.#c() as number) !== 0 ? this.#a() : this.#b()
        return
      case 'local':
        this.#local(effect)
        return
      case 'argument':
        this.#values[this.#at] = this.#words[this.#code.imm[this.#at] as number] as number
        return
      case 'state':
        this.#stateAccess(effect)
        return
      case 'mem':
        this.#memoryAccess(effect)
        return
      case 'flags':
        this.#flags(effect.detail)
        return
      default:
        this.#control(op, nextRip)
    }
  }

  #local({ isRead }: EffectFacts): void {
    const local = this.#code.imm[this.#at] as number
    if (isRead) this.#values[this.#at] = this.#locals[local] as Datum
    else this.#locals[local] = this.#a()
  }

  #stateAccess({ bits, isRead }: EffectFacts): void {
    const { u8 } = this.#state
    const offset = (this.#code.imm[this.#at] as number) + (this.#a() as number)
    const view = this.#view
    if (isRead) {
      this.#values[this.#at] =
        bits === 128
          ? u8.slice(offset, offset + 16)
          : bits === 64
            ? view.getBigInt64(offset, true)
            : bits === 32
              ? view.getInt32(offset, true)
              : bits === 16
                ? view.getUint16(offset, true)
                : (u8[offset] as number)
      return
    }
    const v = this.#b()
    if (bits === 128) u8.set(v as Uint8Array, offset)
    else if (bits === 64) view.setBigInt64(offset, v as bigint, true)
    else if (bits === 32) view.setInt32(offset, v as number, true)
    else if (bits === 16) view.setUint16(offset, v as number, true)
    else u8[offset] = v as number
  }

  #memoryAccess({ detail, bits, isRead }: EffectFacts): void {
    const imm = this.#code.imm[this.#at] as number
    const ea = this.#a() as number | bigint
    if (detail === 'probe') {
      if (!this.#memory.probe(ea, imm)) this.#outcome = 'fault'
      return
    }
    const bytes = bits / 8
    if (!isRead) {
      if (!this.#memory.store(bytes, ea, this.#b(), imm)) this.#outcome = 'fault'
      return
    }
    const v = this.#memory.load(bytes, ea, imm)
    if (v === null) this.#outcome = 'fault'
    else this.#values[this.#at] = v
  }

  #flags(detail: string): void {
    const imm = this.#code.imm[this.#at] as number
    const before = this.#state.lo(FIELD.statusFlags)
    switch (detail) {
      case 'set': {
        const big = (value: Datum) => BigInt(value as number | bigint)
        const after = flagsAfter(
          (imm >> 2) as FlagKind,
          8 << (imm & 3),
          big(this.#a()),
          big(this.#b()),
          big(this.#c()),
          before,
        )
        this.#state.setLo(FIELD.statusFlags, after)
        return
      }
      case 'bits':
        this.#state.setLo(FIELD.statusFlags, (before & ~imm) | ((this.#a() as number) & imm))
        return
      case 'get':
        this.#values[this.#at] = (before >> imm) & 1
        return
      case 'all':
        this.#values[this.#at] = before & STATUS
        return
      default:
        this.#values[this.#at] = conditionHolds(imm, before) ? 1 : 0
    }
  }

  #control(op: number, nextRip: bigint): void {
    const imm = this.#code.imm[this.#at] as number
    switch (op) {
      case Op['rip.next']:
        this.#values[this.#at] = BigInt.asIntN(64, nextRip)
        return
      case Op['rip.this']:
        this.#values[this.#at] = this.#view.getBigInt64(FIELD.rip.offset, true)
        return
      case Op.jump:
        this.target = BigInt.asUintN(64, this.#a() as bigint)
        this.#outcome = this.#environment.checkJump(this.target) ? 'jump' : 'fault'
        return
      case Op.repeat:
        if ((this.#a() as number) !== 0) this.#outcome = 'repeat'
        return
      case Op.call:
        if (this.#call(imm, [this.#a() as number, this.#b() as number, this.#c() as number]) !== 0)
          this.#outcome = 'fault'
        return
      case Op.fault:
        this.#environment.raise(imm, this.#a() as number)
        this.#outcome = 'fault'
        return
      case Op.transfer:
        this.#outcome = 'transfer'
        this.leaves = true
        return
      case Op.external:
        return
      case Op.leave:
        this.leaves = true
        return
      default:
        throw new Error(`the evaluator has no op ${OP_ROWS[op]?.name}`)
    }
  }

  /** A helper, or a routine in an evaluator of its own. */
  #call(helper: number, words: readonly [number, number, number]): number {
    if (!isRoutine(helper)) return this.#environment.call(helper, ...words)
    const code = routineCode(helper)
    const inner = new Evaluator(code, this.#environment)
    inner.#words = words
    return inner.run(code, 0n) === 'fault' ? 1 : 0
  }
}
