/** Ops with effects as Wasm, in a region: registers and flags are locals; memory goes through the array that the code key fixes. */

import { FIELD } from '@ringfold/arch'
import { MemoryImm, Op, ValueType } from '@ringfold/semantics'
import { HandlerStatus, SCRATCH } from '@ringfold/translator'
import {
  type BranchHint,
  GuestEffects,
  type IrEmitter,
  type RuntimeFunctions,
  Wasm,
  WasmType,
} from '@ringfold/translator/codegen'
import { Kind, kindWord, usesStatus, wideParts } from './flag-state.ts'
import { BASE, BUDGET, FIRST, KIND, RESULT, type RegionLocals, RIP, SECOND, SITE, STATUS } from './locals.ts'
import { IN_MEMORY, type Site } from './rewrite.ts'
import type { SlowPaths } from './slow-paths.ts'

/** Offsets in memory 1 of the TLB arrays for reads and writes. */
export interface TlbArrays {
  readonly read: number
  readonly write: number
}

/** Where a region was left because something has to be looked after: by the number that stands in `SCRATCH.leave`, less 1. */
export interface ExitSite {
  readonly status: number
  /** From the RIP that came back to that of the instruction. */
  readonly distance: number
  /** Instructions that the budget was lowered by, and that have not retired. */
  readonly unretired: number
}

/** What all regions of a module share. */
export interface RegionParts {
  readonly functions: RuntimeFunctions
  readonly slowPaths: SlowPaths
  readonly storeFlags: number
  readonly tlb: TlbArrays
  readonly exits: ExitSite[]
}

interface Access {
  readonly bytes: number
  readonly opcode: number
  readonly type: ValueType
}

const { i32, i64 } = ValueType
const LOADS: Readonly<Record<number, Access>> = {
  [Op['mem.load8']]: { bytes: 1, opcode: Wasm.i32Load8U, type: i32 },
  [Op['mem.load16']]: { bytes: 2, opcode: Wasm.i32Load16U, type: i32 },
  [Op['mem.load32']]: { bytes: 4, opcode: Wasm.i32Load, type: i32 },
  [Op['mem.load64']]: { bytes: 8, opcode: Wasm.i64Load, type: i64 },
}
const STORES: Readonly<Record<number, Access>> = {
  [Op['mem.store8']]: { bytes: 1, opcode: Wasm.i32Store8, type: i32 },
  [Op['mem.store16']]: { bytes: 2, opcode: Wasm.i32Store16, type: i32 },
  [Op['mem.store32']]: { bytes: 4, opcode: Wasm.i32Store, type: i32 },
  [Op['mem.store64']]: { bytes: 8, opcode: Wasm.i64Store, type: i64 },
}
const LOCAL_BITS: Readonly<Record<number, number>> = {
  [Op['state.load8']]: 8,
  [Op['state.load16']]: 16,
  [Op['state.load32']]: 32,
  [Op['state.load64']]: 64,
  [Op['state.store8']]: 8,
  [Op['state.store16']]: 16,
  [Op['state.store32']]: 32,
  [Op['state.store64']]: 64,
}
const STORE_OPCODES: Readonly<Record<number, readonly [number, number]>> = {
  [Op['state.store32']]: [Wasm.i32Store, 2],
  [Op['state.store64']]: [Wasm.i64Store, 3],
}
/** Segment registers from FS on have a base in 64-bit code. */
const FIRST_BASED_SEGMENT = 4

const FLAG_LOCALS: ReadonlyMap<number, number> = new Map([
  [FIELD.lazyOp.offset, KIND],
  [FIELD.statusFlags.offset, STATUS],
  [FIELD.lazySrc1.offset, FIRST],
  [FIELD.lazySrc2.offset, SECOND],
  [FIELD.lazyResult.offset, RESULT],
])

/** What of the region around a block its code needs. */
export interface BlockContext {
  readonly sites: ReadonlyMap<number, Site>
  /** Instructions of the block: the budget is already lower by them. */
  readonly instructions: number
  /** Wasm blocks between the code of the block and what all sites have in common. */
  readonly coldDepth: number
}

export class RegionEffects extends GuestEffects {
  readonly #locals: RegionLocals
  readonly #tlb: TlbArrays
  readonly #storeFlags: number
  readonly #entry: number
  readonly #exits: ExitSite[]
  readonly #slowPaths: SlowPaths
  /** Branches of which one way is cold, in the order of the body. */
  readonly hints: BranchHint[] = []
  context: BlockContext = { sites: new Map(), instructions: 0, coldDepth: 0 }
  #site: Site | undefined

  constructor(parts: RegionParts, locals: RegionLocals, entry: number) {
    super(parts.functions, { mode: 64, flat: true }, -1, -1)
    this.#locals = locals
    this.#tlb = parts.tlb
    this.#storeFlags = parts.storeFlags
    this.#exits = parts.exits
    this.#slowPaths = parts.slowPaths
    this.#entry = entry
  }

