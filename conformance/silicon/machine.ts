/** Our processor as a subject: user code at CPL 3 behind page tables, with the same linear addresses as natively. */
import { ACCESS_RIGHTS, CR0, CR4, EFER, FIELD, PTE, readRflags, SEGMENT, writeRflags, XCR0 } from '@ringfold/arch'
import { type EngineName, Processor } from '@ringfold/cpu'
import { PhysicalMemory } from '@ringfold/memory'
import { type CpuModel, cpuModel, withFeatures } from '@ringfold/rings'
import { initialImage, initialWindow, type SiliconCase, type SiliconOutcome, TIMED_OUT } from './case.ts'
import { IMAGE } from './image.ts'
import {
  CODE,
  CODE_BYTES,
  INT3,
  READ_ONLY,
  READ_ONLY_BYTES,
  USER_CODE_32,
  USER_CODE_64,
  USER_DATA,
  WINDOW,
  WINDOW_BYTES,
} from './layout.ts'
import { loadState, storeState } from './state.ts'
import type { SiliconSubject } from './subject.ts'
import { hasErrorCode } from './vectors.ts'
import { windowBytes } from './window.ts'

const RAM_BYTES = 1 << 20
/** Where the kernel's part lies: natively nothing is mapped there that a case would find. */
const KERNEL = 0x90000
const KERNEL_BYTES = 0x10000
const AT = {
  gdt: KERNEL + 0x1000,
  idt: KERNEL + 0x2000,
  tss: KERNEL + 0x3000,
  handlers: KERNEL + 0x4000,
  stack: KERNEL + 0x7000,
  tables: KERNEL + 0x8000,
} as const
const KERNEL_CODE_32 = 0x08
const KERNEL_CODE = 0x10
const KERNEL_DATA = 0x18
const TSS = 0x40
const HANDLER_BYTES = 16
const HLT = 0xf4
/** Instructions of a case, at most: more than a repeated string instruction needs to run out of the window. */
const BUDGET = 200_000
const { S, P, DB, G, L } = ACCESS_RIGHTS.lo
const CPL3 = 3 << ACCESS_RIGHTS.shift.DPL

/** What silicon has beyond the model, as far as it is lifted; whether null selectors clear bases is a matter of the processor. */
const EXTRA_FEATURES = '+BMI1,+BMI2,+ADX,+LZCNT,+MOVBE,+PREFETCHW,+SHA,+SSE4A,-NULL_SELECT_CLEARS_BASE'

/** The model that vectors of a processor are replayed on, by default: that of its vendor. */
export const modelFor = (processor: string): string =>
  processor.startsWith('AuthenticAMD') ? 'x86-64-v2-amd' : 'x86-64-v2'

/** The same, for a processor whose loads of null selectors clear the base (AMD APM vol. 2, 4.5.3), or do not. */
export const modelThatClears = (processor: string, clearsBase: boolean): CpuModel =>
  withFeatures(
    withFeatures(cpuModel(modelFor(processor)), EXTRA_FEATURES),
    clearsBase ? '+NULL_SELECT_CLEARS_BASE' : '-NULL_SELECT_CLEARS_BASE',
  )

/** Flat descriptor: access byte and flags (G, D/B, L, AVL). */
const descriptor = (access: number, flags: number): bigint =>
  0xffffn | (BigInt(access) << 40n) | (0xfn << 48n) | (BigInt(flags) << 52n)

export class SiliconMachine implements SiliconSubject {
  readonly name: string
  readonly cpu: Processor
  readonly #memory = new PhysicalMemory({ ramBytes: RAM_BYTES })

