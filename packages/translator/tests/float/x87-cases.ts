/** x87 instructions from random states: on this processor, and on an engine. */
import { type CpuState, CR0, FIELD } from '@ringfold/arch'
import { ReferenceMachine } from '../flat-machine.ts'
import { RECORD } from './native.ts'
import { extended, type Random } from './random.ts'
import { drawMemory, type X87Tried } from './x87-instructions.ts'

const CODE = 0x8000
const DATA = 0x20000
const STATUS_FLAGS = 0x8d5
const FPU_BYTES = 108
const RFLAGS_FIXED = 0x202

/** Draws a record for the native program (native.c): state before, code, memory. */
export function drawRecord(next: Random, tried: X87Tried): Uint8Array {
  const record = new Uint8Array(RECORD.bytes)
  const view = new DataView(record.buffer)
  record.set(tried.code)
  record[RECORD.length] = tried.code.length
  record[RECORD.isX87] = 1
  view.setUint32(RECORD.mxcsr, 0x1f80, true)
  view.setUint32(RECORD.eflags, (next() & STATUS_FLAGS) | RFLAGS_FIXED, true)
  view.setBigUint64(RECORD.rax, (BigInt(next()) << 32n) | BigInt(next()), true)
  const near = drawState(next, new DataView(record.buffer, RECORD.fpu, FPU_BYTES))
  const memory = drawMemory(next, tried.memory, near)
  view.setBigUint64(RECORD.memory, BigInt.asUintN(64, memory), true)
  view.setBigUint64(RECORD.memory + 8, memory >> 64n, true)
  return record
}

/** An image of FSAVE. @returns the exponent field of ST(0) */
function drawState(next: Random, view: DataView): number {
  const masks = next() % 3 === 0 ? next() & 0x3f : 0x3f
  const precision = [0, 2, 3, 3, 3][next() % 5] as number
  const control = 0x40 | masks | (precision << 8) | ((next() & 3) << 10)
  // A pending exception now and then; else only flags that are masked.
  const flags = next() % 16 === 0 ? next() & 0x7f : next() & 0x7f & (masks | 0x40)
  const top = next() & 7
  const summary = flags & ~masks & 0x3f ? 0x8080 : 0
  view.setUint16(0, control, true)
  view.setUint16(4, summary | flags | (next() & 0x4700) | (top << 11), true)
  const full = next() % 3 === 0 ? next() % 9 : 2 + (next() % 6)
  let tags = 0
  for (let i = 0; i < 8; i++) {
    const isFull = next() % 24 === 0 ? i >= full : i < full
    tags |= (isFull ? 0 : 3) << (2 * ((top + i) & 7))
  }
  view.setUint16(8, tags, true)
  const first = extended(next)
  const near = Number((first >> 64n) & 0x7fffn)
  for (let i = 0; i < 8; i++) {
    const v = i === 0 ? first : next() % 24 === 0 ? first : extended(next, near)
    view.setBigUint64(28 + i * 10, BigInt.asUintN(64, v), true)
    view.setUint16(36 + i * 10, Number(v >> 64n), true)
  }
  return near
}

/** What counts of a state after an instruction. */
export interface X87Outcome {
  readonly trapped: boolean
  readonly control: number
  /** FOP, and whether FIP and FDP are not 0: their values are addresses of the host. */
  readonly pointers: string
  readonly status: number
  /** Full in physical order: a bit of 1. */
  readonly tags: number
  /** In the order of the stack, 80 bits each. */
  readonly registers: readonly bigint[]
  readonly flags: number
  readonly ax: number
  readonly memory: bigint
}

