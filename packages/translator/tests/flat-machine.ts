/** A machine without segmentation, paging and rules: enough to hold the engines against each other on user code. */
import { CpuState, FIELD } from '@ringfold/arch'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { type Datum, Evaluator, IrCode, liftInstruction, MemoryImm } from '@ringfold/semantics'
import {
  HandlerStatus,
  Interpreter,
  type RegionOptions,
  SCRATCH,
  TLB_ARRAY_BYTES,
  TLB_OFFSET,
} from '@ringfold/translator'

export const RAM_BYTES = 1 << 20
const RAM_PAGES = RAM_BYTES / 65536
const READ = TLB_OFFSET
const WRITE = TLB_OFFSET + TLB_ARRAY_BYTES

export type Mode = 32 | 64

/** What is the same for both engines: RAM, state, and how a fault is noted. */
class FlatMachine {
  readonly ram = new WebAssembly.Memory({ initial: RAM_PAGES, maximum: RAM_PAGES })
  readonly memory = new WebAssembly.Memory({ initial: 64 })
  readonly state = new CpuState(this.memory.buffer, 0)
  readonly bytes = new Uint8Array(this.ram.buffer)
  readonly mode: Mode
  /** Vector of the last fault, -1 none. */
  fault = -1

  constructor(mode: Mode) {
    this.mode = mode
    this.state.setLo(FIELD.csLimit, 0xffffffff)
  }

  /** A helper in TypeScript: there are no rules here, so that all fault. Tests that know better override this. */
  helper(_number: number, _a: number, _b: number, _c: number): number {
    return 1
  }

  /** Whether all bytes lie in RAM, and are aligned where `imm` wants it; notes the fault where not. */
  reach([lo, hi]: readonly [number, number], size: number, imm: number): boolean {
    const isAligned = (imm & MemoryImm.aligned) === 0 || (lo & 15) === 0
    if (isAligned && hi === 0 && lo >>> 0 <= RAM_BYTES - size) return true
    this.fault = isAligned ? 14 : 13
    return false
  }
}

/** The reference evaluator, an instruction at a time. */
export class ReferenceMachine extends FlatMachine {
  readonly #code = new IrCode()
  readonly #instruction = new Instruction()
  readonly #decoder: Decoder
  readonly #evaluator: Evaluator

  constructor(mode: Mode) {
    super(mode)
    this.#decoder = new Decoder(mode)
    const halves = (ea: number | bigint): [number, number] =>
      typeof ea === 'bigint' ? [Number(BigInt.asIntN(32, ea)), Number(BigInt.asIntN(32, ea >> 32n))] : [ea, 0]
    this.#evaluator = new Evaluator(this.#code, {
      state: this.state,
      memory: {
        load: (size, ea, imm) => {
          const at = halves(ea)
          return this.reach(at, size, imm) ? this.#read(size, at[0] >>> 0) : null
        },
        store: (size, ea, value, imm) => {
          const at = halves(ea)
          if (!this.reach(at, size, imm)) return false
          this.#write(size, at[0] >>> 0, value)
          return true
        },
        probe: (ea, imm) => this.reach(halves(ea), imm >> MemoryImm.sizeShift, imm),
      },
      call: (number, a, b, c) => this.helper(number, a, b, c),
      raise: (vector) => {
        this.fault = vector
      },
      checkJump: (target) => {
        if (mode === 32 || BigInt.asUintN(64, BigInt.asIntN(48, target)) === target) return true
        this.fault = 13
        return false
      },
    })
  }

  #read(size: number, at: number): Datum {
    const view = new DataView(this.ram.buffer)
    if (size === 16) return this.bytes.slice(at, at + 16)
    if (size === 8) return view.getBigInt64(at, true)
    return size === 4 ? view.getInt32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at)
  }

  #write(size: number, at: number, value: Datum): void {
    const view = new DataView(this.ram.buffer)
    if (size === 16) this.bytes.set(value as Uint8Array, at)
    else if (size === 8) view.setBigInt64(at, value as bigint, true)
    else if (size === 4) view.setInt32(at, value as number, true)
    else if (size === 2) view.setUint16(at, value as number, true)
    else view.setUint8(at, value as number)
  }

  /** @returns false where the instruction faults, is invalid or not lifted. */
  step(): boolean {
    const rip = this.state.read('rip')
    this.fault = -1
    const i = this.#instruction
    if (this.#decoder.decode(i, this.bytes, Number(rip)) !== Status.ok) return false
    this.#code.clear()
    if (!liftInstruction(i, this.#code)) return false
    const next = rip + BigInt(i.length)
    const outcome = this.#evaluator.run(this.#code, next)
    if (outcome === 'fault') return false
    if (outcome !== 'repeat') this.state.write('rip', outcome === 'jump' ? this.#evaluator.target : next)
    return true
  }
}

/** The interpreter tier. */
export class InterpreterMachine extends FlatMachine {
  readonly interpreter: Interpreter

  /** `regions`: hot code is compiled. */
  constructor(mode: Mode, regions?: RegionOptions) {
    super(mode)
    const view = new DataView(this.memory.buffer)
    view.setInt32(SCRATCH.tlbRead, READ, true)
    view.setInt32(SCRATCH.tlbWrite, WRITE, true)
    for (let at = READ; at < READ + 2 * TLB_ARRAY_BYTES; at += 16) view.setBigInt64(at, -1n, true)
    const scratch = new Uint8Array(this.memory.buffer, SCRATCH.value, 16)
    const enter = (array: number, lo: number): void => {
      const entry = array + ((lo >>> 8) & 0xff0)
      view.setBigInt64(entry, BigInt(lo & ~0xfff), true)
      view.setInt32(entry + 8, 0, true)
    }
    const codeMode = { bits: mode, stackBits: mode, flat: true, accessClass: 0 } as const
    this.interpreter = new Interpreter(
      {
        state: this.state,
        fetchPage: () => (this.state.lo(FIELD.rip) < RAM_BYTES ? this.state.lo(FIELD.rip) & ~0xfff : -2),
        codeMode: () => codeMode,
        codePage: () => undefined,
        slowLoad: (lo, hi, imm) => {
          const size = imm >> MemoryImm.sizeShift
          if (!this.reach([lo, hi], size, imm)) return 1
          scratch.set(this.bytes.subarray(lo >>> 0, (lo >>> 0) + size))
          enter(READ, lo)
          return 0
        },
        slowStore: (lo, hi, imm) => {
          const size = imm >> MemoryImm.sizeShift
          if (!this.reach([lo, hi], size, imm)) return 1
          this.bytes.set(scratch.subarray(0, size), lo >>> 0)
          enter(WRITE, lo)
          return 0
        },
        slowProbe: (lo, hi, imm) => (this.reach([lo, hi], imm >> MemoryImm.sizeShift, imm) ? 0 : 1),
        helper: (number, a, b, c) => this.helper(number, a, b, c),
        raise: (vector) => {
          this.fault = vector
        },
      },
      this.ram,
      this.memory,
      regions,
    )
  }

  /** @returns false where the instruction faults, is invalid or not lifted. */
  step(): boolean {
    this.fault = -1
    const { status } = this.interpreter.run(1)
    this.interpreter.settle()
    return status !== HandlerStatus.fault && status !== HandlerStatus.slow
  }
}