  override effect(e: IrEmitter, n: number): void {
    const op = e.code.op[n] as number
    const bits = LOCAL_BITS[op]
    // Values that the op takes are pushed in between: they are no sites.
    this.#site = this.context.sites.get(n) ?? this.#site
    if (bits !== undefined) this.#state(e, n, op, bits)
    else if (LOADS[op] !== undefined) this.#load(e, n, LOADS[op] as Access)
    else if (STORES[op] !== undefined) this.#store(e, n, STORES[op] as Access)
    else if (op === Op['mem.probe']) this.#probe(e, n)
    else if (op === Op['flags.get'] || op === Op['flags.all'] || op === Op['flags.condition']) {
      this.flagsToState(e)
      super.effect(e, n)
    } else if (op === Op['flags.bits']) this.flagsToState(e)
    else super.effect(e, n)
  }

  /** Writes the flags into the state, if the local of the kind says that they are not there. */
  flagsToState(e: IrEmitter): void {
    e.get(KIND)
    e.i32(0)
    e.op(Wasm.i32LtS, Wasm.i32Eqz)
    this.hint(e, false)
    e.open(Wasm.if)
    for (const local of [KIND, STATUS, FIRST, SECOND, RESULT]) e.get(local)
    e.call(this.#storeFlags)
    e.close()
  }

  #state(e: IrEmitter, n: number, op: number, bits: number): void {
    const offset = e.code.imm[n] as number
    const value = e.code.b[n] as number
    if (offset >= IN_MEMORY) {
      const [opcode, align] = STORE_OPCODES[op] as readonly [number, number]
      e.i32(0)
      e.push(value)
      e.memory(opcode, 1, offset - IN_MEMORY, align)
      return
    }
    const flag = FLAG_LOCALS.get(offset)
    const register = flag === undefined ? this.#locals.ofOffset(offset) : flag
    if (register < 0) super.effect(e, n)
    else if (flag !== undefined || bits === 64) {
      if (value < 0) e.get(register)
      else {
        e.push(value)
        e.set(register)
      }
    } else if (value < 0) this.#part(e, register, bits, (offset & 7) * 8)
    else this.#setPart(e, register, bits, (offset & 7) * 8, value)
  }

  /** Pushes some bits of a register. */
  #part(e: IrEmitter, register: number, bits: number, shift: number): void {
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

