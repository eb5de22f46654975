/**
 * The interpreter's loop, one Wasm function: it goes from slot to slot; the handlers of frequent shapes stand in a `br_table`
 * within it, the others are called through a table.
 */
import { FIELD, INTERRUPTIBILITY, RFLAGS } from '@ringfold/arch'
import { pushHasMore } from '../emit/bulk.ts'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { type AddressMode, GuestEffects, type RuntimeFunctions } from '../emit/guest-effects.ts'
import { HandlerStatus, INDIRECT_RING_BYTES, INDIRECT_RING_OFFSET, SCRATCH, SLOT, SLOT_BYTES } from '../layout.ts'
import { PARAMETERS as REGION_PARAMETERS, RESULTS as REGION_RESULTS } from '../region/locals.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { FIRST_HANDLER } from './fixed-handlers.ts'
import type { HandlerCode } from './handlers.ts'
import { JUMP, pushGeneration, pushJumpEntry } from './jump-cache.ts'

/** Locals of the loop. */
const SLOT_LOCAL = 0
const BUDGET = 1
const STATUS = 2
const DIRECT = 3
const ENTRY = 4
const TARGET = 5
const NEW_BASE = 6
const FIXED_LOCALS: readonly WasmType[] = [WasmType.i32, WasmType.i32, WasmType.i32, WasmType.i64, WasmType.i64]
const PARAMETERS = 2
/** Calls that may nest in a region: the host's stack is finite, and V8's first compiler makes large frames. */
const REGION_DEPTH = 100

/** Effects of handlers that stand in the loop: where a function returns, they branch. */
class LoopEffects extends GuestEffects {
  /** Blocks between the handler's own and the one behind which the loop ends. */
  blocksToExit = 0

  override external(e: IrEmitter): void {
    storeBudget(e)
    super.external(e)
  }

  override leaveWithTop(e: IrEmitter): void {
    e.set(STATUS)
    e.op(Wasm.br)
    e.out.u32(e.depth + this.blocksToExit)
  }
}

function storeBudget(e: IrEmitter): void {
  e.i32(0)
  e.get(BUDGET)
  e.memory(Wasm.i32Store, 1, FIELD.budget.offset, 2)
}

function loadBudget(e: IrEmitter): void {
  e.i32(0)
  e.memory(Wasm.i32Load, 1, FIELD.budget.offset, 2)
  e.set(BUDGET)
}

export interface LoopParts {
  readonly functions: RuntimeFunctions
  /** Asks the host at a boundary; 0: on. */
  readonly boundary: number
  /** Functions of the base module that handlers call, by name. */
  readonly bulks: ReadonlyMap<string, number>
  readonly address: AddressMode
  /** Handlers in the order of their numbers, from {@link FIRST_HANDLER} on. */
  readonly handlers: readonly HandlerCode[]
}

/** Defines `run(slot, budget) -> status` in a module. */
export function defineLoop(module: ModuleBuilder, parts: LoopParts): number {
  const index = module.declare()
  const out = new ByteWriter(65536)
  const pool = new LocalPool(PARAMETERS + FIXED_LOCALS.length)
  new LoopWriter(module, parts, out, pool).write()
  module.define(index, [WasmType.i32, WasmType.i32], [WasmType.i32], [...FIXED_LOCALS, ...pool.types], out.toBytes())
  return index
}

class LoopWriter {
  readonly #module: ModuleBuilder
  readonly #parts: LoopParts
  readonly #out: ByteWriter
  readonly #effects: LoopEffects
  readonly #e: IrEmitter

  constructor(module: ModuleBuilder, parts: LoopParts, out: ByteWriter, pool: LocalPool) {
    this.#module = module
    this.#parts = parts
    this.#out = out
    this.#effects = new LoopEffects(parts.functions, parts.address, SLOT_LOCAL, STATUS)
    this.#e = new IrEmitter(out, pool, this.#effects)
  }

