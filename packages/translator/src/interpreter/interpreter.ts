/** The interpreter tier: predecoded slots, executed by one Wasm loop. */
import { type CpuState, FIELD } from '@ringfold/arch'
import type { WasmMemory } from '@ringfold/contracts'
import { Decoder, Instruction, Status } from '@ringfold/isa/decoder'
import { controlFlow } from '@ringfold/isa/facts'
import type { AddressMode } from '../emit/guest-effects.ts'
import {
  HandlerStatus,
  JUMP_CACHE_ENTRIES,
  JUMP_CACHE_OFFSET,
  SCRATCH,
  SLOT,
  SLOT_BYTES,
  SLOTS_OFFSET,
} from '../layout.ts'
import { ModuleBuilder } from '../wasm/module.ts'
import { baseModule, defineRuntime, type HostFunctions, importMemories, routineModule } from './base-module.ts'
import { compileHandler, type HandlerCode, handlerCode } from './handlers.ts'
import { defineLoop, FIRST_HANDLER, GOTO_HANDLER, SLOW_HANDLER } from './loop-module.ts'
import { shapeKey, writeSlot } from './shape.ts'

/** How code is decoded and addressed: what of the code key decides about handlers and slots. */
export interface CodeMode {
  /** CS.L and CS.D. */
  readonly bits: 16 | 32 | 64
  /** SS.B, or 64. */
  readonly stackBits: 16 | 32 | 64
  readonly flat: boolean
}

/** The processor around the interpreter. */
export interface InterpreterHost extends HostFunctions {
  readonly state: CpuState
  /** @returns the host offset of the page from which RIP fetches, or -1: a fault is pending, or -2: not from plain RAM. */
  fetchPage(): number
  codeMode(): CodeMode
  /** Slots are about to be made from this page of RAM: writes to it must call {@link Interpreter.invalidatePage}. */
  codePage(hostOffset: number): void
}

/** Handlers that stand in the loop; more of them cost compiler memory faster than they save time (DESIGN, "The engine"). */
const LOOP_HANDLERS = 250
/** Slices after which new shapes come into the loop, too, though they are few. */
const REBUILD_AFTER = 4
const MAX_HANDLERS = 8192
/** Instructions in one call of the loop: V8 replaces no function that runs, so that its better code begins with the next call. */
const SLICE = 1 << 16

type Run = (slot: number, budget: number) => number

