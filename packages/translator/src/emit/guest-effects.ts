/** Ops with effects as Wasm: state in memory 1, guest memory through the inline first level of the TLB, flags lazily. */
import { FIELD } from '@ringfold/arch'
import { MemoryImm, Op, ValueType } from '@ringfold/semantics'
import { HandlerStatus, SCRATCH, SLOT, TLB_LOOKUP } from '../layout.ts'
import { Wasm } from '../wasm/opcodes.ts'
import type { EffectEmitter, IrEmitter } from './emitter.ts'
import { FlagEffects } from './flag-effects.ts'

/** Indices of functions that emitted code calls. */
export interface RuntimeFunctions {
  readonly settle: number
  readonly carry: number
  readonly conditions: readonly number[]
  /** (eaLo, eaHi, imm) -> 0, or a status that ends the handler (`fault`, `slow`); the value is in `SCRATCH.value`. */
  readonly slowLoad: number
  readonly slowStore: number
  readonly slowProbe: number
  /** (helper, a, b, c) -> status */
  readonly helper: number
  /** (a, b, c) -> status, by the number of the routine. */
  readonly routines: ReadonlyMap<number, number>
  /** (vector, errorCode) */
  readonly raise: number
  /** (): what has retired so far is counted, by the budget in the state. */
  readonly count: number
}

/** What decides how memory is reached: part of a handler's shape. */
export interface AddressMode {
  readonly mode: 32 | 64
  /** CS, DS, ES and SS have base 0 and no limit: always so in 64-bit code. */
  readonly flat: boolean
  /** Of 32-bit code: segment registers that have a base, and no limit, by bit. Absent: none. */
  readonly based?: number
}

const STATE_OPS: Readonly<Record<number, readonly [opcode: number, align: number]>> = {
  [Op['state.load8']]: [Wasm.i32Load8U, 0],
  [Op['state.load16']]: [Wasm.i32Load16U, 1],
  [Op['state.load32']]: [Wasm.i32Load, 2],
  [Op['state.load64']]: [Wasm.i64Load, 3],
  [Op['state.store8']]: [Wasm.i32Store8, 0],
  [Op['state.store16']]: [Wasm.i32Store16, 1],
  [Op['state.store32']]: [Wasm.i32Store, 2],
  [Op['state.store64']]: [Wasm.i64Store, 3],
}

/** How a memory op accesses memory. */
export interface Access {
  readonly bytes: number
  readonly opcode: number
  readonly type: ValueType
}

/** Opcodes behind the SIMD prefix. */
export const V128_LOAD = 0
export const V128_STORE = 11
/** By op. */
export const LOADS: Readonly<Record<number, Access>> = {
  [Op['mem.load8']]: { bytes: 1, opcode: Wasm.i32Load8U, type: ValueType.i32 },
  [Op['mem.load16']]: { bytes: 2, opcode: Wasm.i32Load16U, type: ValueType.i32 },
  [Op['mem.load32']]: { bytes: 4, opcode: Wasm.i32Load, type: ValueType.i32 },
  [Op['mem.load64']]: { bytes: 8, opcode: Wasm.i64Load, type: ValueType.i64 },
  [Op['mem.load128']]: { bytes: 16, opcode: V128_LOAD, type: ValueType.v128 },
}
export const STORES: Readonly<Record<number, Access>> = {
  [Op['mem.store8']]: { bytes: 1, opcode: Wasm.i32Store8, type: ValueType.i32 },
  [Op['mem.store16']]: { bytes: 2, opcode: Wasm.i32Store16, type: ValueType.i32 },
  [Op['mem.store32']]: { bytes: 4, opcode: Wasm.i32Store, type: ValueType.i32 },
  [Op['mem.store64']]: { bytes: 8, opcode: Wasm.i64Store, type: ValueType.i64 },
  [Op['mem.store128']]: { bytes: 16, opcode: V128_STORE, type: ValueType.v128 },
}