  /** Blocks from the outside in: exit, next (the loop), dispatch (a jump), call (the default), one a handler. */
  write(): void {
    const e = this.#e
    const { handlers } = this.#parts
    e.op(Wasm.block, WasmType.empty)
    e.op(Wasm.loop, WasmType.empty)
    e.op(Wasm.block, WasmType.empty)
    this.#countDown()
    e.op(Wasm.block, WasmType.empty)
    for (let n = 0; n < handlers.length + FIRST_HANDLER; n++) e.op(Wasm.block, WasmType.empty)
    this.#select(handlers.length + FIRST_HANDLER)
    this.#goto(handlers.length + 3)
    this.#leaveWith(HandlerStatus.slow, handlers.length + 3)
    this.#count(handlers.length + 2)
    this.#region(handlers.length + 1)
    this.#leaveWith(HandlerStatus.stale, handlers.length)
    for (const [n, handler] of handlers.entries()) this.#handler(handler, handlers.length - 1 - n)
    e.op(Wasm.end)
    this.#callHandler()
    e.op(Wasm.end)
    this.#dispatch()
    e.op(Wasm.end, Wasm.end)
    this.#leave()
  }

  /** An instruction of budget, or the end of the run. In the block of dispatch: 0, the loop: 1, exit: 2. */
  #countDown(): void {
    const e = this.#e
    e.get(BUDGET)
    e.op(Wasm.i32Eqz)
    e.op(Wasm.if, WasmType.empty)
    // A string instruction that is not done keeps its status, whatever else was executed before: each handler that may leave sets it.
    e.i32(HandlerStatus.repeat)
    e.i32(HandlerStatus.budget)
    e.get(STATUS)
    e.i32(HandlerStatus.repeat)
    e.op(Wasm.i32Eq, Wasm.select)
    e.set(STATUS)
    e.op(Wasm.br, 3, Wasm.end)
    e.get(BUDGET)
    e.i32(1)
    e.op(Wasm.i32Sub)
    e.set(BUDGET)
  }

  #select(count: number): void {
    const e = this.#e
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load16U, 1, SLOT.handler, 1)
    e.op(Wasm.brTable)
    this.#out.u32(count)
    for (let n = 0; n < count; n++) this.#out.u32(n)
    // The default is the block of calls, around all the handlers.
    this.#out.u32(count)
  }

  #branch(depth: number): void {
    this.#e.op(Wasm.br)
    this.#out.u32(depth)
  }

  /** Behind the last instruction of a piece: a jump to where it ends, which is no instruction. `left`: handlers still open. */
  #goto(left: number): void {
    const e = this.#e
    e.op(Wasm.end)
    this.#giveBack()
    e.i32(0)
    this.#effects.nextRip(e)
    e.memory(Wasm.i64Store, 1, SCRATCH.jumpTarget, 3)
    e.i32(0)
    e.set(DIRECT)
    e.i32(HandlerStatus.jump)
    e.set(STATUS)
    this.#branch(left + 2)
  }

  #giveBack(): void {
    const e = this.#e
    e.get(BUDGET)
    e.i32(1)
    e.op(Wasm.i32Add)
    e.set(BUDGET)
  }

  /** What the host looks after by itself. */
  #leaveWith(status: number, left: number): void {
    const e = this.#e
    e.op(Wasm.end)
    e.i32(status)
    e.set(STATUS)
    this.#branch(left + 3)
  }

  /** An entry that counts down how often jumps lead to it, until the host decides what becomes of it. `left`: as of a handler. */
  #count(left: number): void {
    const e = this.#e
    e.op(Wasm.end)
    this.#giveBack()
    e.get(SLOT_LOCAL)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load, 1, SLOT.immediate, 2)
    e.i32(1)
    e.op(Wasm.i32Sub)
    e.tee(ENTRY)
    e.memory(Wasm.i32Store, 1, SLOT.immediate, 2)
    e.get(ENTRY)
    e.op(Wasm.i32Eqz, Wasm.if, WasmType.empty)
    e.i32(HandlerStatus.hot)
    e.set(STATUS)
    this.#branch(left + 4)
    e.op(Wasm.end)
    this.#followLink(left)
  }

  #followLink(left: number): void {
    const e = this.#e
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load, 1, SLOT.link, 2)
    e.set(SLOT_LOCAL)
    this.#branch(left + 2)
  }

  /** An entry of a region. Where too little budget is left for it, the instruction behind the entry is executed. */
  #region(left: number): void {
    const e = this.#e
    e.op(Wasm.end)
    this.#giveBack()
    e.get(BUDGET)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load, 1, SLOT.immediate2, 2)
    e.op(Wasm.i32LtS, Wasm.if, WasmType.empty)
    this.#followLink(left + 1)
    e.op(Wasm.end)
    this.#addCounter(SCRATCH.regionEntries, () => e.i64(1))
    e.get(BUDGET)
    e.set(ENTRY)
    this.#effects.nextRip(e)
    e.get(BUDGET)
    e.i32(REGION_DEPTH)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load, 1, SLOT.immediate, 2)
    e.op(Wasm.callIndirect)
    this.#out.u32(this.#module.type(REGION_PARAMETERS, REGION_RESULTS))
    this.#out.u32(0)
    e.set(BUDGET)
    e.set(TARGET)
    this.#addCounter(SCRATCH.regionInstructions, () => {
      e.get(ENTRY)
      e.get(BUDGET)
      e.get(BUDGET)
      e.i32(31)
      e.op(Wasm.i32ShrS, Wasm.i32Xor, Wasm.i32Sub, Wasm.i64ExtendI32U)
    })
    e.i32(0)
    e.get(TARGET)
    e.memory(Wasm.i64Store, 1, SCRATCH.jumpTarget, 3)
    e.get(BUDGET)
    e.i32(0)
    e.op(Wasm.i32LtS, Wasm.if, WasmType.empty)
    e.i32(-1)
    e.get(BUDGET)
    e.op(Wasm.i32Xor)
    e.set(BUDGET)
    e.i32(HandlerStatus.exit)
    e.set(STATUS)
    this.#branch(left + 4)
    e.op(Wasm.end)
    e.i32(0)
    e.set(DIRECT)
    e.i32(HandlerStatus.jump)
    e.set(STATUS)
    this.#branch(left + 1)
  }

  #addCounter(at: number, push: () => void): void {
    const e = this.#e
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, at, 3)
    push()
    e.op(Wasm.i64Add)
    e.memory(Wasm.i64Store, 1, at, 3)
  }

  #advance(): void {
    const e = this.#e
    e.get(SLOT_LOCAL)
    e.i32(SLOT_BYTES)
    e.op(Wasm.i32Add)
    e.set(SLOT_LOCAL)
  }

  /** One handler, in the place of its block. `left`: handler blocks that are still open around it. */
  #handler(handler: HandlerCode, left: number): void {
    const e = this.#e
    const effects = this.#effects
    e.op(Wasm.end)
    // Around the handler: the open handler blocks, the block of calls, dispatch, the loop, exit.
    effects.blocksToExit = left + 3
    effects.setsStatus = false
    if (handler.mayLeave) {
      e.i32(0)
      e.set(STATUS)
    }
    if (handler.bulk !== null) this.#bulk(handler.bulk, left)
    e.emit(handler.code)
    if (!effects.setsStatus) {
      this.#advance()
      this.#branch(left + 2)
      return
    }
    this.#finish(handler, left)
  }

  /** Many iterations at once, if that is possible: then on with the next instruction, or with this one again. */
  #bulk(name: string, left: number): void {
    const e = this.#e
    storeBudget(e)
    e.call(this.#parts.bulks.get(name) as number)
    e.op(Wasm.if, WasmType.empty)
    loadBudget(e)
    pushHasMore(e, this.#parts.address.mode)
    e.op(Wasm.if, WasmType.empty)
    e.i32(HandlerStatus.repeat)
    e.set(STATUS)
    this.#branch(left + 4)
    e.op(Wasm.end)
    this.#advance()
    this.#branch(left + 3)
    e.op(Wasm.end)
  }

  /** After a handler that may have jumped: on with the next slot, the linked one, or by dispatch. */
  #finish(handler: HandlerCode, left: number): void {
    const e = this.#e
    e.get(STATUS)
    e.op(Wasm.i32Eqz)
    e.op(Wasm.if, WasmType.empty)
    this.#advance()
    this.#branch(left + 3)
    e.op(Wasm.end)
    if (!handler.isDirect) {
      if (handler.isIndirect) this.#noteIndirect()
      e.i32(0)
      e.set(DIRECT)
      this.#branch(left + 1)
      return
    }
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load, 1, SLOT.link, 2)
    e.tee(DIRECT)
    e.op(Wasm.if, WasmType.empty)
    e.get(DIRECT)
    e.set(SLOT_LOCAL)
    this.#branch(left + 3)
    e.op(Wasm.end)
    e.get(SLOT_LOCAL)
    e.set(DIRECT)
    this.#branch(left + 1)
  }

  /** Notes where an indirect jump goes, if that is in its page. */
  #noteIndirect(): void {
    const e = this.#e
    e.i32(0)
    e.memory(Wasm.i64Load, 1, SCRATCH.jumpTarget, 3)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, SCRATCH.ripBase, 3)
    e.op(Wasm.i64Sub)
    e.tee(TARGET)
    e.i64(4096)
    e.op(Wasm.i64LtU, Wasm.if, WasmType.empty)
    e.i32(0)
    e.memory(Wasm.i32Load, 1, SCRATCH.indirectNext, 2)
    e.tee(ENTRY)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Store, 1, INDIRECT_RING_OFFSET, 2)
    e.get(ENTRY)
    e.get(TARGET)
    e.op(Wasm.i32WrapI64)
    e.memory(Wasm.i32Store, 1, INDIRECT_RING_OFFSET + 4, 2)
    e.i32(0)
    e.get(ENTRY)
    e.i32(8)
    e.op(Wasm.i32Add)
    e.i32(INDIRECT_RING_BYTES - 1)
    e.op(Wasm.i32And)
    e.memory(Wasm.i32Store, 1, SCRATCH.indirectNext, 2)
    e.op(Wasm.end)
  }

  /** The default: a handler of its own in the table. Within dispatch: 0, loop: 1, exit: 2. */
  #callHandler(): void {
    const e = this.#e
    e.i32(0)
    e.set(DIRECT)
    storeBudget(e)
    e.get(SLOT_LOCAL)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Load16U, 1, SLOT.handler, 1)
    e.op(Wasm.callIndirect)
    this.#out.u32(this.#module.type([WasmType.i32], [WasmType.i32]))
    this.#out.u32(0)
    e.set(STATUS)
    loadBudget(e)
    e.get(STATUS)
    e.op(Wasm.brIf, 0)
    this.#advance()
    this.#branch(1)
  }

  /** A jump: on at once where the jump cache knows the target; anything else leaves the loop. Within loop: 0, exit: 1. */
  #dispatch(): void {
    const e = this.#e
    e.get(STATUS)
    e.i32(HandlerStatus.repeat)
    e.op(Wasm.i32Eq, Wasm.brIf, 0)
    this.#atBoundary()
    e.get(STATUS)
    e.i32(HandlerStatus.jump)
    e.op(Wasm.i32Ne, Wasm.brIf, 1)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, SCRATCH.jumpTarget, 3)
    e.set(TARGET)
    pushJumpEntry(e, TARGET)
    e.tee(ENTRY)
    e.memory(Wasm.i64Load, 1, JUMP.rip, 3)
    e.get(TARGET)
    e.op(Wasm.i64Ne, Wasm.brIf, 1)
    e.get(ENTRY)
    e.memory(Wasm.i32Load, 1, JUMP.generation, 2)
    pushGeneration(e, TARGET)
    e.op(Wasm.i32Ne, Wasm.brIf, 1)
    this.#enter()
    this.#branch(0)
  }

  /**
   * Behind an instruction after which events are looked after: the host is asked if it wants to be; if all is well, on with the next
   * instruction, or as after a jump. Within loop: 0, exit: 1.
   */
  #atBoundary(): void {
    const e = this.#e
    e.get(STATUS)
    e.i32(HandlerStatus.leave)
    e.op(Wasm.i32Eq, Wasm.if, WasmType.empty)
    e.i32(0)
    this.#effects.nextRip(e)
    e.memory(Wasm.i64Store, 1, FIELD.rip.offset, 3)
    this.#pushAttend()
    e.op(Wasm.i32Eqz, Wasm.if, WasmType.empty)
    this.#beginInstruction()
    this.#advance()
    this.#branch(2)
    e.op(Wasm.end)
    e.i32(HandlerStatus.transfer)
    e.set(STATUS)
    e.op(Wasm.end)
    e.get(STATUS)
    e.i32(HandlerStatus.transfer)
    e.op(Wasm.i32Eq, Wasm.if, WasmType.empty)
    this.#pushAttend()
    e.op(Wasm.if, WasmType.empty)
    storeBudget(e)
    e.call(this.#parts.boundary)
    e.op(Wasm.brIf)
    this.#out.u32(3)
    e.op(Wasm.end)
    this.#beginInstruction()
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, FIELD.rip.offset, 3)
    e.memory(Wasm.i64Store, 1, SCRATCH.jumpTarget, 3)
    e.i32(0)
    e.set(DIRECT)
    e.i32(HandlerStatus.jump)
    e.set(STATUS)
    e.op(Wasm.end)
  }

  /** Pushes whether something is to be looked after: the host says so, or a single step is due. */
  #pushAttend(): void {
    const e = this.#e
    e.i32(0)
    e.memory(Wasm.i32Load, 1, SCRATCH.attend, 2)
    e.i32(0)
    e.memory(Wasm.i32Load, 1, FIELD.systemFlags.offset, 2)
    e.i32(RFLAGS.lo.TF)
    e.op(Wasm.i32And, Wasm.i32Or)
  }

  /** The shadow of STI and MOV SS lasts for one instruction, and so does RF: they end where another one begins. */
  #beginInstruction(): void {
    const e = this.#e
    e.get(BUDGET)
    e.op(Wasm.if, WasmType.empty)
    this.#clear(FIELD.interruptibility.offset, INTERRUPTIBILITY.lo.STI | INTERRUPTIBILITY.lo.MOV_SS)
    this.#clear(FIELD.systemFlags.offset, RFLAGS.lo.RF)
    e.op(Wasm.end)
  }

  #clear(at: number, bits: number): void {
    const e = this.#e
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i32Load, 1, at, 2)
    e.i32(~bits)
    e.op(Wasm.i32And)
    e.memory(Wasm.i32Store, 1, at, 2)
  }

  /** Takes the slot of the jump cache's entry, and the new base of RIP; a direct branch within its page is linked. */
  #enter(): void {
    const e = this.#e
    e.get(TARGET)
    e.get(TARGET)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, FIELD.csBase.offset, 3)
    e.op(Wasm.i64Add)
    e.i64(0xfff)
    e.op(Wasm.i64And, Wasm.i64Sub)
    e.set(NEW_BASE)
    e.get(DIRECT)
    e.op(Wasm.if, WasmType.empty)
    e.get(NEW_BASE)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, SCRATCH.ripBase, 3)
    e.op(Wasm.i64Eq, Wasm.if, WasmType.empty)
    e.get(DIRECT)
    e.get(ENTRY)
    e.memory(Wasm.i32Load, 1, JUMP.slot, 2)
    e.memory(Wasm.i32Store, 1, SLOT.link, 2)
    e.op(Wasm.end, Wasm.end)
    e.i32(0)
    e.get(NEW_BASE)
    e.memory(Wasm.i64Store, 1, SCRATCH.ripBase, 3)
    e.get(ENTRY)
    e.memory(Wasm.i32Load, 1, JUMP.slot, 2)
    e.set(SLOT_LOCAL)
  }

  #leave(): void {
    const e = this.#e
    e.i32(0)
    e.get(SLOT_LOCAL)
    e.memory(Wasm.i32Store, 1, SCRATCH.slot, 2)
    storeBudget(e)
    e.get(STATUS)
  }
}
