/** SYSCALL, SYSRET, SYSENTER, SYSEXIT (Intel SDM vol. 3A, 6.8.7 and 6.8.8; vol. 2B). */
import { EFER, FIELD, RFLAGS, SEGMENT } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { cpuModel } from '@ringfold/rings'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestMode } from '../machine.ts'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

const GP = 13
const UD = 6
const { IF, DF, TF, RF, VM, NT, CF, IOPL, ID, AC } = RFLAGS.lo
const KERNEL = 0x48000
const FLAT_CODE64 = 0xa09b
const FLAT_CODE32 = 0xc09b
const FLAT_DATA = 0xc093
const DPL3 = 0x60

describe.each(ENGINES)('SYSCALL and SYSRET (Intel SDM vol. 2B), engine %s', (engine) => {
  const guest = new Guest(engine)
  const amd = new Guest(engine, { model: cpuModel('x86-64-v2-amd') })
  const segment = (of: Guest, n: number) => [
    of.state.lo(FIELD.segSelector, n),
    of.state.lo(FIELD.segBase, n),
    of.state.lo(FIELD.segLimit, n),
    of.state.lo(FIELD.segAccess, n),
  ]
  /** STAR: 58H and 60H for SYSCALL; 20H is the base of SYSRET, whose segments are 23H, 2BH and 33H. */
  const start = (of: Guest, cpl: number, fmask = 0) => {
    of.start(64, cpl)
    of.describe(FREE, 0, 0xfffff, 0x9a, 0xa).describe(FREE + 8, 0, 0xfffff, 0x92)
    of.state.set(FIELD.star, 0x11111111, (0x20 << 16) | FREE)
    of.state.set(FIELD.lstar, KERNEL, 0)
    of.state.set(FIELD.cstar, KERNEL + 0x800, 0)
    of.state.set(FIELD.fmask, fmask, 0)
    of.cpu.stateWritten()
  }
  beforeEach(() => start(guest, 3))

  it('SYSCALL: RCX and R11, FMASK, flat segments of level 0; the stack pointer stays', () => {
    start(guest, 3, IF | DF | NT)
    guest.flags = IF | DF | CF | AC | 2
    guest.load('hlt', { at: KERNEL })
    guest.load('at: syscall\nnext:')
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rcx'), guest.reg('r11'), guest.flags, guest.reg('rsp')]).toEqual([
      guest.label('next'),
      IF | DF | CF | AC | 2,
      CF | AC | 2,
      AT.userStack,
    ])
    expect(segment(guest, SEGMENT.CS)).toEqual([FREE, 0, 0xffffffff, FLAT_CODE64])
    expect(segment(guest, SEGMENT.SS)).toEqual([FREE + 8, 0, 0xffffffff, FLAT_DATA])
  })

  it('the RPL of STAR does not count (vol. 2B, SYSCALL)', () => {
    guest.state.setHi(FIELD.star, (0x20 << 16) | FREE | 3)
    guest.load('hlt', { at: KERNEL })
    guest.run('syscall')
    expect([guest.reg('cs'), guest.reg('ss')]).toEqual([FREE, FREE + 8])
  })

  it('SYSRET to 64-bit code: flags from R11 without RF, VM and reserved bits; segments of level 3', () => {
    start(guest, 0)
    guest.load(
      `mov ecx, there\nmov r11, ${0xffffffff & ~TF}\nsysretq\nthere: int 0x80`.replace(
        `${0xffffffff & ~TF}`,
        `0x${((0xffffffff & ~TF) >>> 0).toString(16)}`,
      ),
    )
    const stop = guest.go()
    expect(stop).toMatchObject({ vector: 0x80, cs: SELECTOR.userCode64, ss: SELECTOR.userData, sp: AT.stack })
    // 3C7FD7H of the manual, TF apart.
    expect(stop.flags).toBe((0x3c7fd7 & ~TF) | 2)
    expect((stop.flags ?? 0) & (RF | VM)).toBe(0)
  })

  it('SYSRET to 64-bit code: hidden parts', () => {
    start(guest, 0)
    guest.load('mov ecx, there\nmov r11, 2\nsysretq\nthere: nop')
    guest.go(3)
    expect(segment(guest, SEGMENT.CS)).toEqual([0x33, 0, 0xffffffff, FLAT_CODE64 | DPL3])
    expect(segment(guest, SEGMENT.SS)).toEqual([0x2b, 0, 0xffffffff, FLAT_DATA | DPL3])
  })

  it('SYSRET of 32 bits: to compatibility mode, ECX', () => {
    start(guest, 0)
    guest.load(
      'mov rcx, 0x1000000000 \nadd rcx, there\nmov r11, 2\ndb 0x0f, 0x07\nthere: int 0x80'.replace(
        'add rcx, there',
        'mov eax, there\nadd rcx, rax',
      ),
    )
    expect(guest.go()).toMatchObject({
      vector: 0x80,
      cs: SELECTOR.userCode32,
      ss: SELECTOR.userData,
      ip: guest.label('there') + 2,
    })
  })

  it('SYSRET to an address that is not canonical: #GP(0) at level 0, in the kernel', () => {
    start(guest, 0)
    expect(guest.run('mov rcx, 0x800000000000\nmov r11, 2\nat: sysretq')).toMatchObject({
      vector: GP,
      error: 0,
      ip: guest.label('at'),
      cs: SELECTOR.code64,
    })
  })

  it('AMD processors raise it at the target (AMD APM vol. 3, SYSRET)', () => {
    start(amd, 0)
    const stop = amd.run('mov rcx, 0x800000000000\nmov r11, 2\nat: sysretq')
    expect(stop).toMatchObject({ vector: GP, error: 0, ip: 0x800000000000, cs: SELECTOR.userCode64 })
  })

  it.each([
    ['SYSCALL without EFER.SCE', 'at: syscall', 3, UD, 64],
    ['SYSRET without EFER.SCE', 'at: sysretq', 0, UD, 64],
  ] as const)('%s is #UD', (_, code, cpl, vector, mode) => {
    guest.start(mode as TestMode, cpl)
    guest.state.setLo(FIELD.efer, guest.state.lo(FIELD.efer) & ~EFER.lo.SCE)
    guest.cpu.stateWritten()
    expect(guest.run(code)).toMatchObject({ vector, ip: guest.label('at') })
  })

  it('SYSRET at level 3 is #GP(0)', () => {
    expect(guest.run('at: sysretq')).toMatchObject({ vector: GP, error: 0, ip: guest.label('at') })
  })

  const toCompatibility =
    'push 0x2b\nmov eax, 0x77000\npush rax\npush 2\npush 0x23\nlea rax, [rel user]\npush rax\niretq\nbits 32\nuser:'
  it('SYSCALL in compatibility mode: #UD on Intel, to CSTAR on AMD (AMD APM vol. 3, SYSCALL)', () => {
    start(guest, 0)
    expect(guest.run(`${toCompatibility}\nat: db 0x0f, 0x05`)).toMatchObject({ vector: UD, ip: guest.label('at') })
    start(amd, 0)
    amd.load('hlt', { at: KERNEL + 0x800 })
    expect(amd.run(`${toCompatibility}\ndb 0x0f, 0x05\nnext:`)).toEqual({ reason: 'halted' })
    expect([amd.reg('rip'), amd.reg('rcx'), amd.reg('cs')]).toEqual([KERNEL + 0x801, amd.label('next'), FREE])
  })

  it('SYSCALL in 32-bit mode: #UD on Intel, to the address in STAR on AMD (AMD APM vol. 3, SYSCALL)', () => {
    for (const [of, vector] of [
      [guest, UD],
      [amd, undefined],
    ] as const) {
      of.start(32, 3)
      of.state.set(FIELD.star, KERNEL, (0x20 << 16) | SELECTOR.code32)
      of.state.set(FIELD.efer, EFER.lo.SCE, 0)
      of.cpu.stateWritten()
      of.load('hlt', { at: KERNEL })
      const stop = of.run('at: db 0x0f, 0x05\nnext:')
      expect(stop.vector).toBe(vector)
      if (vector === undefined)
        expect([of.reg('rip'), of.reg('rcx'), of.reg('cs')]).toEqual([KERNEL + 1, of.label('next'), SELECTOR.code32])
    }
  })

  it('SYSENTER in IA-32e mode does not exist on AMD processors (AMD APM vol. 3, SYSENTER)', () => {
    start(amd, 3)
    expect(amd.run('at: db 0x0f, 0x34')).toMatchObject({ vector: UD, ip: amd.label('at') })
  })

  it('a call and its return keep IOPL, ID and the rest', () => {
    start(guest, 3, IF)
    guest.flags = IOPL | ID | IF | 2
    guest.load('sysretq', { at: KERNEL })
    expect(guest.run('syscall\nint 0x80')).toMatchObject({ vector: 0x80, flags: IOPL | ID | IF | 2 })
  })
})

