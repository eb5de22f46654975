/**
 * Stage "emit": a region as one Wasm function (base, budget, depth) -> (RIP, budget). Control flow is structured along the
 * dominator tree (Ramsey, "Beyond Relooper", ICFP 2022): a loop header opens a Wasm loop, and a block that several ways lead to
 * stands behind a Wasm block, so that every edge is a fallthrough or a branch outwards. Irreducible graphs get a dispatcher.
 *
 * A negative budget that comes back is the complement of what is left: something has to be looked after.
 */

import { FIELD } from '@ringfold/arch'
import { IrEmitter, LocalPool } from '../emit/emitter.ts'
import { V128_LOAD, V128_STORE } from '../emit/guest-effects.ts'
import { HandlerStatus } from '../layout.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { BranchHint } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import type { Block, Terminator } from './blocks.ts'
import { RegionEffects, type RegionParts } from './effects.ts'
import { Kind } from './flag-state.ts'
import { BUDGET, DEPTH, KIND, PARAMETERS, RegionLocals, RIP } from './locals.ts'
import type { RegionPlan } from './plan.ts'

export interface RegionModule extends RegionParts {
  /** Wasm function of the region that begins at a place of the same page, if this module has one. */
  callee(place: number): number | undefined
  /** Element of the table in which such a region stands that another module has. */
  element(place: number): number | undefined
  /** Type of regions. */
  readonly regionType: number
  /** The function of `defineCallRegion`. */
  readonly callRegion: number
}

export interface RegionBody {
  readonly locals: readonly WasmType[]
  readonly body: Uint8Array
  readonly hints: readonly BranchHint[]
}

/** What stands open around the code that is being written. */
type Label =
  | { readonly kind: 'left' | 'exit' | 'cold' | 'other' }
  | { readonly kind: 'loop' | 'behind'; readonly block: number }

export function writeRegion(plan: RegionPlan, module: RegionModule): RegionBody {
  return new RegionWriter(plan, module).write()
}

class RegionWriter {
  readonly #plan: RegionPlan
  readonly #module: RegionModule
  readonly #locals: RegionLocals
  readonly #out = new ByteWriter(4096)
  readonly #pool: LocalPool
  readonly #effects: RegionEffects
  readonly #e: IrEmitter
  readonly #labels: Label[] = []
  /** Blocks that each block dominates immediately, in the order of the shape. */
  readonly #children: number[][]
  /** The local in which a dispatcher finds the next block, -1 without one. */
  #next = -1

  constructor(plan: RegionPlan, module: RegionModule) {
    this.#plan = plan
    this.#module = module
    this.#locals = new RegionLocals(plan.rewritten.flatMap((each) => (each === undefined ? [] : [each.code])))
    this.#pool = new LocalPool(PARAMETERS.length + this.#locals.types.length)
    this.#effects = new RegionEffects(module, this.#locals, plan.entry)
    this.#e = new IrEmitter(this.#out, this.#pool, this.#effects)
    this.#children = plan.blocks.map(() => [])
    for (const n of plan.shape.order)
      if (n !== 0) (this.#children[plan.shape.dominator[n] as number] as number[]).push(n)
  }

  write(): RegionBody {
    const e = this.#e
    this.#loadRegisters()
    this.#open(Wasm.block, { kind: 'left' })
    this.#open(Wasm.block, { kind: 'exit' })
    this.#open(Wasm.block, { kind: 'cold' })
    if (this.#plan.shape.isReducible) this.#tree(0)
    else this.#dispatcher()
    this.#close()
    this.#effects.finishLeaving(e)
    this.#close()
    this.#storeRegisters()
    this.#effects.flagsToState(e)
    this.#close()
    e.get(RIP)
    e.get(BUDGET)
    return {
      locals: [...this.#locals.types, ...this.#pool.types],
      body: this.#out.toBytes(),
      hints: this.#effects.hints,
    }
  }

  #open(opcode: number, label: Label): void {
    this.#e.op(opcode, WasmType.empty)
    this.#labels.push(label)
  }

  #close(): void {
    this.#e.op(Wasm.end)
    this.#labels.pop()
  }

  #depth(is: (label: Label) => boolean): number {
    return this.#labels.length - 1 - this.#labels.findLastIndex(is)
  }