export function nativeOutcome(record: Uint8Array): X87Outcome {
  const view = new DataView(record.buffer, record.byteOffset)
  const tagWord = view.getUint16(RECORD.fpu + 8, true)
  return {
    trapped: view.getUint32(RECORD.trapped, true) !== 0,
    control: view.getUint16(RECORD.fpu, true),
    pointers: pointersOf([12, 18, 20].map((at) => view.getUint32(RECORD.fpu + at, true)) as [number, number, number]),
    status: view.getUint16(RECORD.fpu + 4, true),
    tags: [0, 1, 2, 3, 4, 5, 6, 7].reduce((t, r) => t | (((tagWord >> (2 * r)) & 3) === 3 ? 0 : 1 << r), 0),
    registers: Array.from({ length: 8 }, (_, i) => big(view, RECORD.fpu + 28 + i * 10, 10)),
    flags: view.getUint32(RECORD.eflags, true) & STATUS_FLAGS,
    ax: view.getUint16(RECORD.rax, true),
    memory: big(view, RECORD.memory, 16),
  }
}

const pointersOf = ([fip, fop, fdp]: readonly [number, number, number]): string =>
  `fip ${fip !== 0} fop ${fop & 0x7ff} fdp ${fdp !== 0}`

function big(view: DataView, at: number, bytes: number): bigint {
  let v = 0n
  for (let n = bytes - 1; n >= 0; n--) v = (v << 8n) | BigInt(view.getUint8(at + n))
  return v
}

/** Puts a record's state into a machine and steps once. */
export class X87Machine extends ReferenceMachine {
  /** Calls a helper that needs no more than the state. */
  readonly #helper: (state: CpuState, number: number, a: number, b: number, c: number) => number

  constructor(helper: (state: CpuState, number: number, a: number, b: number, c: number) => number) {
    super(64)
    this.#helper = helper
    this.state.write('cr0', BigInt(CR0.lo.NE | CR0.lo.PE))
  }

  override helper(number: number, a: number, b: number, c: number): number {
    return this.#helper(this.state, number, a, b, c)
  }

  runRecord(record: Uint8Array): X87Outcome {
    const view = new DataView(record.buffer, record.byteOffset)
    this.bytes.set(record.subarray(0, record[RECORD.length]), CODE)
    // FLDENV and FRSTOR read on into the image of the state, as they do natively.
    this.bytes.set(record.subarray(RECORD.memory), DATA)
    const { state } = this
    state.write('rip', BigInt(CODE))
    state.write('rdi', BigInt(DATA))
    state.write('rax', view.getBigUint64(RECORD.rax, true))
    state.write('statusFlags', view.getUint32(RECORD.eflags, true) & STATUS_FLAGS)
    state.write('lazyOp', 0)
    this.#setFpu(view)
    const done = this.step()
    if (!done && this.fault !== 16) throw new Error(`fault ${this.fault}`)
    return this.#outcome(!done)
  }

  #setFpu(view: DataView): void {
    const { state } = this
    const before = nativeOutcome(new Uint8Array(view.buffer, view.byteOffset, RECORD.bytes))
    const top = (before.status >> 11) & 7
    state.write('fpuControl', before.control)
    state.write('fpuStatus', before.status & ~0x3800)
    state.write('fip', 0n)
    state.write('fcs', 0)
    state.write('fpuOpcode', 0)
    state.write('fdp', 0n)
    state.write('fds', 0)
    state.write('fpuTop', top)
    state.write('fpuTag', before.tags)
    before.registers.forEach((v, i) => {
      state.write('fpr', v, (top + i) & 7)
    })
  }

  #outcome(trapped: boolean): X87Outcome {
    const { state } = this
    const top = state.read('fpuTop')
    return {
      trapped,
      control: state.read('fpuControl'),
      pointers: pointersOf([state.lo(FIELD.fip), state.read('fpuOpcode'), state.lo(FIELD.fdp)]),
      status: state.read('fpuStatus') | (top << 11),
      tags: state.read('fpuTag'),
      registers: Array.from({ length: 8 }, (_, i) => state.read('fpr', (top + i) & 7)),
      flags: state.read('statusFlags') & STATUS_FLAGS,
      ax: state.lo(FIELD.rax) & 0xffff,
      memory: big(new DataView(this.bytes.buffer), DATA, 16),
    }
  }
}
