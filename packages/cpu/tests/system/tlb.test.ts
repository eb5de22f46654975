/** Translations that must be forgotten, by INVLPG, INVPCID, CR3 and page faults (Intel SDM vol. 3A, 5.10.4). */
import { CR0, CR4, FIELD } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { installPager, pageFaults } from './demand-pager.ts'
import { AT, Guest } from './guest.ts'
import { A, D, G, P, PAGE, RW, US } from './paging-tables.ts'
import { runV86 } from './virtual-8086.ts'

const PF = 14
const GP = 13
const { tables } = AT
/** Two physical pages for the page that is remapped. */
const FIRST = 0x62000
const SECOND = 0x63000
const { PCIDE, PGE } = CR4.lo

describe.each(ENGINES)('invalidation (Intel SDM vol. 3A, 5.10.4.1), engine %s', (engine) => {
  const guest = new Guest(engine)
  const PTE = tables + 0x3000 + (PAGE >>> 12) * 8
  const map = (physical: number, flags = P | RW | US) => `mov dword [${PTE}], ${physical | flags}`
  beforeEach(() => {
    guest.start(64)
    guest.memory.write32(FIRST, 0x11)
    guest.memory.write32(SECOND, 0x22)
    guest.memory.write32(PTE, FIRST | P | RW | US)
  })

  // biome-ignore format: a table
  it.each([
    ['INVLPG', P | RW, `invlpg [${PAGE + 0x123}]`],
    ['INVLPG of a global page', P | RW | G, `invlpg [${PAGE}]`],
    ['MOV to CR3', P | RW, 'mov rax, cr3\nmov cr3, rax'],
    ['MOV to CR4 that changes PGE, of a global page', P | RW | G, `mov rax, cr4\nxor rax, ${PGE}\nmov cr4, rax`],
    ['MOV to CR4 that changes PSE', P | RW | G, 'mov rax, cr4\nxor rax, 0x10\nmov cr4, rax'],
    ['MOV to CR4 that sets SMEP', P | RW, `mov rax, cr4\nor rax, ${CR4.lo.SMEP}\nmov cr4, rax`],
    ['INVPCID of an address', P | RW, `xor eax, eax\ninvpcid rax, [rel address]`],
    ['INVPCID of a PCID', P | RW, `mov eax, 1\ninvpcid rax, [rel address]`],
    ['INVPCID of all', P | RW | G, `mov eax, 2\ninvpcid rax, [rel address]`],
    ['INVPCID of all but global pages', P | RW, `mov eax, 3\ninvpcid rax, [rel address]`],
  ] as const)('%s', (_, flags, code) => {
    // SMEP: the code may not be the user's.
    guest.supervisorPages()
    guest.memory.write32(PTE, FIRST | flags)
    guest.run(`mov ebx, [${PAGE}]\n${map(SECOND, flags)}\n${code}\nmov ecx, [${PAGE}]\nhlt\naddress: dq 0, ${PAGE}`)
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([0x11, 0x22])
    expect(guest.memory.read32(PTE) & A).toBe(A)
  })

  it('writes go to the new page too', () => {
    guest.run(`mov dword [${PAGE}], 5\n${map(SECOND)}\ninvlpg [${PAGE}]\nmov dword [${PAGE}], 6\nhlt`)
    expect([guest.memory.read32(FIRST), guest.memory.read32(SECOND)]).toEqual([5, 6])
    expect(guest.memory.read32(PTE) & (A | D)).toBe(A | D)
  })

  it('a table that changed, by INVLPG of any address in it (5.10.4.1)', () => {
    // Another page table, in which the page lies elsewhere.
    for (let n = 0; n < 512; n++) guest.machine.put64(0x30000 + n * 8, BigInt(n * 4096) | 7n)
    guest.machine.put64(0x30000 + (PAGE >>> 12) * 8, BigInt(SECOND | 7))
    guest.run(
      `mov ebx, [${PAGE}]\nmov dword [${tables + 0x2000}], ${0x30000 | 7}\ninvlpg [${PAGE}]\nmov ecx, [${PAGE}]\nhlt`,
    )
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([0x11, 0x22])
  })

  it('a page that was not present needs none (5.10.4.3)', () => {
    guest.page(PAGE, 0)
    installPager(guest)
    guest.memory.write32(PAGE, 0x77)
    guest.run(`mov ebx, [${PAGE}]\nmov [${PAGE}], ebx\nmov ecx, [${PAGE}]\nhlt`)
    expect([guest.reg('rbx'), guest.reg('rcx'), pageFaults(guest)]).toEqual([0x77, 0x77, 1])
  })

  it('after a fault the entry is read anew: a page made writable by the handler (5.10.4.1)', () => {
    guest.control('cr0', CR0.lo.WP).page(PAGE, P | US)
    installPager(guest)
    guest.run(`mov ebx, [${PAGE}]\nmov dword [${PAGE}], 9\nhlt`)
    expect([pageFaults(guest), guest.memory.read32(PAGE)]).toEqual([1, 9])
  })

  it('a page that becomes user’s, at level 3', () => {
    guest.start(64, 3).page(PAGE, P | RW)
    installPager(guest)
    guest.run(`mov ebx, [${PAGE}]\nint 0x80`)
    expect(pageFaults(guest)).toBe(1)
  })

  it('D is set by the first write, though a read filled the entry before (5.8)', () => {
    guest.load(`mov ebx, [${PAGE}]\nmov ebx, [${PAGE}]\nmov [${PAGE}], ebx\nhlt`)
    guest.go(2)
    expect(guest.memory.read32(PTE) & (A | D)).toBe(A)
    guest.go()
    expect(guest.memory.read32(PTE) & (A | D)).toBe(A | D)
  })

  it('A and D that software clears are set again after INVLPG (5.8)', () => {
    guest.run(`mov [${PAGE}], ebx\n${map(FIRST)}\ninvlpg [${PAGE}]\nmov ebx, [${PAGE}]\nhlt`)
    expect(guest.memory.read32(PTE) & (A | D)).toBe(A)
  })

  it('code: the same address after a new mapping, also in a loop that was executed often', () => {
    guest.load('inc ebx\nret', { at: FIRST })
    guest.load('inc ecx\nret', { at: SECOND })
    guest.run(`
      mov edx, 20
      mov esi, ${PAGE}
      more: call rsi
      dec edx
      jnz more
      ${map(SECOND)}
      invlpg [${PAGE}]
      call rsi
      ${map(FIRST)}
      mov rax, cr3
      mov cr3, rax
      call rsi
      hlt`)
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([21, 1])
  })

  it('code that runs while its own page is mapped elsewhere goes on there', () => {
    // The same code in both pages up to the place that differs.
    const text = (n: number) => `mov dword [${PTE}], ${SECOND | 7}\ninvlpg [${PAGE}]\nmov ebx, ${n}\nhlt`
    guest.load(text(1), { at: FIRST })
    guest.load(text(2), { at: SECOND })
    guest.run(`mov eax, ${PAGE}\njmp rax`)
    expect(guest.reg('rbx')).toBe(2)
  })
})

