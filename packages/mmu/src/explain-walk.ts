/** Walks as data, for tools: every level with its entry, and why a walk ended as it did. */
import {
  type AnyBitfield,
  PDE,
  PDE_2M,
  PDE_2M_PAE,
  PDE_4M,
  PDE_32,
  PDE_PAE,
  PDPTE_1G,
  PDPTE_PAE,
  PML4E,
  PTE,
  PTE_32,
  PTE_PAE,
} from '@ringfold/arch'
import type { GuestMemory, PhysicalAddress } from '@ringfold/contracts'
import { commonRights, type Denial, denialOf, RIGHT, rightsControls } from './access.ts'
import { narrowIndex, wideIndex } from './linear-address.ts'
import { PAGING_MODE, type PagingState } from './paging-state.ts'
import { pdpteTable } from './pdptes.ts'
import { narrowMaps, WALK, Walker, wideMaps } from './walker.ts'

/** What rights say of a page, as plain data. */
export interface PageRights {
  readonly writable: boolean
  readonly user: boolean
  readonly executable: boolean
}

/** One level of a walk. */
export interface WalkLevel {
  /** 5 for a PML5E, 4 for a PML4E, 3 for a PDPTE, 2 for a PDE, 1 for a PTE. */
  readonly level: number
  readonly name: 'PML5E' | 'PML4E' | 'PDPTE' | 'PDE' | 'PTE'
  /** Physical address of the table, and the entry's number and address in it. */
  readonly table: PhysicalAddress
  readonly index: number
  readonly address: PhysicalAddress
  /** A PDPTE register of PAE paging: it was loaded from `address` when CR3 was written. */
  readonly isRegister: boolean
  readonly value: bigint
  /** The bit-field table by which the value is to be read. */
  readonly format: AnyBitfield
  readonly kind: 'not-present' | 'reserved' | 'table' | 'page'
  /** Bits that are set and reserved on this processor, in this mode. */
  readonly reserved: bigint
  /** What this level and those above allow together. */
  readonly rights: PageRights
  /** What the access sets in the entry: accessed, dirty. */
  readonly sets: readonly ('A' | 'D')[]
}

/** Where a walk arrived. */
export interface WalkedPage {
  readonly address: PhysicalAddress
  readonly pageBytes: number
  readonly rights: PageRights
  readonly global: boolean
  readonly dirty: boolean
  /** Index into IA32_PAT. */
  readonly patIndex: number
}

/** Why there is a page fault. */
export interface WalkFault {
  readonly errorCode: number
  readonly reason: 'not-present' | 'reserved' | Denial
  /** The levels that are the cause: for rights, those whose entries withhold or give the right in question. */
  readonly levels: readonly number[]
}

export interface WalkExplanation {
  /** The linear address: without paging of 4 or 5 levels, its lower 32 bits. */
  readonly linear: bigint
  /** One of `PAGING_MODE`. */
  readonly mode: number
  /** Bits of `ACCESS`. */
  readonly access: number
  /** The levels, down to the one that ended the walk; none without paging. */
  readonly levels: readonly WalkLevel[]
  /** Absent if there is a fault. */
  readonly page?: WalkedPage
  /** Absent if there is a page. */
  readonly fault?: WalkFault
}

const NAMES = ['', 'PTE', 'PDE', 'PDPTE', 'PML4E', 'PML5E'] as const
const { A, D } = PTE.lo

/** A memory to look at: what is written to it is noted, and not done. */
class Unwritten implements GuestMemory {
  readonly written = new Map<PhysicalAddress, number>()
  readonly #memory: GuestMemory

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  read8(address: PhysicalAddress): number {
    return this.#memory.read8(address)
  }

  read16(address: PhysicalAddress): number {
    return this.#memory.read16(address)
  }

  read32(address: PhysicalAddress): number {
    return this.#memory.read32(address)
  }

  write8(): void {}
  write16(): void {}

  write32(address: PhysicalAddress, value: number): void {
    this.written.set(address, value)
  }
}

/**
 * Walks for an access (bits of `ACCESS`) with the `Walker` itself, and tells every step. Memory is only read. What holds of
 * `Walker.walk` holds here: the address is taken to be canonical, and with PAE paging the PDPTE registers of `paging` count.
 */
export function explainWalk(
  paging: PagingState,
  memory: GuestMemory,
  address: bigint,
  access: number,
): WalkExplanation {
  const unwritten = new Unwritten(memory)
  const walker = new Walker(paging, unwritten)
  const lo = Number(BigInt.asUintN(32, address))
  const wide = paging.mode >= PAGING_MODE.FOUR_LEVEL
  const hi = wide ? Number(BigInt.asUintN(32, address >> 32n)) : 0
  const status = walker.walk(lo, hi, access)
  const levels = levelsOf(walker, lo, hi, unwritten.written)
  const common = { linear: (BigInt(hi) << 32n) | BigInt(lo), mode: paging.mode, access, levels }
  if (status === WALK.DONE) return { ...common, page: pageOf(walker) }
  return { ...common, fault: faultOf(walker, access, levels) }
}

