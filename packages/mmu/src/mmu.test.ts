import { CR0, CR4, EFER, FIELD, PAGE_FAULT_ERROR_CODE, PTE } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { ALL, CONTROL, PagedMachine, ROOT } from '../tests/machine.ts'
import { ACCESS, ACCESS_CLASS, INVPCID_TYPE, STAGE_RIGHT } from './index.ts'

const { P, RW, US, A, D, G } = PTE.lo
const CODE = PAGE_FAULT_ERROR_CODE.lo
const XD = PTE.hi.XD >>> 0
const { WRITE, FETCH, USER, AC } = ACCESS
const { INDIVIDUAL_ADDRESS, SINGLE_CONTEXT, ALL_INCLUDING_GLOBAL, ALL_CONTEXTS } = INVPCID_TYPE
const M2 = 0x20_0000
const LO = 0x7654_3000
const HI = 0x12
const [OLD, NEW] = [0x10_0000, 0x20_0000]

describe('translations are kept (Intel SDM vol. 3A, 5.10.2)', () => {
  it('until they are invalidated, whatever the tables say meanwhile', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD)
    expect(machine.resolve(LO + 5, HI)).toBe(OLD + 5)
    machine.memory.write32(at, NEW | ALL)
    expect(machine.resolve(LO + 5, HI)).toBe(OLD + 5)
    machine.mmu.invalidatePage(LO, HI)
    expect(machine.resolve(LO + 5, HI)).toBe(NEW + 5)
  })

  it('but never cause a fault: rights that suffice now are found (5.10.4.3)', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD, P | US)
    expect(machine.resolve(LO, HI, USER)).toBe(OLD)
    machine.memory.write32(at, OLD | ALL)
    expect(machine.resolve(LO, HI, USER | WRITE)).toBe(OLD)
    expect(machine.memory.read32(at)).toBe(OLD | ALL | A | D)
  })

  it('not over a page fault, which forgets the page (5.10.4.1)', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD, P | US)
    machine.linear.read(1, LO, HI, 0)
    machine.memory.write32(at, 0)
    expect(machine.resolve(LO, HI, USER)).toBe(OLD)
    expect(machine.resolve(LO, HI, USER | WRITE)).toBe(`fault ${CODE.WR | CODE.US}`)
    expect(machine.resolve(LO, HI, USER)).toBe(`fault ${CODE.US}`)
    expect(machine.mmu.firstLevel.used).toBe(0)
  })

  it('and a fault is never kept', () => {
    const machine = new PagedMachine()
    machine.entryAddress(LO, HI)
    expect(machine.resolve(LO, HI)).toBe('fault 0')
    machine.map(LO, HI, OLD)
    expect(machine.resolve(LO, HI)).toBe(OLD)
  })
})

describe('the dirty bit (Intel SDM vol. 3A, 5.8)', () => {
  it('is set by the first write, after reads that hit', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD)
    expect(machine.linear.read(4, LO, HI, 1)).toBe(0)
    expect(machine.memory.read32(at)).toBe(OLD | ALL | A)
    expect(machine.linear.read(4, LO, HI, 1)).toBe(0)
    expect(machine.linear.write(4, LO, HI, 1, 0, 1)).toBe(0)
    expect(machine.memory.read32(at)).toBe(OLD | ALL | A | D)
  })

  it('is set again by a write after INVLPG, if software cleared it', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD)
    machine.linear.write(4, LO, HI, 1, 0, 1)
    machine.memory.write32(at, OLD | ALL)
    machine.mmu.invalidatePage(LO, HI)
    machine.linear.write(4, LO, HI, 1, 0, 1)
    expect(machine.memory.read32(at)).toBe(OLD | ALL | A | D)
  })

  it('is set in the entry of a large page by a write to any piece', () => {
    const machine = new PagedMachine()
    const at = machine.map(0, HI, M2, ALL, M2)
    machine.linear.read(4, 0x3000, HI, 1)
    machine.linear.write(4, 0x5000, HI, 1, 0, 1)
    expect(machine.memory.read32(at) & (A | D)).toBe(A | D)
  })
})

