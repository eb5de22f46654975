/**
 * The machine that both of our engines run the kernels on: real physical memory, a 4-level paging structure and the real paging
 * unit, whose first-level TLB stands in memory 1 beside the processor's state. Ring 0, 64-bit code, no devices and no events.
 */
import {
  ACCESS_RIGHTS,
  CpuState,
  CR0,
  CR4,
  EFER,
  EVENT_INFORMATION,
  EVENT_TYPE,
  FIELD,
  PTE,
  SEGMENT,
} from '@ringfold/arch'
import { PhysicalMemory } from '@ringfold/memory'
import { ACCESS_CLASS, LinearAccessor, Mmu, tlbArrayOffset } from '@ringfold/mmu'
import { MemoryImm } from '@ringfold/semantics'
import { type CodeMode, type HostFunctions, Interpreter, SCRATCH, TLB_OFFSET } from '@ringfold/translator'
import type { Image } from './image.ts'

const RAM_BYTES = 8 << 20
const MEMORY_1_PAGES = 64
const PAGE_BYTES = 4096
/** Page tables: PML4, page-directory-pointer table, page directory, and page tables for all of RAM. */
const TABLES = 0x10000
const STACK_TOP = 0x80000
/** Where kernels return to: HLT, at which both engines stop because they have no handler for it. */
export const STOP = 0x90000
const HLT = 0xf4
const MODE: CodeMode = { bits: 64, stackBits: 64, flat: true, accessClass: 1 }

/** Offsets in memory 1 of the TLB arrays of the access class in which the kernels run: the code key fixes them. */
export const TLB_ARRAYS = {
  read: TLB_OFFSET + tlbArrayOffset(ACCESS_CLASS.SUPERVISOR, false),
  write: TLB_OFFSET + tlbArrayOffset(ACCESS_CLASS.SUPERVISOR, true),
} as const

type AccessBytes = 1 | 2 | 4 | 8

export class SpikeMachine {
  readonly memory = new PhysicalMemory({ ramBytes: RAM_BYTES, romBytes: 0 })
  readonly memory1 = new WebAssembly.Memory({ initial: MEMORY_1_PAGES })
  readonly state = new CpuState(this.memory1.buffer, 0)
  readonly mmu: Mmu
  readonly host: HostFunctions
  readonly #linear: LinearAccessor
  readonly #view = new DataView(this.memory1.buffer)
  #interpreter: Interpreter | null = null
  /** Accesses that missed the first level: every page is entered once, so that kernels run on hits. */
  misses = 0

  constructor(image: Image) {
    for (const { address, bytes } of image.segments) this.memory.writeBytes(address, bytes)
    this.memory.write8(STOP, HLT)
    this.#writePageTables()
    this.#enterLongMode()
    this.mmu = new Mmu({
      state: this.state,
      memory: this.memory,
      tlb: { buffer: this.memory1.buffer, byteOffset: TLB_OFFSET },
    })
    this.#linear = new LinearAccessor(this.mmu)
    this.#view.setInt32(SCRATCH.tlbRead, TLB_ARRAYS.read, true)
    this.#view.setInt32(SCRATCH.tlbWrite, TLB_ARRAYS.write, true)
    this.host = {
      slowLoad: (lo, hi, imm) => this.#slowLoad(lo, hi, imm >> MemoryImm.sizeShift),
      slowStore: (lo, hi, imm) => this.#slowStore(lo, hi, imm >> MemoryImm.sizeShift),
      slowProbe: (lo, hi, imm) => this.#linear.probeWrite(imm >> MemoryImm.sizeShift, lo, hi, 1),
      helper: () => 1,
      raise: (vector, errorCode) => this.#raise(vector, errorCode),
    }
  }

