/** IR to the body of a Wasm function: values become locals, or stand where they are used once. */
import { FIRST_EFFECT, type IrCode, OP_ROWS, Op, type PureRow, type ValueType } from '@ringfold/semantics'
import type { ByteWriter } from '../wasm/bytes.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'

const WASM_TYPES: readonly WasmType[] = [WasmType.i32, WasmType.i64, WasmType.f32, WasmType.f64, WasmType.v128]

/** Ops whose value depends on state or memory, but that change nothing: they may move up to the next op that does. */
const MOVABLE: ReadonlySet<number> = new Set([
  Op['state.load8'],
  Op['state.load16'],
  Op['state.load32'],
  Op['state.load64'],
  Op['state.load128'],
  Op['slot.i32'],
  Op['slot.i64'],
  Op['rip.next'],
  Op['rip.this'],
  Op['argument.i32'],
  Op['local.get.i32'],
  Op['local.get.i64'],
  Op['local.get.v128'],
])

const CONSTANTS: ReadonlySet<number> = new Set([Op['const.i32'], Op['const.i64'], Op['const.v128']])
const SELECTS: ReadonlySet<number> = new Set([Op['select.i32'], Op['select.i64'], Op['select.v128']])

/** What the emitter asks of each op, by its number. */
const FREE = 1
const MOVES = 2
const CONSTANT = 4
const TRAITS: Uint8Array = /* @__PURE__ */ Uint8Array.from(
  OP_ROWS,
  (_, op) =>
    (op < FIRST_EFFECT || CONSTANTS.has(op) || SELECTS.has(op) ? FREE : 0) |
    (MOVABLE.has(op) ? MOVES : 0) |
    (CONSTANTS.has(op) ? CONSTANT : 0),
)
/** Ops that change nothing. */
const QUIET = FREE | MOVES

/** Allocates Wasm locals; what one handler used, the next may use again. */
export class LocalPool {
  readonly types: WasmType[] = []
  readonly #first: number
  readonly #free = new Map<WasmType, number[]>()

  /** `parameters`: locals that exist already. */
  constructor(parameters: number) {
    this.#first = parameters
  }

  take(type: WasmType): number {
    const free = this.#free.get(type)?.pop()
    return free ?? this.#first + this.types.push(type) - 1
  }

  give(local: number): void {
    const type = this.types[local - this.#first] as WasmType
    const list = this.#free.get(type)
    if (list) list.push(local)
    else this.#free.set(type, [local])
  }
}

/** What the ops with effects become: an engine's affair. Each method finds its arguments already decided, and emits. */
export interface EffectEmitter {
  effect(e: IrEmitter, n: number): void
}

/** Emits one piece of IR into a body. */
export class IrEmitter {
  readonly out: ByteWriter
  readonly pool: LocalPool
  code!: IrCode
  readonly #effects: EffectEmitter
  /** For each value: the local that holds it, or -1. */
  #local: Int32Array = new Int32Array(64)
  #inline: Uint8Array = new Uint8Array(64)
  #uses: Uint8Array = new Uint8Array(64)
  #user: Int32Array = new Int32Array(64)
  #effectsBefore: Int32Array = new Int32Array(64)
  #place: Int32Array = new Int32Array(64)
  #variables: number[] = []
  #taken: number[] = []
  /** Blocks that are open around the current op, within the piece. */
  depth = 0

  constructor(out: ByteWriter, pool: LocalPool, effects: EffectEmitter) {
    this.out = out
    this.pool = pool
    this.#effects = effects
  }

  /** Emits all ops; where a `result` is named, it is left on Wasm's stack. Effects may push the `kept` values at any later op. */
  emit(code: IrCode, result = -1, kept: readonly number[] = []): void {
    this.code = code
    this.depth = 0
    this.#taken = []
    this.#variables = code.locals.map((type) => this.temporary(type))
    this.#plan(result, kept)
    for (let n = 0; n < code.length; n++) if (this.#inline[n] === 0) this.#op(n)
    if (result >= 0) this.push(result)
    for (const local of this.#taken) this.pool.give(local)
  }

  /** A Wasm local until the end of this piece. */
  temporary(type: ValueType): number {
    const local = this.pool.take(WASM_TYPES[type] as WasmType)
    this.#taken.push(local)
    return local
  }

  variable(number: number): number {
    return this.#variables[number] as number
  }

  /** Decides which values stand where they are used: those used once, with nothing between that could change them. */
  #plan(result: number, kept: readonly number[]): void {
    const n = this.code.length
    if (this.#local.length <= n) this.#grow(n * 2)
    this.#local.fill(-1, 0, n)
    this.#inline.fill(0, 0, n)
    this.#uses.fill(0, 0, n)
    this.#count()
    // The result is used behind the last op.
    if (result >= 0) this.#uses[result] = 2
    for (const value of kept) this.#uses[value] = 2
    this.#decide()
  }

  #grow(size: number): void {
    this.#local = new Int32Array(size)
    this.#inline = new Uint8Array(size)
    this.#uses = new Uint8Array(size)
    this.#user = new Int32Array(size)
    this.#effectsBefore = new Int32Array(size)
    this.#place = new Int32Array(size)
  }

  /** Uses of each value, the op that uses it last, and the effects before each op. */
  #count(): void {
    const { op, a, b, c, length } = this.code
    let effects = 0
    this.#effectsBefore[0] = 0
    for (let i = 0; i < length; i++) {
      if (((TRAITS[op[i] as number] as number) & QUIET) === 0) effects++
      this.#effectsBefore[i + 1] = effects
      this.#use(a[i] as number, i)
      this.#use(b[i] as number, i)
      this.#use(c[i] as number, i)
    }
  }

