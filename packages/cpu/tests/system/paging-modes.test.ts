/** The paging modes: formats, reserved bits, accessed and dirty flags (Intel SDM vol. 3A, chapter 5). */
import { CR0, CR4, EFER, FIELD } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, Guest } from './guest.ts'
import {
  A,
  D,
  ERROR,
  narrowEntry,
  narrowTables,
  P,
  PAGE,
  PS,
  paeEntry,
  paeTables,
  ROOT,
  RW,
  turnOn,
  US,
} from './paging-tables.ts'

const PF = 14
const GP = 13
const READ = `at: mov eax, [${PAGE}]`
const WRITE = `at: mov [${PAGE}], eax`
const on = (cr0: string | number = 0x80000000) =>
  `mov eax, ${ROOT}\nmov cr3, eax\nmov eax, cr0\nor eax, ${cr0}\nmov cr0, eax`

describe.each(ENGINES)('32-bit paging (Intel SDM vol. 3A, 5.3), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => {
    guest.start(32)
    narrowTables(guest)
  })

  it('is turned on by MOV to CR0, and sets accessed and dirty flags exactly (5.8)', () => {
    guest.run(`${on()}\nmov ebx, [${PAGE}]\nmov [${PAGE + 0x1000}], ebx\nhlt`)
    expect(
      [ROOT, narrowEntry(PAGE), narrowEntry(PAGE + 0x1000), narrowEntry(PAGE + 0x2000)].map(
        (at) => guest.memory.read32(at) & 0xfff,
      ),
    ).toEqual([P | RW | US | A, P | RW | US | A, P | RW | US | A | D, P | RW | US])
  })

  it('pages of 4 MiB with CR4.PSE, and PSE-36 (5.3, table 5-4)', () => {
    guest.memory.write32(ROOT + 4, 0 | PS | P | RW | US)
    guest.memory.write32(PAGE, 0x1234)
    guest.control('cr4', CR4.lo.PSE)
    guest.run(`${on()}\nmov ebx, [${0x400000 + PAGE}]\nmov [${0x400000 + PAGE + 4}], ebx\nhlt`)
    expect([guest.reg('rbx'), guest.memory.read32(PAGE + 4)]).toEqual([0x1234, 0x1234])
    expect(guest.memory.read32(ROOT + 4)).toBe(PS | P | RW | US | A | D)
    // Bits 20:13 are physical bits 39:32: there is nothing there, and no fault.
    guest.start(32).control('cr4', CR4.lo.PSE)
    narrowTables(guest)
    guest.memory.write32(ROOT + 4, (1 << 13) | PS | P | RW)
    guest.run(`${on()}\nmov ebx, [${0x400000 + PAGE}]\nhlt`)
    expect(guest.reg('rbx')).toBe(0xffffffff)
  })

  it('bit 21 of a page of 4 MiB is reserved; without CR4.PSE PS is ignored (5.3)', () => {
    guest.memory.write32(ROOT + 4, (1 << 21) | PS | P | RW)
    guest.control('cr4', CR4.lo.PSE)
    expect(guest.run(`${on()}\nat: mov ebx, [${0x400000 + PAGE}]`)).toMatchObject({
      vector: PF,
      error: ERROR.P | ERROR.RSVD,
    })
    guest.start(32)
    narrowTables(guest)
    guest.memory.write32(ROOT + 4, (ROOT + 0x1000) | PS | P | RW)
    guest.memory.write32(PAGE, 0x77)
    guest.run(`${on()}\nmov ebx, [${0x400000 + PAGE}]\nhlt`)
    expect(guest.reg('rbx')).toBe(0x77)
  })

  it.each([
    ['a page that is not present', () => guest.memory.write32(narrowEntry(PAGE), 0), WRITE, 0, ERROR.WR],
    ['a table that is not present', () => guest.memory.write32(ROOT, 0), READ, 0, 0],
    [
      'a read-only page at level 3',
      () => guest.memory.write32(narrowEntry(PAGE), PAGE | P | US),
      WRITE,
      3,
      ERROR.P | ERROR.WR | ERROR.US,
    ],
    [
      'a read-only table at level 3',
      () => guest.memory.write32(ROOT, (ROOT + 0x1000) | P | US),
      WRITE,
      3,
      ERROR.P | ERROR.WR | ERROR.US,
    ],
    [
      'a supervisor page at level 3',
      () => guest.memory.write32(narrowEntry(PAGE), PAGE | P | RW),
      READ,
      3,
      ERROR.P | ERROR.US,
    ],
  ] as const)('%s (5.7)', (what, spoil, code, cpl, error) => {
    guest.start(32, cpl)
    narrowTables(guest)
    turnOn(guest, 0, 0)
    // A table that is missing takes code and handlers with it: only the page's own is spoilt for the others.
    spoil()
    guest.cpu.stateWritten()
    const stop = guest.run(code)
    if (what === 'a table that is not present') expect(stop.reason).toBe('shutdown')
    else if (what !== 'a read-only table at level 3')
      expect(stop).toMatchObject({ vector: PF, error, ip: guest.label('at') })
    if (what === 'a read-only table at level 3') expect(stop).toMatchObject({ vector: PF, error })
    expect(guest.reg('cr2') >>> 12).toBe(what === 'a table that is not present' ? 0x2 : PAGE >>> 12)
  })

  it('no bit marks fetches: there is no NX, unless SMEP is on (5.7)', () => {
    for (const smep of [0, CR4.lo.SMEP]) {
      guest.start(32)
      narrowTables(guest)
      // SMEP: the supervisor's own code must not be in user pages.
      for (let n = 0; n < 1024; n++) guest.memory.write32(ROOT + 0x1000 + n * 4, (n << 12) | P | RW)
      guest.memory.write32(narrowEntry(PAGE), 0)
      turnOn(guest, 0, smep)
      expect(guest.run(`mov eax, ${PAGE}\njmp eax`)).toMatchObject({
        vector: PF,
        error: smep === 0 ? 0 : ERROR.ID,
        ip: PAGE,
      })
    }
  })

  it('CR2 has the address of the byte that faults (5.7; vol. 3A, 2.5)', () => {
    guest.memory.write32(narrowEntry(PAGE), 0)
    turnOn(guest, 0, 0)
    expect(guest.run(`at: mov eax, [${PAGE + 0x123}]`)).toMatchObject({ vector: PF, error: 0 })
    expect(guest.reg('cr2')).toBe(PAGE + 0x123)
    guest.start(32)
    narrowTables(guest)
    guest.memory.write32(narrowEntry(PAGE), 0)
    turnOn(guest, 0, 0)
    expect(guest.run(`at: mov eax, [${PAGE - 2}]`)).toMatchObject({ vector: PF, error: 0 })
    expect(guest.reg('cr2')).toBe(PAGE)
  })
})