  constructor(engine: EngineName, model: CpuModel | string = 'x86-64-v2-amd') {
    const base = typeof model === 'string' ? withFeatures(cpuModel(model), EXTRA_FEATURES) : model
    this.name = `${engine} (${base.name})`
    this.cpu = new Processor({ memory: this.#memory, engine, model: base })
    this.#prepareTables()
    this.#preparePages()
    this.#memory.writeBytes(CODE, new Uint8Array(CODE_BYTES).fill(INT3))
    this.#memory.writeBytes(READ_ONLY, windowBytes().subarray(WINDOW_BYTES))
    this.#enterUser()
  }

  #put64(at: number, value: bigint): void {
    this.#memory.write32(at, Number(value & 0xffffffffn))
    this.#memory.write32(at + 4, Number(value >> 32n))
  }

  #prepareTables(): void {
    // As Linux has it (arch/x86/kernel/cpu/common.c, gdt_page): what LAR and LSL see, and what user code must not load.
    this.#put64(AT.gdt + KERNEL_CODE_32, descriptor(0x9b, 0xc))
    this.#put64(AT.gdt + KERNEL_CODE, descriptor(0x9b, 0xa))
    this.#put64(AT.gdt + KERNEL_DATA, descriptor(0x93, 0xc))
    this.#put64(AT.gdt + (USER_CODE_32 & ~7), descriptor(0xfb, 0xc))
    this.#put64(AT.gdt + (USER_DATA & ~7), descriptor(0xf3, 0xc))
    this.#put64(AT.gdt + (USER_CODE_64 & ~7), descriptor(0xfb, 0xa))
    this.#put64(AT.tss + 4, BigInt(AT.stack))
    this.#memory.write16(AT.tss + 102, 0x68)
    for (let vector = 0; vector < 256; vector++) {
      const handler = AT.handlers + vector * HANDLER_BYTES
      // INT3 and INTO may be called from user code, as an operating system has it.
      const dpl = vector === 3 || vector === 4 ? 3n : 0n
      const access = (0x8en | (dpl << 5n)) << 40n
      const gate = BigInt(handler & 0xffff) | (BigInt(KERNEL_CODE) << 16n) | access | (BigInt(handler >> 16) << 48n)
      this.#put64(AT.idt + vector * 16, gate)
      this.#memory.write8(handler, HLT)
    }
  }

