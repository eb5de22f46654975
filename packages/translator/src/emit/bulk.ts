/**
 * REP MOVS and REP STOS, many iterations at once: as far as the budget, both pages and, for MOVS, an overlap allow. What this leaves
 * (DF, elements across pages, pages that the TLB does not hold or that are no plain RAM) is executed an iteration at a time.
 */
import { FIELD, RFLAGS } from '@ringfold/arch'
import { Prefix } from '@ringfold/isa/decoder'
import { SCRATCH, TLB_LOOKUP } from '../layout.ts'
import { ByteWriter } from '../wasm/bytes.ts'
import type { ModuleBuilder } from '../wasm/module.ts'
import { Wasm, WasmType } from '../wasm/opcodes.ts'
import { IrEmitter, LocalPool } from './emitter.ts'
import type { AddressMode } from './guest-effects.ts'

/** A repeated store or copy of elements. */
export interface Bulk {
  readonly kind: 'movs' | 'stos'
  readonly log2Bytes: 0 | 1 | 2 | 3
}

const KINDS = ['movs', 'stos'] as const
const SUFFIXES = 'bwdq'
const MODES = [32, 64] as const

/** Name under which the base module exports a function () -> iterations that were executed; 0: none. */
export const bulkName = ({ kind, log2Bytes }: Bulk, mode: 32 | 64): string => `${kind}${SUFFIXES[log2Bytes]}${mode}`

/** Segment registers up to this one have no base in flat code. */
const LAST_FLAT_SEGMENT = 3

/**
 * What of a string instruction can be done in bulk: its address size is the mode's, its segments are flat. `segments`: those of its
 * memory operands.
 */
export function bulkOf(
  name: string,
  { prefixes, addressSize }: { readonly prefixes: number; readonly addressSize: number },
  segments: readonly number[],
  { mode, flat }: AddressMode,
): Bulk | null {
  const match = /^(movs|stos)([bwdq])_[xy]\d/.exec(name)
  if (match === null || (prefixes & (Prefix.rep | Prefix.repne)) === 0 || addressSize !== mode || !flat) return null
  if (segments.some((segment) => segment > LAST_FLAT_SEGMENT)) return null
  return { kind: match[1] as Bulk['kind'], log2Bytes: SUFFIXES.indexOf(match[2] as string) as Bulk['log2Bytes'] }
}

const [RAX, RCX, RSI, RDI] = [0, 1, 6, 7]
const gpr = (register: number): number => FIELD.gpr.offset + register * 8

/** Locals: iterations and bytes (i32), host addresses (i32), linear addresses and counter (i64), a TLB entry (i32), the element (i64). */
const [COUNT, BYTES, TO, FROM, ENTRY, DISTANCE] = [0, 1, 2, 3, 4, 5]
const [DESTINATION, SOURCE, COUNTER, ELEMENT] = [6, 7, 8, 9]
const { i32, i64 } = WasmType
const LOCALS = [i32, i32, i32, i32, i32, i32, i64, i64, i64, i64] as const

/** Defines every bulk function in the base module, by name. */
export function defineBulks(module: ModuleBuilder): ReadonlyMap<string, number> {
  const indices = new Map<string, number>()
  for (const kind of KINDS)
    for (const mode of MODES)
      for (const log2Bytes of [0, 1, 2, 3] as const) {
        const index = module.declare()
        const out = new ByteWriter(512)
        new BulkWriter(
          new IrEmitter(out, new LocalPool(0), { effect: () => undefined }),
          { kind, log2Bytes },
          mode,
        ).write()
        module.define(index, [], [i32], LOCALS, out.toBytes())
        indices.set(bulkName({ kind, log2Bytes }, mode), index)
      }
  return indices
}

class BulkWriter {
  readonly #e: IrEmitter
  readonly #bulk: Bulk
  readonly #wide: boolean

  constructor(e: IrEmitter, bulk: Bulk, mode: 32 | 64) {
    this.#e = e
    this.#bulk = bulk
    this.#wide = mode === 64
  }