describe.each(ENGINES)('PAE paging (Intel SDM vol. 3A, 5.4), engine %s', (engine) => {
  const guest = new Guest(engine)
  const start = (cpl = 0) => {
    guest.start(32, cpl)
    paeTables(guest)
  }
  beforeEach(() => start())

  it('loads the PDPTE registers at MOV to CR3; memory may change afterwards (5.4.1)', () => {
    guest.control('cr4', CR4.lo.PAE)
    guest.run(`mov ebx, 7\n${on()}\nmov dword [${ROOT}], 0\nmov eax, cr4\nmov cr4, eax\nmov ebx, [${PAGE}]\nhlt`)
    expect(guest.state.lo(FIELD.pdpte, 0)).toBe((ROOT + 0x1000) | P)
    expect(guest.reg('rbx')).toBe(0)
  })

  it.each([
    ['MOV to CR3', 'mov eax, cr3\nat: mov cr3, eax'],
    ['MOV to CR0 that changes CD', 'mov eax, cr0\nxor eax, 0x40000000\nat: mov cr0, eax'],
    ['MOV to CR4 that changes PGE', 'mov eax, cr4\nxor eax, 0x80\nat: mov cr4, eax'],
    ['MOV to CR4 that changes PSE', 'mov eax, cr4\nxor eax, 0x10\nat: mov cr4, eax'],
    ['MOV to CR4 that changes SMEP', 'mov eax, cr4\nxor eax, 0x100000\nat: mov cr4, eax'],
  ])('%s is #GP(0) for reserved bits of a PDPTE (5.4.1)', (_, code) => {
    turnOn(guest, 0, CR4.lo.PAE, true)
    guest.machine.put64(ROOT + 8, BigInt((ROOT + 0x1000) | P | RW))
    const before = [guest.reg('cr0'), guest.reg('cr3'), guest.reg('cr4')]
    expect(guest.run(code)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    expect([guest.reg('cr0'), guest.reg('cr3'), guest.reg('cr4')]).toEqual(before)
  })

  it('a PDPTE that is not present may have any bits, and is a page fault without P (5.4.1)', () => {
    guest.machine.put64(ROOT + 8, 0xffffffff_fffffffen)
    guest.control('cr4', CR4.lo.PAE)
    expect(guest.run(`${on()}\nat: mov ebx, [0x40000000]`)).toMatchObject({
      vector: PF,
      error: 0,
      ip: guest.label('at'),
    })
    expect(guest.reg('cr2')).toBe(0x40000000)
  })

  it('pages of 2 MiB, and addresses beyond 4 GiB (5.4.2)', () => {
    guest.machine.put64(ROOT + 0x1008, BigInt(PS | P | RW | US))
    guest.machine.put64(ROOT + 0x1010, (1n << 32n) | BigInt(PS | P | RW | US))
    guest.memory.write32(PAGE, 0x4321)
    guest.control('cr4', CR4.lo.PAE)
    guest.run(`${on()}\nmov ebx, [${0x200000 + PAGE}]\nmov ecx, [${0x400000 + PAGE}]\nhlt`)
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([0x4321, 0xffffffff])
    expect(guest.memory.read32(ROOT + 0x1008)).toBe(PS | P | RW | US | A)
  })

  it.each([
    ['bit 52 of a PTE', () => guest.machine.put64(paeEntry(PAGE), (1n << 52n) | BigInt(PAGE | P | RW))],
    ['a bit beyond MAXPHYADDR', () => guest.machine.put64(paeEntry(PAGE), (1n << 45n) | BigInt(PAGE | P | RW))],
    ['XD without EFER.NXE', () => guest.machine.put64(paeEntry(PAGE), (1n << 63n) | BigInt(PAGE | P | RW))],
  ])('%s is reserved (5.4.2)', (_, spoil) => {
    spoil()
    turnOn(guest, 0, CR4.lo.PAE, true)
    expect(guest.run(READ)).toMatchObject({ vector: PF, error: ERROR.P | ERROR.RSVD, ip: guest.label('at') })
    expect(guest.reg('cr2')).toBe(PAGE)
  })

  it('XD with EFER.NXE forbids fetches, which the error code marks (5.6, 5.7)', () => {
    guest.machine.put64(paeEntry(PAGE), (1n << 63n) | BigInt(PAGE | P | RW))
    guest.state.set(FIELD.efer, EFER.lo.NXE, 0)
    turnOn(guest, 0, CR4.lo.PAE, true)
    expect(guest.run(`mov ebx, [${PAGE}]\nmov eax, ${PAGE}\njmp eax`)).toMatchObject({
      vector: PF,
      error: ERROR.P | ERROR.ID,
      ip: PAGE,
    })
  })
})

describe.each(ENGINES)('4-level paging (Intel SDM vol. 3A, 5.5), engine %s', (engine) => {
  const guest = new Guest(engine)
  const { tables } = AT
  beforeEach(() => void guest.start(64))

  /** A second way to the page, at 1 TiB, that tests may spoil without their own code. */
  const FAR = 2 ** 40
  const far = (level: number, lo: number, hi = 0) => {
    const at = [tables + 2 * 8, 0x30000, 0x31000, 0x32000][level] as number
    guest.memory.write32(at, lo >>> 0)
    guest.memory.write32(at + 4, hi >>> 0)
  }
  const farTables = () => {
    far(0, 0x30000 | P | RW | US)
    far(1, 0x31000 | P | RW | US)
    far(2, 0x32000 | P | RW | US)
    far(3, PAGE | P | RW | US)
  }
  const NAMES = ['PML4E', 'PDPTE', 'PDE', 'PTE'] as const

  it('every level gets A, the last D (5.8)', () => {
    farTables()
    guest.load(`mov rax, ${FAR}\nmov rbx, [rax]\nmov [rax], rbx\nhlt`)
    guest.go(2)
    const flags = () => [tables + 16, 0x30000, 0x31000, 0x32000].map((at) => guest.memory.read32(at) & (A | D))
    expect(flags()).toEqual([A, A, A, A])
    guest.go()
    expect(flags()).toEqual([A, A, A, A | D])
  })

  it('no flag is set where the access faults (5.8)', () => {
    farTables()
    far(3, PAGE | P)
    guest.control('cr0', CR0.lo.WP)
    expect(guest.run(`mov rax, ${FAR}\nat: mov [rax], rbx`)).toMatchObject({ vector: PF, error: ERROR.P | ERROR.WR })
    expect([tables + 16, 0x30000, 0x31000, 0x32000].map((at) => guest.memory.read32(at) & D)).toEqual([0, 0, 0, 0])
  })

  // biome-ignore format: a table
  it.each(NAMES.flatMap((name, level) => [
    [name, 'not present', level, 0, 0, 0],
    [name, 'a bit beyond MAXPHYADDR', level, P | RW | US, 1 << 10, ERROR.P | ERROR.RSVD],
    [name, 'read-only at level 3', level, P | US, 0, ERROR.P | ERROR.WR | ERROR.US],
    [name, "the supervisor's at level 3", level, P | RW, 0, ERROR.P | ERROR.US],
  ] as const))('%s: %s (5.5, 5.7)', (_, what, level, lo, hi, error) => {
    const cpl = what.includes('level 3') ? 3 : 0
    guest.start(64, cpl)
    farTables()
    far(level, ([0x30000, 0x31000, 0x32000, PAGE][level] as number) | lo, hi)
    const code = (error & ERROR.WR) !== 0 ? 'mov [rax + 5], ebx' : 'mov ebx, [rax + 5]'
    expect(guest.run(`mov rax, ${FAR}\nat: ${code}`)).toMatchObject({ vector: PF, error, ip: guest.label('at') })
    expect(guest.reg('cr2')).toBe(FAR + 5)
  })

  it('PS of a PML4E is reserved; a PDPTE with PS is a page of 1 GiB (5.5.4)', () => {
    farTables()
    far(0, 0x30000 | P | RW | US | PS)
    expect(guest.run(`mov rax, ${FAR}\nat: mov ebx, [rax]`)).toMatchObject({ vector: PF, error: ERROR.P | ERROR.RSVD })
    guest.start(64)
    farTables()
    far(1, P | RW | US | PS)
    guest.memory.write32(PAGE, 0x99)
    guest.run(`mov rax, ${FAR + PAGE}\nmov ebx, [rax]\nhlt`)
    expect(guest.reg('rbx')).toBe(0x99)
    // Address bits below the size of the page are reserved, PAT apart.
    for (const [level, bit] of [
      [1, 13],
      [1, 29],
      [2, 13],
      [2, 20],
    ] as const) {
      guest.start(64)
      farTables()
      far(level, P | RW | US | PS | (1 << bit))
      expect(guest.run(`mov rax, ${FAR}\nat: mov ebx, [rax]`)).toMatchObject({
        vector: PF,
        error: ERROR.P | ERROR.RSVD,
      })
    }
  })

  it('XD at any level (5.6)', () => {
    for (const level of [0, 1, 2, 3]) {
      guest.start(64)
      farTables()
      far(level, ([0x30000, 0x31000, 0x32000, PAGE][level] as number) | P | RW | US, 0x80000000)
      expect(guest.run(`mov rax, ${FAR}\nmov ebx, [rax]\njmp rax`)).toMatchObject({
        vector: PF,
        error: ERROR.P | ERROR.ID,
        ip: FAR,
      })
      expect(guest.reg('cr2')).toBe(FAR)
    }
  })

  it('without EFER.NXE XD is reserved (5.5.4)', () => {
    farTables()
    far(3, PAGE | P | RW, 0x80000000)
    guest.state.setLo(FIELD.efer, guest.state.lo(FIELD.efer) & ~EFER.lo.NXE)
    guest.cpu.stateWritten()
    expect(guest.run(`mov rax, ${FAR}\nat: mov ebx, [rax]`)).toMatchObject({ vector: PF, error: ERROR.P | ERROR.RSVD })
  })

  it('addresses of the upper half, and the edge of the lower (vol. 1, 3.3.7.1)', () => {
    guest.machine.put64(tables + 256 * 8, BigInt((tables + 0x1000) | 7))
    guest.memory.write32(PAGE, 0x88)
    guest.run(
      `mov rax, 0xffff800000000000 + ${PAGE}\nmov ebx, [rax]\nhlt`.replace(
        `0xffff800000000000 + ${PAGE}`,
        `0x${(0xffff800000000000n + BigInt(PAGE)).toString(16)}`,
      ),
    )
    expect(guest.reg('rbx')).toBe(0x88)
    guest.start(64)
    expect(guest.run('mov rax, 0x7fffffffffff\nat: mov bx, [rax]')).toMatchObject({ vector: GP, error: 0 })
    guest.start(64)
    expect(guest.run('mov rax, 0x7fffffffffff\nat: mov bl, [rax]')).toMatchObject({ vector: PF, error: 0 })
  })
})