/** Fields of a slot by number, for `slot.i32` and `slot.i64`. */
export const SLOT_LOADS: readonly (readonly [offset: number, opcode: number])[] = [
  [SLOT.register0, Wasm.i32Load16U],
  [SLOT.register1, Wasm.i32Load16U],
  [SLOT.register2, Wasm.i32Load16U],
  [SLOT.base, Wasm.i32Load16U],
  [SLOT.index, Wasm.i32Load16U],
  [SLOT.scale, Wasm.i32Load8U],
  [SLOT.displacement, Wasm.i32Load],
  [SLOT.immediate, Wasm.i32Load],
  [SLOT.immediate2, Wasm.i32Load],
  [SLOT.immediate, Wasm.i64Load],
]

export const SlotField = {
  register0: 0,
  register1: 1,
  register2: 2,
  base: 3,
  index: 4,
  scale: 5,
  displacement: 6,
  immediate: 7,
  immediate2: 8,
  immediate64: 9,
} as const

/** Pushes an address in a local, as hosts take it: two halves. */
export function pushHalves(e: IrEmitter, address: number, mode: 32 | 64): void {
  e.get(address)
  if (mode === 32) {
    e.i32(0)
    return
  }
  e.op(Wasm.i32WrapI64)
  e.get(address)
  e.i64(32)
  e.op(Wasm.i64ShrU, Wasm.i32WrapI64)
}

/** Loads or stores what stands on Wasm's stack. */
export function accessData(e: IrEmitter, access: Access, memory: 0 | 1, offset: number): void {
  if (access.type === ValueType.v128) e.simdMemory(access.opcode, memory, offset)
  else e.memory(access.opcode, memory, offset)
}

/** The linear address of 32-bit code in a segment with a base, in a local. */
export function addSegmentBase32(e: IrEmitter, ea: number, segment: number): number {
  const linear = e.temporary(ValueType.i32)
  e.get(ea)
  e.i32(0)
  e.memory(Wasm.i32Load, 1, FIELD.segBase.offset + segment * FIELD.segBase.strideBytes, 2)
  e.op(Wasm.i32Add)
  e.set(linear)
  return linear
}

/** Emits effects for handlers: functions of a slot, or pieces of the interpreter's loop. */
export class GuestEffects implements EffectEmitter {
  readonly functions: RuntimeFunctions
  readonly #flags: FlagEffects
  readonly address: AddressMode
  /** Local that holds the address of the slot. */
  readonly slot: number
  /** Local that takes the handler's status. */
  readonly status: number
  /** Whether the piece sets the status local. */
  setsStatus = false

  constructor(functions: RuntimeFunctions, address: AddressMode, slot: number, status: number) {
    this.functions = functions
    this.#flags = new FlagEffects(functions)
    this.address = address
    this.slot = slot
    this.status = status
  }

  /** Ends the handler with a status. */
  leave(e: IrEmitter, status: number): void {
    e.i32(status)
    this.leaveWithTop(e)
  }

  /** Ends the handler with the status that is on Wasm's stack. A loop overrides this with a branch. */
  leaveWithTop(e: IrEmitter): void {
    e.op(Wasm.return)
  }

  effect(e: IrEmitter, n: number): void {
    const op = e.code.op[n] as number
    const state = STATE_OPS[op]
    if (state !== undefined) this.#state(e, n, state)
    else if (LOADS[op] !== undefined) this.#load(e, n, LOADS[op] as Access)
    else if (STORES[op] !== undefined) this.#store(e, n, STORES[op] as Access)
    else this.#other(e, n, op)
  }