  write(): void {
    const e = this.#e
    const isCopy = this.#bulk.kind === 'movs'
    this.#refuseIf(() => {
      e.i32(0)
      e.memory(Wasm.i32Load, 1, FIELD.systemFlags.offset, 2)
      e.i32(RFLAGS.lo.DF)
      e.op(Wasm.i32And)
    })
    this.#loadRegister(RDI, DESTINATION)
    this.#loadRegister(RCX, COUNTER)
    this.#countToPageEnd(DESTINATION)
    e.set(COUNT)
    if (isCopy) {
      this.#loadRegister(RSI, SOURCE)
      this.#lowerTo(() => this.#countToPageEnd(SOURCE))
    }
    this.#lowerTo(() => {
      e.i32(0)
      e.memory(Wasm.i32Load, 1, FIELD.budget.offset, 2)
      e.i32(1)
      e.op(Wasm.i32Add)
    })
    this.#lowerToCounter()
    this.#find(SCRATCH.tlbWrite, DESTINATION, TO)
    if (isCopy) {
      this.#find(SCRATCH.tlbRead, SOURCE, FROM)
      this.#lowerToOverlap()
    }
    this.#refuseIf(() => {
      e.get(COUNT)
      e.op(Wasm.i32Eqz)
    })
    e.get(COUNT)
    e.i32(this.#bulk.log2Bytes)
    e.op(Wasm.i32Shl)
    e.set(BYTES)
    if (isCopy) this.#copy()
    else this.#fill()
    this.#finish(isCopy)
  }

  /** Returns 0 if what is pushed is not 0. */
  #refuseIf(push: () => void): void {
    const e = this.#e
    push()
    e.op(Wasm.if, WasmType.empty)
    e.i32(0)
    e.op(Wasm.return, Wasm.end)
  }

  #loadRegister(register: number, local: number): void {
    const e = this.#e
    e.i32(0)
    e.memory(this.#wide ? Wasm.i64Load : Wasm.i64Load32U, 1, gpr(register), 2)
    e.set(local)
  }

  /** Pushes how many elements lie in the page from an address on. */
  #countToPageEnd(address: number): void {
    const e = this.#e
    e.i32(4096)
    e.get(address)
    e.op(Wasm.i32WrapI64)
    e.i32(4095)
    e.op(Wasm.i32And, Wasm.i32Sub)
    e.i32(this.#bulk.log2Bytes)
    e.op(Wasm.i32ShrU)
  }

  /** Lowers the count to what is pushed. */
  #lowerTo(push: () => void): void {
    const e = this.#e
    e.get(COUNT)
    push()
    e.tee(ENTRY)
    e.get(COUNT)
    e.get(ENTRY)
    e.op(Wasm.i32LtU, Wasm.select)
    e.set(COUNT)
  }

  #lowerToCounter(): void {
    const e = this.#e
    e.get(COUNTER)
    e.op(Wasm.i32WrapI64)
    e.get(COUNT)
    e.get(COUNTER)
    e.get(COUNT)
    e.op(Wasm.i64ExtendI32U, Wasm.i64LtU, Wasm.select)
    e.set(COUNT)
  }

  /** The host address of a linear one, by the TLB array that an engine word names; else returns 0. */
  #find(array: number, address: number, into: number): void {
    const e = this.#e
    e.i32(0)
    e.memory(Wasm.i32Load, 1, array, 2)
    e.get(address)
    e.op(Wasm.i32WrapI64)
    e.i32(TLB_LOOKUP.shift)
    e.op(Wasm.i32ShrU)
    e.i32(TLB_LOOKUP.mask)
    e.op(Wasm.i32And, Wasm.i32Add)
    e.set(ENTRY)
    this.#refuseIf(() => {
      e.get(ENTRY)
      e.memory(Wasm.i64Load, 1, TLB_LOOKUP.tag, 3)
      e.get(address)
      e.i64(-4096)
      e.op(Wasm.i64And, Wasm.i64Ne)
    })
    e.get(ENTRY)
    e.memory(Wasm.i32Load, 1, TLB_LOOKUP.addend, 2)
    e.get(address)
    e.op(Wasm.i32WrapI64, Wasm.i32Add)
    e.set(into)
  }

  /** A destination that lies a little behind the source takes what was just written there: no further than to where that begins. */
  #lowerToOverlap(): void {
    const e = this.#e
    e.get(TO)
    e.get(FROM)
    e.op(Wasm.i32Sub)
    e.tee(DISTANCE)
    e.op(Wasm.if, WasmType.empty)
    this.#lowerTo(() => {
      e.get(DISTANCE)
      e.i32(this.#bulk.log2Bytes)
      e.op(Wasm.i32ShrU)
    })
    e.op(Wasm.end)
  }

  #copy(): void {
    const e = this.#e
    e.get(TO)
    e.get(FROM)
    e.get(BYTES)
    e.op(0xfc, 0x0a, 0, 0)
  }

  /** Bytes that are all alike are filled; else elements are stored one by one. */
  #fill(): void {
    const e = this.#e
    const { log2Bytes } = this.#bulk
    const fill = () => {
      e.get(TO)
      e.get(ELEMENT)
      e.op(Wasm.i32WrapI64)
      e.get(BYTES)
      e.op(0xfc, 0x0b, 0)
    }
    e.i32(0)
    e.memory([Wasm.i64Load8U, Wasm.i64Load16U, Wasm.i64Load32U, Wasm.i64Load][log2Bytes] as number, 1, gpr(RAX))
    e.set(ELEMENT)
    if (log2Bytes === 0) {
      fill()
      return
    }
    this.#pushRepeatedByte()
    e.get(ELEMENT)
    e.op(Wasm.i64Eq, Wasm.if, WasmType.empty)
    fill()
    e.op(Wasm.else)
    this.#storeEach()
    e.op(Wasm.end)
  }

  /** The element that consists of the low byte only. */
  #pushRepeatedByte(): void {
    const e = this.#e
    const ones = [0x01, 0x0101, 0x01010101, 0x01010101][this.#bulk.log2Bytes] as number
    e.get(ELEMENT)
    e.i64(0xff)
    e.op(Wasm.i64And)
    e.i64(ones, this.#bulk.log2Bytes === 3 ? ones : 0)
    e.op(Wasm.i64Mul)
  }

  #storeEach(): void {
    const e = this.#e
    const { log2Bytes } = this.#bulk
    e.get(TO)
    e.get(BYTES)
    e.op(Wasm.i32Add)
    e.set(DISTANCE)
    e.op(Wasm.loop, WasmType.empty)
    e.get(TO)
    e.get(ELEMENT)
    e.memory([Wasm.i64Store8, Wasm.i64Store16, Wasm.i64Store32, Wasm.i64Store][log2Bytes] as number, 0, 0)
    e.get(TO)
    e.i32(1 << log2Bytes)
    e.op(Wasm.i32Add)
    e.tee(TO)
    e.get(DISTANCE)
    e.op(Wasm.i32Ne, Wasm.brIf, 0, Wasm.end)
  }

  /** Registers and budget after all iterations; the first one is counted already. */
  #finish(isCopy: boolean): void {
    const e = this.#e
    const advance = (register: number, local: number, push: () => void, opcode: number) => {
      e.i32(0)
      e.get(local)
      push()
      e.op(Wasm.i64ExtendI32U, opcode)
      e.memory(this.#wide ? Wasm.i64Store : Wasm.i64Store32, 1, gpr(register), 2)
    }
    advance(RDI, DESTINATION, () => e.get(BYTES), Wasm.i64Add)
    if (isCopy) advance(RSI, SOURCE, () => e.get(BYTES), Wasm.i64Add)
    advance(RCX, COUNTER, () => e.get(COUNT), Wasm.i64Sub)
    e.i32(0)
    e.i32(0)
    e.memory(Wasm.i32Load, 1, FIELD.budget.offset, 2)
    e.i32(1)
    e.op(Wasm.i32Add)
    e.get(COUNT)
    e.op(Wasm.i32Sub)
    e.memory(Wasm.i32Store, 1, FIELD.budget.offset, 2)
    e.get(COUNT)
  }
}

/** Pushes whether the counter is not 0. */
export function pushHasMore(e: IrEmitter, mode: 32 | 64): void {
  e.i32(0)
  if (mode === 64) {
    e.memory(Wasm.i64Load, 1, gpr(RCX), 3)
    e.op(Wasm.i64Eqz)
  } else {
    e.memory(Wasm.i32Load, 1, gpr(RCX), 2)
    e.op(Wasm.i32Eqz)
  }
  e.op(Wasm.i32Eqz)
}
