/** A processor with a megabyte or more of RAM in a chosen mode, for tests of the package: programs come from the assembler. */
import { ACCESS_RIGHTS, CR0, CR4, EFER, FIELD, hashState, PTE, SEGMENT, XCR0 } from '@ringfold/arch'
import { Processor, type ProcessorOptions } from '@ringfold/cpu'
import { assemble } from '@ringfold/isa/assembler'
import { PhysicalMemory } from '@ringfold/memory'

const { S, P, DB, G, L } = ACCESS_RIGHTS.lo

/** Places in the RAM of a test machine. */
export const AT = {
  gdt: 0x1000,
  idt: 0x2000,
  tss: 0x3000,
  /** PML4, PDPT, PD; then page tables. */
  tables: 0x10000,
  code: 0x40000,
  data: 0x50000,
  stack: 0x70000,
  userStack: 0x78000,
} as const

export const SELECTOR = {
  code32: 0x08,
  data: 0x10,
  code64: 0x18,
  userCode32: 0x23,
  userData: 0x2b,
  userCode64: 0x33,
  tss: 0x38,
  code16: 0x48,
  data16: 0x50,
} as const

export type TestMode = 16 | 32 | 64

export interface TestMachineOptions extends Omit<ProcessorOptions, 'memory'> {
  readonly ramBytes?: number
}

/** A descriptor from base, limit, access byte and flags (G, D/B, L, AVL). */
export function descriptor(base: number, limit: number, access: number, flags: number): bigint {
  const [b, l] = [BigInt(base), BigInt(limit)]
  const low = (l & 0xffffn) | ((b & 0xffffffn) << 16n) | (BigInt(access) << 40n)
  return low | ((l >> 16n) << 48n) | (BigInt(flags) << 52n) | ((b >> 24n) << 56n)
}

export class TestMachine {
  readonly memory: PhysicalMemory
  readonly cpu: Processor

  constructor({ ramBytes = 1 << 20, ...options }: TestMachineOptions = {}) {
    this.memory = new PhysicalMemory({ ramBytes })
    this.cpu = new Processor({ memory: this.memory, ...options })
    this.writeTables()
  }

  put64(at: number, value: bigint): void {
    this.memory.write32(at, Number(value & 0xffffffffn))
    this.memory.write32(at + 4, Number(value >> 32n))
  }

  get64(at: number): bigint {
    return (BigInt(this.memory.read32(at + 4)) << 32n) | BigInt(this.memory.read32(at))
  }

  /** The GDT and the TSS. */
  writeTables(): void {
    const rows: readonly [number, bigint][] = [
      [SELECTOR.code32, descriptor(0, 0xfffff, 0x9a, 0xc)],
      [SELECTOR.data, descriptor(0, 0xfffff, 0x92, 0xc)],
      [SELECTOR.code64, descriptor(0, 0xfffff, 0x9a, 0xa)],
      [SELECTOR.userCode32, descriptor(0, 0xfffff, 0xfa, 0xc)],
      [SELECTOR.userData, descriptor(0, 0xfffff, 0xf2, 0xc)],
      [SELECTOR.userCode64, descriptor(0, 0xfffff, 0xfa, 0xa)],
      [SELECTOR.tss, descriptor(AT.tss, 0x167, 0x89, 0)],
      [SELECTOR.code16, descriptor(0, 0xffff, 0x9a, 0)],
      [SELECTOR.data16, descriptor(0, 0xffff, 0x92, 0)],
    ]
    for (const [selector, value] of rows) this.put64(AT.gdt + (selector & ~7), value)
    // RSP0 and ESP0/SS0; IST1.
    this.put64(AT.tss + 4, BigInt(AT.stack))
    this.put64(AT.tss + 36, BigInt(AT.stack - 0x4000))
    this.memory.write16(AT.tss + 102, 0x68)
  }

  /** Identity-maps the first 2 MiB with pages of 4 KiB, writable and for users, at 4 levels. */
  mapAll(flags = PTE.lo.P | PTE.lo.RW | PTE.lo.US): void {
    const { tables } = AT
    this.put64(tables, BigInt(tables + 0x1000) | 7n)
    this.put64(tables + 0x1000, BigInt(tables + 0x2000) | 7n)
    this.put64(tables + 0x2000, BigInt(tables + 0x3000) | 7n)
    for (let page = 0; page < 512; page++) this.put64(tables + 0x3000 + page * 8, BigInt(page * 4096) | BigInt(flags))
  }

  /** The entry of the page table for an address below 2 MiB. */
  pte(address: number): number {
    return AT.tables + 0x3000 + (address >> 12) * 8
  }

