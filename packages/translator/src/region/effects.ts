/** Ops with effects as Wasm, in a region: registers and flags are locals; memory goes through the array that the code mode fixes. */
import { FIELD } from '@ringfold/arch'
import { MemoryImm, Op, ValueType } from '@ringfold/semantics'
import type { IrEmitter } from '../emit/emitter.ts'
import {
  type Access,
  type AddressMode,
  accessData,
  addSegmentBase32,
  GuestEffects,
  LOADS,
  type RuntimeFunctions,
  STORES,
} from '../emit/guest-effects.ts'
import { HandlerStatus, SCRATCH, TLB_LOOKUP } from '../layout.ts'
import type { BranchHint } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { packExit, STATUS_IN_SCRATCH } from './exits.ts'
import { Kind, kindWord, usesStatus, wideParts } from './flag-state.ts'
import { BASE, BUDGET, FIRST, KIND, RESULT, type RegionLocals, RIP, SECOND, SITE, STATUS } from './locals.ts'
import { isRuleCall } from './ops.ts'
import { emitRegister, FLAG_LOCALS } from './registers.ts'
import type { Site } from './rewrite.ts'
import type { SlowPaths } from './slow-paths.ts'

/** Offsets in memory 1 of the TLB arrays for reads and writes. */
export interface TlbArrays {
  readonly read: number
  readonly write: number
}

/** What all regions of a module share. */
export interface RegionParts {
  readonly functions: RuntimeFunctions
  readonly slowPaths: SlowPaths
  readonly storeFlags: number
  readonly tlb: TlbArrays
  readonly address: AddressMode
}