describe('INVLPG (Intel SDM vol. 2A; vol. 3A, 5.10.4.1)', () => {
  it('forgets all pieces of a large page, in both levels', () => {
    const machine = new PagedMachine()
    const at = machine.map(M2, HI, M2, ALL, M2)
    for (const offset of [0, 0x4000, 0x1f_f000]) machine.linear.read(1, M2 + offset, HI, 1)
    expect(machine.mmu.firstLevel.used).toBe(3)
    machine.memory.write32(at, 0)
    machine.mmu.invalidatePage(M2 + 0x8123, HI)
    expect(machine.mmu.firstLevel.used).toBe(0)
    for (const offset of [0, 0x4000, 0x1f_f000]) expect(machine.resolve(M2 + offset, HI)).toBe('fault 0')
  })

  it('forgets pieces that only the first level still holds', () => {
    const machine = new PagedMachine()
    const at = machine.map(M2, HI, M2, ALL, M2)
    machine.linear.read(1, M2 + 0x3000, HI, 1)
    // Enough pages of the same set of the second level to drive the piece out.
    for (let n = 1; n <= 4; n++) machine.map(M2 + 0x3000, HI + n, OLD)
    for (let n = 1; n <= 4; n++) machine.resolve(M2 + 0x3000, HI + n)
    machine.memory.write32(at, 0)
    machine.mmu.invalidatePage(M2, HI)
    expect(machine.linear.read(1, M2 + 0x3000, HI, 1)).toBe(1)
  })

  it('forgets global pages, of every PCID', () => {
    const machine = new PagedMachine()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.PCIDE })
    const at = machine.map(LO, HI, OLD, ALL | G)
    machine.loadCr3(ROOT | 1)
    machine.resolve(LO, HI)
    machine.loadCr3(ROOT | 2)
    machine.memory.write32(at, NEW | ALL | G)
    expect(machine.resolve(LO, HI)).toBe(OLD)
    machine.mmu.invalidatePage(LO, HI)
    expect(machine.resolve(LO, HI)).toBe(NEW)
  })

  it('leaves other pages and other PCIDs', () => {
    const machine = new PagedMachine()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.PCIDE })
    const at = machine.map(LO, HI, OLD)
    const next = machine.map(LO + 0x1000, HI, OLD + 0x1000)
    machine.resolve(LO, HI)
    machine.resolve(LO + 0x1000, HI)
    for (const entry of [at, next]) machine.memory.write32(entry, NEW | ALL)
    machine.loadCr3(ROOT | 1, true)
    machine.mmu.invalidatePage(LO, HI)
    machine.loadCr3(ROOT, true)
    expect([machine.resolve(LO, HI), machine.resolve(LO + 0x1000, HI)]).toEqual([OLD, OLD + 0x1000])
  })
})

describe('MOV to CR3 (Intel SDM vol. 3A, 5.10.4.1)', () => {
  it('forgets all but global pages, of both levels', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD)
    const global = machine.map(LO + 0x1000, HI, OLD, ALL | G)
    for (const offset of [0, 0x1000]) machine.linear.read(1, LO + offset, HI, 1)
    for (const entry of [at, global]) machine.memory.write32(entry, NEW | ALL)
    machine.loadCr3(ROOT)
    expect(machine.mmu.firstLevel.used).toBe(1)
    expect([machine.resolve(LO, HI), machine.resolve(LO + 0x1000, HI)]).toEqual([NEW, OLD])
  })

  it('walks from the new root', () => {
    const machine = new PagedMachine()
    const other = machine.newTable()
    machine.map(LO, HI, OLD)
    machine.map(LO, HI, NEW, ALL, 0x1000, other)
    machine.linear.read(1, LO, HI, 1)
    machine.loadCr3(other)
    expect(machine.resolve(LO, HI)).toBe(NEW)
  })

  it('forgets the new PCID only, and nothing if bit 63 was set', () => {
    const machine = new PagedMachine()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.PCIDE })
    const at = machine.map(LO, HI, OLD)
    for (const pcid of [1, 2]) {
      machine.loadCr3(ROOT | pcid)
      machine.linear.read(1, LO, HI, 1)
    }
    machine.memory.write32(at, NEW | ALL)
    machine.loadCr3(ROOT | 1, true)
    expect(machine.resolve(LO, HI)).toBe(OLD)
    machine.loadCr3(ROOT | 1)
    expect(machine.resolve(LO, HI)).toBe(NEW)
    machine.loadCr3(ROOT | 2, true)
    expect(machine.resolve(LO, HI)).toBe(OLD)
    expect(machine.mmu.firstLevel.used).toBe(0)
  })
})

