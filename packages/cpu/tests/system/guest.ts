/**
 * A guest for tests of the system level: every exception and interrupt ends in HLT of its own, so that a run of some instructions ends
 * with a vector, and the frame that was pushed is still on the stack.
 */
import { EXCEPTION, exceptionOf, FIELD, PTE, readRflags, SEGMENT, writeRflags } from '@ringfold/arch'
import type { EngineExitReason } from '@ringfold/contracts'
import type { EngineName, ProcessorOptions } from '@ringfold/cpu'
import { assemble } from '@ringfold/isa/assembler'
import { AT, descriptor, SELECTOR, TestMachine, type TestMode } from '../machine.ts'

/** HLT for each vector, 16 bytes apart. */
export const HANDLERS = 0x44000
const HANDLER_BYTES = 16
/** The vector by which programs of level 3 end: its gate has DPL 3. */
export const DONE = 0x80
const HLT = 0xf4
/** Vectors whose gates user programs may use: #BP, #OF and `DONE`. */
const OPEN_GATES: readonly number[] = [EXCEPTION['#BP'].vector, EXCEPTION['#OF'].vector, DONE]
/** A free place of the GDT, where tests put descriptors of their own. */
export const FREE = 0x58

/** How a run ended. Without `vector` it was no handler's HLT. */
export interface Stop {
  readonly reason: EngineExitReason
  readonly vector?: number
  readonly error?: number
  /** The frame, as far as the handler's mode pushes it; all by the widths of its slots. */
  readonly ip?: number
  readonly cs?: number
  readonly flags?: number
  readonly sp?: number
  readonly ss?: number
}

export interface RunOptions {
  readonly bits?: TestMode
  readonly at?: number
  readonly budget?: number
}

export class Guest {
  readonly machine: TestMachine
  #labels: ReadonlyMap<string, bigint> = new Map()
  #mode: TestMode = 64

  constructor(engine: EngineName, options: Omit<ProcessorOptions, 'memory' | 'engine'> = {}) {
    this.machine = new TestMachine({ engine, ...options })
  }

  get cpu() {
    return this.machine.cpu
  }

  get state() {
    return this.machine.cpu.state
  }

  get memory() {
    return this.machine.memory
  }

  /** Empty RAM, tables and handlers; the processor at the code in a mode and at a privilege level. */
  start(mode: TestMode, cpl = 0): this {
    const { machine, memory } = this
    memory.writeBytes(0, new Uint8Array(memory.ramBytes))
    machine.writeTables()
    machine.enter(mode, cpl)
    this.#mode = mode
    if (mode === 32) memory.write32(AT.tss + 8, SELECTOR.data)
    for (let vector = 0; vector < 256; vector++) {
      const at = HANDLERS + vector * HANDLER_BYTES
      memory.write8(at, HLT)
      if (mode === 16) memory.write32(vector * 4, ((HANDLERS >> 4) << 16) | (vector * HANDLER_BYTES))
      else if (vector < 32 || vector === DONE) machine.gate(vector, at, { dpl: OPEN_GATES.includes(vector) ? 3 : 0 })
    }
    return this
  }

  /** Loads a program; its labels are known from then on. */
  load(text: string, { bits = this.#mode, at = AT.code }: RunOptions = {}): this {
    const { bytes, labels } = assemble(text, { bits, origin: BigInt(at) })
    this.memory.writeBytes(at, bytes)
    this.#labels = labels
    return this
  }

  /** Loads a program where RIP stands, and runs it. */
  run(text: string, options: RunOptions = {}): Stop {
    return this.load(text, options).go(options.budget)
  }

  go(budget = 1000): Stop {
    const { reason } = this.cpu.run(budget)
    const { state } = this
    const base = state.lo(FIELD.segBase, SEGMENT.CS)
    const at = state.lo(FIELD.rip) + base - HANDLERS - 1
    if (reason !== 'halted' || at < 0 || at % HANDLER_BYTES !== 0 || at >= 256 * HANDLER_BYTES) return { reason }
    return this.#frame(reason, at / HANDLER_BYTES)
  }

  #frame(reason: EngineExitReason, vector: number): Stop {
    const bytes = this.#mode === 16 ? 2 : this.#mode === 32 ? 4 : 8
    const hasError = bytes !== 2 && (exceptionOf(vector)?.errorCode ?? 'none') !== 'none'
    const top = this.stackTop
    const slot = (n: number) => this.read(top + (n + (hasError ? 1 : 0)) * bytes, bytes)
    const cpl = bytes === 2 ? 0 : slot(1) & 3
    const switched = bytes === 8 || cpl !== 0 || (bytes === 4 && (slot(2) & 0x20000) !== 0)
    return {
      reason,
      vector,
      ...(hasError ? { error: this.read(top, 4) } : {}),
      ip: slot(0),
      cs: slot(1),
      flags: slot(2),
      ...(switched ? { sp: slot(3), ss: slot(4) } : {}),
    }
  }

  /** The linear address of the top of the stack. */
  get stackTop(): number {
    const { state } = this
    return state.lo(FIELD.segBase, SEGMENT.SS) + state.lo(FIELD.rsp)
  }

  /** The address of a label of the program that was loaded last. */
  label(name: string): number {
    const at = this.#labels.get(name)
    if (at === undefined) throw new Error(`no label ${name}`)
    return Number(at)
  }

  /** A register by name; exact below 2^53. */
  reg(name: Parameters<TestMachine['cpu']['state']['read']>[0]): number {
    return Number(this.state.read(name))
  }

  /** A register of 64 bits. */
  wide(name: Parameters<TestMachine['cpu']['state']['read']>[0]): bigint {
    return BigInt(this.state.read(name))
  }

  get flags(): number {
    return readRflags(this.state)
  }

  set flags(value: number) {
    writeRflags(this.state, value)
    this.cpu.stateWritten()
  }

  /** Sets bits of CR0 or CR4, and clears others. */
  control(register: 'cr0' | 'cr4', set: number, clear = 0): this {
    const field = FIELD[register]
    this.state.set(field, ((this.state.lo(field) & ~clear) | set) >>> 0, 0)
    this.cpu.stateWritten()
    return this
  }

  read(address: number, bytes: number): number {
    const low = bytes === 1 ? this.memory.read8(address) : this.memory.read16(address)
    if (bytes <= 2) return low
    const word = this.memory.read32(address) >>> 0
    return bytes === 4 ? word : (this.memory.read32(address + 4) >>> 0) * 2 ** 32 + word
  }

  /** Puts a descriptor into the GDT: from base, limit, access byte and flags (G, D/B, L, AVL). */
  describe(selector: number, base: number, limit: number, access: number, flags = 0xc): this {
    this.machine.put64(AT.gdt + (selector & ~7), descriptor(base, limit, access, flags))
    return this
  }

  /** Flags of the page at an address below 2 MiB, in tables of 4 levels. */
  page(address: number, flags: number, high = 0): this {
    const at = this.machine.pte(address)
    this.memory.write32(at, ((address & ~0xfff) | flags) >>> 0)
    this.memory.write32(at + 4, high)
    return this
  }

  /** All pages for the supervisor only, but for these. */
  supervisorPages(...user: readonly number[]): this {
    const { P, RW, US, A, D } = PTE.lo
    this.machine.mapAll(P | RW | A | D)
    for (const address of user) this.page(address, P | RW | US | A | D)
    return this
  }
}

export { AT, SELECTOR }
