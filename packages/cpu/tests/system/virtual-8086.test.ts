/** Virtual-8086 mode: entering, leaving, what traps, and the extensions of CR4.VME (Intel SDM vol. 3B, chapter 22). */
import { CR4, FIELD, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, HANDLERS, SELECTOR } from './guest.ts'
import { pushedSegments, putRedirectionMap, runV86, V86, V86_CODE, V86_SP } from './virtual-8086.ts'

const { VM, IF, IOPL, VIF, VIP, TF, RF, NT, CF } = RFLAGS.lo
const GP = 13

describe.each(ENGINES)('virtual-8086 mode (Intel SDM vol. 3B, 22.2), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(32))

  it('is entered by IRETD at level 0: selectors are paragraphs (22.2.5)', () => {
    const stop = runV86(
      guest,
      'mov ax, ds\nmov bx, cs\nmov cx, ss\nmov dx, gs\nmov word [4], 0x1234\nmov word [es:4], 0x5678\nint3\nnext:',
      2,
    )
    expect(stop).toMatchObject({ vector: 3, ip: guest.label('next') - V86_CODE, cs: V86.cs, sp: V86_SP, ss: V86.ss })
    expect(['rax', 'rbx', 'rcx', 'rdx'].map((name) => guest.reg(name as 'rax') & 0xffff)).toEqual([
      V86.ds,
      V86.cs,
      V86.ss,
      V86.gs,
    ])
    expect([guest.read(0x50004, 2), guest.read(0x50014, 2)]).toEqual([0x1234, 0x5678])
  })

  it('an event pushes the data segments and makes them null (22.3.1)', () => {
    const stop = runV86(guest, 'int3', IF | IOPL | CF | 2)
    expect(stop.flags).toBe(VM | IF | IOPL | CF | 2)
    expect(pushedSegments(guest, false)).toEqual([V86.es, V86.ds, V86.fs, V86.gs])
    expect(['es', 'ds', 'fs', 'gs'].map((name) => guest.reg(name as 'es'))).toEqual([0, 0, 0, 0])
    expect([guest.reg('cs'), guest.reg('ss'), guest.stackTop, guest.flags]).toEqual([
      SELECTOR.code32,
      SELECTOR.data,
      AT.stack - 36,
      CF | IOPL | 2,
    ])
  })

  it('IRETD of the monitor goes back, with all segments (22.2.5)', () => {
    guest.load('iretd', { bits: 32, at: HANDLERS + 3 * 16 })
    expect(runV86(guest, 'int3\nmov ax, ds\nmov bx, fs\nhlt')).toMatchObject({ vector: GP, error: 0 })
    expect([guest.reg('rax'), guest.reg('rbx')]).toEqual([V86.ds, V86.fs])
  })

  it('an EIP beyond 64 KByte is #GP(0) in the monitor (vol. 2A, IRET)', () => {
    guest.load(
      `push 0\npush 0\npush 0\npush 0\npush ${V86.ss}\npush 0\npush ${VM | 2}\npush 0\npush 0x10000\nat: iretd`,
      { bits: 32 },
    )
    expect(guest.go()).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  it.each([
    ['a conforming segment', FREE, 0x9e],
    ['a segment of DPL 3', FREE, 0xfa],
  ] as const)('a gate to %s is #GP with its selector (vol. 2A, INT n)', (_, selector, access) => {
    guest.describe(FREE, 0, 0xfffff, access)
    guest.machine.gate(3, HANDLERS, { dpl: 3, selector })
    expect(runV86(guest, 'at: int3')).toMatchObject({ vector: GP, error: FREE, ip: 0 })
  })

  // biome-ignore format: a table
  it.each([
    'cli', 'sti', 'pushf', 'popf', 'pushfd', 'popfd', 'iret', 'iretd', 'int 0x21',
  ])('%s needs IOPL 3 (22.2.7)', (code) => {
    expect(runV86(guest, code, 0x2002)).toMatchObject({ vector: GP, error: 0, ip: 0, flags: VM | 0x2002 | RF })
  })

  it.each([
    ['CLI', IF | IOPL | 2, IOPL | 2, 'cli'],
    ['STI', IOPL | 2, IF | IOPL | 2, 'sti'],
    ['POPF', IOPL | 2, IF | IOPL | 2, 'push 0x202\npopf'],
    ['POPFD', IOPL | 2, IF | IOPL | 2, 'push dword 0x33202\npopfd'],
  ] as const)('%s with IOPL 3; IOPL and VM stay (22.2.7)', (_, before, after, code) => {
    const stop = runV86(guest, `${code}\nnop\nint3`, before)
    expect(stop).toMatchObject({ vector: 3, flags: VM | after })
  })

  it('PUSHF shows IOPL, and PUSHFD not VM (vol. 2B, PUSHF)', () => {
    runV86(guest, 'pushfd\npop eax\nint3', IOPL | 2)
    expect(guest.reg('rax')).toBe(IOPL | 2)
  })

  it('IRET within the mode (22.2.7)', () => {
    const stop = runV86(guest, `push ${IF | 2}\npush cs\npush 0x40\niret\ntimes 100 nop\nint3`, IOPL | 2)
    expect(stop).toMatchObject({ vector: 3, flags: VM | IF | IOPL | 2 })
  })

  it('INT n with IOPL 3 goes through the IDT, whose gate must have DPL 3 (22.3.3)', () => {
    expect(runV86(guest, 'int 0x80\nnext:', IOPL | 2)).toMatchObject({ vector: 0x80, ip: 2 })
    guest.start(32)
    expect(runV86(guest, 'int 0x0e', IOPL | 2)).toMatchObject({ vector: GP, error: 14 * 8 + 2, ip: 0 })
  })

  it('INT3 and INTO need no IOPL (22.2.7)', () => {
    expect(runV86(guest, 'mov al, 0x7f\ninc al\ninto', 2)).toMatchObject({ vector: 4 })
    guest.start(32)
    expect(runV86(guest, 'db 0xf1', 2)).toMatchObject({ vector: 1, ip: 1 })
  })

  // biome-ignore format: a table
  it.each([
    'hlt', 'clts', 'mov eax, cr0', 'mov cr3, eax', 'mov eax, dr7', 'lgdt [0]', 'lidt [0]', 'lmsw ax', 'invlpg [0]', 'wbinvd', 'invd', 'rdmsr', 'wrmsr',
  ])('%s is privileged: #GP(0) (6.9; 22.2.7)', (code) => {
    expect(runV86(guest, code, IOPL | 2)).toMatchObject({ vector: GP, error: 0, ip: 0 })
  })

  // biome-ignore format: a table
  it.each([
    'sldt ax', 'str ax', 'lldt ax', 'ltr ax', 'lar ax, bx', 'lsl ax, bx', 'verr ax', 'verw ax', 'arpl ax, bx',
  ])('%s does not exist: #UD (22.2.3)', (code) => {
    expect(runV86(guest, code, IOPL | 2)).toMatchObject({ vector: 6, ip: 0 })
  })

  it.each(['smsw ax', 'sgdt [0]', 'sidt [0]', 'cpuid', 'rdtsc'])('%s is allowed (22.2.3)', (code) => {
    expect(runV86(guest, `${code}\nint3`, 2)).toMatchObject({ vector: 3 })
  })

  it('IN and OUT look at the permission map whatever IOPL is (22.2.8.1)', () => {
    guest.memory.write8(AT.tss + 0x68 + 8, 1)
    expect(runV86(guest, 'in al, 0x41\nat: in al, 0x40', IOPL | 2)).toMatchObject({ vector: GP, error: 0, ip: 2 })
  })

  it('accesses beyond 64 KByte: #GP(0), #SS(0) through SS (22.1.1)', () => {
    expect(runV86(guest, 'mov bx, 0xffff\nmov ax, [bx]')).toMatchObject({ vector: GP, error: 0, ip: 3 })
    guest.start(32)
    expect(runV86(guest, 'mov bp, 0xffff\nmov ax, [bp]')).toMatchObject({ vector: 12, error: 0, ip: 3 })
  })

  it('far transfers load paragraphs (22.2.2)', () => {
    guest.load('mov ax, cs\nretf', { bits: 16, at: 0x49000 })
    expect(runV86(guest, `db 0x9a\ndw 0, 0x4900\nmov bx, cs\nint3`)).toMatchObject({ vector: 3 })
    expect([guest.reg('rax'), guest.reg('rbx')]).toEqual([0x4900, V86.cs])
  })

  it('addresses go up to 10FFEFH: there is no wrap within the processor (22.2.4)', () => {
    guest.load('nop')
    expect(runV86(guest, 'mov ax, 0xffff\nmov ds, ax\nmov ax, [0xffe0]\nint3')).toMatchObject({ vector: 3 })
  })

  it('SYSENTER leaves the mode (vol. 2B, SYSENTER)', () => {
    guest.state.set(FIELD.sysenterCs, SELECTOR.code32, 0)
    guest.state.set(FIELD.sysenterEip, 0x49000, 0)
    guest.state.set(FIELD.sysenterEsp, AT.stack - 0x800, 0)
    guest.load('mov eax, 0x12345678\nhlt', { bits: 32, at: 0x49000 })
    expect(runV86(guest, 'db 0x0f, 0x34', IF | 2)).toEqual({ reason: 'halted' })
    expect([guest.reg('rax'), guest.reg('cs'), guest.reg('ss'), guest.flags]).toEqual([
      0x12345678,
      SELECTOR.code32,
      SELECTOR.data,
      2,
    ])
  })

  it('pages are user pages (22.2.5)', () => {
    const directory = 0x20000
    for (let n = 0; n < 1024; n++) guest.memory.write32(directory + 0x1000 + n * 4, (n << 12) | 7)
    guest.memory.write32(directory, directory + 0x1000 + 7)
    guest.memory.write32(directory + 0x1000 + 0x51 * 4, 0x51003)
    const { cs, ss, es, ds, fs, gs } = V86
    guest.load(
      `mov eax, ${directory}\nmov cr3, eax\nmov eax, cr0\nor eax, 0x80000000\nmov cr0, eax\n${[gs, fs, ds, es, ss, V86_SP, VM | 2, cs, 0].map((v) => `push ${v}`).join('\n')}\niretd`,
      { bits: 32 },
    )
    guest.load('mov al, [0x1000]', { bits: 16, at: V86_CODE })
    expect(guest.go()).toMatchObject({ vector: 14, error: 5, ip: 0 })
    expect(guest.reg('cr2')).toBe(0x51000)
  })
})

describe.each(ENGINES)('virtual-8086 mode extensions (Intel SDM vol. 3B, 22.3.3 and 22.3.4), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => {
    guest.start(32).control('cr4', CR4.lo.VME)
    putRedirectionMap(guest, [])
  })

  it.each([
    ['CLI', VIF | IF | 2, IF | 2, 'cli'],
    ['STI', IF | 2, VIF | IF | 2, 'sti'],
    ['POPF with IF', 2, VIF | 2, 'push 0x202\npopf'],
    ['POPF without IF', VIF | 2, 2, 'push 2\npopf'],
    ['POPF with IOPL and NT', 2, VIF | NT | 2, 'push 0x7202\npopf'],
  ] as const)('%s acts on VIF (22.3.4)', (_, before, after, code) => {
    expect(runV86(guest, `${code}\nnop\nint3`, before)).toMatchObject({ vector: 3, flags: VM | after })
  })

  it('PUSHF shows VIF as IF, and IOPL 3 (22.3.4)', () => {
    runV86(guest, 'pushf\npop ax\nint3', VIF | 2)
    expect(guest.reg('rax') & 0xffff).toBe(IF | IOPL | 2)
    guest.start(32).control('cr4', CR4.lo.VME)
    runV86(guest, 'pushf\npop ax\nint3', IF | 2)
    expect(guest.reg('rax') & 0xffff).toBe(IOPL | 2)
  })

  // biome-ignore format: a table
  it.each([
    ['STI with VIP set', 'sti', VIP | 2, 0],
    ['POPF of IF with VIP set', 'push 0x202\nat: popf', VIP | 2, 3],
    ['POPF of TF', `push ${TF | 2}\nat: popf`, 2, 3],
    ['PUSHFD', 'pushfd', 2, 0],
    ['POPFD', 'popfd', 2, 0],
    ['IRETD', 'iretd', 2, 0],
  ] as const)('%s is #GP(0) (22.3.4)', (_, code, flags, ip) => {
    expect(runV86(guest, code, flags)).toMatchObject({ vector: GP, error: 0, ip })
  })

  it('IRET sets VIF (22.3.4)', () => {
    expect(runV86(guest, `push ${IF | 2}\npush cs\npush 0x40\niret\ntimes 100 nop\nint3`, 2)).toMatchObject({
      vector: 3,
      flags: VM | VIF | 2,
    })
  })

  it.each([
    [2, VIF | 2, IF | IOPL | 2, 2],
    [2, IF | 2, IOPL | 2, IF | 2],
    [IOPL, IF | IOPL | 2, IF | IOPL | 2, IOPL | 2],
  ] as const)(
    'INT n whose bit is 0 goes to the program, with IOPL %i (22.3.3, methods 5 and 6)',
    (_, flags, pushed, inside) => {
      putRedirectionMap(guest, [0x21])
      guest.memory.write32(0x21 * 4, (0x4900 << 16) | 0x10)
      guest.load('mov bp, sp\nmov ax, [bp]\nmov bx, [bp + 2]\nmov cx, [bp + 4]\nint3', { bits: 16, at: 0x49010 })
      expect(runV86(guest, 'int 0x21\nnext:', flags)).toMatchObject({
        vector: 3,
        cs: 0x4900,
        flags: VM | inside,
        sp: V86_SP - 6,
      })
      expect(['rax', 'rbx', 'rcx'].map((name) => guest.reg(name as 'rax') & 0xffff)).toEqual([2, V86.cs, pushed])
    },
  )

  it('INT n whose bit is 1: #GP(0) with IOPL below 3, else through the IDT (22.3.3, methods 2 and 4)', () => {
    expect(runV86(guest, 'int 0x80', 2)).toMatchObject({ vector: GP, error: 0, ip: 0 })
    guest.start(32).control('cr4', CR4.lo.VME)
    putRedirectionMap(guest, [])
    expect(runV86(guest, 'int 0x80', IOPL | 2)).toMatchObject({ vector: 0x80, ip: 2 })
  })

  it('a map beyond the limit of the TSS is #GP(0) (22.3.3)', () => {
    guest.memory.write16(AT.tss + 102, 0x400)
    expect(runV86(guest, 'int 0x80', IOPL | 2)).toMatchObject({ vector: GP, error: 0, ip: 0 })
    expect(guest.state.lo(FIELD.segLimit, 7)).toBe(0x167)
  })
})

describe.each(ENGINES)('protected-mode virtual interrupts (Intel SDM vol. 3B, 22.4), engine %s', (engine) => {
  const guest = new Guest(engine)

  it.each([
    ['cli', VIF | IF | 2, IF | 2],
    ['sti', IF | 2, VIF | IF | 2],
  ] as const)('%s at level 3 acts on VIF', (code, before, after) => {
    guest.start(32, 3).control('cr4', CR4.lo.PVI)
    guest.flags = before
    expect(guest.run(`${code}\nint 0x80`)).toMatchObject({ vector: 0x80, flags: after })
  })

  it('STI with VIP set is #GP(0), and POPF leaves IF and VIF alone', () => {
    guest.start(32, 3).control('cr4', CR4.lo.PVI)
    guest.flags = VIP | 2
    expect(guest.run('at: sti')).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
    guest.start(32, 3).control('cr4', CR4.lo.PVI)
    expect(guest.run(`push ${IF | VIF | CF}\npopfd\nint 0x80`)).toMatchObject({ vector: 0x80, flags: CF | 2 })
  })
})
