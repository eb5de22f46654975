/** Entry states of the boot protocols, and what they need in memory: a GDT, and page tables for long mode. */
import { ACCESS_RIGHTS, CR0, CR4, EFER, PDE_2M, PDE_PAE, RFLAGS, SYSTEM_TYPE } from '@ringfold/arch'
import type { EntryRegister, EntrySegment, EntrySegments, EntryState, MemoryWrite } from './plan.ts'

/** Where the loaders put what they need besides the kernel: below 640 KiB, which every map of memory has as RAM. */
export const LOW_MEMORY = {
  GDT: 0x500,
  /** The zero page, `hvm_start_info` or multiboot's information: one page. */
  BOOT_INFORMATION: 0x7000,
  /** PML4, PDPT, and four page directories: identity for the first 4 GiB. */
  PAGE_TABLES: 0x9000,
  /** Linux's `setup_data`. */
  SETUP_DATA: 0x1_0000,
  COMMAND_LINE: 0x2_0000,
  COMMAND_LINE_LIMIT: 0x9_0000,
} as const

const { S, P, L, DB, G } = ACCESS_RIGHTS.lo
const CODE_ACCESSED = 11
const DATA_ACCESSED = 3
const FLAT = 0xffff_ffff
/** 104 bytes: the smallest TSS, which the PVH ABI asks for. */
const TSS_LIMIT = 0x67

/** `__BOOT_CS`, `__BOOT_DS` and `__BOOT_TSS` of Linux: boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol". */
const SELECTOR_CS = 0x10
const SELECTOR_DS = 0x18
const SELECTOR_TR = 0x20

/** The 8 bytes of a descriptor (Intel SDM vol. 3A, 3.4.5), from what the hidden part of its register holds. */
function descriptor({ base, limit, access }: EntrySegment): number[] {
  const units = (access & G) === 0 ? limit : limit >>> 12
  const rights = access & 0xff
  const upper = ((access >>> 8) & 0xf0) | (units >>> 16)
  const bytes = [units, units >>> 8, base, base >>> 8, base >>> 16, rights, upper, base >>> 24]
  return bytes.map((byte) => byte & 0xff)
}

function segments(code: number): EntrySegments {
  const data: EntrySegment = { selector: SELECTOR_DS, base: 0, limit: FLAT, access: S | P | DB | G | DATA_ACCESSED }
  return {
    ...{ es: data, ss: data, ds: data, fs: data, gs: data },
    cs: { selector: SELECTOR_CS, base: 0, limit: FLAT, access: S | P | G | CODE_ACCESSED | code },
    ldtr: { selector: 0, base: 0, limit: 0xffff, access: P | SYSTEM_TYPE.LDT },
    tr: { selector: SELECTOR_TR, base: 0, limit: TSS_LIMIT, access: P | SYSTEM_TYPE.TSS_BUSY },
  }
}

function gdtOf({ cs, ds, tr }: EntrySegments): MemoryWrite {
  const bytes = new Uint8Array(SELECTOR_TR + 16)
  for (const segment of [cs, ds, tr]) bytes.set(descriptor(segment), segment.selector)
  return { address: LOW_MEMORY.GDT, bytes }
}

/** What every entry of this package has in common. */
interface EntryRequest {
  readonly address: number
  readonly registers: Readonly<Partial<Record<EntryRegister, number>>>
}

export interface Entry {
  readonly state: EntryState
  /** What the state refers to. */
  readonly writes: readonly MemoryWrite[]
}

/**
 * 32-bit protected mode, no paging, interrupts off, flat segments of ring 0: boot.rst "32-bit Boot Protocol"; Multiboot 0.6.96, 3.2;
 * Xen's pvh.pandoc.
 */
export function protectedEntry({ address, registers }: EntryRequest): Entry {
  const own = segments(DB)
  const gdt = gdtOf(own)
  const state: EntryState = {
    mode: 'protected32',
    rip: address,
    registers,
    ...{ rflags: RFLAGS.alwaysOneLo, cr0: CR0.lo.PE | CR0.lo.ET, cr3: 0, cr4: 0, efer: 0 },
    gdtr: { base: gdt.address, limit: gdt.bytes.length - 1 },
    segments: own,
  }
  return { state, writes: [gdt] }
}

const PAGE_BYTES = 0x1000
const DIRECTORIES = 4

/** Tables that map the first 4 GiB to themselves, in pages of 2 MiB (Intel SDM vol. 3A, 5.5). */
export function identityTables(address: number): Uint8Array {
  const tables = new Uint8Array(PAGE_BYTES * (2 + DIRECTORIES))
  const view = new DataView(tables.buffer)
  const { P: present, RW } = PDE_PAE.lo
  view.setUint32(0, (address + PAGE_BYTES) | present | RW, true)
  for (let n = 0; n < DIRECTORIES; n++)
    view.setUint32(PAGE_BYTES + 8 * n, (address + PAGE_BYTES * (2 + n)) | present | RW, true)
  const page = PDE_2M.lo.P | PDE_2M.lo.RW | PDE_2M.lo.PS
  for (let n = 0; n < DIRECTORIES * 512; n++) view.setUint32(2 * PAGE_BYTES + 8 * n, n * 0x20_0000 + page, true)
  return tables
}

/** 64-bit mode, the first 4 GiB mapped to themselves, interrupts off, flat segments of ring 0: boot.rst, "64-bit Boot Protocol". */
export function longEntry({ address, registers }: EntryRequest): Entry {
  const own = segments(L)
  const gdt = gdtOf(own)
  const tables = { address: LOW_MEMORY.PAGE_TABLES, bytes: identityTables(LOW_MEMORY.PAGE_TABLES) }
  const state: EntryState = {
    mode: 'long64',
    rip: address,
    registers,
    rflags: RFLAGS.alwaysOneLo,
    cr0: (CR0.lo.PE | CR0.lo.ET | CR0.lo.PG) >>> 0,
    cr3: tables.address,
    cr4: CR4.lo.PAE,
    efer: EFER.lo.LME | EFER.lo.LMA,
    gdtr: { base: gdt.address, limit: gdt.bytes.length - 1 },
    segments: own,
  }
  return { state, writes: [gdt, tables] }
}