describe('INVPCID (Intel SDM vol. 2A)', () => {
  /** Pages of PCIDs 1 and 2 (present), and a global one, all read; then their entries change. */
  function setUp() {
    const machine = new PagedMachine()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.PCIDE })
    const entries = [machine.map(LO, HI, OLD), machine.map(LO + 0x1000, HI, OLD)]
    const global = machine.map(LO + 0x2000, HI, OLD, ALL | G)
    for (const pcid of [1, 2]) {
      machine.loadCr3(ROOT | pcid)
      for (const offset of [0, 0x1000, 0x2000]) machine.linear.read(1, LO + offset, HI, 1)
    }
    for (const at of entries) machine.memory.write32(at, NEW | ALL)
    machine.memory.write32(global, NEW | ALL | G)
    /** Which are still the old ones: both pages of PCID 1, of PCID 2, and the global page. */
    const kept = () => {
      const pages = [1, 2].flatMap((pcid) => {
        machine.loadCr3(ROOT | pcid, true)
        return [machine.resolve(LO, HI), machine.resolve(LO + 0x1000, HI)]
      })
      return [...pages, machine.resolve(LO + 0x2000, HI)].map((address) => (address === OLD ? 'old' : 'new')).join(' ')
    }
    return { machine, kept }
  }

  it.each([
    [INDIVIDUAL_ADDRESS, 1, LO, 'new old old old old'],
    [INDIVIDUAL_ADDRESS, 2, LO, 'old old new old old'],
    [INDIVIDUAL_ADDRESS, 2, LO + 0x2000, 'old old old old old'],
    [SINGLE_CONTEXT, 1, 0, 'new new old old old'],
    [SINGLE_CONTEXT, 2, 0, 'old old new new old'],
    [ALL_INCLUDING_GLOBAL, 0, 0, 'new new new new new'],
    [ALL_CONTEXTS, 0, 0, 'new new new new old'],
  ])('type %i, PCID %i, address %i', (type, pcid, lo, expected) => {
    const { machine, kept } = setUp()
    machine.mmu.invpcid(type, pcid, lo, HI)
    expect(kept()).toBe(expected)
  })

  it('takes what it forgets from the first level', () => {
    for (const type of [INDIVIDUAL_ADDRESS, SINGLE_CONTEXT, ALL_INCLUDING_GLOBAL, ALL_CONTEXTS]) {
      const { machine } = setUp()
      machine.mmu.invpcid(type, 2, LO, HI)
      expect(machine.linear.read(1, LO, HI, 1)).toBe(0)
      machine.memory.write8(NEW, 0x77)
      machine.linear.read(1, LO, HI, 1)
      expect(machine.linear.lo).toBe(0x77)
    }
  })
})

