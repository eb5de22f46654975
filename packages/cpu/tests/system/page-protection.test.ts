/** Access rights of pages: user and supervisor, WP, SMEP, SMAP, implicit accesses (Intel SDM vol. 3A, 5.6 and 5.7). */
import { CR0, CR4, EFER, FIELD, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, Guest, HANDLERS, SELECTOR } from './guest.ts'
import {
  A,
  D,
  ERROR,
  narrowEntry,
  narrowTables,
  P,
  PAGE,
  paeEntry,
  paeTables,
  RW,
  turnOn,
  US,
} from './paging-tables.ts'

const PF = 14
const { WP } = CR0.lo
const { SMEP, SMAP } = CR4.lo
const READ = `mov ebx, [${PAGE}]`
const WRITE = `mov [${PAGE}], ebx`
const MODIFY = `add [${PAGE}], ebx`
const FETCH = `mov eax, ${PAGE}\njmp rax`

// biome-ignore format: a table
const RIGHTS: readonly [what: string, flags: number, cpl: 0 | 3, cr0: number, cr4: number, code: string, error: number | undefined][] = [
  ['a user page read by the user', P | US, 3, WP, 0, READ, undefined],
  ['a user page written by the user', P | RW | US, 3, WP, 0, WRITE, undefined],
  ['a read-only user page written by the user', P | US, 3, 0, 0, WRITE, ERROR.P | ERROR.WR | ERROR.US],
  ['a read-only user page modified by the user', P | US, 3, 0, 0, MODIFY, ERROR.P | ERROR.WR | ERROR.US],
  ['a supervisor page read by the user', P | RW, 3, WP, 0, READ, ERROR.P | ERROR.US],
  ['a supervisor page written by the user', P | RW, 3, WP, 0, WRITE, ERROR.P | ERROR.WR | ERROR.US],
  ['a supervisor page executed by the user', P | RW, 3, WP, 0, FETCH, ERROR.P | ERROR.US | ERROR.ID],
  ['a page that is not there, executed by the user', 0, 3, WP, 0, FETCH, ERROR.US | ERROR.ID],
  ['a read-only supervisor page written by the supervisor without WP', P, 0, 0, 0, WRITE, undefined],
  ['a read-only supervisor page written by the supervisor with WP', P, 0, WP, 0, WRITE, ERROR.P | ERROR.WR],
  ['a read-only supervisor page modified by the supervisor with WP', P, 0, WP, 0, MODIFY, ERROR.P | ERROR.WR],
  ['a read-only user page written by the supervisor without WP', P | US, 0, 0, 0, WRITE, undefined],
  ['a read-only user page written by the supervisor with WP', P | US, 0, WP, 0, WRITE, ERROR.P | ERROR.WR],
  ['a user page executed by the supervisor', P | US, 0, WP, 0, FETCH, undefined],
  ['a user page executed by the supervisor with SMEP', P | US, 0, WP, SMEP, FETCH, ERROR.P | ERROR.ID],
  ['a user page read by the supervisor with SMEP', P | US, 0, WP, SMEP, READ, undefined],
  ['a user page executed by the user with SMEP', P | US, 3, WP, SMEP, FETCH, undefined],
  ['a user page read by the supervisor with SMAP', P | US, 0, WP, SMAP, READ, ERROR.P],
  ['a user page written by the supervisor with SMAP', P | RW | US, 0, WP, SMAP, WRITE, ERROR.P | ERROR.WR],
  ['a user page written by the supervisor with SMAP, without WP', P | RW | US, 0, 0, SMAP, WRITE, ERROR.P | ERROR.WR],
  ['a user page read with SMAP behind STAC', P | US, 0, WP, SMAP, `stac\n${READ}`, undefined],
  ['a user page read with SMAP behind STAC and CLAC', P | US, 0, WP, SMAP, `stac\n${READ}\nclac\nat: ${READ}`, ERROR.P],
  ['a user page executed by the supervisor with SMAP', P | US, 0, WP, SMAP, FETCH, undefined],
  ['a user page read by the user with SMAP', P | US, 3, WP, SMAP, READ, undefined],
  ['a supervisor page read with SMAP', P, 0, WP, SMAP, READ, undefined],
  ['a read-only user page written with SMAP behind STAC, with WP', P | US, 0, WP, SMAP, `stac\n${WRITE}`, ERROR.P | ERROR.WR],
]

