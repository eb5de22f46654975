/** A processor's paging unit over a small memory, and tables that are made as pages are mapped. */
import { type CpuState, CR0, CR4, createState, EFER, FIELD, PDE_2M, PTE } from '@ringfold/arch'
import { PhysicalMemory } from '@ringfold/memory'
import { LinearAccessor, Mmu, type MmuOptions, wideIndex } from '@ringfold/mmu'

const { P, RW, US } = PTE.lo
const { PS } = PDE_2M.lo

/** Flags of a page of which everything is allowed. */
export const ALL = P | RW | US
export const RAM_BYTES = 8 << 20
export const ROOT = 0x1000
const LEVEL_OF_SIZE = new Map([
  [0x1000, 1],
  [0x20_0000, 2],
  [0x4000_0000, 3],
])

export const CONTROL = {
  cr0: (CR0.lo.PE | CR0.lo.PG | CR0.lo.WP) >>> 0,
  cr4: CR4.lo.PAE | CR4.lo.PGE,
  efer: EFER.lo.LMA | EFER.lo.NXE,
}

export class PagedMachine {
  readonly memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
  readonly state: CpuState = createState()
  readonly mmu: Mmu
  readonly linear: LinearAccessor
  /** Where the next table goes. */
  #free = 0x10000

  constructor(options: Partial<MmuOptions> = {}) {
    this.state.setLo(FIELD.cr0, CONTROL.cr0)
    this.state.setLo(FIELD.cr4, CONTROL.cr4)
    this.state.setLo(FIELD.efer, CONTROL.efer)
    this.state.setLo(FIELD.cr3, ROOT)
    this.mmu = new Mmu({ state: this.state, memory: this.memory, ...options })
    this.linear = new LinearAccessor(this.mmu)
  }

  /** Sets control registers, and tells the unit. */
  control({ cr0, cr4, efer }: Partial<typeof CONTROL>): void {
    if (cr0 !== undefined) this.state.setLo(FIELD.cr0, cr0)
    if (cr4 !== undefined) this.state.setLo(FIELD.cr4, cr4)
    if (efer !== undefined) this.state.setLo(FIELD.efer, efer)
    this.mmu.modeChanged()
  }

  /** MOV to CR3. */
  loadCr3(cr3: number, keepTlb = false): void {
    this.state.setLo(FIELD.cr3, cr3)
    this.mmu.cr3Written(keepTlb)
  }

  /** Where the entry lies that maps an address with a page of a size, in the tables of a root; they are made as needed. */
  entryAddress(lo: number, hi = 0, pageBytes = 0x1000, root = ROOT): number {
    const last = LEVEL_OF_SIZE.get(pageBytes) as number
    let table = root
    for (let level = 4; ; level--) {
      const at = table + 8 * wideIndex(level, lo, hi)
      if (level === last) return at
      if ((this.memory.read32(at) & P) === 0) this.memory.write32(at, this.newTable() | ALL)
      table = (this.memory.read32(at) & -0x1000) >>> 0
    }
  }

  newTable(): number {
    this.#free += 0x1000
    return this.#free - 0x1000
  }

  /** Maps a page; flags are those of the low half, except `XD` in `flagsHi`. @returns where its entry lies */
  map(lo: number, hi: number, physical: number, flags = ALL, pageBytes = 0x1000, root = ROOT, flagsHi = 0): number {
    const at = this.entryAddress(lo, hi, pageBytes, root)
    this.memory.write32(at, (physical | flags | (pageBytes === 0x1000 ? 0 : PS)) >>> 0)
    this.memory.write32(at + 4, flagsHi)
    return at
  }

  /** The physical address for an access, or the error code of the fault. */
  resolve(lo: number, hi = 0, access = 0): number | string {
    const physical = this.mmu.resolve(lo, hi, access)
    return physical < 0 ? `fault ${this.mmu.errorCode}` : physical
  }
}