function levelsOf(walker: Walker, lo: number, hi: number, written: ReadonlyMap<number, number>): WalkLevel[] {
  const { paging } = walker
  const levels: WalkLevel[] = []
  if (paging.mode === PAGING_MODE.PAE) levels.push(pdpteRegister(paging, lo))
  const top = topLevel(paging.mode)
  let allLo = PTE.lo.RW | PTE.lo.US
  let anyHi = 0
  for (let n = 0; n < walker.used; n++) {
    const level = top - n
    const [entryLo, entryHi, address] = [walker.entryLo(n), walker.entryHi(n), walker.entryAddress(n)]
    allLo &= entryLo
    anyHi |= entryHi
    const after = written.get(address) ?? entryLo
    levels.push({
      ...tableOf(paging, level, lo, hi, address),
      ...entryOf(paging, level, entryLo, entryHi),
      level,
      name: NAMES[level] as WalkLevel['name'],
      rights: pageRights(commonRights(allLo, anyHi)),
      sets: setBits(after & ~entryLo),
    })
  }
  return levels
}

/** The level of the first entry in memory. */
function topLevel(mode: number): number {
  if (mode === PAGING_MODE.FIVE_LEVEL) return 5
  return mode === PAGING_MODE.FOUR_LEVEL ? 4 : 2
}

function tableOf(paging: PagingState, level: number, lo: number, hi: number, address: PhysicalAddress) {
  const narrow = paging.mode === PAGING_MODE.BITS_32
  const index = narrow ? narrowIndex(level, lo) : wideIndex(level, lo, hi)
  return { table: address - index * (narrow ? 4 : 8), index, address, isRegister: false }
}

function entryOf(paging: PagingState, level: number, lo: number, hi: number) {
  const narrow = paging.mode === PAGING_MODE.BITS_32
  const maps = narrow ? narrowMaps(level, lo, paging) : wideMaps(level, lo)
  const present = (lo & PTE.lo.P) !== 0
  const [reservedLo, reservedHi] = narrow
    ? [maps && level === 2 ? paging.reserved4M : 0, 0]
    : [paging.reservedLo[2 * level + (maps ? 1 : 0)] as number, paging.reservedHi]
  const reserved = present ? big(lo & reservedLo, hi & reservedHi) : 0n
  return {
    value: big(lo, hi),
    format: formatOf(paging.mode, level, maps),
    kind: kindOf(present, reserved !== 0n, maps),
    reserved,
  }
}

function kindOf(present: boolean, reserved: boolean, maps: boolean): WalkLevel['kind'] {
  if (!present) return 'not-present'
  if (reserved) return 'reserved'
  return maps ? 'page' : 'table'
}

function pdpteRegister(paging: PagingState, lo: number): WalkLevel {
  const index = lo >>> 30
  const table = pdpteTable(paging.cr3Lo)
  const [entryLo, entryHi] = [paging.pdptes[2 * index] as number, paging.pdptes[2 * index + 1] as number]
  return {
    ...{ level: 3, name: 'PDPTE', table, index, address: table + 8 * index, isRegister: true },
    ...{ value: big(entryLo, entryHi), format: PDPTE_PAE, reserved: 0n },
    kind: (entryLo & PDPTE_PAE.lo.P) === 0 ? 'not-present' : 'table',
    rights: pageRights(commonRights(PTE.lo.RW | PTE.lo.US, 0)),
    sets: [],
  }
}

function formatOf(mode: number, level: number, maps: boolean): AnyBitfield {
  if (mode === PAGING_MODE.BITS_32) return level === 1 ? PTE_32 : maps ? PDE_4M : PDE_32
  if (mode === PAGING_MODE.PAE) return level === 1 ? PTE_PAE : maps ? PDE_2M_PAE : PDE_PAE
  if (level >= 4) return PML4E
  if (level === 1) return PTE
  if (!maps) return PDE
  return level === 3 ? PDPTE_1G : PDE_2M
}

function pageOf(walker: Walker): WalkedPage {
  const { address, pageBytes, rights, patIndex } = walker
  return {
    ...{ address, pageBytes, patIndex, rights: pageRights(rights) },
    ...{ global: (rights & RIGHT.GLOBAL) !== 0, dirty: (rights & RIGHT.DIRTY) !== 0 },
  }
}

function faultOf({ errorCode, paging }: Walker, access: number, levels: readonly WalkLevel[]): WalkFault {
  const last = levels.at(-1) as WalkLevel
  if (last.kind === 'not-present' || last.kind === 'reserved')
    return { errorCode, reason: last.kind, levels: [last.level] }
  const { writable, user, executable } = last.rights
  const rights = (writable ? RIGHT.WRITABLE : 0) | (user ? RIGHT.USER : 0) | (executable ? RIGHT.EXECUTABLE : 0)
  const reason = denialOf(rights, access, rightsControls(paging.cr0, paging.cr4)) as Denial
  return { errorCode, reason, levels: levels.filter((level) => isCause(reason, level)).map(({ level }) => level) }
}

/** Whether an entry has its part in a denial. PDPTE registers have no rights. */
function isCause(reason: Denial, { value, isRegister }: WalkLevel): boolean {
  if (isRegister) return false
  switch (reason) {
    case 'supervisor-page':
      return (value & PTE.maskBig('US')) === 0n
    case 'read-only':
      return (value & PTE.maskBig('RW')) === 0n
    case 'execute-disable':
      return (value & PTE.maskBig('XD')) !== 0n
    default:
      // That the page is a user page takes all levels.
      return true
  }
}

function pageRights(rights: number): PageRights {
  return {
    writable: (rights & RIGHT.WRITABLE) !== 0,
    user: (rights & RIGHT.USER) !== 0,
    executable: (rights & RIGHT.EXECUTABLE) !== 0,
  }
}

function setBits(changed: number): ('A' | 'D')[] {
  return [...((changed & A) !== 0 ? (['A'] as const) : []), ...((changed & D) !== 0 ? (['D'] as const) : [])]
}

function big(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}