describe.each(ENGINES)('PCIDs (Intel SDM vol. 3A, 5.10.1 and 5.10.4.1), engine %s', (engine) => {
  const guest = new Guest(engine)
  const OTHER = 0x34000
  /** Tables of a second address space, which differ in one page. */
  const otherTables = (page: number, flags = P | RW | US) => {
    for (const [at, next] of [
      [OTHER, OTHER + 0x1000],
      [OTHER + 0x1000, OTHER + 0x2000],
      [OTHER + 0x2000, OTHER + 0x3000],
    ] as const)
      guest.machine.put64(at, BigInt(next | 7))
    for (let n = 0; n < 512; n++) guest.machine.put64(OTHER + 0x3000 + n * 8, BigInt(n * 4096) | 7n)
    guest.machine.put64(OTHER + 0x3000 + (PAGE >>> 12) * 8, BigInt(page | flags))
  }
  const PTE_OTHER = OTHER + 0x3000 + (PAGE >>> 12) * 8
  const goTo = (root: number, pcid: number, keep = false) =>
    `mov rax, 0x${(BigInt(root | pcid) | (keep ? 1n << 63n : 0n)).toString(16)}\nmov cr3, rax`
  beforeEach(() => {
    guest.start(64).control('cr4', PCIDE | PGE)
    guest.memory.write32(FIRST, 0x11)
    guest.memory.write32(SECOND, 0x22)
    guest.memory.write32(guest.machine.pte(PAGE), FIRST | P | RW | US)
    otherTables(SECOND)
  })

  it('address spaces do not see each other’s translations, kept or not', () => {
    for (const keep of [false, true]) {
      guest.start(64).control('cr4', PCIDE | PGE)
      guest.memory.write32(FIRST, 0x11)
      guest.memory.write32(SECOND, 0x22)
      guest.memory.write32(guest.machine.pte(PAGE), FIRST | P | RW | US)
      otherTables(SECOND)
      guest.run(
        `mov ebx, [${PAGE}]\n${goTo(OTHER, 1, keep)}\nmov ecx, [${PAGE}]\n${goTo(tables, 0, keep)}\nmov edx, [${PAGE}]\nmov rsi, cr3\nhlt`,
      )
      expect([guest.reg('rbx'), guest.reg('rcx'), guest.reg('rdx'), guest.reg('rsi')]).toEqual([
        0x11,
        0x22,
        0x11,
        tables,
      ])
    }
  })

  it('without bit 63, MOV to CR3 forgets those of its PCID', () => {
    guest.run(
      `${goTo(OTHER, 1)}\nmov ebx, [${PAGE}]\n${goTo(tables, 0, true)}\nmov dword [${PTE_OTHER}], ${FIRST | 7}\n${goTo(OTHER, 1)}\nmov ecx, [${PAGE}]\nhlt`,
    )
    expect([guest.reg('rbx'), guest.reg('rcx')]).toEqual([0x22, 0x11])
  })

  // biome-ignore format: a table
  it.each([
    ['an address of another PCID', 0, 0],
    ['another PCID', 1, 0],
    ['all, global pages too', 2, G],
    ['all but global pages', 3, 0],
  ] as const)('INVPCID of %s', (_, type, global) => {
    otherTables(SECOND, P | RW | US | global)
    guest.run(`${goTo(OTHER, 5)}\nmov ebx, [${PAGE}]\n${goTo(tables, 0, true)}\nmov dword [${PTE_OTHER}], ${FIRST | 7 | global}\nmov ecx, ${type}\ninvpcid rcx, [rel descriptor]\n${goTo(OTHER, 5, true)}\nmov edx, [${PAGE}]\nhlt\ndescriptor: dq 5, ${PAGE}`)
    expect([guest.reg('rbx'), guest.reg('rdx')]).toEqual([0x22, 0x11])
  })

  // biome-ignore format: a table
  it.each([
    ['type 4', 'mov eax, 4', 0, 0],
    ['a reserved bit of the descriptor', 'xor eax, eax', 0x1000, 0],
    ['a reserved bit, also for type 2', 'mov eax, 2', 0x1000, 0],
    ['an address that is not canonical', 'xor eax, eax', 0, '0x800000000000'],
  ] as const)('INVPCID with %s is #GP(0) (vol. 2A, INVPCID)', (_, load, low, high) => {
    expect(guest.run(`${load}\nat: invpcid rax, [rel descriptor]\ndescriptor: dq ${low}, ${high}`)).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('INVPCID needs PCID 0 without CR4.PCIDE, and level 0; its operand is read (vol. 2A, INVPCID)', () => {
    for (const type of [0, 1]) {
      guest.start(64)
      expect(guest.run(`mov eax, ${type}\nat: invpcid rax, [rel descriptor]\ndescriptor: dq 1, 0`)).toMatchObject({
        vector: GP,
        error: 0,
      })
    }
    guest.start(64, 3)
    expect(guest.run('at: invpcid rax, [rel at]')).toMatchObject({ vector: GP, error: 0 })
    guest.start(64).page(PAGE, 0)
    expect(guest.run(`xor eax, eax\nat: invpcid rax, [${PAGE}]`)).toMatchObject({
      vector: PF,
      error: 0,
      ip: guest.label('at'),
    })
  })

  it('INVPCID exists in real mode, and is #GP(0) in virtual-8086 mode (vol. 2A, INVPCID)', () => {
    guest.start(16)
    expect(guest.run('mov eax, 2\ninvpcid eax, [0]\nhlt')).toEqual({ reason: 'halted' })
    guest.start(16)
    expect(guest.run('mov eax, 4\nat: invpcid eax, [0]')).toMatchObject({ vector: GP, ip: guest.label('at') - AT.code })
    guest.start(32)
    expect(runV86(guest, 'invpcid eax, [0]')).toMatchObject({ vector: GP, error: 0, ip: 0 })
  })

  it('CR4.PCIDE: only in IA-32e mode with PCID 0; CR0.PG stays then (2.5)', () => {
    guest.start(64)
    guest.state.setLo(FIELD.cr3, tables | 0x10)
    guest.cpu.stateWritten()
    expect(guest.run(`mov rax, cr4\nor eax, ${PCIDE}\nat: mov cr4, rax`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(32)
    expect(guest.run(`mov eax, cr4\nor eax, ${PCIDE}\nat: mov cr4, eax`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
    guest.start(64).control('cr4', PCIDE)
    expect(
      guest.run(
        'push 8\nlea rax, [rel narrow]\npush rax\ndb 0x48\nretf\nbits 32\nnarrow: mov eax, cr0\nand eax, 0x7fffffff\nat: mov cr0, eax',
      ),
    ).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it('without CR4.PCIDE bit 63 of CR3 is #GP(0)', () => {
    guest.start(64)
    expect(guest.run(`mov rax, 0x8000000000010000\nat: mov cr3, rax`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
  })
})

describe.each(ENGINES)('INVLPG (Intel SDM vol. 2A, INVLPG), engine %s', (engine) => {
  const guest = new Guest(engine)

  it('needs level 0; an address that is not canonical is none to it', () => {
    guest.start(64, 3)
    expect(guest.run('at: invlpg [rax]')).toMatchObject({ vector: GP, error: 0 })
    guest.start(64)
    expect(guest.run('mov rax, 0x800000000000\ninvlpg [rax]\nhlt')).toEqual({ reason: 'halted' })
  })

  it('does not touch the page', () => {
    guest.start(64).page(PAGE, 0)
    expect(guest.run(`invlpg [${PAGE}]\nhlt`)).toEqual({ reason: 'halted' })
  })

  it('of a register is #UD', () => {
    guest.start(64)
    expect(guest.run('at: db 0x0f, 0x01, 0xfe')).toMatchObject({ vector: 6, ip: guest.label('at') })
  })
})