const { i32, i64, v128 } = ValueType
const WASM_TYPE: Readonly<Record<number, WasmType>> = {
  [i32]: WasmType.i32,
  [i64]: WasmType.i64,
  [v128]: WasmType.v128,
}
/** Segment registers from FS on have a base in 64-bit code. */
const FIRST_BASED_SEGMENT = 4

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
  readonly #slowPaths: SlowPaths
  readonly #wide: boolean
  /** Branches of which one way is cold, in the order of the body. */
  readonly hints: BranchHint[] = []
  context: BlockContext = { sites: new Map(), instructions: 0, coldDepth: 0 }
  #site: Site | undefined

  constructor(parts: RegionParts, locals: RegionLocals, entry: number) {
    super(parts.functions, parts.address, -1, -1)
    this.#locals = locals
    this.#tlb = parts.tlb
    this.#storeFlags = parts.storeFlags
    this.#slowPaths = parts.slowPaths
    this.#entry = entry
    this.#wide = parts.address.mode === 64
  }

  override effect(e: IrEmitter, n: number): void {
    const op = e.code.op[n] as number
    // Values that the op takes are pushed in between: they are no sites.
    this.#site = this.context.sites.get(n) ?? this.#site
    if (emitRegister(e, n, this.#locals)) return
    if (LOADS[op] !== undefined) this.#load(e, n, LOADS[op] as Access)
    else if (STORES[op] !== undefined) this.#store(e, n, STORES[op] as Access)
    else if (op === Op['mem.probe']) this.#probe(e, n)
    else if (op === Op['flags.get'] || op === Op['flags.all'] || op === Op['flags.condition']) {
      this.flagsToState(e)
      super.effect(e, n)
    } else if (op === Op['flags.bits']) this.flagsToState(e)
    // Nothing of the instruction has happened yet: the host executes all of it.
    else if (isRuleCall(e.code, n)) this.leave(e, HandlerStatus.slow)
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

  /** Leaves the region with the status that is on Wasm's stack. */
  override leaveWithTop(e: IrEmitter): void {
    const status = e.temporary(i32)
    e.set(status)
    e.i32(0)
    e.get(status)
    e.memory(Wasm.i32Store, 1, SCRATCH.status, 2)
    this.leave(e, STATUS_IN_SCRATCH)
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

  /** Leaves at a place with flags as the locals have them; `unretired` instructions go back into the budget. */
  leaveAt(e: IrEmitter, status: number, place: number, unretired: number): void {
    e.i32(packExit({ status, distance: place - this.#entry, unretired }))
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
    // Behind the last page of 4 GiB comes the first.
    if (!this.#wide && (place < 0 || place >= 4096)) {
      e.i64(-1, 0)
      e.op(Wasm.i64And)
    }
    e.set(RIP)
  }

  /** Code is position-independent: places count from the base of the region. */
  pushRip(e: IrEmitter, place: number): void {
    e.get(BASE)
    if (place === this.#entry) return
    e.i64(place - this.#entry)
    e.op(Wasm.i64Add)
  }

  /** Notes where a jump goes; a target that is not canonical faults. A flat code segment has no limit that could be met. */
  override jump(e: IrEmitter, target: number): void {
    e.push(target)
    e.set(RIP)
    if (!this.#wide) return
    this.#openIfNotCanonical(e)
    this.leave(e, HandlerStatus.fault)
    e.close()
  }

  /** The same for a conditional jump at a place, whose target is in RIP, and which counts as retired already. */
  checkTarget(e: IrEmitter, from: number): void {
    if (!this.#wide) return
    this.#openIfNotCanonical(e)
    this.leaveAt(e, HandlerStatus.fault, from, 1)
    e.close()
  }

  #openIfNotCanonical(e: IrEmitter): void {
    e.get(RIP)
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
  }

  /** The effective and the linear address in locals; -1: only the slow path knows the linear one. */
  #address(e: IrEmitter, n: number): { ea: number; linear: number } {
    const ea = e.held(e.code.a[n] as number)
    const imm = e.code.imm[n] as number
    if (imm & MemoryImm.system) return { ea, linear: -1 }
    const segment = imm & MemoryImm.segmentMask
    if (segment < FIRST_BASED_SEGMENT) return { ea, linear: ea }
    if (!this.#wide) {
      const isBased = (((this.address.based ?? 0) >> segment) & 1) === 1
      return { ea, linear: isBased ? addSegmentBase32(e, ea, segment) : -1 }
    }
    const linear = e.temporary(i64)
    e.get(ea)
    e.i32(0)
    e.memory(Wasm.i64Load, 1, FIELD.segBase.offset + segment * FIELD.segBase.strideBytes, 3)
    e.op(Wasm.i64Add)
    e.set(linear)
    return { ea, linear }
  }

  /**
   * Pushes whether the array's entry, left in a local, holds all bytes of an access. An address that is to be aligned lies in one
   * page if it is, and has low bits that no tag has if it is not.
   */
  #lookUp(e: IrEmitter, array: number, linear: number, bytes: number, aligned: boolean): number {
    const entry = e.temporary(i32)
    e.get(linear)
    if (this.#wide) e.op(Wasm.i32WrapI64)
    e.i32(TLB_LOOKUP.shift)
    e.op(Wasm.i32ShrU)
    e.i32(TLB_LOOKUP.mask)
    e.op(Wasm.i32And)
    e.tee(entry)
    e.memory(Wasm.i64Load, 1, array + TLB_LOOKUP.tag, 3)
    e.get(linear)
    const last = aligned ? 0 : bytes - 1
    const mask = aligned ? -4096 | (bytes - 1) : -4096
    if (this.#wide) {
      if (last > 0) {
        e.i64(last)
        e.op(Wasm.i64Add)
      }
      e.i64(mask)
      e.op(Wasm.i64And, Wasm.i64Eq)
      return entry
    }
    if (last > 0) {
      e.i32(last)
      e.op(Wasm.i32Add)
    }
    e.i32(mask)
    // All of the tag: pages above 4 GiB, which 64-bit code of the same class has entered, must not hit.
    e.op(Wasm.i32And, Wasm.i64ExtendI32U, Wasm.i64Eq)
    return entry
  }

  #pushHost(e: IrEmitter, array: number, entry: number, linear: number): void {
    e.get(entry)
    e.memory(Wasm.i32Load, 1, array + TLB_LOOKUP.addend, 2)
    e.get(linear)
    if (this.#wide) e.op(Wasm.i32WrapI64)
    e.op(Wasm.i32Add)
  }

  #slow(e: IrEmitter, target: number, ea: number, imm: number): void {
    e.get(ea)
    e.i32(imm)
    e.call(target)
    this.hint(e, false)
    e.open(Wasm.if)
    this.leave(e, STATUS_IN_SCRATCH)
    e.close()
  }

  #load(e: IrEmitter, n: number, access: Access): void {
    const { ea, linear } = this.#address(e, n)
    const imm = e.code.imm[n] as number
    const miss = () => {
      this.#slow(e, this.#slowPaths.slowLoad, ea, imm | (access.bytes << MemoryImm.sizeShift))
      e.i32(0)
      accessData(e, access, 1, SCRATCH.value)
    }
    if (linear < 0) miss()
    else {
      const entry = this.#lookUp(e, this.#tlb.read, linear, access.bytes, (imm & MemoryImm.aligned) !== 0)
      this.hint(e, true)
      e.open(Wasm.if, WASM_TYPE[access.type])
      this.#pushHost(e, this.#tlb.read, entry, linear)
      accessData(e, access, 0, 0)
      e.op(Wasm.else)
      miss()
      e.close()
    }
    e.result(n)
  }

  #store(e: IrEmitter, n: number, access: Access): void {
    const { ea, linear } = this.#address(e, n)
    const imm = e.code.imm[n] as number
    const value = e.held(e.code.b[n] as number)
    const miss = () => {
      e.i32(0)
      e.get(value)
      accessData(e, access, 1, SCRATCH.value)
      this.#slow(e, this.#slowPaths.slowStore, ea, imm | (access.bytes << MemoryImm.sizeShift))
    }
    if (linear < 0) {
      miss()
      return
    }
    const entry = this.#lookUp(e, this.#tlb.write, linear, access.bytes, (imm & MemoryImm.aligned) !== 0)
    this.hint(e, true)
    e.open(Wasm.if)
    this.#pushHost(e, this.#tlb.write, entry, linear)
    e.get(value)
    accessData(e, access, 0, 0)
    e.op(Wasm.else)
    miss()
    e.close()
  }

  #probe(e: IrEmitter, n: number): void {
    const imm = e.code.imm[n] as number
    const { ea, linear } = this.#address(e, n)
    if (linear < 0) {
      this.#slow(e, this.#slowPaths.slowProbe, ea, imm)
      return
    }
    this.#lookUp(e, this.#tlb.write, linear, imm >> MemoryImm.sizeShift, false)
    e.op(Wasm.i32Eqz)
    this.hint(e, false)
    e.open(Wasm.if)
    this.#slow(e, this.#slowPaths.slowProbe, ea, imm)
    e.close()
  }
}