  /** A gate of the IDT in the form of the mode. */
  gate(
    vector: number,
    offset: number,
    options: { type?: number; dpl?: number; selector?: number; ist?: number } = {},
  ): void {
    const { type = 14, dpl = 0, ist = 0 } = options
    const long = (this.cpu.state.lo(FIELD.efer) & EFER.lo.LMA) !== 0
    const selector = options.selector ?? (long ? SELECTOR.code64 : SELECTOR.code32)
    const access = BigInt(0x80 | (dpl << 5) | type) << 40n
    const low = BigInt(offset & 0xffff) | (BigInt(selector) << 16n) | (BigInt(ist) << 32n)
    const at = AT.idt + vector * (long ? 16 : 8)
    this.put64(at, low | access | (BigInt(offset >>> 16) << 48n))
    if (long) this.put64(at + 8, 0n)
  }

  /** Assembles a program to an address. */
  load(text: string, bits: TestMode, at: number = AT.code): Uint8Array {
    const { bytes } = assemble(text, { bits, origin: BigInt(at) })
    this.memory.writeBytes(at, bytes)
    return bytes
  }

  /** Puts the processor into a mode at a privilege level, with RIP at the code; 16: real mode. */
  enter(mode: TestMode, cpl = 0, rip: number = AT.code): void {
    const { state } = this.cpu
    this.cpu.reset()
    const { PE, PG, ET, NE, WP, MP } = CR0.lo
    const { PAE, PGE, OSFXSR, OSXMMEXCPT } = CR4.lo
    state.set(FIELD.cr4, OSFXSR | OSXMMEXCPT | PGE | (mode === 64 ? PAE : 0), 0)
    state.set(FIELD.cr0, mode === 16 ? ET | MP : PE | ET | NE | MP | (mode === 64 ? PG | WP : 0), 0)
    state.set(FIELD.xcr0, XCR0.lo.X87, 0)
    state.set(FIELD.gdtrBase, AT.gdt, 0)
    state.setLo(FIELD.gdtrLimit, 0xff)
    if (mode === 64) {
      this.mapAll()
      state.set(FIELD.efer, EFER.lo.LME | EFER.lo.LMA | EFER.lo.SCE | EFER.lo.NXE, 0)
      state.set(FIELD.cr3, AT.tables, 0)
    }
    if (mode === 16) this.#enterReal(rip)
    else this.#enterProtected(mode, cpl, rip)
    this.cpu.stateWritten()
  }

  #enterReal(rip: number): void {
    const { state } = this.cpu
    this.#segment(SEGMENT.CS, rip >> 4, rip & ~15, 0xffff, S | P | 11)
    for (const segment of [SEGMENT.ES, SEGMENT.DS]) this.#segment(segment, AT.data >> 4, AT.data, 0xffff, S | P | 3)
    this.#segment(SEGMENT.SS, (AT.stack - 0x8000) >> 4, AT.stack - 0x8000, 0xffff, S | P | 3)
    state.set(FIELD.rip, rip & 15, 0)
    state.set(FIELD.rsp, 0x8000, 0)
    state.setLo(FIELD.idtrLimit, 0x3ff)
  }

  #enterProtected(mode: 32 | 64, cpl: number, rip: number): void {
    const { state } = this.cpu
    const dpl = cpl << ACCESS_RIGHTS.shift.DPL
    const user = cpl === 3
    const code =
      mode === 64 ? (user ? SELECTOR.userCode64 : SELECTOR.code64) : user ? SELECTOR.userCode32 : SELECTOR.code32
    this.#segment(SEGMENT.CS, code, 0, 0xffffffff, S | P | G | 11 | dpl | (mode === 64 ? L : DB))
    for (const segment of [SEGMENT.ES, SEGMENT.SS, SEGMENT.DS, SEGMENT.FS, SEGMENT.GS])
      this.#segment(segment, user ? SELECTOR.userData : SELECTOR.data, 0, 0xffffffff, S | P | G | DB | 3 | dpl)
    this.#segment(SEGMENT.TR, SELECTOR.tss, AT.tss, 0x167, P | 11)
    state.set(FIELD.idtrBase, AT.idt, 0)
    state.setLo(FIELD.idtrLimit, 0xfff)
    state.set(FIELD.rip, rip, 0)
    state.set(FIELD.rsp, user ? AT.userStack : AT.stack, 0)
  }

  #segment(segment: number, selector: number, base: number, limit: number, rights: number): void {
    const { state } = this.cpu
    state.setLo(FIELD.segSelector, selector, segment)
    state.set(FIELD.segBase, base, 0, segment)
    state.setLo(FIELD.segLimit, limit, segment)
    state.setLo(FIELD.segAccess, rights, segment)
  }

  /** Of state and RAM together. */
  hash(): string {
    let sum = 0
    const { words } = this.memory
    for (let n = 0; n < this.memory.ramBytes / 4; n++) sum = (Math.imul(sum, 31) + (words[n] as number)) | 0
    return `${hashState(this.cpu.state)}.${sum}`
  }
}