describe.each(ENGINES)('access rights (Intel SDM vol. 3A, 5.6.1), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each(RIGHTS)('%s', (_, flags, cpl, cr0, cr4, code, error) => {
    guest.start(64, cpl)
    guest.supervisorPages(...(cpl === 3 ? [AT.code, AT.userStack - 1] : []))
    guest.page(PAGE, flags === 0 ? 0 : flags | A | D)
    guest.control('cr0', cr0, WP).control('cr4', cr4)
    // What is jumped to is the end of a program that went well.
    guest.memory.writeBytes(PAGE, new Uint8Array([0xcd, 0x80]))
    const stop = guest.run(`${code}\nint 0x80`)
    if (error === undefined) expect(stop).toMatchObject({ vector: 0x80 })
    else {
      expect(stop).toMatchObject({ vector: PF, error })
      expect(guest.reg('cr2')).toBe(PAGE)
    }
  })

  it.each(
    RIGHTS.flatMap(
      (row) =>
        [
          ['32-bit', ...row],
          ['PAE', ...row],
        ] as const,
    ),
  )('%s paging: %s', (paging, _, flags, cpl, cr0, cr4, code, error) => {
    guest.start(32, cpl)
    const pae = paging === 'PAE'
    const entry = pae ? paeEntry : narrowEntry
    if (pae) paeTables(guest, P | RW | A | D)
    else narrowTables(guest, P | RW | A | D)
    const set = (at: number, value: number) => guest.memory.write32(entry(at), (at & ~0xfff) | value)
    for (const at of cpl === 3 ? [AT.code, AT.userStack - 1] : []) set(at, P | RW | US | A | D)
    guest.memory.write32(entry(PAGE), flags === 0 ? 0 : PAGE | flags | A | D)
    guest.memory.writeBytes(PAGE, new Uint8Array([0xcd, 0x80]))
    if (pae) guest.state.set(FIELD.efer, EFER.lo.NXE, 0)
    turnOn(guest, cr0, cr4 | (pae ? CR4.lo.PAE : 0), pae)
    const stop = guest.run(`${code.replaceAll('rax', 'eax')}\nint 0x80`)
    // Fetches are marked where NX or SMEP is on (vol. 3A, 5.7).
    const marked = pae || (cr4 & SMEP) !== 0
    if (error === undefined) expect(stop).toMatchObject({ vector: 0x80 })
    else {
      expect(stop).toMatchObject({ vector: PF, error: marked ? error : error & ~ERROR.ID })
      expect(guest.reg('cr2')).toBe(PAGE)
    }
  })

  it('rights change with CR0.WP, CR4.SMAP and CR4.SMEP at once, and with the privilege level', () => {
    guest
      .start(64)
      .supervisorPages()
      .page(PAGE, P | A | D)
    guest.control('cr0', 0, WP)
    guest.load(`${WRITE}\nmov rax, cr0\nor eax, ${WP}\nmov cr0, rax\nat: ${WRITE}`)
    expect(guest.go()).toMatchObject({ vector: PF, ip: guest.label('at') })
    guest.start(64).supervisorPages(PAGE)
    guest.load(`${READ}\nmov rax, cr4\nor eax, ${SMAP}\nmov cr4, rax\nat: ${READ}`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.P, ip: guest.label('at') })
    guest.start(64).supervisorPages(PAGE)
    guest.memory.write8(PAGE, 0xc3)
    guest.load(`mov ebx, ${PAGE}\ncall rbx\nmov rax, cr4\nor eax, ${SMEP}\nmov cr4, rax\nat: call rbx`)
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.P | ERROR.ID, ip: PAGE })
  })

  it('POPF and IRET change AC, and so SMAP (5.6.1)', () => {
    guest.start(64).supervisorPages(PAGE).control('cr4', SMAP)
    guest.load(
      `pushfq\nor dword [rsp], ${RFLAGS.lo.AC}\npopfq\n${READ}\npushfq\nand dword [rsp], ${~RFLAGS.lo.AC}\npopfq\nat: ${READ}`,
    )
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.P, ip: guest.label('at') })
  })
})