  /** Identity mapping of RAM in pages of 4 KiB. Intel SDM vol. 3A, 5.5 "4-Level Paging". */
  #writePageTables(): void {
    const { P, RW } = PTE.lo
    const entry = (at: number, lo: number) => this.memory.write32(at, lo | P | RW)
    entry(TABLES, TABLES + PAGE_BYTES)
    entry(TABLES + PAGE_BYTES, TABLES + 2 * PAGE_BYTES)
    for (let page = 0; page < RAM_BYTES / PAGE_BYTES; page++) {
      const table = TABLES + (3 + (page >> 9)) * PAGE_BYTES
      if ((page & 511) === 0) entry(TABLES + 2 * PAGE_BYTES + (page >> 9) * 8, table)
      entry(table + (page & 511) * 8, page * PAGE_BYTES)
    }
  }

  #enterLongMode(): void {
    const { state } = this
    state.setLo(FIELD.cr0, CR0.lo.PE | CR0.lo.PG | CR0.lo.WP)
    state.setLo(FIELD.cr3, TABLES)
    state.setLo(FIELD.cr4, CR4.lo.PAE)
    state.setLo(FIELD.efer, EFER.lo.LME | EFER.lo.LMA)
    state.setLo(FIELD.segAccess, ACCESS_RIGHTS.lo.L, SEGMENT.CS)
  }

  #slowLoad(lo: number, hi: number, size: number): number {
    this.misses++
    if (this.#linear.read(size as AccessBytes, lo, hi, 1) !== 0) return 1
    this.#view.setInt32(SCRATCH.value, this.#linear.lo, true)
    this.#view.setInt32(SCRATCH.value + 4, this.#linear.hi, true)
    return 0
  }

  #slowStore(lo: number, hi: number, size: number): number {
    this.misses++
    const valueLo = this.#view.getUint32(SCRATCH.value, true)
    const valueHi = this.#view.getUint32(SCRATCH.value + 4, true)
    const mask = size === 1 ? 0xff : size === 2 ? 0xffff : -1
    return this.#linear.write(size as AccessBytes, lo, hi, (valueLo & mask) >>> 0, valueHi, 1)
  }

  #raise(vector: number, errorCode: number): void {
    const { lo, shift } = EVENT_INFORMATION
    const type = EVENT_TYPE.HARDWARE_EXCEPTION << shift.TYPE
    this.state.setLo(FIELD.pendingEvent, (lo.VALID | type | (vector << shift.VECTOR)) >>> 0)
    this.state.setLo(FIELD.pendingErrorCode, errorCode)
  }

  /** The interpreter tier on this machine, made when it is first asked for. */
  get interpreter(): Interpreter {
    const host = {
      ...this.host,
      state: this.state,
      fetchPage: () => this.fetch(this.state.lo(FIELD.rip), this.state.hi(FIELD.rip)) & -PAGE_BYTES,
      codeMode: () => MODE,
      codePage: (hostOffset: number) => this.memory.markCode(hostOffset / PAGE_BYTES),
    }
    this.#interpreter ??= new Interpreter(host, this.memory.wasm, this.memory1)
    return this.#interpreter
  }

  /** The host offset of the byte that is fetched at an address; negative where that faults. */
  fetch(lo: number, hi: number): number {
    return this.#linear.translateForFetch(lo, hi, 0)
  }

  /** Makes a page present or not. */
  setPresent(address: number, isPresent: boolean): void {
    const page = address >>> 12
    const entry = TABLES + (3 + (page >> 9)) * PAGE_BYTES + (page & 511) * 8
    this.memory.write32(entry, isPresent ? (page * PAGE_BYTES) | PTE.lo.P | PTE.lo.RW : 0)
    this.mmu.invalidatePage(address, 0)
  }

  /** Prepares a call of a function, which will return to {@link STOP}: System V ABI, one argument. */
  call(address: number, argument: number): void {
    const { state } = this
    state.set(FIELD.rip, address, 0)
    state.write('rdi', BigInt(argument))
    state.write('rsp', BigInt(STACK_TOP - 8))
    this.memory.write32(STACK_TOP - 8, STOP)
    this.memory.write32(STACK_TOP - 4, 0)
  }

  get isStopped(): boolean {
    return this.state.lo(FIELD.rip) === STOP
  }

  /** What the function returned. */
  get result(): bigint {
    return this.state.read('rax')
  }
}
