/**
 * Paging: a walk of four levels, a hit in the second level of the TLB, and reads and writes of linear memory that hit the first:
 * `npm run -s bench -- mmu`. Times are ns each; the walk must stay under 40 ns.
 */
import { CR0, CR4, createState, EFER, FIELD, PTE } from '@ringfold/arch'
import type { GuestMemory } from '@ringfold/contracts'
import { PhysicalMemory } from '@ringfold/memory'
import { ACCESS, LinearAccessor, Mmu, WALK, Walker } from '@ringfold/mmu'
import { type Comparison, type Contender, compare, printComparisons } from './measure.ts'

/** So few that a round is seldom interrupted. */
const RUNS = 5_000
const PAGES = 4096
/** The root, and what each table of the way refers to; page tables, and pages behind them. */
const [PML4, PDPT, PD, TABLES, FRAMES] = [0x20_1000, 0x20_2000, 0x20_3000, 0x21_0000, 0x100_0000]
const FLAGS = PTE.lo.P | PTE.lo.RW | PTE.lo.A | PTE.lo.D

/** 16 MiB of pages of 4 KiB from linear 0 on, accessed and dirty: 8 page tables, above 1 MiB as those of kernels. */
function pagedMemory(): PhysicalMemory {
  const memory = new PhysicalMemory({ ramBytes: 64 << 20 })
  const put = (at: number, address: number) => memory.write32(at, address | FLAGS)
  put(PML4, PDPT)
  put(PDPT, PD)
  for (let table = 0; table < PAGES / 512; table++) put(PD + 8 * table, TABLES + table * 0x1000)
  for (let page = 0; page < PAGES; page++) put(TABLES + 8 * page, FRAMES + page * 0x1000)
  // Such as every PC has below 1 MiB.
  memory.addMmio(0xa0000, 0x20000, { read: () => 0, write: () => {} })
  return memory
}

function paged(memory: PhysicalMemory): Mmu {
  const state = createState()
  state.setLo(FIELD.cr0, (CR0.lo.PE | CR0.lo.PG | CR0.lo.WP) >>> 0)
  state.setLo(FIELD.cr4, CR4.lo.PAE | CR4.lo.PGE)
  state.setLo(FIELD.efer, EFER.lo.LMA | EFER.lo.NXE)
  state.setLo(FIELD.cr3, PML4)
  return new Mmu({ state, memory })
}

/** The addresses, in an order that leaves no line of the host's cache as it was. */
const addressOf = (n: number, pages: number): number => ((n * 37) & (pages - 1)) << 12

/** The memory as any other: without words in place, so that every walk goes the long way. */
function withoutWords(memory: PhysicalMemory): GuestMemory {
  return {
    read8: (address) => memory.read8(address),
    read16: (address) => memory.read16(address),
    read32: (address) => memory.read32(address),
    write8: (address, value) => memory.write8(address, value),
    write16: (address, value) => memory.write16(address, value),
    write32: (address, value) => memory.write32(address, value),
  }
}

function walks(memory: PhysicalMemory): Contender[] {
  const { paging } = paged(memory)
  const [quick, thorough] = [new Walker(paging, memory), new Walker(paging, withoutWords(memory))]
  for (const walker of [quick, thorough])
    if (walker.walk(0x5123, 0, ACCESS.WRITE) !== WALK.DONE || walker.address !== FRAMES + 0x5123)
      throw new Error('wrong')
  // Each has a loop of its own, and so code of its own.
  const runQuick = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) {
      quick.walk(addressOf(n, PAGES), 0, n & 1)
      sum = (sum + quick.address) | 0
    }
    return sum
  }
  const runThorough = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) {
      thorough.walk(addressOf(n, PAGES), 0, n & 1)
      sum = (sum + thorough.address) | 0
    }
    return sum
  }
  return [
    { name: '4-level walk', run: runQuick },
    { name: '4-level walk, no words in place', run: runThorough },
  ]
}

/** Pages that the second level holds together. */
const SECOND_LEVEL_PAGES = 1024
/** And the first, in each array. */
const FIRST_LEVEL_PAGES = 128

function secondLevel(memory: PhysicalMemory): Contender {
  const mmu = paged(memory)
  for (let page = 0; page < SECOND_LEVEL_PAGES; page++) mmu.resolve(page << 12, 0, ACCESS.WRITE)
  const run = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) sum = (sum + mmu.resolve(addressOf(n, SECOND_LEVEL_PAGES), 0, n & 1)) | 0
    return sum
  }
  return { name: 'hit in the second level', run }
}

function linearAccesses(memory: PhysicalMemory): Contender[] {
  const linear = new LinearAccessor(paged(memory))
  const runReads = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) {
      linear.read(4, addressOf(n, FIRST_LEVEL_PAGES), 0, 1)
      sum = (sum + linear.lo) | 0
    }
    return sum
  }
  const runWrites = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) sum = (sum + linear.write(4, addressOf(n, FIRST_LEVEL_PAGES), 0, n, 0, 1)) | 0
    return sum
  }
  const runMisses = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) {
      linear.read(8, addressOf(n, SECOND_LEVEL_PAGES), 0, 1)
      sum = (sum + linear.lo) | 0
    }
    return sum
  }
  return [
    { name: 'read of 4 bytes, hit in the first level', run: runReads },
    { name: 'write of 4 bytes, hit in the first level', run: runWrites },
    { name: 'read of 8 bytes, refilled from the second', run: runMisses },
  ]
}

function bareLoop(): Contender {
  const run = () => {
    let sum = 0
    for (let n = 0; n < RUNS; n++) sum = (sum + addressOf(n, PAGES) + (n & 1)) | 0
    return sum
  }
  return { name: 'the bare loop', run }
}

/** Each contender's ns, without those of the loop. */
function lines({ measurements, rounds }: Comparison): string {
  const [bare] = measurements
  const rows = measurements.slice(1).map(({ name, medianNs, lowestNs }) => {
    const [median, lowest] = [medianNs, lowestNs].map((ns) =>
      ((ns - (bare?.lowestNs ?? 0)) / RUNS).toFixed(1).padStart(6),
    )
    return `${name.padEnd(44)}${median} ns   lowest ${lowest} ns`
  })
  return [`paging: ns each, medians of ${rounds} interleaved rounds`, ...rows, ''].join('\n')
}

export function run({ json }: { readonly json: boolean }): boolean {
  const memory = pagedMemory()
  const contenders = [bareLoop(), ...walks(memory), secondLevel(memory), ...linearAccesses(memory)]
  const comparison = compare('paging', contenders, {
    unitsPerRun: RUNS,
    unit: 'accesses',
    rounds: 1001,
    warmupRounds: 100,
  })
  if (json) printComparisons([comparison], { json })
  else process.stdout.write(lines(comparison))
  return true
}