describe.each(ENGINES)('implicit accesses of the supervisor (Intel SDM vol. 3A, 5.6), engine %s', (engine) => {
  const guest = new Guest(engine)
  /** At level 3; everything is the supervisor's but the code and the stack. */
  beforeEach(() => {
    guest
      .start(64, 3)
      .supervisorPages(AT.code, AT.userStack - 1)
      .control('cr0', WP)
  })

  it('a segment load at level 3 reads the GDT in a supervisor page', () => {
    guest.run(`mov eax, ${SELECTOR.userData}\nmov fs, ax\nint 0x80`)
    expect(guest.reg('fs')).toBe(SELECTOR.userData)
  })

  it('and writes the accessed bit into a read-only page: #PF without U/S', () => {
    guest.page(AT.gdt, P | A)
    guest.describe(SELECTOR.userData, 0, 0xfffff, 0xf2).describe(SELECTOR.code64, 0, 0xfffff, 0x9b, 0xa)
    expect(guest.run(`mov eax, ${SELECTOR.userData}\nat: mov fs, ax`)).toMatchObject({
      vector: PF,
      error: ERROR.P | ERROR.WR,
      ip: guest.label('at'),
    })
    // Nothing is written where the bit is set already.
    guest
      .start(64, 3)
      .supervisorPages(AT.code, AT.userStack - 1)
      .control('cr0', WP)
      .page(AT.gdt, P | A)
    guest.describe(SELECTOR.userData, 0, 0xfffff, 0xf3).describe(SELECTOR.code64, 0, 0xfffff, 0x9b, 0xa)
    expect(guest.run(`mov eax, ${SELECTOR.userData}\nmov fs, ax\nint 0x80`)).toMatchObject({ vector: 0x80 })
  })

  it('a GDT that is not there: #PF without U/S, at the address of the descriptor', () => {
    guest.page(AT.gdt, 0)
    guest.load(`mov eax, ${SELECTOR.userData}\nat: mov fs, ax`)
    // The gate's code segment cannot be read either: the double fault cannot be delivered.
    expect(guest.go().reason).toBe('shutdown')
    expect(guest.reg('cr2')).toBe(AT.gdt + SELECTOR.code64)
  })

  it('SMAP: AC does not open user pages to implicit accesses', () => {
    guest.start(64).supervisorPages(AT.gdt).control('cr4', SMAP)
    guest.machine.gate(PF, HANDLERS + PF * 16)
    guest.load(`stac\nmov eax, ${SELECTOR.data}\nat: mov fs, ax`)
    expect(guest.go().reason).toBe('shutdown')
    expect(guest.reg('cr2')).toBe(AT.gdt + SELECTOR.code64)
  })

  it("the IDT, the TSS and the stack of the handler: a page fault on the way is the supervisor's (7.14)", () => {
    guest.machine.gate(PF, HANDLERS + PF * 16, { ist: 1 })
    guest.page(AT.stack - 1, 0)
    guest.load('at: int 0x80')
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.WR, ip: guest.label('at') })
    expect(guest.reg('cr2')).toBe(AT.stack - 8)
  })

  it('the permission map of the TSS is read as by the supervisor (vol. 1, 20.5.2)', () => {
    expect(guest.run('in al, 0x40\nint 0x80')).toMatchObject({ vector: 0x80 })
  })

  it('LAR, LSL and VERR of a descriptor that is not there: #PF (vol. 2A, LAR)', () => {
    for (const name of ['lar eax, ecx', 'lsl eax, ecx', 'verr cx', 'verw cx']) {
      guest.start(64)
      guest.state.setLo(FIELD.gdtrLimit, 0xffff)
      guest.page(AT.gdt + 0x5000, 0)
      guest.cpu.stateWritten()
      expect(guest.run(`mov ecx, 0x5008\nat: ${name}`)).toMatchObject({ vector: PF, error: 0, ip: guest.label('at') })
      expect(guest.reg('cr2')).toBe(AT.gdt + 0x5008)
    }
  })
})