describe('changes of control registers', () => {
  const { cr0, cr4, efer } = CONTROL

  it.each([
    ['CR4.PGE', { cr4: cr4 & ~CR4.lo.PGE }],
    ['CR4.PCIDE', { cr4: cr4 | CR4.lo.PCIDE }],
    ['CR4.SMEP', { cr4: cr4 | CR4.lo.SMEP }],
    ['CR4.PSE', { cr4: cr4 | CR4.lo.PSE }],
    ['IA32_EFER.NXE', { efer: efer & ~EFER.lo.NXE }],
  ] as const)('of %s forget everything, global pages too (5.10.4.1)', (_, change) => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD, ALL | G)
    machine.linear.read(1, LO, HI, 1)
    machine.memory.write32(at, NEW | ALL | G)
    machine.control(change)
    expect(machine.mmu.firstLevel.used).toBe(0)
    expect(machine.resolve(LO, HI)).toBe(NEW)
  })

  it('of CR0.PG switch translation off and on', () => {
    const machine = new PagedMachine()
    machine.map(LO, 0, OLD)
    expect(machine.resolve(LO, 0)).toBe(OLD)
    machine.control({ cr0: CR0.lo.PE, efer: EFER.lo.NXE })
    expect(machine.resolve(LO, 0)).toBe(LO)
    machine.control({ cr0, efer })
    expect(machine.resolve(LO, 0)).toBe(OLD)
  })

  it('of CR0.WP count at once, in both levels', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, OLD, P | US)
    machine.control({ cr0: (cr0 & ~CR0.lo.WP) >>> 0 })
    expect(machine.linear.write(1, LO, HI, 1, 0, 1)).toBe(0)
    expect(machine.linear.write(1, LO, HI, 1, 0, 1)).toBe(0)
    machine.control({ cr0 })
    expect(machine.linear.write(1, LO, HI, 1, 0, 1)).toBe(1)
    expect(machine.state.lo(FIELD.pendingErrorCode)).toBe(CODE.P | CODE.WR)
    expect(machine.resolve(LO, HI, USER | WRITE)).toBe(`fault ${CODE.P | CODE.WR | CODE.US}`)
  })

  it('of CR4.SMAP count at once, except with EFLAGS.AC', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, OLD)
    expect(machine.linear.read(1, LO, HI, 1)).toBe(0)
    machine.control({ cr4: cr4 | CR4.lo.SMAP })
    expect(machine.linear.read(1, LO, HI, 1)).toBe(1)
    expect(machine.state.lo(FIELD.pendingErrorCode)).toBe(CODE.P)
    expect([machine.resolve(LO, HI, AC), machine.resolve(LO, HI, USER), machine.resolve(LO, HI, FETCH)]).toEqual([
      ...[OLD, OLD, OLD],
    ])
    machine.control({ cr4 })
    expect(machine.linear.read(1, LO, HI, 1)).toBe(0)
  })

  it('of CR4.SMEP, and XD, decide about fetches', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, OLD)
    machine.map(LO + 0x1000, HI, OLD, P | RW, 0x1000, ROOT, XD)
    expect(machine.resolve(LO, HI, FETCH)).toBe(OLD)
    machine.control({ cr4: cr4 | CR4.lo.SMEP })
    expect(machine.resolve(LO, HI, FETCH)).toBe(`fault ${CODE.P | CODE.ID}`)
    expect(machine.resolve(LO, HI, FETCH | USER)).toBe(OLD)
    expect(machine.resolve(LO + 0x1000, HI)).toBe(OLD)
    expect(machine.resolve(LO + 0x1000, HI, FETCH)).toBe(`fault ${CODE.P | CODE.ID}`)
  })
})

describe('PDPTE registers (Intel SDM vol. 3A, 5.4.1)', () => {
  it('are loaded all or none, and used until they are loaded again', () => {
    const machine = new PagedMachine()
    const { memory, state, mmu } = machine
    memory.write32(0x2000, 0x3000 | P)
    memory.write32(0x3000, 0x4000 | ALL)
    memory.write32(0x4000, OLD | ALL)
    expect(mmu.loadPdptes(0x2000)).toBe(true)
    state.setLo(FIELD.cr3, 0x2000)
    machine.control({ efer: 0 })
    expect(machine.resolve(0)).toBe(OLD)
    memory.write32(0x2000, 0x6000 | P | RW)
    machine.loadCr3(0x2000)
    expect([mmu.loadPdptes(), machine.resolve(0)]).toEqual([false, OLD])
    memory.write32(0x2000, 0)
    expect([mmu.loadPdptes(), machine.resolve(0)]).toEqual([true, OLD])
    machine.loadCr3(0x2000)
    expect(machine.resolve(0)).toBe('fault 0')
  })
})

