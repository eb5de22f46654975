/** The machine of `exec`: a megabyte of RAM, flat segments, the program at a fixed place. */
import { ACCESS_RIGHTS, CR0, CR4, EFER, FIELD, PTE, SEGMENT, XCR0 } from '@ringfold/arch'
import { type EngineName, type ExceptionEvent, Processor } from '@ringfold/cpu'
import { PhysicalMemory } from '@ringfold/memory'
import type { CpuModel } from '@ringfold/rings'
import type { Bits } from '../numbers.ts'

export const CODE = 0x40000
export const DATA = 0x50000
export const STACK = 0x70000
const TABLES = 0x10000
const RAM_BYTES = 1 << 20
const PAGES = RAM_BYTES / 4096
const { S, P, DB, G, L } = ACCESS_RIGHTS.lo
const CODE_ACCESSED = 11
const DATA_ACCESSED = 3

export interface ExecMachineOptions {
  readonly bits: Bits
  readonly user: boolean
  readonly engine: EngineName
  readonly model: CpuModel
}

export class ExecMachine {
  readonly memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  readonly cpu: Processor
  /** The exception that ended the program. */
  exception: ExceptionEvent | undefined

  constructor({ bits, user, engine, model }: ExecMachineOptions) {
    this.cpu = new Processor({ memory: this.memory, engine, model })
    this.cpu.hooks.onException((event) => {
      this.exception ??= event
      this.cpu.stop()
    })
    this.#control(bits)
    const dpl = user && bits !== 16 ? 3 << ACCESS_RIGHTS.shift.DPL : 0
    this.#segments(bits, dpl)
    const { state } = this.cpu
    state.set(FIELD.rip, bits === 16 ? 0 : CODE, 0)
    state.set(FIELD.rsp, bits === 16 ? 0xfff0 : STACK, 0)
    for (const field of [FIELD.rbx, FIELD.rsi, FIELD.rdi]) state.set(field, bits === 16 ? 0 : DATA, 0)
    state.set(FIELD.rdx, 0, 0)
    this.cpu.stateWritten()
  }

  #control(bits: Bits): void {
    const { state } = this.cpu
    const { PE, PG, ET, NE, WP, MP } = CR0.lo
    const { PAE, OSFXSR, OSXMMEXCPT } = CR4.lo
    state.set(FIELD.cr4, OSFXSR | OSXMMEXCPT | (bits === 64 ? PAE : 0), 0)
    state.set(FIELD.cr0, ET | NE | MP | (bits === 16 ? 0 : PE) | (bits === 64 ? PG | WP : 0), 0)
    state.set(FIELD.xcr0, XCR0.lo.X87, 0)
    state.setLo(FIELD.fpuControl, 0x37f)
    state.setLo(FIELD.fpuTag, 0)
    if (bits !== 64) return
    this.#map()
    state.set(FIELD.efer, EFER.lo.LME | EFER.lo.LMA | EFER.lo.SCE | EFER.lo.NXE, 0)
    state.set(FIELD.cr3, TABLES, 0)
  }

  /** An identity map of the RAM, for everybody. */
  #map(): void {
    const flags = PTE.lo.P | PTE.lo.RW | PTE.lo.US
    for (let level = 0; level < 3; level++)
      this.memory.write32(TABLES + level * 0x1000, (TABLES + (level + 1) * 0x1000) | flags)
    for (let page = 0; page < PAGES; page++) this.memory.write32(TABLES + 0x3000 + page * 8, (page * 4096) | flags)
  }

  #segments(bits: Bits, dpl: number): void {
    const real = bits === 16
    const limit = real ? 0xffff : 0xffffffff
    const wide = real ? 0 : G | (bits === 64 ? L : DB)
    this.#segment(SEGMENT.CS, real ? CODE : 0, limit, S | P | CODE_ACCESSED | dpl | wide)
    for (const segment of [SEGMENT.ES, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS])
      this.#segment(segment, real ? DATA : 0, limit, S | P | DATA_ACCESSED | dpl | (real ? 0 : G | DB))
    const stack = real ? STACK - 0x10000 : 0
    this.#segment(SEGMENT.SS, stack, limit, S | P | DATA_ACCESSED | dpl | (real ? 0 : G | DB))
  }

  #segment(segment: number, base: number, limit: number, rights: number): void {
    const { state } = this.cpu
    state.setLo(FIELD.segSelector, base >> 4, segment)
    state.set(FIELD.segBase, base, 0, segment)
    state.setLo(FIELD.segLimit, limit, segment)
    state.setLo(FIELD.segAccess, rights, segment)
  }
}
