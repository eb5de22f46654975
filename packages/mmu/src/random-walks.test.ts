import { CR0, CR4, EFER } from '@ringfold/arch'
import type { GuestMemory } from '@ringfold/contracts'
import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { type ModelAccess, type ModelRegisters, type ModelResult, modelWalk } from '../tests/paging-model.ts'
import { ACCESS, explainWalk, FULL_CAPABILITIES, PagingState, WALK, Walker } from './index.ts'

/** `RINGFOLD_SEED` repeats a run. */
const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const ROUNDS = 30
const WALKS = 60
const RAM_BYTES = 1 << 20
const PAGES = RAM_BYTES / 4096

/** mulberry32 (public domain): unsigned 32-bit numbers. */
function generator(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

type Random = () => number
const oneIn = (next: Random, n: number): boolean => next() % n === 0

/** The low half of an entry: mostly one that leads on, with rights, accessed and dirty by chance, now and then a stray bit. */
function entryLo(next: Random): number {
  const flags = (oneIn(next, 24) ? 0 : 1) | (oneIn(next, 5) ? 0 : 2) | (oneIn(next, 5) ? 0 : 4) | (next() & 0x160)
  const marks = oneIn(next, 3) ? 0 : 0x60
  const stray = oneIn(next, 12) ? 1 << (next() % 32) : 0
  if (oneIn(next, 8)) return (flags | marks | 0x80 | (next() & 0xffc0_0000) | stray) >>> 0
  return (((next() % PAGES) << 12) | flags | marks | (oneIn(next, 4) ? next() & 0xe18 : 0) | stray) >>> 0
}

function entryHi(next: Random): number {
  const xd = oneIn(next, 6) ? 0x8000_0000 : 0
  return (xd | (oneIn(next, 16) ? 2 ** (next() % 31) : 0)) >>> 0
}

/** Everything is a table: whatever an entry leads to holds entries again. */
function fillTables(next: Random, memory: PhysicalMemory, sizeBytes: 4 | 8): void {
  for (let at = 0; at < RAM_BYTES; at += sizeBytes) {
    memory.write32(at, entryLo(next))
    if (sizeBytes === 8) memory.write32(at + 4, entryHi(next))
  }
}

const flag = (next: Random): boolean => (next() & 1) !== 0

function registers(next: Random, mode: ModelRegisters['mode']): ModelRegisters {
  const pdptes = [0, 1, 2, 3].map(() => BigInt((((next() % PAGES) << 12) | (oneIn(next, 8) ? 0 : 1)) >>> 0))
  return {
    ...{ mode, pdptes, cr3: BigInt((next() % PAGES) << 12), pse: flag(next), wp: flag(next) },
    ...{ nxe: !oneIn(next, 4), smep: flag(next), smap: flag(next), maxPhysicalBits: 32 + (next() % 21) },
  }
}

function pagingOf(r: ModelRegisters): PagingState {
  const paging = new PagingState({ ...FULL_CAPABILITIES, physicalAddressBits: r.maxPhysicalBits })
  const isLong = r.mode === '4-level' || r.mode === '5-level'
  paging.load({
    cr0: (CR0.lo.PG | CR0.lo.PE | (r.wp ? CR0.lo.WP : 0)) >>> 0,
    cr3Lo: Number(r.cr3),
    cr3Hi: 0,
    cr4:
      (r.mode === '32-bit' ? 0 : CR4.lo.PAE) |
      (r.mode === '5-level' ? CR4.lo.LA57 : 0) |
      (r.pse ? CR4.lo.PSE : 0) |
      (r.smep ? CR4.lo.SMEP : 0) |
      (r.smap ? CR4.lo.SMAP : 0),
    efer: (isLong ? EFER.lo.LMA : 0) | (r.nxe ? EFER.lo.NXE : 0),
    pdptes: r.pdptes.flatMap((pdpte) => [Number(pdpte & 0xffffffffn), Number(pdpte >> 32n)]),
  })
  return paging
}

function randomAccess(next: Random): ModelAccess {
  const user = flag(next)
  return { kind: (['read', 'write', 'fetch'] as const)[next() % 3] ?? 'read', user, ac: !user && flag(next) }
}

function accessBits({ kind, user, ac }: ModelAccess): number {
  const bits = kind === 'write' ? ACCESS.WRITE : kind === 'fetch' ? ACCESS.FETCH : 0
  return bits | (user ? ACCESS.USER : 0) | (ac ? ACCESS.AC : 0)
}

/** The same memory without words in place: every walk goes the long way. */
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

const read =
  (memory: PhysicalMemory) =>
  (address: bigint, sizeBytes: 4 | 8): bigint => {
    const lo = BigInt(memory.read32(Number(address)))
    return sizeBytes === 4 ? lo : lo | (BigInt(memory.read32(Number(address) + 4)) << 32n)
  }

/** What a walker did, in the model's words. */
function resultOf(walker: Walker, status: number): object {
  if (status === WALK.FAULT) return { kind: 'fault', errorCode: walker.errorCode }
  return { kind: 'page', address: BigInt(walker.address), pageBytes: BigInt(walker.pageBytes) }
}

const withoutEntries = (result: ModelResult): object =>
  result.kind === 'fault' ? result : { kind: 'page', address: result.address, pageBytes: result.pageBytes }

/** One address in one set of tables: the model, the walker both ways, and the explanation, which changes nothing. */
function check(r: ModelRegisters, memory: PhysicalMemory, linear: bigint, access: ModelAccess, quick: boolean): string {
  const paging = pagingOf(r)
  const expected = modelWalk(r, read(memory), linear, access)
  const explained = explainWalk(paging, memory, linear, accessBits(access))
  const [lo, hi] = [Number(linear & 0xffffffffn), Number(linear >> 32n)]
  const walker = new Walker(paging, quick ? memory : withoutWords(memory))
  const entriesBefore = expected.kind === 'page' ? expected.used.map((u) => read(memory)(u.address, u.sizeBytes)) : []
  const status = walker.walk(lo, hi, accessBits(access))
  expect(resultOf(walker, status)).toEqual(withoutEntries(expected))
  if (expected.kind === 'page') {
    for (const { address, sizeBytes, after } of expected.used) expect(read(memory)(address, sizeBytes)).toBe(after)
    const inMemory = explained.levels.filter(({ isRegister }) => !isRegister)
    expect(inMemory.map(({ address, value }) => [BigInt(address), value])).toEqual(
      expected.used.map((u, n) => [u.address, entriesBefore[n]]),
    )
    const sets = expected.used.map((u, n) => u.after & ~(entriesBefore[n] as bigint))
    expect(inMemory.map((l) => (l.sets.includes('A') ? 0x20n : 0n) | (l.sets.includes('D') ? 0x40n : 0n))).toEqual(sets)
    expect(explained.page).toMatchObject({ address: walker.address, pageBytes: walker.pageBytes })
    expect(inMemory.at(-1)?.rights).toEqual(explained.page?.rights)
  } else expect(explained.fault?.errorCode).toBe(expected.errorCode)
  // A walk through words in place keeps no entries.
  return expected.kind === 'page' && walker.used === 0 ? 'quick page' : expected.kind
}

describe(`random tables against the model (RINGFOLD_SEED=${seed})`, () => {
  it.each(['32-bit', 'pae', '4-level', '5-level'] as const)('%s', (mode) => {
    const next = generator(seed)
    const memory = new PhysicalMemory({ ramBytes: RAM_BYTES })
    const seen = new Map<string, number>()
    const width = { '32-bit': 32n, pae: 32n, '4-level': 48n, '5-level': 57n }[mode]
    for (let round = 0; round < ROUNDS; round++) {
      if (round % 10 === 0) fillTables(next, memory, mode === '32-bit' ? 4 : 8)
      const r = registers(next, mode)
      for (let n = 0; n < WALKS; n++) {
        const linear = BigInt.asUintN(64, BigInt.asIntN(Number(width), (BigInt(next()) << 32n) | BigInt(next())))
        const address = width === 32n ? linear & 0xffffffffn : linear
        // Twice, so that the second walk finds accessed and dirty bits set: then it is the quick one.
        const access = randomAccess(next)
        for (const quick of [flag(next), true]) {
          const kind = check(r, memory, address, access, quick)
          seen.set(kind, (seen.get(kind) ?? 0) + 1)
        }
      }
    }
    // The tables are such that all happen often.
    for (const kind of ['page', 'fault', ...(mode === '4-level' ? ['quick page'] : [])])
      expect(seen.get(kind)).toBeGreaterThan(ROUNDS * WALKS * 0.1)
  })
})
