/** The reference evaluator: IR as it reads, an op at a time. */
import { type CpuState, FIELD } from '@ringfold/arch'
import { isRoutine, routineCode } from '../helpers/index.ts'
import type { IrCode } from '../ir/builder.ts'
import { conditionHolds, flagsAfter, STATUS } from '../ir/flags.ts'
import { FIRST_EFFECT, type FlagKind, OP_ROWS, Op } from '../ir/ops.ts'
import type { PureRow } from '../ir/rows.ts'
import type { Datum } from '../ir/types.ts'
import type { EffectiveMemory, EvaluationEnvironment } from './environment.ts'

/** How an instruction ended. */
export type Outcome = 'next' | 'jump' | 'repeat' | 'fault' | 'transfer'

/** Evaluates the IR of one instruction on a state. */
export class Evaluator {
  readonly #state: CpuState
  readonly #memory: EffectiveMemory
  readonly #environment: EvaluationEnvironment
  #values: Datum[] = []
  #locals: Datum[] = []
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
  }

  /** Runs `code` to its end or to a fault. `nextRip` is the offset in CS of the next instruction. */
  run(code: IrCode, nextRip: bigint): Outcome {
    this.#code = code
    this.#values = []
    this.#locals = code.locals.map(() => 0)
    this.#outcome = 'next'
    this.leaves = false
    this.target = nextRip
    const loops: number[] = []
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

  #arg(which: 'a' | 'b' | 'c'): Datum {
    return this.#values[this.#code[which][this.#at] as number] as Datum
  }

  #int(which: 'a' | 'b' | 'c'): number {
    return this.#arg(which) as number
  }

  #pure(row: PureRow): void {
    const evaluate = row.evaluate as (...args: (Datum | number)[]) => Datum
    const imm = this.#code.imm[this.#at] as number
    const immediate = row.immediate === 'shuffle' ? (this.#code.vectors[imm] as Uint8Array) : imm
    this.#values[this.#at] = evaluate(this.#arg('a'), this.#arg('b'), this.#arg('c'), immediate)
  }

  /** if, else, loop, end. @returns false for other ops. */
  #steer(op: number, loops: number[]): boolean {
    switch (op) {
      case Op.if:
        if (this.#int('a') === 0) this.#at = this.#matching(true)
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
        if (this.#int('a') !== 0) this.#at = start
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
    const name = (OP_ROWS[op] as { name: string }).name
    const [family, detail = ''] = name.split('.')
    switch (family) {
      case 'const':
        this.#values[this.#at] =
          detail === 'v128'
            ? (this.#code.vectors[this.#code.imm[this.#at] as number] as Datum)
            : this.#code.constant(this.#at)
        return
      case 'select':
        this.#values[this.#at] = this.#int('c') !== 0 ? this.#arg('a') : this.#arg('b')
        return
      case 'local':
        this.#local(detail)
        return
      case 'argument':
        this.#values[this.#at] = this.#words[this.#code.imm[this.#at] as number] as number
        return
      case 'state':
        this.#stateAccess(detail)
        return
      case 'mem':
        this.#memoryAccess(detail)
        return
      case 'flags':
        this.#flags(detail)
        return
      default:
        this.#control(name, nextRip)
    }
  }

  #local(detail: string): void {
    const local = this.#code.imm[this.#at] as number
    if (detail.startsWith('get')) this.#values[this.#at] = this.#locals[local] as Datum
    else this.#locals[local] = this.#arg('a')
  }

  #stateAccess(detail: string): void {
    const { u8, buffer, byteOffset } = this.#state
    const offset = (this.#code.imm[this.#at] as number) + this.#int('a')
    const view = new DataView(buffer as ArrayBuffer, byteOffset)
    const bits = Number(/\d+/.exec(detail)?.[0])
    if (detail.startsWith('load')) {
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
    const v = this.#arg('b')
    if (bits === 128) u8.set(v as Uint8Array, offset)
    else if (bits === 64) view.setBigInt64(offset, v as bigint, true)
    else if (bits === 32) view.setInt32(offset, v as number, true)
    else if (bits === 16) view.setUint16(offset, v as number, true)
    else u8[offset] = v as number
  }

  #memoryAccess(detail: string): void {
    const imm = this.#code.imm[this.#at] as number
    const ea = this.#arg('a') as number | bigint
    if (detail === 'probe') {
      if (!this.#memory.probe(ea, imm)) this.#outcome = 'fault'
      return
    }
    const bytes = Number(/\d+/.exec(detail)?.[0]) / 8
    if (detail.startsWith('store')) {
      if (!this.#memory.store(bytes, ea, this.#arg('b'), imm)) this.#outcome = 'fault'
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
        const big = (which: 'a' | 'b' | 'c') => BigInt(this.#arg(which) as number | bigint)
        const after = flagsAfter((imm >> 2) as FlagKind, 8 << (imm & 3), big('a'), big('b'), big('c'), before)
        this.#state.setLo(FIELD.statusFlags, after)
        return
      }
      case 'bits':
        this.#state.setLo(FIELD.statusFlags, (before & ~imm) | (this.#int('a') & imm))
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

  #control(name: string, nextRip: bigint): void {
    const imm = this.#code.imm[this.#at] as number
    switch (name) {
      case 'rip.next':
        this.#values[this.#at] = BigInt.asIntN(64, nextRip)
        return
      case 'rip.this':
        this.#values[this.#at] = BigInt.asIntN(64, this.#state.read('rip'))
        return
      case 'jump':
        this.target = BigInt.asUintN(64, this.#arg('a') as bigint)
        this.#outcome = this.#environment.checkJump(this.target) ? 'jump' : 'fault'
        return
      case 'repeat':
        if (this.#int('a') !== 0) this.#outcome = 'repeat'
        return
      case 'call':
        if (this.#call(imm, [this.#int('a'), this.#int('b'), this.#int('c')]) !== 0) this.#outcome = 'fault'
        return
      case 'fault':
        this.#environment.raise(imm, this.#int('a'))
        this.#outcome = 'fault'
        return
      case 'transfer':
        this.#outcome = 'transfer'
        this.leaves = true
        return
      case 'external':
        return
      case 'leave':
        this.leaves = true
        return
      default:
        throw new Error(`the evaluator has no op ${name}`)
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