/** Handlers and loop for one way of addressing and stack width. */
class Tier {
  readonly handlers: HandlerCode[] = []
  readonly numbers = new Map<string, number>()
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: MAX_HANDLERS })
  readonly address: AddressMode
  readonly stackBits: 16 | 32 | 64
  readonly #imports: Readonly<Record<string, unknown>>
  readonly #ram: WasmMemory
  readonly #state: WasmMemory
  #run: Run | null = null
  #inlined = 0
  #slices = 0

  constructor(mode: CodeMode, imports: Readonly<Record<string, unknown>>, ram: WasmMemory, state: WasmMemory) {
    this.address = { mode: mode.bits === 64 ? 64 : 32, flat: mode.flat }
    this.stackBits = mode.stackBits
    this.#imports = imports
    this.#ram = ram
    this.#state = state
  }

  /** The handler of an instruction: compiled where it is the first of its shape. */
  number(i: Instruction): number {
    const key = shapeKey(i, this.stackBits)
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    const handler = this.handlers.length + FIRST_HANDLER < MAX_HANDLERS ? handlerCode(i, this.stackBits) : null
    if (handler === null) {
      this.numbers.set(key, SLOW_HANDLER)
      return SLOW_HANDLER
    }
    const number = this.handlers.push(handler) - 1 + FIRST_HANDLER
    this.numbers.set(key, number)
    this.table.set(number, compileHandler(handler, this.address, this.#ram, this.#state, this.#imports))
    return number
  }

  /** The loop, compiled anew when there are twice as many shapes, or new ones have gone on for a while. */
  get run(): Run {
    const count = Math.min(this.handlers.length, LOOP_HANDLERS)
    const isNew = count > this.#inlined
    if (isNew) this.#slices++
    if (this.#run !== null && (!isNew || (count < 2 * this.#inlined && this.#slices < REBUILD_AFTER))) return this.#run
    this.#inlined = count
    this.#slices = 0
    const module = new ModuleBuilder()
    importMemories(module, this.#ram, this.#state)
    module.importTable('table', 1)
    const functions = defineRuntime(module)
    const index = defineLoop(module, { functions, address: this.address, handlers: this.handlers.slice(0, count) })
    module.export('run', index)
    const imports = { ...this.#imports, ram: this.#ram, state: this.#state, table: this.table }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { e: imports })
    this.#run = instance.exports.run as Run
    return this.#run
  }
}

/** Slots of one page of RAM, decoded in one mode: by page offset. */
class PageCode {
  readonly slots = new Int32Array(4096)
}

export interface RunResult {
  readonly status: number
  /** Instructions retired. */
  readonly retired: number
}

export class Interpreter {
  readonly #host: InterpreterHost
  readonly #ram: WasmMemory
  readonly #memory: WasmMemory
  readonly #view: DataView
  readonly #imports: Readonly<Record<string, unknown>>
  readonly #settle: () => number
  readonly #tiers = new Map<string, Tier>()
  readonly #pages = new Map<string, PageCode>()
  readonly #keysOfPage = new Map<number, string[]>()
  readonly #decoders = new Map<number, Decoder>()
  readonly #instruction = new Instruction()
  #nextSlot = SLOTS_OFFSET

  /** `memory`: memory 1, with the layout of layout.ts; what is left of it behind {@link SLOTS_OFFSET} holds slots. */
  constructor(host: InterpreterHost, ram: WasmMemory, memory: WasmMemory) {
    this.#host = host
    this.#ram = ram
    this.#memory = memory
    this.#view = new DataView(memory.buffer as ArrayBuffer)
    const base = baseModule(ram, memory)
    this.#settle = base.settle as () => number
    const functions = {
      ...base,
      slowLoad: (lo: number, hi: number, imm: number) => host.slowLoad(lo, hi, imm),
      slowStore: (lo: number, hi: number, imm: number) => host.slowStore(lo, hi, imm),
      slowProbe: (lo: number, hi: number, imm: number) => host.slowProbe(lo, hi, imm),
      helper: (n: number, a: number, b: number, c: number) => this.#helper(n, a, b, c),
      raise: (vector: number, errorCode: number) => host.raise(vector, errorCode),
    }
    this.#imports = { ...functions, ...routineModule(ram, memory, functions) }
    this.#view.setInt32(SCRATCH.generation, 1, true)
  }

  /** Helpers and rules find the flags settled. */
  #helper(n: number, a: number, b: number, c: number): number {
    this.#settle()
    return this.#host.helper(n, a, b, c)
  }

  /** Computes the status flags from the last operation. */
  settle(): void {
    this.#settle()
  }

  /** Translations of addresses have changed: jumps look up their targets again. */
  flushJumps(): void {
    const generation = (this.#view.getInt32(SCRATCH.generation, true) + 1) | 0
    this.#view.setInt32(SCRATCH.generation, generation === 0 ? 1 : generation, true)
  }

  /** Forgets the code of a page of RAM, by its host offset. */
  invalidatePage(hostOffset: number): void {
    for (const key of this.#keysOfPage.get(hostOffset) ?? []) this.#pages.delete(key)
    this.#keysOfPage.delete(hostOffset)
    this.flushJumps()
  }

  /** Forgets all code. */
  invalidateAll(): void {
    this.#pages.clear()
    this.#keysOfPage.clear()
    this.#nextSlot = SLOTS_OFFSET
    this.flushJumps()
  }

  /**
   * Executes up to `budget` instructions from RIP on. RIP and `budget` of the state are up to date afterwards; flags may be lazy.
   * `HandlerStatus.budget`: all are retired; `slow`: the next one is the host's to execute; `fault`: an exception is pending;
   * `leave` and `transfer`: the host looks after events.
   */
  run(budget: number): RunResult {
    let left = budget
    for (;;) {
      const mode = this.#host.codeMode()
      const slot = this.#enter(mode)
      if (slot < 0) return { status: slot === -1 ? HandlerStatus.fault : HandlerStatus.slow, retired: budget - left }
      const slice = Math.min(left, SLICE)
      const status = this.#tier(mode).run(slot, slice)
      left -= slice - this.#view.getInt32(FIELD.budget.offset, true)
      if (status === HandlerStatus.fault) left++
      this.#leave(status)
      if (left === 0 && status === HandlerStatus.jump) return { status: HandlerStatus.budget, retired: budget }
      if (status !== HandlerStatus.jump && (status !== HandlerStatus.budget || left === 0))
        return { status, retired: budget - left }
    }
  }

  /** Puts RIP into the state. */
  #leave(status: number): void {
    const { state } = this.#host
    if (status === HandlerStatus.transfer) return
    if (status === HandlerStatus.jump) {
      state.set(
        FIELD.rip,
        this.#view.getInt32(SCRATCH.jumpTarget, true),
        this.#view.getInt32(SCRATCH.jumpTarget + 4, true),
      )
      return
    }
    const slot = this.#view.getInt32(SCRATCH.slot, true)
    const end = this.#view.getUint16(slot + SLOT.end, true)
    const offset = status === HandlerStatus.leave ? end : end - this.#view.getUint8(slot + SLOT.length)
    const lo = this.#view.getUint32(SCRATCH.ripBase, true) + offset
    const carry = lo > 0xffffffff ? 1 : lo < 0 ? -1 : 0
    state.set(FIELD.rip, lo, this.#view.getInt32(SCRATCH.ripBase + 4, true) + carry)
  }

  /** The slot at RIP, made where there is none; -1: fetching faults, -2: the host has to execute. */
  #enter(mode: CodeMode): number {
    const { state } = this.#host
    const page = this.#host.fetchPage()
    if (page < 0) return page
    const offset = (state.lo(FIELD.rip) + state.lo(FIELD.csBase)) & 0xfff
    const key = `${page}.${mode.bits}.${mode.stackBits}.${mode.flat}`
    let code = this.#pages.get(key)
    if (code === undefined) {
      code = new PageCode()
      this.#pages.set(key, code)
      const keys = this.#keysOfPage.get(page)
      if (keys) keys.push(key)
      else {
        this.#keysOfPage.set(page, [key])
        this.#host.codePage(page)
      }
    }
    if (code.slots[offset] === 0) this.#predecode(code, page, offset, mode)
    const slot = code.slots[offset] as number
    this.#noteEntry(slot, offset)
    return slot
  }

  /** Sets the base of RIP, and lets jumps find the slot. */
  #noteEntry(slot: number, offset: number): void {
    const { state } = this.#host
    const view = this.#view
    const [lo, hi] = [state.lo(FIELD.rip), state.hi(FIELD.rip)]
    const base = lo - offset
    view.setInt32(SCRATCH.ripBase, base, true)
    view.setInt32(SCRATCH.ripBase + 4, base < 0 ? hi - 1 : hi, true)
    const entry = JUMP_CACHE_OFFSET + (lo & (JUMP_CACHE_ENTRIES - 1)) * 16
    view.setInt32(entry, lo, true)
    view.setInt32(entry + 4, hi, true)
    view.setInt32(entry + 8, slot, true)
    view.setInt32(entry + 12, view.getInt32(SCRATCH.generation, true), true)
  }

  /** Slots from an offset on to the next unconditional branch, or the end of the page. */
  #predecode(code: PageCode, page: number, start: number, mode: CodeMode): void {
    const bytes = new Uint8Array(this.#ram.buffer as ArrayBuffer, page, 4096)
    const decoder = this.#decoder(mode.bits)
    const tier = this.#tier(mode)
    const i = this.#instruction
    if (this.#nextSlot + 4100 * SLOT_BYTES > this.#memory.buffer.byteLength) {
      this.invalidateAll()
      this.#pages.set(`${page}.${mode.bits}.${mode.stackBits}.${mode.flat}`, code)
      this.#keysOfPage.set(page, [`${page}.${mode.bits}.${mode.stackBits}.${mode.flat}`])
      code.slots.fill(0)
    }
    let offset = start
    while (offset < 4096) {
      const slot = this.#nextSlot
      if (offset !== start && code.slots[offset] !== 0) break
      this.#nextSlot += SLOT_BYTES
      code.slots[offset] = slot
      const status = decoder.decode(i, bytes, offset)
      const handler = status === Status.ok ? tier.number(i) : SLOW_HANDLER
      if (handler === SLOW_HANDLER) {
        // The host executes it, and comes back behind it.
        this.#writeFixed(slot, SLOW_HANDLER, offset)
        return
      }
      offset += i.length
      writeSlot(this.#view, slot, i, handler, offset)
      const flow = controlFlow(i.form)
      if (flow === 'jmp' || flow === 'jmpind' || flow === 'ret' || flow === 'ud') return
    }
    this.#writeFixed(this.#nextSlot, GOTO_HANDLER, offset)
    this.#nextSlot += SLOT_BYTES
  }

  #writeFixed(slot: number, handler: number, offset: number): void {
    this.#view.setUint16(slot + SLOT.handler, handler, true)
    this.#view.setUint8(slot + SLOT.length, 0)
    this.#view.setUint16(slot + SLOT.end, offset, true)
  }

  #decoder(bits: 16 | 32 | 64): Decoder {
    const known = this.#decoders.get(bits)
    if (known !== undefined) return known
    const decoder = new Decoder(bits)
    this.#decoders.set(bits, decoder)
    return decoder
  }

  #tier(mode: CodeMode): Tier {
    const key = `${mode.bits === 64}.${mode.stackBits}.${mode.flat}`
    const known = this.#tiers.get(key)
    if (known !== undefined) return known
    const tier = new Tier(mode, this.#imports, this.#ram, this.#memory)
    this.#tiers.set(key, tier)
    return tier
  }
}
