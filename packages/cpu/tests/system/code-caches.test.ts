/** Code that was executed before, under other rights, segments and limits: nothing that was concluded then may count now. */
import { CR0, CR4, FIELD, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'
import { A, D, ERROR, P, PAGE, RW } from './paging-tables.ts'

const PF = 14
const GP = 13

describe.each(ENGINES)('code executed before under other conditions, engine %s', (engine) => {
  const guest = new Guest(engine)
  /** Calls the page often at level 0, and goes to level 3 with it in RBX. */
  const toUser = `mov ebx, ${PAGE}\nmov ecx, 20\ntop: call rbx\ndec ecx\njnz top\npush 0x2b\npush ${AT.userStack}\npush 2\npush ${SELECTOR.userCode64}\nlea rax, [rel user]\npush rax\niretq\nuser:`

  it('a supervisor page at level 3 (Intel SDM vol. 3A, 5.6.1)', () => {
    guest.start(64).supervisorPages(AT.code, AT.userStack - 1)
    guest.memory.write8(PAGE, 0xc3)
    expect(guest.run(`${toUser}\nat: call rbx`)).toMatchObject({
      vector: PF,
      error: ERROR.P | ERROR.US | ERROR.ID,
      ip: PAGE,
    })
  })

  it('a privileged instruction at level 3 (6.9)', () => {
    guest.start(64)
    guest.memory.writeBytes(PAGE, new Uint8Array([0x0f, 0x06, 0xc3]))
    expect(guest.run(`${toUser}\ncall rbx`)).toMatchObject({ vector: GP, error: 0, ip: PAGE })
  })

  it('a user page at level 0 with SMEP, which level 3 executed (5.6.1)', () => {
    guest.start(64).supervisorPages(AT.code, AT.userStack - 1, PAGE)
    guest.memory.writeBytes(PAGE, new Uint8Array([0xff, 0xc1, 0xc3]))
    // The kernel is in pages of its own, reached by INT 50H.
    guest.load(`mov rax, cr4\nor eax, ${CR4.lo.SMEP}\nmov cr4, rax\nat: call rbx`, { at: 0x47000 })
    guest.machine.gate(0x50, 0x47000, { dpl: 3 })
    const user = `push 0x2b\npush ${AT.userStack}\npush 2\npush ${SELECTOR.userCode64}\nlea rax, [rel user]\npush rax\niretq\nuser: mov ebx, ${PAGE}\nmov edx, 20\nmore: call rbx\ndec edx\njnz more\nint 0x50`
    expect(guest.run(user)).toMatchObject({ vector: PF, error: ERROR.P | ERROR.ID, ip: PAGE })
    expect(guest.reg('rcx')).toBe(20)
  })

  it('a page that lost its right to be executed (5.6.1)', () => {
    guest.start(64)
    guest.memory.write8(PAGE, 0xc3)
    const pte = guest.machine.pte(PAGE)
    expect(
      guest.run(
        `mov ebx, ${PAGE}\nmov ecx, 20\ntop: call rbx\ndec ecx\njnz top\nmov dword [${pte + 4}], 0x80000000\ninvlpg [rbx]\ncall rbx`,
      ),
    ).toMatchObject({ vector: PF, error: ERROR.P | ERROR.ID, ip: PAGE })
  })

  it('a page that is not there any more (5.10.4.1)', () => {
    guest.start(64)
    guest.memory.write8(PAGE, 0xc3)
    const pte = guest.machine.pte(PAGE)
    expect(
      guest.run(
        `mov ebx, ${PAGE}\nmov ecx, 20\ntop: call rbx\ndec ecx\njnz top\nmov dword [${pte}], 0\nmov rax, cr3\nmov cr3, rax\ncall rbx`,
      ),
    ).toMatchObject({ vector: PF, error: ERROR.ID, ip: PAGE })
  })

  it('the accessed bit of a page of code that software cleared (5.8)', () => {
    guest.start(64)
    guest.memory.write8(PAGE, 0xc3)
    const pte = guest.machine.pte(PAGE)
    guest.run(`mov ebx, ${PAGE}\ncall rbx\nmov dword [${pte}], ${PAGE | P | RW}\ninvlpg [rbx]\ncall rbx\nhlt`)
    expect(guest.memory.read32(pte) & (A | D)).toBe(A)
  })

  it('data through a segment that lost its limit, its right to be written, or its base (6.3, 6.5)', () => {
    const body = `mov ebx, ${AT.data}\nmov ecx, 20\ntop: call sub_\ndec ecx\njnz top\nmov ax, ${FREE}\nmov ds, ax\ncall sub_\nhlt\nsub_: mov edx, [ebx]\nmov [ebx], edx\nret`
    for (const [base, limit, access, vector] of [
      [0, AT.data + 2, 0x92, GP],
      [0, 0xfffff, 0x90, GP],
      [16, 0xfffff, 0x92, undefined],
    ] as const) {
      guest.start(32).describe(FREE, base, limit, access, limit === 0xfffff ? 0xc : 4)
      guest.memory.write32(AT.data, 1)
      guest.memory.write32(AT.data + 16, 2)
      const stop = guest.run(body)
      if (vector === undefined) expect([stop.vector, guest.reg('rdx')]).toEqual([undefined, 2])
      else
        expect(stop).toMatchObject({
          vector,
          error: 0,
          ip: access === 0x90 ? guest.label('sub_') + 2 : guest.label('sub_'),
        })
    }
  })

  it('FS and GS of 32-bit code: base, limit and type at every access (6.3)', () => {
    guest.start(32).describe(FREE, 0x60000, 0xfff, 0x90, 4)
    guest.memory.write32(0x60ffc, 0x1234)
    const stop = guest.run(
      `mov ax, ${FREE}\nmov fs, ax\nmov ecx, 20\ntop: mov ebx, [fs:0xffc]\nloop top\nat: mov [fs:0], ebx`,
    )
    expect(stop).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    expect(guest.reg('rbx')).toBe(0x1234)
    guest.start(32).describe(FREE, 0x60000, 0xfff, 0x92, 4)
    expect(
      guest.run(
        `mov ax, ${FREE}\nmov gs, ax\nmov ecx, 20\ntop: mov [gs:0xffc], ebx\nloop top\nat: mov [gs:0xffd], ebx`,
      ),
    ).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    guest.start(32)
    expect(guest.run(`xor eax, eax\nmov gs, ax\nat: mov ebx, [gs:0]`)).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
    })
  })

  it('the same code under another limit of CS, and another base (6.3)', () => {
    // 16 bytes of code at the page, reached through two segments.
    guest
      .start(32)
      .describe(FREE, PAGE, 0xfff, 0x9a, 4)
      .describe(FREE + 8, PAGE, 5, 0x9a, 4)
    guest.load('inc ebx\ninc ebx\ninc ebx\ninc ebx\ninc ebx\ninc ebx\ninc ebx\nretf', { at: PAGE })
    guest.load(`db 0x9a\ndd 0\ndw ${FREE}\ndb 0x9a\ndd 0\ndw ${FREE + 8}`)
    expect(guest.go()).toMatchObject({ vector: GP, error: 0, ip: 6, cs: FREE + 8 })
    expect(guest.reg('rbx')).toBe(13)
  })

  it('the width of the stack (vol. 1, 6.2.3)', () => {
    guest.start(32).describe(FREE, 0, 0xfffff, 0x92, 8)
    guest.load(
      `mov esi, esp\nmov ecx, 10\ntop: call sub_\nloop top\nmov ax, ${FREE}\nmov ss, ax\nmov esp, 0x12345000\ncall sub_\nhlt\nsub_: push eax\nmov edx, esp\npop eax\nret`,
    )
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rdx'), guest.reg('rsp')]).toEqual([0x12344ff8, 0x12345000])
    expect(guest.state.lo(FIELD.segLimit, SEGMENT.SS)).toBe(0xffffffff)
  })

  it('CR0.WP and a page that may only be read, in a loop (5.6.1)', () => {
    guest
      .start(64)
      .page(PAGE, P | A | D)
      .control('cr0', 0, CR0.lo.WP)
    guest.load(
      `mov ecx, 20\ntop: call sub_\ndec ecx\njnz top\nmov rax, cr0\nor eax, ${CR0.lo.WP}\nmov cr0, rax\ncall sub_\nsub_: mov [${PAGE}], ecx\nret`,
    )
    expect(guest.go()).toMatchObject({ vector: PF, error: ERROR.P | ERROR.WR, ip: guest.label('sub_') })
  })
})