describe('the first level and pages of memory', () => {
  const filled = (write: boolean) => {
    const machine = new PagedMachine()
    machine.map(LO, HI, OLD)
    const access = () => {
      if (write) machine.linear.write(4, LO, HI, 1, 0, 1)
      else machine.linear.read(4, LO, HI, 1)
      return machine.mmu.firstLevel.used
    }
    return { machine, page: OLD >>> 12, access }
  }

  it('has no entry for writing to pages that hold code, are clean, or are ROM', () => {
    const { machine, page, access } = filled(true)
    machine.memory.markCode(page)
    expect([access(), access()]).toEqual([0, 0])
    machine.memory.unmarkCode(page)
    expect(access()).toBe(1)
    machine.memory.markCode(page)
    expect(machine.mmu.firstLevel.used).toBe(0)
    machine.memory.unmarkCode(page)
    machine.memory.startDirtyLog()
    // The first write makes the page dirty, by the slow path; the second enters it.
    expect([access(), access()]).toEqual([0, 1])
    expect([...machine.memory.takeDirtyPages()]).toContain(page)
    expect([machine.mmu.firstLevel.used, access(), access()]).toEqual([0, 0, 1])
    machine.memory.stopDirtyLog()
    machine.memory.addRom(OLD, new Uint8Array(0x1000))
    expect([machine.mmu.firstLevel.used, access()]).toEqual([0, 0])
  })

  it('tells the owners of code of every write, also of those behind a hit before', () => {
    const { machine, page, access } = filled(true)
    access()
    const seen: number[][] = []
    machine.memory.onCodeWrite((at, first, last) => seen.push([at, first, last]))
    machine.memory.markCode(page)
    access()
    machine.linear.write(2, LO + 0xffe, HI, 1, 0, 1)
    expect(seen).toEqual([
      [page, 0, 3],
      [page, 0xffe, 0xfff],
    ])
  })

  it('keeps entries for reading where only writing is restricted', () => {
    const { machine, page, access } = filled(false)
    expect(access()).toBe(1)
    machine.memory.markCode(page)
    expect(machine.mmu.firstLevel.used).toBe(1)
    machine.memory.startDirtyLog()
    expect(access()).toBe(1)
  })

  it('has none at all where a device has a part of the page', () => {
    const { machine, access } = filled(false)
    expect(access()).toBe(1)
    machine.memory.write32(OLD, 0x1234)
    machine.memory.addMmio(OLD + 0x800, 4, { read: () => 0x99, write: () => {} })
    expect([machine.mmu.firstLevel.used, access(), machine.linear.lo]).toEqual([0, 0, 0x1234])
    machine.linear.read(1, LO + 0x800, HI, 1)
    expect(machine.linear.lo).toBe(0x99)
    machine.memory.removeMmio(OLD + 0x800)
    expect(access()).toBe(1)
  })

  it('follows the A20 gate', () => {
    const { machine, access } = filled(false)
    machine.memory.write32(0, 0xaaaa)
    machine.memory.write32(OLD, 0xbbbb)
    access()
    expect(machine.linear.lo).toBe(0xbbbb)
    machine.memory.setA20(false)
    // Tables below 1 MiB; the page lies at 1 MiB.
    expect([access(), machine.linear.lo]).toEqual([1, 0xaaaa])
    machine.memory.markCode(0)
    machine.linear.write(4, LO, HI, 1, 0, 1)
    expect(machine.mmu.firstLevel.used).toBe(1)
    machine.memory.setA20(true)
    expect([access(), machine.linear.lo]).toEqual([1, 0xbbbb])
  })

  it('forgets a ROM that is taken away', () => {
    const machine = new PagedMachine()
    machine.memory.addRom(0xffff_0000, new Uint8Array(0x1000).fill(0xf4))
    machine.map(LO, HI, 0xffff_0000)
    machine.linear.read(1, LO, HI, 1)
    expect([machine.linear.lo, machine.mmu.firstLevel.used]).toEqual([0xf4, 1])
    machine.memory.removeRom(0xffff_0000)
    machine.linear.read(1, LO, HI, 1)
    expect([machine.linear.lo, machine.mmu.firstLevel.used]).toEqual([0xff, 0])
  })

  it('hears nothing any more after dispose', () => {
    const { machine, page, access } = filled(true)
    access()
    machine.mmu.dispose()
    machine.memory.markCode(page)
    expect(machine.mmu.firstLevel.used).toBe(1)
  })
})