  #use(value: number, user: number): void {
    if (value < 0) return
    this.#uses[value] = (this.#uses[value] as number) === 0 ? 1 : 2
    this.#user[value] = user
  }

  #decide(): void {
    const { code } = this
    const [uses, place, effects] = [this.#uses, this.#place, this.#effectsBefore]
    for (let i = code.length - 1; i >= 0; i--) {
      const traits = TRAITS[code.op[i] as number] as number
      const used = uses[i] as number
      place[i] = i
      if ((traits & CONSTANT) !== 0 || (used === 0 && (traits & QUIET) !== 0)) this.#inline[i] = 1
      else if (used === 1 && (traits & QUIET) !== 0) {
        const at = place[this.#user[i] as number] as number
        if ((traits & FREE) !== 0 || effects[at] === effects[i + 1]) {
          this.#inline[i] = 1
          place[i] = at
        }
      }
    }
  }

  /** Pushes a value. */
  push(value: number): void {
    const local = this.#local[value] as number
    if (local >= 0) this.get(local)
    else this.#expression(value)
  }

  /** A value in a local, so that it can be pushed more than once. */
  held(value: number): number {
    const known = this.#local[value] as number
    if (known >= 0) return known
    const local = this.temporary(this.code.typeOf(value))
    this.#expression(value)
    this.set(local)
    // Constants are used in many places, of which this one may be in a branch that is not taken.
    if (!CONSTANTS.has(this.code.op[value] as number)) this.#local[value] = local
    return local
  }

  #op(n: number): void {
    const op = this.code.op[n] as number
    if (((TRAITS[op] as number) & QUIET) !== 0) {
      this.#expression(n)
      this.#keep(n)
    } else this.#effects.effect(this, n)
  }

  #keep(n: number): void {
    const local = this.temporary(this.code.typeOf(n))
    this.set(local)
    this.#local[n] = local
  }

  /** Takes what is on Wasm's stack as the value of op `n`. */
  result(n: number): void {
    this.#keep(n)
  }

  #expression(n: number): void {
    const { code } = this
    const op = code.op[n] as number
    const traits = TRAITS[op] as number
    if ((traits & CONSTANT) !== 0) this.#constant(n)
    else if ((traits & FREE) !== 0) {
      this.#argument(code.a[n] as number)
      this.#argument(code.b[n] as number)
      this.#argument(code.c[n] as number)
      if (SELECTS.has(op)) this.out.byte(Wasm.select)
      else {
        this.out.bytes((OP_ROWS[op] as PureRow).wasm)
        this.#lane(op, n)
      }
    } else this.#effects.effect(this, n)
  }

  #argument(value: number): void {
    if (value >= 0) this.push(value)
  }

  /** SIMD ops with a lane or shuffle immediate carry it behind the opcode. */
  #lane(op: number, n: number): void {
    const row = OP_ROWS[op] as PureRow
    if (row.immediate === 'lane') this.out.byte(this.code.imm[n] as number)
    if (row.immediate === 'shuffle') this.out.bytes(this.code.vectors[this.code.imm[n] as number] as Uint8Array)
  }

  #constant(n: number): void {
    const { code, out } = this
    const lo = code.imm[n] as number
    if (code.op[n] === Op['const.i32']) this.i32(lo)
    else if (code.op[n] === Op['const.i64']) {
      out.byte(Wasm.i64Const)
      out.s64(lo, code.immHi[n] as number)
    } else {
      out.byte(Wasm.simd)
      out.u32(12)
      out.bytes(code.vectors[lo] as Uint8Array)
    }
  }

  i32(value: number): void {
    this.out.byte(Wasm.i32Const)
    this.out.s32(value)
  }

  i64(lo: number, hi = lo >> 31): void {
    this.out.byte(Wasm.i64Const)
    this.out.s64(lo, hi)
  }

  get(local: number): void {
    this.out.byte(Wasm.localGet)
    this.out.u32(local)
  }

  set(local: number): void {
    this.out.byte(Wasm.localSet)
    this.out.u32(local)
  }

  tee(local: number): void {
    this.out.byte(Wasm.localTee)
    this.out.u32(local)
  }

  op(...codes: number[]): void {
    this.out.bytes(codes)
  }

  call(index: number): void {
    this.out.byte(Wasm.call)
    this.out.u32(index)
  }

  /** A load or store of memory `memory` (0: RAM, 1: state) at a constant offset; `align` is its logarithm. */
  memory(opcode: number, memory: 0 | 1, offset: number, align = 0): void {
    this.out.byte(opcode)
    this.out.u32(memory === 0 ? align : align | 0x40)
    if (memory !== 0) this.out.u32(memory)
    this.out.u32(offset)
  }

  /** A SIMD load or store: the opcode behind the prefix. */
  simdMemory(opcode: number, memory: 0 | 1, offset: number): void {
    this.out.byte(Wasm.simd)
    this.out.u32(opcode)
    this.out.u32(memory === 0 ? 0 : 0x40)
    if (memory !== 0) this.out.u32(memory)
    this.out.u32(offset)
  }

  open(opcode: number, type: number = WasmType.empty): void {
    this.op(opcode, type)
    this.depth++
  }

  close(): void {
    this.op(Wasm.end)
    this.depth--
  }
}