describe.each(ENGINES)('SYSENTER and SYSEXIT (Intel SDM vol. 2B), engine %s', (engine) => {
  const guest = new Guest(engine)
  /** IA32_SYSENTER_CS 58H: 58H and 60H at level 0; 68H, 70H (32 bits), 78H, 80H (64 bits) at level 3. */
  const start = (mode: TestMode, cpl: number, cs = FREE) => {
    guest.start(mode, cpl)
    const rows = [
      [0x9a, mode === 64 ? 0xa : 0xc],
      [0x92, 0xc],
      [0xfa, 0xc],
      [0xf2, 0xc],
      [0xfa, 0xa],
      [0xf2, 0xc],
    ] as const
    for (const [n, [access, flags]] of rows.entries()) guest.describe(FREE + 8 * n, 0, 0xfffff, access, flags)
    guest.state.set(FIELD.sysenterCs, cs, 0)
    guest.state.set(FIELD.sysenterEip, KERNEL, 0)
    guest.state.set(FIELD.sysenterEsp, AT.stack - 0x800, 0)
    guest.cpu.stateWritten()
    guest.load('hlt', { at: KERNEL })
  }

  it.each([32, 64] as const)('SYSENTER in %i-bit mode: level 0, IF and VM cleared, other flags stay', (mode) => {
    start(mode, 3)
    guest.flags = IF | CF | DF | 2
    expect(guest.run('db 0x0f, 0x34')).toEqual({ reason: 'halted' })
    expect([guest.reg('cs'), guest.reg('ss'), guest.reg('rsp'), guest.reg('rip'), guest.flags]).toEqual([
      FREE,
      FREE + 8,
      AT.stack - 0x800,
      KERNEL + 1,
      CF | DF | 2,
    ])
    expect(guest.state.lo(FIELD.segAccess, SEGMENT.CS)).toBe(mode === 64 ? FLAT_CODE64 : FLAT_CODE32)
  })

  it('SYSEXIT: to EDX and ECX at level 3', () => {
    start(32, 0)
    expect(guest.run(`mov edx, there\nmov ecx, ${AT.userStack}\ndb 0x0f, 0x35\nthere: int 0x80`)).toMatchObject({
      vector: 0x80,
      cs: (FREE + 16) | 3,
      ss: (FREE + 24) | 3,
      sp: AT.userStack,
    })
  })

  it('SYSEXIT of 64 bits, and of 32 bits from 64-bit code', () => {
    start(64, 0)
    expect(guest.run(`mov edx, there\nmov ecx, ${AT.userStack}\ndb 0x48, 0x0f, 0x35\nthere: int 0x80`)).toMatchObject({
      vector: 0x80,
      cs: (FREE + 32) | 3,
      ss: (FREE + 40) | 3,
      sp: AT.userStack,
    })
    start(64, 0)
    expect(guest.run(`mov edx, there\nmov ecx, ${AT.userStack}\ndb 0x0f, 0x35\nthere: int 0x80`)).toMatchObject({
      vector: 0x80,
      cs: (FREE + 16) | 3,
      ss: (FREE + 24) | 3,
      sp: AT.userStack,
    })
  })

  it.each([
    ['SYSENTER with a null IA32_SYSENTER_CS', 32, 3, 3, 'at: db 0x0f, 0x34'],
    ['SYSEXIT with a null IA32_SYSENTER_CS', 32, 0, 0, 'at: db 0x0f, 0x35'],
    ['SYSENTER in real mode', 16, 0, FREE, 'at: db 0x0f, 0x34'],
    ['SYSEXIT at level 3', 32, 3, FREE, 'at: db 0x0f, 0x35'],
    [
      'SYSEXIT to an address that is not canonical',
      64,
      0,
      FREE,
      'mov rdx, 0x800000000000\nxor ecx, ecx\nat: db 0x48, 0x0f, 0x35',
    ],
    [
      'SYSEXIT to a stack that is not canonical',
      64,
      0,
      FREE,
      'mov rcx, 0x800000000000\nxor edx, edx\nat: db 0x48, 0x0f, 0x35',
    ],
  ] as const)('%s is #GP(0)', (_, mode, cpl, cs, code) => {
    start(mode, cpl, cs)
    const stop = guest.run(code)
    expect(stop).toMatchObject({ vector: GP, ip: guest.label('at') - (mode === 16 ? AT.code : 0) })
    if (mode !== 16) expect(stop.error).toBe(0)
  })
})