  #setPart(e: IrEmitter, register: number, bits: number, shift: number, value: number): void {
    const low = bits === 8 ? 0xff : 0xffff
    const mask = low << shift
    e.get(register)
    e.i64(~mask)
    e.op(Wasm.i64And)
    e.push(value)
    e.i32(low)
    e.op(Wasm.i32And, Wasm.i64ExtendI32U)
    if (shift > 0) {
      e.i64(shift)
      e.op(Wasm.i64Shl)
    }
    e.op(Wasm.i64Or)
    e.set(register)
  }

  /** Leaves the region at the present instruction, before it has retired. */
  override leave(e: IrEmitter, status: number): void {
    const site = this.#site as Site
    if (site.flags?.overlay !== undefined) this.#layOver(e, site.flags.overlay.mask, site.flags.status)
    else if (site.flags !== null) {
      const s = site.flags
      const wide = (v: number) => v
      for (const [offset, v] of wideParts(s, wide)) {
        e.push(v)
        if (s.bits !== 64) e.op(Wasm.i64ExtendI32U)
        e.set(FLAG_LOCALS.get(offset) as number)
      }
      if (usesStatus(s.kind)) {
        e.push(s.status)
        e.set(STATUS)
      }
      e.i32(kindWord(s))
      e.set(KIND)
    }
    this.leaveAt(e, status, site.place, this.context.instructions - site.retired)
  }

  /** The status word: some flags as given, the others as the locals say. */
  #layOver(e: IrEmitter, mask: number, given: number): void {
    this.flagsToState(e)
    e.call(this.functions.settle)
    e.i32(~mask)
    e.op(Wasm.i32And)
    e.push(given)
    e.op(Wasm.i32Or)
    e.set(STATUS)
    e.i32(Kind.settled)
    e.set(KIND)
  }

  /**
   * Leaves at a place with flags as the locals have them; `unretired` instructions go back into the budget. All that is constant
   * stands in a table beside the code: a site is its number and a branch.
   */
  leaveAt(e: IrEmitter, status: number, place: number, unretired: number): void {
    e.i32(this.#exits.push({ status, distance: place - this.#entry, unretired }))
    e.set(SITE)
    e.op(Wasm.br)
    e.out.u32(e.depth + this.context.coldDepth)
  }

  /** What all sites have in common: the base and the site for the engine, and the complement of the budget for callers. */
  finishLeaving(e: IrEmitter): void {
    e.get(BASE)
    e.set(RIP)
    e.i32(0)
    e.get(SITE)
    e.memory(Wasm.i32Store, 1, SCRATCH.leave, 2)
    e.i32(-1)
    e.get(BUDGET)
    e.op(Wasm.i32Xor)
    e.set(BUDGET)
  }

  /** Notes that the next instruction is a branch of which one way is cold. */
  hint(e: IrEmitter, isTaken: boolean): void {
    this.hints.push({ at: e.out.length, isTaken })
  }

  setRip(e: IrEmitter, place: number): void {
    this.pushRip(e, place)
    e.set(RIP)
  }

  /** Code is position-independent: places count from the base of the region. */
  pushRip(e: IrEmitter, place: number): void {
    e.get(BASE)
    if (place === this.#entry) return
    e.i64(place - this.#entry)
    e.op(Wasm.i64Add)
  }

  override jump(e: IrEmitter, target: number): void {
    e.push(target)
    e.tee(RIP)
    e.i64(16)
    e.op(Wasm.i64Shl)
    e.i64(16)
    e.op(Wasm.i64ShrS)
    e.get(RIP)
    e.op(Wasm.i64Ne)
    this.hint(e, false)
    e.open(Wasm.if)
    e.i32(13)
    e.i32(0)
    e.call(this.functions.raise)
    this.leave(e, HandlerStatus.fault)
    e.close()
  }

  /** The linear address in a local. */
  #address(e: IrEmitter, n: number): { ea: number; linear: number } {
    const ea = e.held(e.code.a[n] as number)
    const segment = (e.code.imm[n] as number) & MemoryImm.segmentMask
    if (segment < FIRST_BASED_SEGMENT) return { ea, linear: ea }
    const linear = e.temporary(i64)
    e.get(ea)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, FIELD.segBase.offset + segment * FIELD.segBase.strideBytes, 3)
    e.op(Wasm.i64Add)
    e.set(linear)
    return { ea, linear }
  }

  /** Pushes whether the array's entry, left in a local, holds all bytes of an access. */
  #lookUp(e: IrEmitter, array: number, linear: number, bytes: number): number {
    const entry = e.temporary(i32)
    e.get(linear)
    e.op(Wasm.i32WrapI64)
    e.i32(8)
    e.op(Wasm.i32ShrU)
    e.i32(0xff0)
    e.op(Wasm.i32And)
    e.tee(entry)
    e.memory(Wasm.i64Load, 1, array, 3)
    e.get(linear)
    if (bytes > 1) {
      e.i64(bytes - 1)
      e.op(Wasm.i64Add)
    }
    e.i64(-4096)
    e.op(Wasm.i64And, Wasm.i64Eq)
    return entry
  }

  #pushHost(e: IrEmitter, array: number, entry: number, linear: number): void {
    e.get(entry)
    e.memory(Wasm.i32Load, 1, array + 8, 2)
    e.get(linear)
    e.op(Wasm.i32WrapI64, Wasm.i32Add)
  }

  #slow(e: IrEmitter, target: number, ea: number, imm: number): void {
    e.get(ea)
    e.i32(imm)
    e.call(target)
    this.hint(e, false)
    e.open(Wasm.if)
    this.leave(e, HandlerStatus.fault)
    e.close()
  }

  #load(e: IrEmitter, n: number, { bytes, opcode, type }: Access): void {
    const { ea, linear } = this.#address(e, n)
    const entry = this.#lookUp(e, this.#tlb.read, linear, bytes)
    this.hint(e, true)
    e.open(Wasm.if, type === i64 ? WasmType.i64 : WasmType.i32)
    this.#pushHost(e, this.#tlb.read, entry, linear)
    e.memory(opcode, 0, 0)
    e.op(Wasm.else)
    this.#slow(e, this.#slowPaths.slowLoad, ea, this.#sized(e, n, bytes))
    e.i32(0)
    e.memory(opcode, 1, SCRATCH.value)
    e.close()
    e.result(n)
  }

  #sized(e: IrEmitter, n: number, bytes: number): number {
    return (e.code.imm[n] as number) | (bytes << MemoryImm.sizeShift)
  }

  #store(e: IrEmitter, n: number, { bytes, opcode }: Access): void {
    const { ea, linear } = this.#address(e, n)
    const value = e.held(e.code.b[n] as number)
    const entry = this.#lookUp(e, this.#tlb.write, linear, bytes)
    this.hint(e, true)
    e.open(Wasm.if)
    this.#pushHost(e, this.#tlb.write, entry, linear)
    e.get(value)
    e.memory(opcode, 0, 0)
    e.op(Wasm.else)
    e.i32(0)
    e.get(value)
    e.memory(opcode, 1, SCRATCH.value)
    this.#slow(e, this.#slowPaths.slowStore, ea, this.#sized(e, n, bytes))
    e.close()
  }

  #probe(e: IrEmitter, n: number): void {
    const imm = e.code.imm[n] as number
    const { ea, linear } = this.#address(e, n)
    this.#lookUp(e, this.#tlb.write, linear, imm >> MemoryImm.sizeShift)
    e.op(Wasm.i32Eqz)
    this.hint(e, false)
    e.open(Wasm.if)
    this.#slow(e, this.#slowPaths.slowProbe, ea, imm)
    e.close()
  }
}