  #exitDepth(): number {
    return this.#depth(({ kind }) => kind === 'exit')
  }

  /** Goes where it is not expected to. */
  #unlikely(depth: number): void {
    this.#effects.hint(this.#e, false)
    this.#branch(Wasm.brIf, depth)
  }

  #branch(opcode: number, depth: number): void {
    this.#e.op(opcode)
    this.#out.u32(depth)
  }

  #loadRegisters(): void {
    const e = this.#e
    for (const register of this.#locals.used) {
      e.i32(0)
      e.memory(Wasm.i64Load, 1, FIELD.gpr.offset + register * 8, 3)
      e.set(this.#locals.local(register))
    }
    for (const register of this.#locals.usedVectors) {
      e.i32(0)
      e.simdMemory(V128_LOAD, 1, FIELD.zmm.offset + register * FIELD.zmm.strideBytes)
      e.set(this.#locals.vector(register))
    }
    e.i32(Kind.inState)
    e.set(KIND)
  }

  #storeRegisters(): void {
    const e = this.#e
    for (const register of this.#locals.written) {
      e.i32(0)
      e.get(this.#locals.local(register))
      e.memory(Wasm.i64Store, 1, FIELD.gpr.offset + register * 8, 3)
    }
    for (const register of this.#locals.writtenVectors) {
      e.i32(0)
      e.get(this.#locals.vector(register))
      e.simdMemory(V128_STORE, 1, FIELD.zmm.offset + register * FIELD.zmm.strideBytes)
    }
  }

  /** A block and all that it dominates. */
  #tree(n: number): void {
    const { isLoopHeader, isMerge } = this.#plan.shape
    const behind = (this.#children[n] as number[]).filter((child) => isMerge[child] === 1)
    const isLoop = isLoopHeader[n] === 1
    if (isLoop) this.#open(Wasm.loop, { kind: 'loop', block: n })
    this.#within(n, behind)
    if (isLoop) this.#close()
  }

  /** The block, inside Wasm blocks behind which those stand that several ways lead to: the first in order innermost. */
  #within(n: number, behind: readonly number[]): void {
    const last = behind.at(-1)
    if (last === undefined) {
      this.#block(n)
      return
    }
    this.#open(Wasm.block, { kind: 'behind', block: last })
    this.#within(n, behind.slice(0, -1))
    this.#close()
    this.#tree(last)
  }

  /** The label of an edge's target, -1 where the target is written in its place. */
  #label(from: number, to: number): number {
    const { position, isMerge } = this.#plan.shape
    if ((position[to] as number) <= (position[from] as number))
      return this.#depth((label) => label.kind === 'loop' && label.block === to)
    if (isMerge[to] === 1) return this.#depth((label) => label.kind === 'behind' && label.block === to)
    return -1
  }

  #goTo(from: number, to: number): void {
    if (this.#next >= 0) {
      this.#e.i32(this.#plan.shape.position[to] as number)
      this.#e.set(this.#next)
      this.#branch(
        Wasm.br,
        this.#depth(({ kind }) => kind === 'loop'),
      )
      return
    }
    const depth = this.#label(from, to)
    if (depth < 0) this.#tree(to)
    else this.#branch(Wasm.br, depth)
  }

  #block(n: number): void {
    const e = this.#e
    const block = this.#plan.blocks[n] as Block
    const { code, sites, kept, condition } = this.#plan.rewritten[n] as RegionPlan['rewritten'][number]
    const count = block.instructions.length
    e.depth = 0
    this.#effects.context = { sites, instructions: count, coldDepth: this.#depth(({ kind }) => kind === 'cold') }
    this.#checkBudget(this.#plan.needed[n] as number, block.start)
    if (count > 0) {
      e.get(BUDGET)
      e.i32(count)
      e.op(Wasm.i32Sub)
      e.set(BUDGET)
      e.emit(code, condition, kept)
    }
    this.#terminator(n, block)
  }

  /** Leaves at the start of a block where there is not enough left to reach the next check. */
  #checkBudget(needed: number, place: number): void {
    if (needed === 0) return
    const e = this.#e
    e.get(BUDGET)
    e.i32(needed)
    e.op(Wasm.i32LtS)
    this.#effects.hint(e, false)
    e.open(Wasm.if)
    this.#effects.leaveAt(e, HandlerStatus.budget, place, 0)
    e.close()
  }

  #terminator(n: number, { terminator }: Block): void {
    switch (terminator.kind) {
      case 'next':
        this.#goTo(n, terminator.to)
        return
      case 'branch':
        this.#conditional(n, terminator.taken, terminator.otherwise)
        return
      case 'call':
        this.#call(n, terminator)
        return
      case 'switch':
        this.#table(n, terminator.targets)
        return
      case 'exit':
        this.#effects.setRip(this.#e, terminator.place)
        if (terminator.from >= 0) this.#effects.checkTarget(this.#e, terminator.from)
        this.#branch(Wasm.br, this.#exitDepth())
        return
      default:
        this.#branch(Wasm.br, this.#exitDepth())
    }
  }

  /** The condition is on Wasm's stack. */
  #conditional(n: number, taken: number, otherwise: number): void {
    const e = this.#e
    if (this.#next < 0) {
      const depth = this.#label(n, taken)
      if (depth >= 0) {
        this.#branch(Wasm.brIf, depth)
        this.#goTo(n, otherwise)
        return
      }
      const other = this.#label(n, otherwise)
      if (other >= 0) {
        e.op(Wasm.i32Eqz)
        this.#branch(Wasm.brIf, other)
        this.#goTo(n, taken)
        return
      }
    }
    this.#open(Wasm.if, { kind: 'other' })
    this.#goTo(n, taken)
    e.op(Wasm.else)
    this.#goTo(n, otherwise)
    this.#close()
    e.op(Wasm.unreachable)
  }

  /** An indirect jump to one of the targets that it was seen to take, by their places; RIP holds where it goes. */
  #table(n: number, targets: readonly number[]): void {
    const e = this.#e
    if (this.#next >= 0) {
      // In a dispatcher no way leads to a target but by its number.
      this.#branch(Wasm.br, this.#exitDepth())
      return
    }
    const places = targets.map((to) => (this.#plan.blocks[to] as Block).start)
    const lowest = Math.min(...places)
    const span = Math.max(...places) - lowest + 1
    const distance = this.#pool.take(WasmType.i64)
    e.get(RIP)
    this.#effects.pushRip(e, lowest)
    e.op(Wasm.i64Sub)
    e.tee(distance)
    e.i64(span)
    e.op(Wasm.i64GeU)
    this.#unlikely(this.#exitDepth())
    e.get(distance)
    e.op(Wasm.i32WrapI64, Wasm.brTable)
    this.#out.u32(span)
    const exit = this.#exitDepth()
    const labels = new Map(targets.map((to, at) => [places[at], this.#label(n, to)]))
    for (let place = lowest; place < lowest + span; place++) this.#out.u32(labels.get(place) ?? exit)
    this.#out.u32(exit)
    this.#pool.give(distance)
  }

  /**
   * A Wasm call, and the way on where control came back to; what else it did leaves the region. A target of -1 is in RIP already.
   */
  #call(n: number, { target, returnsTo }: Extract<Terminator, { kind: 'call' }>): void {
    const e = this.#e
    const returnsAt = (this.#plan.blocks[returnsTo] as Block).start
    if (target >= 0) this.#effects.setRip(e, target)
    e.get(DEPTH)
    e.op(Wasm.i32Eqz)
    this.#unlikely(this.#exitDepth())
    this.#storeRegisters()
    e.get(RIP)
    e.get(BUDGET)
    e.get(DEPTH)
    e.i32(1)
    e.op(Wasm.i32Sub)
    this.#callTarget(target, returnsAt)
    e.set(BUDGET)
    e.set(RIP)
    const left = this.#depth(({ kind }) => kind === 'left')
    e.get(BUDGET)
    e.i32(0)
    e.op(Wasm.i32LtS)
    this.#unlikely(left)
    e.get(RIP)
    this.#effects.pushRip(e, returnsAt)
    e.op(Wasm.i64Ne)
    this.#unlikely(left)
    this.#loadRegisters()
    this.#goTo(n, returnsTo)
  }

  /** Parameters of a region are pushed: calls the one at a place, or, for -1 or one that is not known, what the jump cache finds. */
  #callTarget(target: number, returnsAt: number): void {
    const e = this.#e
    const callee = target < 0 ? undefined : this.#module.callee(target)
    const element = target < 0 ? undefined : this.#module.element(target)
    if (callee !== undefined) e.call(callee)
    else if (element !== undefined) {
      e.i32(element)
      e.op(Wasm.callIndirect)
      this.#out.u32(this.#module.regionType)
      this.#out.u32(0)
    } else {
      this.#effects.pushRip(e, returnsAt)
      e.call(this.#module.callRegion)
    }
  }

  /** A loop over a table of all blocks. */
  #dispatcher(): void {
    const e = this.#e
    const { order } = this.#plan.shape
    this.#next = this.#pool.take(WasmType.i32)
    e.i32(0)
    e.set(this.#next)
    this.#open(Wasm.loop, { kind: 'loop', block: -1 })
    for (const n of [...order].reverse()) this.#open(Wasm.block, { kind: 'behind', block: n })
    e.get(this.#next)
    e.op(Wasm.brTable)
    this.#out.u32(order.length - 1)
    for (let n = 0; n < order.length; n++) this.#out.u32(n)
    for (const n of order) {
      this.#close()
      this.#block(n)
    }
    this.#close()
  }
}