  #state(e: IrEmitter, n: number, [opcode, align]: readonly [number, number]): void {
    const { code } = e
    const base = this.#statePlace(e, n)
    if ((code.b[n] as number) >= 0) e.push(code.b[n] as number)
    e.memory(opcode, 1, base, align)
  }

  /** Pushes the variable part of a state address. @returns the constant part. */
  #statePlace(e: IrEmitter, n: number): number {
    const { code } = e
    const base = code.a[n] as number
    const offset = code.imm[n] as number
    if (code.isConstant(base)) {
      e.i32(0)
      return offset + (code.constant(base) as number)
    }
    e.push(base)
    return offset
  }

  #other(e: IrEmitter, n: number, op: number): void {
    const { code } = e
    const imm = code.imm[n] as number
    switch (op) {
      case Op['state.load128']: {
        const place = this.#statePlace(e, n)
        e.simdMemory(V128_LOAD, 1, place)
        return
      }
      case Op['state.store128']: {
        const place = this.#statePlace(e, n)
        e.push(code.b[n] as number)
        e.simdMemory(V128_STORE, 1, place)
        return
      }
      case Op['argument.i32']:
        e.get(imm)
        return
      case Op['slot.i32']:
      case Op['slot.i64']: {
        const [offset, opcode] = SLOT_LOADS[imm] as readonly [number, number]
        e.get(this.slot)
        e.memory(opcode, 1, offset)
        return
      }
      case Op['local.get.i32']:
      case Op['local.get.i64']:
      case Op['local.get.v128']:
        e.get(e.variable(imm))
        return
      case Op['local.set.i32']:
      case Op['local.set.i64']:
      case Op['local.set.v128']:
        e.push(code.a[n] as number)
        e.set(e.variable(imm))
        return
      case Op['mem.probe']:
        this.#probe(e, n)
        return
      default:
        if (!this.#steer(e, n, op) && !this.#flags.emit(e, n, op)) this.#control(e, n, op)
    }
  }

  #steer(e: IrEmitter, n: number, op: number): boolean {
    switch (op) {
      case Op.if:
        e.push(e.code.a[n] as number)
        e.open(Wasm.if)
        return true
      case Op.else:
        e.op(Wasm.else)
        return true
      case Op.loop:
        e.open(Wasm.loop)
        return true
      case Op['continue.if']:
        e.push(e.code.a[n] as number)
        e.op(Wasm.brIf, 0)
        return true
      case Op.end:
        e.close()
        return true
      default:
        return false
    }
  }

  /**
   * Pushes a truth value: entry `array` of the TLB holds all `bytes` at the address in local `ea`. Leaves the entry in a local.
   * An address that is to be aligned lies in one page if it is, and has low bits that no tag has if it is not.
   */
  #lookUp(e: IrEmitter, array: number, linear: number, bytes: number, aligned = false): number {
    const entry = e.temporary(ValueType.i32)
    const wide = this.address.mode === 64
    e.i32(0)
    e.memory(Wasm.i32Load, 1, array, 2)
    e.get(linear)
    if (wide) e.op(Wasm.i32WrapI64)
    e.i32(TLB_LOOKUP.shift)
    e.op(Wasm.i32ShrU)
    e.i32(TLB_LOOKUP.mask)
    e.op(Wasm.i32And, Wasm.i32Add)
    e.tee(entry)
    e.memory(Wasm.i64Load, 1, TLB_LOOKUP.tag, 3)
    e.get(linear)
    const mask = aligned ? -4096 | (bytes - 1) : -4096
    if (wide) {
      if (bytes > 1 && !aligned) {
        e.i64(bytes - 1)
        e.op(Wasm.i64Add)
      }
      e.i64(mask)
      e.op(Wasm.i64And, Wasm.i64Eq)
    } else {
      if (bytes > 1 && !aligned) {
        e.i32(bytes - 1)
        e.op(Wasm.i32Add)
      }
      e.i32(mask)
      // All of the tag: pages above 4 GiB, which 64-bit code of the same class has entered, must not hit.
      e.op(Wasm.i32And, Wasm.i64ExtendI32U, Wasm.i64Eq)
    }
    return entry
  }

  /** The linear address in a local, or -1 where only the slow path knows it. */
  #linear(e: IrEmitter, ea: number, segment: number): number {
    const { mode, flat, based = 0 } = this.address
    if (mode === 64 && segment >= 4) {
      const linear = e.temporary(ValueType.i64)
      e.get(ea)
      e.i32(0)
      e.memory(Wasm.i64Load, 1, FIELD.segBase.offset + segment * 8, 3)
      e.op(Wasm.i64Add)
      e.set(linear)
      return linear
    }
    if (mode === 64 || (flat && segment < 4)) return ea
    return ((based >> segment) & 1) === 1 ? addSegmentBase32(e, ea, segment) : -1
  }

  /** Pushes the host address of a hit. */
  #host(e: IrEmitter, entry: number, linear: number): void {
    e.get(entry)
    e.memory(Wasm.i32Load, 1, TLB_LOOKUP.addend, 2)
    e.get(linear)
    if (this.address.mode === 64) e.op(Wasm.i32WrapI64)
    e.op(Wasm.i32Add)
  }

  /** Calls a slow path, and ends the handler where it faults. */
  #slow(e: IrEmitter, target: number, ea: number, imm: number): void {
    pushHalves(e, ea, this.address.mode)
    e.i32(imm)
    e.call(target)
    this.#leaveIfSet(e)
  }

  /** Ends the handler where the status on Wasm's stack is not 0: a fault, or that the host is to execute the instruction. */
  #leaveIfSet(e: IrEmitter): void {
    const status = e.temporary(ValueType.i32)
    e.tee(status)
    e.open(Wasm.if)
    e.get(status)
    this.leaveWithTop(e)
    e.close()
  }

  #load(e: IrEmitter, n: number, access: Access): void {
    const { code } = e
    const imm = code.imm[n] as number
    const ea = e.held(code.a[n] as number)
    const result = e.temporary(access.type)
    const linear = this.#linear(e, ea, imm & MemoryImm.segmentMask)
    const miss = () => {
      this.#slow(e, this.functions.slowLoad, ea, imm | (access.bytes << MemoryImm.sizeShift))
      e.i32(0)
      accessData(e, access, 1, SCRATCH.value)
      e.set(result)
    }
    if (linear < 0 || imm & MemoryImm.system) miss()
    else {
      const entry = this.#lookUp(e, SCRATCH.tlbRead, linear, access.bytes, (imm & MemoryImm.aligned) !== 0)
      e.open(Wasm.if)
      this.#host(e, entry, linear)
      accessData(e, access, 0, 0)
      e.set(result)
      e.op(Wasm.else)
      miss()
      e.close()
    }
    e.get(result)
    e.result(n)
  }

  #store(e: IrEmitter, n: number, access: Access): void {
    const { code } = e
    const imm = code.imm[n] as number
    const ea = e.held(code.a[n] as number)
    const value = e.held(code.b[n] as number)
    const linear = this.#linear(e, ea, imm & MemoryImm.segmentMask)
    const miss = () => {
      e.i32(0)
      e.get(value)
      accessData(e, access, 1, SCRATCH.value)
      this.#slow(e, this.functions.slowStore, ea, imm | (access.bytes << MemoryImm.sizeShift))
    }
    if (linear < 0 || imm & MemoryImm.system) {
      miss()
      return
    }
    const entry = this.#lookUp(e, SCRATCH.tlbWrite, linear, access.bytes, (imm & MemoryImm.aligned) !== 0)
    e.open(Wasm.if)
    this.#host(e, entry, linear)
    e.get(value)
    accessData(e, access, 0, 0)
    e.op(Wasm.else)
    miss()
    e.close()
  }

  #probe(e: IrEmitter, n: number): void {
    const { code } = e
    const imm = code.imm[n] as number
    const ea = e.held(code.a[n] as number)
    const linear = this.#linear(e, ea, imm & MemoryImm.segmentMask)
    if (linear < 0) {
      this.#slow(e, this.functions.slowProbe, ea, imm)
      return
    }
    this.#lookUp(e, SCRATCH.tlbWrite, linear, imm >> MemoryImm.sizeShift)
    e.op(Wasm.i32Eqz)
    e.open(Wasm.if)
    this.#slow(e, this.functions.slowProbe, ea, imm)
    e.close()
  }

  #setStatus(e: IrEmitter, status: number): void {
    this.setsStatus = true
    e.i32(status)
    e.set(this.status)
  }

  #control(e: IrEmitter, n: number, op: number): void {
    const { code } = e
    const imm = code.imm[n] as number
    switch (op) {
      case Op['rip.next']:
        this.nextRip(e)
        return
      case Op['rip.this']:
        this.thisRip(e)
        return
      case Op.jump:
        this.jump(e, code.a[n] as number)
        return
      case Op.repeat:
        e.push(code.a[n] as number)
        e.open(Wasm.if)
        this.#setStatus(e, HandlerStatus.repeat)
        e.close()
        return
      case Op.call:
        this.#call(e, imm, [code.a[n], code.b[n], code.c[n]] as number[])
        return
      case Op.fault:
        e.i32(imm)
        e.push(code.a[n] as number)
        e.call(this.functions.raise)
        this.leave(e, HandlerStatus.fault)
        return
      case Op.leave:
        this.#setStatus(e, HandlerStatus.leave)
        return
      case Op.transfer:
        this.leave(e, HandlerStatus.transfer)
        return
      case Op.external:
        this.external(e)
        return
      default:
        throw new Error(`no Wasm for IR op ${op}`)
    }
  }

  /** A routine in Wasm, or a helper of the host, which finds RIP of the current instruction in the state. */
  #call(e: IrEmitter, helper: number, args: readonly number[]): void {
    const routine = this.functions.routines.get(helper)
    if (routine === undefined) {
      e.i32(0)
      this.thisRip(e)
      e.memory(Wasm.i64Store, 1, FIELD.rip.offset, 3)
      e.i32(helper)
    }
    for (const arg of args) e.push(arg)
    e.call(routine ?? this.functions.helper)
    this.#leaveIfSet(e)
  }

  /** Lets the host count what has retired. A function of its own finds the budget in the state already. */
  external(e: IrEmitter): void {
    e.call(this.functions.count)
  }

  /** RIP behind the instruction. */
  nextRip(e: IrEmitter): void {
    e.i32(0)
    e.memory(Wasm.i64Load, 1, SCRATCH.ripBase, 3)
    e.get(this.slot)
    e.memory(Wasm.i32Load16U, 1, SLOT.end, 1)
    e.op(Wasm.i64ExtendI32U, Wasm.i64Add)
  }

  /** RIP of the instruction. */
  thisRip(e: IrEmitter): void {
    this.nextRip(e)
    e.get(this.slot)
    e.memory(Wasm.i64Load8U, 1, SLOT.length)
    e.op(Wasm.i64Sub)
  }

  /** Checks a target, and notes it. */
  jump(e: IrEmitter, target: number): void {
    const held = e.held(target)
    e.get(held)
    if (this.address.mode === 64) {
      e.i64(16)
      e.op(Wasm.i64Shl)
      e.i64(16)
      e.op(Wasm.i64ShrS)
      e.get(held)
      e.op(Wasm.i64Ne)
    } else {
      e.i32(0)
      e.memory(Wasm.i64Load32U, 1, FIELD.csLimit.offset, 2)
      e.op(0x56)
    }
    e.open(Wasm.if)
    e.i32(13)
    e.i32(0)
    e.call(this.functions.raise)
    this.leave(e, HandlerStatus.fault)
    e.close()
    e.i32(0)
    e.get(held)
    e.memory(Wasm.i64Store, 1, SCRATCH.jumpTarget, 3)
    this.#setStatus(e, HandlerStatus.jump)
  }
}