describe('a second stage', () => {
  function setUp(allows: number) {
    const asked: string[] = []
    const stage = {
      allows,
      translate(physical: number, access: number, isTableWalk: boolean) {
        if (!isTableWalk) asked.push(`${physical.toString(16)} ${access}`)
        const right = access & FETCH ? STAGE_RIGHT.EXECUTE : access & WRITE ? STAGE_RIGHT.WRITE : STAGE_RIGHT.READ
        return isTableWalk || (stage.allows & right) !== 0 ? physical : -1
      },
    }
    const machine = new PagedMachine({ secondStage: stage })
    machine.map(LO, HI, OLD, ALL | D)
    return { machine, stage, asked }
  }
  const { READ, WRITE: WRITES, EXECUTE } = STAGE_RIGHT

  it('is asked once for what it allows for good', () => {
    const { machine, asked } = setUp(READ | WRITES | EXECUTE)
    for (const access of [0, WRITE, FETCH, USER, 0]) expect(machine.resolve(LO, HI, access)).toBe(OLD)
    expect(asked).toEqual([`${OLD.toString(16)} 0`])
  })

  it('is asked again for writes and fetches that it did not allow, whatever the guest allows and CR0.WP is', () => {
    const { machine } = setUp(READ)
    machine.control({ cr0: (CONTROL.cr0 & ~CR0.lo.WP) >>> 0 })
    expect(machine.linear.read(4, LO, HI, 1)).toBe(0)
    expect(machine.linear.write(4, LO, HI, 1, 0, 1)).toBe(1)
    // It is no page fault: nothing is pending.
    expect(machine.state.lo(FIELD.pendingEvent)).toBe(0)
    expect(machine.mmu.resolve(LO, HI, FETCH)).toBe(-1)
    expect(machine.mmu.status).toBe(2)
    expect(machine.linear.read(4, LO, HI, 1)).toBe(0)
  })

  it('sees every access to a page that it lets be executed only', () => {
    const { machine, asked } = setUp(EXECUTE)
    expect(machine.resolve(LO, HI, FETCH)).toBe(OLD)
    expect(machine.resolve(LO, HI, FETCH)).toBe(OLD)
    expect(machine.mmu.resolve(LO, HI, 0)).toBe(-1)
    expect(asked).toHaveLength(3)
  })

  it('joins the rights of both in what tools see', () => {
    const { machine } = setUp(READ)
    const address = (BigInt(HI) << 32n) | BigInt(LO)
    const access = { write: false, fetch: false, user: false, implicit: false }
    expect(machine.mmu.translate(address, access)).toMatchObject({ kind: 'page', address: OLD, executable: false })
  })
})

describe('AddressTranslator', () => {
  const read = { write: false, fetch: false, user: false, implicit: false }

  it('translates, invalidates and flushes', () => {
    const machine = new PagedMachine()
    const at = machine.map(LO, HI, OLD, ALL | G)
    const address = (BigInt(HI) << 32n) | BigInt(LO + 0x123)
    const page = { kind: 'page', pageBytes: 4096, writable: true, user: true, executable: true, global: true }
    expect(machine.mmu.translate(address, read)).toEqual({ ...page, address: OLD + 0x123 })
    machine.memory.write32(at, NEW | ALL | G)
    machine.mmu.flush(true)
    expect(machine.mmu.translate(address, read)).toMatchObject({ address: OLD + 0x123 })
    machine.mmu.invalidate(address)
    expect(machine.mmu.translate(address, read)).toMatchObject({ address: NEW + 0x123 })
    machine.memory.write32(at, 0)
    machine.mmu.flush(false)
    expect(machine.mmu.translate(address, { ...read, write: true })).toEqual({ kind: 'fault', errorCode: CODE.WR })
  })

  it('has EFLAGS.AC for explicit accesses only', () => {
    const machine = new PagedMachine()
    machine.control({ cr4: CONTROL.cr4 | CR4.lo.SMAP })
    machine.map(LO, 0, OLD)
    machine.mmu.ac = true
    expect(machine.mmu.translate(BigInt(LO), read)).toMatchObject({ kind: 'page' })
    expect(machine.mmu.translate(BigInt(LO), { ...read, implicit: true })).toEqual({ kind: 'fault', errorCode: CODE.P })
  })

  it('fills classes apart', () => {
    const machine = new PagedMachine()
    machine.map(LO, HI, OLD)
    const { mmu } = machine
    mmu.fill(ACCESS_CLASS.SUPERVISOR_AC, true, LO, HI, OLD)
    expect(mmu.firstLevel.words[mmu.firstLevel.entryWord(5, LO)]).toBe(LO)
    expect(mmu.firstLevel.used).toBe(1)
  })
})
