import { CR0, CR4, createState, EFER, PAGE_FAULT_ERROR_CODE, PDE_2M, PDPTE_PAE, PTE } from '@ringfold/arch'
import { ImageMemory, PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import {
  ACCESS,
  FULL_CAPABILITIES,
  isCanonical,
  loadPdptes,
  type PagingCapabilities,
  type PagingControls,
  PagingState,
  RIGHT,
  STAGE_RIGHT,
  WALK,
  Walker,
} from './index.ts'

const { P, RW, US, A, D, G } = PTE.lo
const { PS } = PDE_2M.lo
const CODE = PAGE_FAULT_ERROR_CODE.lo
const XD = PTE.hi.XD >>> 0
const ALL = P | RW | US
const { WRITE, FETCH, USER, AC } = ACCESS

const PAGED = (CR0.lo.PE | CR0.lo.PG | CR0.lo.WP) >>> 0
const LONG: PagingControls = { cr0: PAGED, cr3Lo: 0x1000, cr3Hi: 0, cr4: CR4.lo.PAE, efer: EFER.lo.LMA | EFER.lo.NXE }
const LEGACY: PagingControls = { cr0: PAGED, cr3Lo: 0x1000, cr3Hi: 0, cr4: CR4.lo.PSE, efer: 0 }

/** A walker over 1 MiB of tables and pages. */
function setUp(controls: PagingControls, capabilities: Partial<PagingCapabilities> = {}) {
  const memory = new PhysicalMemory({ ramBytes: 1 << 20 })
  const paging = new PagingState({ ...FULL_CAPABILITIES, ...capabilities })
  paging.load(controls)
  const walker = new Walker(paging, memory)
  const put = (at: number, lo: number, hi = 0) => {
    memory.write32(at, lo)
    memory.write32(at + 4, hi)
  }
  const walk = (lo: number, hi: number, access = 0) =>
    walker.walk(lo, hi, access) === WALK.FAULT ? `fault ${walker.errorCode}` : walker.address
  return { memory, paging, walker, put, walk }
}

// PML4 at 0x1000, PDPT at 0x2000, PD at 0x3000, PT at 0x4000; the address has a different index at each level.
const LO = ((2 << 30) | (3 << 21) | (4 << 12) | 0x567) >>> 0
const HI = 1 << 7
const AT = [0x1000 + 8, 0x2000 + 2 * 8, 0x3000 + 3 * 8, 0x4000 + 4 * 8] as const

/** Four levels for (`LO`, `HI`), each with these flags, except where a level says otherwise. */
function longTables(controls: Partial<PagingControls> = {}, capabilities: Partial<PagingCapabilities> = {}) {
  const set = setUp({ ...LONG, ...controls }, capabilities)
  const entries = [0x2000, 0x3000, 0x4000, 0x55000].map((address) => (address | ALL) >>> 0)
  for (const [n, entry] of entries.entries()) set.put(AT[n] as number, entry)
  const change = (level: number, lo: number, hi = 0) => set.put(AT[4 - level] as number, lo, hi)
  const entry = (level: number) => set.memory.read32(AT[4 - level] as number)
  return { ...set, entries, change, entry }
}

describe('4-level paging (Intel SDM vol. 3A, 5.5.4)', () => {
  it('takes nine bits of the address at each level', () => {
    const { walk, walker } = longTables()
    expect(walk(LO, HI)).toBe(0x55567)
    expect(walker.pageBytes).toBe(4096)
    expect(walk(LO ^ 0x1000, HI)).toBe('fault 0')
    expect(walk(LO ^ (1 << 21), HI)).toBe('fault 0')
    expect(walk((LO ^ (1 << 30)) >>> 0, HI)).toBe('fault 0')
    expect(walk(LO, HI ^ (1 << 7))).toBe('fault 0')
  })

  it('maps 2 MBytes and 1 GByte, above 4 GBytes too', () => {
    const { walk, walker, change } = longTables()
    change(2, (0x00a00000 | PS | ALL) >>> 0, 0x5)
    expect(walk(LO, HI)).toBe(5 * 2 ** 32 + 0xa00000 + (LO & 0x1fffff))
    expect(walker.pageBytes).toBe(0x200000)
    change(3, (0xc0000000 | PS | ALL) >>> 0, 0x3fff)
    expect(walk(LO, HI)).toBe(0x3fff * 2 ** 32 + 0xc0000000 + (LO & 0x3fffffff))
    expect(walker.pageBytes).toBe(0x40000000)
  })

  it('takes the first table from bits 51:12 of CR3, without the PCID', () => {
    const { walk } = longTables({ cr3Lo: 0x1fff, cr4: CR4.lo.PAE | CR4.lo.PCIDE })
    expect(walk(LO, HI)).toBe(0x55567)
  })

  it('has five levels with CR4.LA57', () => {
    const { walk, put } = longTables({ cr3Lo: 0x6000, cr4: CR4.lo.PAE | CR4.lo.LA57 })
    put(0x6000 + 7 * 8, 0x1000 | ALL)
    expect(walk(LO, HI | (7 << 16))).toBe(0x55567)
    expect(walk(LO, HI)).toBe('fault 0')
  })
})

describe('32-bit paging (Intel SDM vol. 3A, 5.3)', () => {
  const address = ((5 << 22) | (6 << 12) | 0x9ab) >>> 0

  it('takes ten bits of the address at each level', () => {
    const { walk, memory } = setUp(LEGACY)
    memory.write32(0x1000 + 5 * 4, 0x2000 | ALL)
    memory.write32(0x2000 + 6 * 4, (0xfedcb000 | ALL) >>> 0)
    expect(walk(address, 0)).toBe(0xfedcb9ab)
    expect(walk(address, 0xffff)).toBe(0xfedcb9ab)
    expect(memory.read32(0x1014)).toBe(0x2000 | ALL | A)
    expect(memory.read32(0x2018)).toBe((0xfedcb000 | ALL | A) >>> 0)
    expect(memory.read32(0x201c)).toBe(0)
  })

  it('maps 4 MBytes with CR4.PSE, and ignores PS without', () => {
    const { walk, walker, memory, paging } = setUp(LEGACY)
    memory.write32(0x1014, 0x00400000 | PS | ALL)
    expect(walk(address, 0)).toBe(0x400000 + (address & 0x3fffff))
    expect(walker.pageBytes).toBe(0x400000)
    paging.load({ ...LEGACY, cr4: 0 })
    memory.write32(0x1014, 0x2000 | PS | ALL)
    memory.write32(0x2018, 0x7000 | ALL)
    expect(walk(address, 0)).toBe(0x79ab)
  })

  it('joins address bits 39:32 from bits 20:13 with PSE-36 (5.1.4), up to MAXPHYADDR', () => {
    const pde = 0x00800000 | (0xa5 << 13) | PS | ALL
    const wide = setUp(LEGACY, { physicalAddressBits: 40 })
    wide.memory.write32(0x1014, pde)
    expect(wide.walk(address, 0)).toBe(0xa5 * 2 ** 32 + 0x800000 + (address & 0x3fffff))
    const narrow = setUp(LEGACY, { physicalAddressBits: 36 })
    narrow.memory.write32(0x1014, pde)
    expect(narrow.walk(address, 0)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    narrow.memory.write32(0x1014, 0x00800000 | (0xf << 13) | PS | ALL)
    expect(narrow.walk(address, 0)).toBe(0xf * 2 ** 32 + 0x800000 + (address & 0x3fffff))
    const without = setUp(LEGACY, { pse36: false })
    without.memory.write32(0x1014, 0x00800000 | (1 << 13) | PS | ALL)
    expect(without.walk(address, 0, USER)).toBe(`fault ${CODE.P | CODE.RSVD | CODE.US}`)
    without.memory.write32(0x1014, 0x00800000 | (1 << 21) | PS | ALL)
    expect(without.walk(address, 0)).toBe(`fault ${CODE.P | CODE.RSVD}`)
  })
})

describe('PAE paging (Intel SDM vol. 3A, 5.4)', () => {
  const pdptes = [0, 0, 0, 0, 0, 0, 0x3000 | P, 0]
  const PAE: PagingControls = { ...LEGACY, cr4: CR4.lo.PAE, efer: EFER.lo.NXE, pdptes }
  const address = ((3 << 30) | (2 << 21) | (1 << 12) | 0x111) >>> 0

  it('begins with the PDPTE registers, not with memory', () => {
    const { walk, put, memory } = setUp(PAE)
    put(0x3010, 0x4000 | ALL)
    put(0x4008, 0x5000 | ALL, 0xf)
    expect(walk(address, 0)).toBe(0xf00005111)
    expect(walk((address - (1 << 30)) >>> 0, 0)).toBe('fault 0')
    expect(memory.read32(0x3010)).toBe(0x4000 | ALL | A)
  })

  it('maps 2 MBytes, whatever CR4.PSE says', () => {
    const { walk, put } = setUp(PAE)
    put(0x3010, 0x00600000 | PS | ALL)
    expect(walk(address, 0)).toBe(0x600000 + (address & 0x1fffff))
  })

  it('reserves bits 62:52, which 4-level paging ignores', () => {
    const { walk, put } = setUp(PAE)
    put(0x3010, 0x4000 | ALL)
    for (let bit = 52; bit <= 62; bit++) {
      put(0x4008, 0x5000 | ALL, 2 ** (bit - 32))
      expect(walk(address, 0)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    }
    const long = longTables()
    long.change(1, 0x55000 | ALL, PTE.ignoredHi | PTE.hi.PK)
    expect(long.walk(LO, HI)).toBe(0x55567)
  })

  it('loads the registers, all or none, by 5.4.1', () => {
    const { memory, paging, put } = setUp(PAE, { physicalAddressBits: 40 })
    const state = createState()
    for (let n = 0; n < 4; n++) put(0x20020 + 8 * n, (n + 1) * 0x1000 + (n === 3 ? 0 : P), n)
    expect(loadPdptes(state, memory, paging, 0x20020 | 0x1f)).toBe(true)
    expect([0, 1, 2, 3].map((n) => state.read('pdpte', n))).toEqual([0x1001n, 0x100002001n, 0x200003001n, 0x300004000n])
    const bad = [
      [1 << 1, 0],
      [1 << 5, 0],
      [1 << 8, 0],
      [0, 1 << 8],
      [0, 1 << 31],
    ] as const
    for (const [lo, hi] of bad) {
      put(0x20020, (0x9000 | P | lo) >>> 0, hi >>> 0)
      expect(loadPdptes(state, memory, paging, 0x20020)).toBe(false)
      expect(state.read('pdpte', 0)).toBe(0x1001n)
      // Not present: nothing is reserved.
      put(0x20020, 0x9000 | lo, hi >>> 0)
      expect(loadPdptes(state, memory, paging, 0x20020)).toBe(true)
      put(0x20020, 0x1000 | P | PDPTE_PAE.lo.PWT | PDPTE_PAE.lo.PCD | PDPTE_PAE.ignoredLo)
      expect(loadPdptes(state, memory, paging, 0x20020)).toBe(true)
      put(0x20020, 0x1001)
      expect(loadPdptes(state, memory, paging, 0x20020)).toBe(true)
    }
  })
})

describe('CR0.PG = 0 (Intel SDM vol. 3A, 5.1.1)', () => {
  it('makes linear addresses physical', () => {
    const { walk, walker } = setUp({ cr0: CR0.lo.PE, cr3Lo: 0, cr3Hi: 0, cr4: CR4.lo.SMEP, efer: 0 })
    expect(walk(0xfedcba98, 0, USER | WRITE)).toBe(0xfedcba98)
    expect(walk(0xfedcba98, 0, FETCH)).toBe(0xfedcba98)
    expect(walker.patIndex).toBe(0)
  })
})

describe('reserved bits (Intel SDM vol. 3A, 5.5.4 and 5.7)', () => {
  it.each([36, 39, 40, 46, 52])('are the address bits from MAXPHYADDR = %i on, at every level', (bits) => {
    for (let level = 4; level >= 1; level--) {
      const { walk, change, entries } = longTables({}, { physicalAddressBits: bits })
      const entry = entries[4 - level] as number
      for (let bit = 32; bit < 52; bit++) {
        if (bit < bits && level > 1) continue
        change(level, entry, 2 ** (bit - 32))
        const expected = bit < bits ? 2 ** bit + 0x55567 : `fault ${CODE.P | CODE.RSVD}`
        expect(walk(LO, HI)).toBe(expected)
      }
    }
  })

  it('have bit 63 among them while NX is off', () => {
    for (let level = 4; level >= 1; level--) {
      const { walk, change, entries, paging } = longTables({ efer: EFER.lo.LMA })
      change(level, entries[4 - level] as number, XD)
      expect(walk(LO, HI, WRITE)).toBe(`fault ${CODE.P | CODE.RSVD | CODE.WR}`)
      paging.load(LONG)
      expect(walk(LO, HI, WRITE)).toBe(0x55567)
    }
  })

  it('have PS of a PML4E and the low address bits of large pages among them', () => {
    const { walk, change, entries, put } = longTables()
    change(4, (entries[0] as number) | PS)
    expect(walk(LO, HI)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    change(4, entries[0] as number)
    for (let bit = 13; bit < 21; bit++) {
      change(2, 0xa00000 | PS | ALL | (1 << bit))
      expect(walk(LO, HI)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    }
    for (let bit = 13; bit < 30; bit++) {
      change(3, PS | ALL | (1 << bit))
      expect(walk(LO, HI)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    }
    const five = longTables({ cr3Lo: 0x6000, cr4: CR4.lo.PAE | CR4.lo.LA57 })
    five.put(0x6000, 0x1000 | ALL | PS)
    expect(five.walk(LO, HI)).toBe(`fault ${CODE.P | CODE.RSVD}`)
    put(0, 0)
  })

  it('have PS of a PDPTE among them where there are no 1-GByte pages', () => {
    const { walk, change } = longTables({}, { gigabytePages: false })
    change(3, PS | ALL)
    expect(walk(LO, HI)).toBe(`fault ${CODE.P | CODE.RSVD}`)
  })

  it('do not count in an entry that is not present', () => {
    const { walk, change } = longTables()
    change(2, 0, 0xffffffff)
    expect(walk(LO, HI, USER)).toBe(`fault ${CODE.US}`)
  })

  it('count before rights, and before lower levels', () => {
    const { walk, change } = longTables()
    change(3, (0x3000 | P) >>> 0)
    change(2, 0x4000 | P, 0x80000)
    change(1, 0)
    expect(walk(LO, HI, USER | WRITE)).toBe(`fault ${CODE.P | CODE.RSVD | CODE.WR | CODE.US}`)
  })
})

describe('rights (Intel SDM vol. 3A, 5.6.1)', () => {
  interface Case {
    readonly rights: number
    readonly access: number
    readonly wp: boolean
    readonly smep: boolean
    readonly smap: boolean
    readonly nx: boolean
  }

  /** The section, sentence by sentence, written apart from the implementation. */
  function allowed({ rights, access, wp, smep, smap, nx }: Case): boolean {
    const userAddress = (rights & RIGHT.USER) !== 0
    const writable = (rights & RIGHT.WRITABLE) !== 0
    const executable = !nx || (rights & RIGHT.EXECUTABLE) !== 0
    const [read, write, fetch] = [(access & (WRITE | FETCH)) === 0, (access & WRITE) !== 0, (access & FETCH) !== 0]
    if ((access & USER) === 0) {
      if (read) return !userAddress || !smap || (access & AC) !== 0
      if (write && !userAddress) return !wp || writable
      if (write) return (!smap || (access & AC) !== 0) && (!wp || writable)
      return executable && !(smep && userAddress)
    }
    if (read) return userAddress
    if (write) return userAddress && writable
    return fetch && userAddress && executable
  }

  it('are those of the section in every combination, taken from any level', () => {
    const { walk, change, entries, paging } = longTables()
    for (let bits = 0; bits < 16 * 8 * 12; bits++) {
      const [wp, smep, smap, nx] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0) as [boolean, boolean, boolean, boolean]
      const rights = (bits >> 4) & 7
      const access = [0, USER, AC, WRITE, WRITE | USER, WRITE | AC, FETCH, FETCH | USER, FETCH | AC][
        (bits >> 7) % 9
      ] as number
      const level = 1 + (bits % 4)
      if (!nx && (rights & RIGHT.EXECUTABLE) === 0) continue
      const cr0 = (CR0.lo.PG | CR0.lo.PE | (wp ? CR0.lo.WP : 0)) >>> 0
      const cr4 = CR4.lo.PAE | (smep ? CR4.lo.SMEP : 0) | (smap ? CR4.lo.SMAP : 0)
      paging.load({ ...LONG, cr0, cr4, efer: EFER.lo.LMA | (nx ? EFER.lo.NXE : 0) })
      for (const each of [4, 3, 2, 1]) change(each, entries[4 - each] as number)
      const flags = (rights & RIGHT.WRITABLE ? RW : 0) | (rights & RIGHT.USER ? US : 0)
      change(level, ((entries[4 - level] as number) & ~(RW | US)) | flags, rights & RIGHT.EXECUTABLE ? 0 : XD)
      const code =
        CODE.P |
        (access & WRITE ? CODE.WR : 0) |
        (access & USER ? CODE.US : 0) |
        (access & FETCH && (nx || smep) ? CODE.ID : 0)
      const ok = allowed({ rights, access, wp, smep, smap, nx })
      expect([bits, walk(LO, HI, access)]).toEqual([bits, ok ? 0x55567 : `fault ${code}`])
    }
  })

  it('come from page directory and table only with PAE paging, whose PDPTEs have none', () => {
    const pdptes = [0x3000 | P, 0, 0, 0, 0, 0, 0, 0]
    const { walk, put } = setUp({ ...LEGACY, cr4: CR4.lo.PAE, pdptes })
    put(0x3000, 0x4000 | ALL)
    put(0x4000, 0x5000 | ALL)
    expect(walk(0, 0, USER | WRITE)).toBe(0x5000)
  })

  it('tell of fetches in the error code only with SMEP, or NX and PAE (5.7)', () => {
    const fault = (cr4: number, efer: number) => {
      const { walk } = setUp({ ...LEGACY, cr4, efer })
      return walk(0x400000, 0, FETCH)
    }
    expect(fault(0, 0)).toBe('fault 0')
    expect(fault(0, EFER.lo.NXE)).toBe('fault 0')
    expect(fault(CR4.lo.SMEP, 0)).toBe(`fault ${CODE.ID}`)
    expect(fault(CR4.lo.PAE, 0)).toBe('fault 0')
    expect(fault(CR4.lo.PAE, EFER.lo.NXE)).toBe(`fault ${CODE.ID}`)
  })
})

describe('accessed and dirty bits (Intel SDM vol. 3A, 5.8)', () => {
  it('are set at every level by a read, and D in the leaf by a write', () => {
    const { walk, entry, entries } = longTables()
    walk(LO, HI)
    for (const level of [4, 3, 2, 1]) expect(entry(level)).toBe((entries[4 - level] as number) | A)
    walk(LO, HI, WRITE)
    for (const level of [4, 3, 2]) expect(entry(level)).toBe((entries[4 - level] as number) | A)
    expect(entry(1)).toBe((entries[3] as number) | A | D)
  })

  it('are set in the entry of a large page', () => {
    const { walk, change, entry } = longTables()
    change(2, 0xa00000 | PS | ALL)
    walk(LO, HI, WRITE)
    expect(entry(2)).toBe(0xa00000 | PS | ALL | A | D)
    const legacy = setUp(LEGACY)
    legacy.memory.write32(0x1000, PS | ALL)
    legacy.walk(0, 0, WRITE)
    expect(legacy.memory.read32(0x1000)).toBe(PS | ALL | A | D)
  })

  it('stay as they are when the access is not allowed', () => {
    const { walk, change, entry, entries } = longTables()
    change(1, 0x55000 | P | US)
    expect(walk(LO, HI, USER | WRITE)).toBe(`fault ${CODE.P | CODE.WR | CODE.US}`)
    for (const level of [4, 3, 2]) expect(entry(level)).toBe(entries[4 - level])
    expect(entry(1)).toBe(0x55000 | P | US)
  })

  it('are not written where they stand already', () => {
    const { walk, entry, memory } = longTables()
    walk(LO, HI, WRITE)
    memory.startDirtyLog()
    walk(LO, HI, WRITE)
    walk(LO, HI)
    expect(memory.takeDirtyPages().length).toBe(0)
    expect(entry(1) & D).toBe(D)
  })

  it('do not keep a walk going in tables that change under it', () => {
    const { paging } = setUp({ ...LONG, cr3Lo: 0 })
    let reads = 0
    const shifting = {
      read8: () => 0,
      read16: () => 0,
      read32: (address: number) => (address & 4 ? 0 : ((++reads << 12) | ALL) >>> 0),
      write8() {},
      write16() {},
      write32() {},
    }
    const walker = new Walker(paging, shifting)
    expect(walker.walk(0, 0, WRITE)).toBe(WALK.DONE)
    expect(reads).toBeLessThan(100)
  })
})

describe('what else a walk tells', () => {
  it('has the global bit with CR4.PGE only, and the PAT index of 5.9.2', () => {
    const { walk, walker, change, paging } = longTables()
    change(1, 0x55000 | ALL | G | PTE.lo.PAT | PTE.lo.PWT)
    walk(LO, HI)
    expect(walker.rights & RIGHT.GLOBAL).toBe(0)
    expect(walker.patIndex).toBe(5)
    paging.load({ ...LONG, cr4: CR4.lo.PAE | CR4.lo.PGE })
    walk(LO, HI)
    expect(walker.rights & RIGHT.GLOBAL).toBe(RIGHT.GLOBAL)
    change(2, 0xa00000 | PS | ALL | PDE_2M.lo.PCD)
    walk(LO, HI)
    expect(walker.patIndex).toBe(2)
    change(2, 0xa00000 | PS | ALL | PDE_2M.lo.PAT)
    walk(LO, HI)
    expect(walker.patIndex).toBe(4)
  })

  it('is an AddressTranslator', () => {
    const { walker } = longTables()
    const address = (BigInt(HI) << 32n) | BigInt(LO)
    const access = { write: true, fetch: false, user: true, implicit: false }
    expect(walker.translate(address, access)).toEqual({
      kind: 'page',
      address: 0x55567,
      pageBytes: 4096,
      writable: true,
      user: true,
      executable: true,
      global: false,
    })
    expect(walker.translate(0n, access)).toEqual({ kind: 'fault', errorCode: CODE.WR | CODE.US })
  })

  it('goes through a second stage at every step', () => {
    const { memory, paging, entries } = longTables()
    const image = new PhysicalMemory({ ramBytes: 2 << 20 })
    const bytes = new Uint8Array(1 << 20)
    memory.readBytes(0, bytes)
    image.writeBytes(1 << 20, bytes)
    const seen: [number, number, boolean][] = []
    let limit = Number.POSITIVE_INFINITY
    const walker = new Walker(paging, image, {
      allows: STAGE_RIGHT.READ | STAGE_RIGHT.WRITE | STAGE_RIGHT.EXECUTE,
      translate(physical, access, isTableWalk) {
        seen.push([physical, access, isTableWalk])
        return physical >= limit ? -1 : physical + (1 << 20)
      },
    })
    expect(walker.walk(LO, HI, WRITE)).toBe(WALK.DONE)
    expect([walker.address, walker.guestPhysical]).toEqual([0x155567, 0x55567])
    expect(seen).toEqual([
      ...AT.map((at) => [at, 0, true]),
      ...AT.map((at) => [at, WRITE, true]),
      [0x55567, WRITE, false],
    ])
    expect(image.read32((1 << 20) + AT[0])).toBe((entries[0] as number) | A)
    limit = 0x50000
    expect([walker.walk(LO, HI, 0), walker.guestPhysical]).toEqual([WALK.SECOND_STAGE, 0x55567])
    limit = 0x3000
    expect([walker.walk(LO, HI, 0), walker.guestPhysical]).toEqual([WALK.SECOND_STAGE, AT[2]])
  })

  it('never throws, whatever lies in memory', () => {
    let seed = 0x2545f491
    const random = () => {
      seed ^= seed << 13
      seed ^= seed >>> 17
      seed ^= seed << 5
      return seed >>> 0
    }
    const memory = new ImageMemory(Uint8Array.from({ length: 0x10000 }, random))
    for (let n = 0; n < 20000; n++) {
      const paging = new PagingState({ ...FULL_CAPABILITIES, physicalAddressBits: 32 + (random() % 21) })
      const pdptes = Array.from({ length: 8 }, () => random() & 0xffff)
      paging.load({ cr0: random(), cr3Lo: random() & 0xffff, cr3Hi: 0, cr4: random(), efer: random(), pdptes })
      const walker = new Walker(paging, memory)
      const status = walker.walk(random(), random(), random() & 15)
      expect(status === WALK.DONE ? walker.address >= 0 && walker.address < 2 ** 52 : status === WALK.FAULT).toBe(true)
    }
  })
})

describe('canonical addresses (Intel SDM vol. 1, 3.3.7.1)', () => {
  it.each([
    [0x00000000, true, true],
    [0x00007fff, true, true],
    [0x00008000, false, true],
    [0xffff7fff, false, true],
    [0xffff8000, true, true],
    [0xffffffff, true, true],
    [0x00ffffff, false, true],
    [0x01000000, false, false],
    [0xff000000, false, true],
    [0xfeffffff, false, false],
  ])('high half %i', (hi, with48, with57) => {
    expect([isCanonical(0, hi), isCanonical(0, hi | 0), isCanonical(0, hi, 57)]).toEqual([with48, with48, with57])
  })
})