  #preparePages(): void {
    const { P, RW, US } = PTE.lo
    const NX = 1n << 63n
    const all = BigInt(P | RW | US)
    for (let level = 0; level < 3; level++)
      this.#put64(AT.tables + 0x1000 * level, BigInt(AT.tables + 0x1000 * (level + 1)) | all)
    const map = (from: number, bytes: number, flags: bigint): void => {
      for (let at = from; at < from + bytes; at += 4096)
        this.#put64(AT.tables + 0x3000 + (at >> 12) * 8, BigInt(at) | flags)
    }
    map(KERNEL, KERNEL_BYTES, BigInt(P | RW))
    map(CODE, CODE_BYTES, all)
    map(WINDOW, WINDOW_BYTES, all | NX)
    map(READ_ONLY, READ_ONLY_BYTES, BigInt(P | US) | NX)
  }

  #enterUser(): void {
    const { state } = this.cpu
    const { PE, PG, ET, NE, WP, MP, AM } = CR0.lo
    const { PAE, PGE, OSFXSR, OSXMMEXCPT, OSXSAVE, FSGSBASE } = CR4.lo
    state.set(FIELD.cr0, PE | PG | ET | NE | WP | MP | AM, 0)
    state.set(FIELD.cr4, PAE | PGE | OSFXSR | OSXMMEXCPT | OSXSAVE | FSGSBASE, 0)
    state.set(FIELD.efer, EFER.lo.LME | EFER.lo.LMA | EFER.lo.SCE | EFER.lo.NXE, 0)
    state.set(FIELD.cr3, AT.tables, 0)
    state.set(FIELD.xcr0, XCR0.lo.X87 | XCR0.lo.SSE, 0)
    state.set(FIELD.gdtrBase, AT.gdt, 0)
    state.setLo(FIELD.gdtrLimit, 0x7f)
    state.set(FIELD.idtrBase, AT.idt, 0)
    state.setLo(FIELD.idtrLimit, 0xfff)
    this.#segment(SEGMENT.TR, TSS, 0x67, P | 11)
    state.set(FIELD.segBase, AT.tss, 0, SEGMENT.TR)
    this.#segment(SEGMENT.LDTR, 0, 0, ACCESS_RIGHTS.lo.UNUSABLE)
  }

  #segment(segment: number, selector: number, limit: number, rights: number): void {
    const { state } = this.cpu
    state.setLo(FIELD.segSelector, selector, segment)
    state.set(FIELD.segBase, 0, 0, segment)
    state.setLo(FIELD.segLimit, limit, segment)
    state.setLo(FIELD.segAccess, rights, segment)
  }

  /** Segments as the selectors of an image say, which are those of `layout.ts` or null. */
  #loadSegments(view: DataView): void {
    const cs = view.getUint16(IMAGE.cs, true)
    this.#segment(SEGMENT.CS, cs, 0xffffffff, S | P | G | 11 | CPL3 | (cs === USER_CODE_64 ? L : DB))
    const others = [
      [SEGMENT.SS, IMAGE.ss],
      [SEGMENT.DS, IMAGE.ds],
      [SEGMENT.ES, IMAGE.es],
      [SEGMENT.FS, IMAGE.fs],
      [SEGMENT.GS, IMAGE.gs],
    ] as const
    for (const [segment, at] of others) {
      const selector = view.getUint16(at, true)
      if (selector === 0) this.#segment(segment, 0, 0, ACCESS_RIGHTS.lo.UNUSABLE)
      else this.#segment(segment, selector, 0xffffffff, S | P | G | DB | 3 | CPL3)
    }
  }

  run(c: SiliconCase): SiliconOutcome {
    const image = initialImage(c)
    const view = new DataView(image.buffer)
    const { state } = this.cpu
    const rip = view.getUint32(IMAGE.rip, true)
    this.#memory.writeBytes(WINDOW, initialWindow(c))
    this.#memory.writeBytes(rip, c.code)
    this.#loadSegments(view)
    loadState(state, image)
    writeRflags(state, view.getUint32(IMAGE.rflags, true))
    for (const field of [FIELD.pendingEvent, FIELD.interruptibility, FIELD.activityState]) state.setLo(field, 0)
    state.set(FIELD.cr2, 0, 0)
    this.cpu.stateWritten()
    const { reason } = this.cpu.run(BUDGET)
    const outcome = reason === 'halted' ? this.#delivered() : this.#undelivered(reason)
    this.#memory.writeBytes(rip, new Uint8Array(c.code.length).fill(INT3))
    return outcome
  }

  /** What the handler finds: the vector by its address, and on its stack what the processor pushed (SDM vol. 3A, figure 7-9). */
  #delivered(): SiliconOutcome {
    const { state } = this.cpu
    const trap = Math.floor((state.lo(FIELD.rip) - AT.handlers) / HANDLER_BYTES)
    const frame = new Uint8Array(48)
    this.#memory.readBytes(state.lo(FIELD.rsp), frame)
    const view = new DataView(frame.buffer)
    const at = hasErrorCode(trap) ? 8 : 0
    const image = storeState(state)
    const out = new DataView(image.buffer)
    out.setBigUint64(IMAGE.rip, view.getBigUint64(at, true), true)
    out.setUint16(IMAGE.cs, view.getUint16(at + 8, true), true)
    out.setBigUint64(IMAGE.rflags, view.getBigUint64(at + 16, true), true)
    out.setBigUint64(IMAGE.gpr + 32, view.getBigUint64(at + 24, true), true)
    out.setUint16(IMAGE.ss, view.getUint16(at + 32, true), true)
    const errorCode = at === 0 ? 0 : view.getUint32(0, true)
    return { trap, errorCode, address: trap === 14 ? state.readBig(FIELD.cr2) : 0n, image, window: this.#window() }
  }

  /** It ran out of its budget, or something that no case does came in between: told as what does not end. */
  #undelivered(reason: string): SiliconOutcome {
    const image = storeState(this.cpu.state)
    new DataView(image.buffer).setUint32(IMAGE.rflags, readRflags(this.cpu.state), true)
    const code = reason === 'budget' ? TIMED_OUT : TIMED_OUT + 1
    return { trap: code, errorCode: 0, address: 0n, image, window: this.#window() }
  }

  #window(): Uint8Array {
    const window = new Uint8Array(WINDOW_BYTES)
    this.#memory.readBytes(WINDOW, window)
    return window
  }
}
