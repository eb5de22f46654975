/** Ways between the modes, resets, and the A20 gate. */
import { ACTIVITY_STATE, CR0, CR4, EFER, FIELD } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, SELECTOR } from './guest.ts'

/** A far JMP of code of 16 or 32 bits with an offset of 32. */
const far = (bits: 16 | 32, selector: number, offset: string) =>
  bits === 32 ? `db 0xea\ndd ${offset}\ndw ${selector}` : `db 0x66, 0xea\ndd ${offset}\ndw ${selector}`
const CODE = AT.code

describe.each(ENGINES)('ways between the modes (Intel SDM vol. 3A, 11.8 and 11.9), engine %s', (engine) => {
  const guest = new Guest(engine)

  it('real, protected, IA-32e with 64-bit and compatibility code, and all the way back', () => {
    guest.start(16)
    guest.machine.mapAll()
    // 16-bit segments for the way back, which have the limits of real mode.
    guest.describe(FREE, CODE, 0xffff, 0x9a, 0)
    guest.load(`
      bits 16
      mov bx, 1
      lgdt [cs:gdtr - ${CODE}]
      mov eax, cr0
      or al, 1
      mov cr0, eax
      ${far(16, SELECTOR.code32, 'protected')}
      gdtr: dw 0xff
      dd ${AT.gdt}
      bits 32
      protected:
      mov ax, ${SELECTOR.data}
      mov ds, ax
      mov es, ax
      mov ss, ax
      mov esp, ${AT.stack}
      push 2
      mov eax, cr4
      or eax, ${CR4.lo.PAE}
      mov cr4, eax
      mov eax, ${AT.tables}
      mov cr3, eax
      mov ecx, 0xc0000080
      rdmsr
      or eax, ${EFER.lo.LME}
      wrmsr
      mov eax, cr0
      or eax, ${CR0.lo.PG}
      mov cr0, eax
      rdmsr
      mov esi, eax
      ${far(32, SELECTOR.code64, 'long_')}
      bits 64
      long_:
      mov rdi, 0x1234567890
      shr rdi, 4
      push 3
      push ${SELECTOR.code32}
      lea rax, [rel compatible]
      push rax
      db 0x48
      retf
      bits 32
      compatible:
      push 4
      mov ebp, esp
      mov eax, cr0
      and eax, 0x7fffffff
      mov cr0, eax
      mov ecx, 0xc0000080
      rdmsr
      mov edx, eax
      and eax, ${~EFER.lo.LME}
      push edx
      xor edx, edx
      wrmsr
      pop edx
      ${far(32, FREE, `narrow - ${CODE}`)}
      bits 16
      narrow:
      mov ax, ${SELECTOR.data16}
      mov ds, ax
      mov es, ax
      mov ss, ax
      mov eax, cr0
      and al, 0xfe
      mov cr0, eax
      db 0xea
      dw real - ${CODE}, ${CODE >> 4}
      real: mov cx, 0x55
      hlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([
      guest.reg('rbx') & 0xffff,
      guest.reg('rsi') & (EFER.lo.LMA | EFER.lo.LME),
      guest.reg('rdi'),
      guest.reg('rdx') & EFER.lo.LMA,
    ]).toEqual([1, EFER.lo.LMA | EFER.lo.LME, 0x123456789, 0])
    expect([guest.reg('rcx') & 0xffff, guest.reg('cs'), guest.reg('cr0') & 1]).toEqual([0x55, CODE >> 4, 0])
    expect([4, 8, 16].map((at) => guest.read(AT.stack - at + (at === 16 ? 4 : 0), 4))).toEqual([2, 0, 3])
  })

  it('protected mode begins before the far jump: 16-bit code goes on, with the segments of real mode (11.9.1)', () => {
    guest.start(16)
    guest.run(`mov eax, cr0\nor al, 1\nmov cr0, eax\nmov bx, cs\nmov cx, [2]\npush bx\npop dx\nhlt`)
    expect([guest.reg('rbx') & 0xffff, guest.reg('rdx') & 0xffff]).toEqual([CODE >> 4, CODE >> 4])
  })

  it('LMA is set by CR0.PG, and 64-bit mode begins with CS.L (11.8.5)', () => {
    guest.start(32)
    guest.machine.mapAll()
    guest.control('cr4', CR4.lo.PAE)
    guest.state.set(FIELD.efer, EFER.lo.LME, 0)
    guest.cpu.stateWritten()
    // In compatibility mode INC EAX is 40H; in 64-bit mode that is a prefix.
    guest.run(
      `mov eax, ${AT.tables}\nmov cr3, eax\nmov eax, cr0\nor eax, 0x80000000\nmov cr0, eax\nmov eax, 5\ndb 0x40\nmov ebx, eax\n${far(32, SELECTOR.code64, 'there')}\nbits 64\nthere: db 0x40, 0x90\nmov rax, -1\nhlt`,
    )
    expect([guest.reg('rbx'), guest.wide('rax')]).toEqual([6, 0xffffffffffffffffn])
  })

  it('compatibility mode of 16 bits: operands of 16, frames of 64 (vol. 3A, 2.2.1, 7.14)', () => {
    guest.start(64)
    const text = `mov ax, ${SELECTOR.data16}\nmov ss, ax\nmov sp, 0x7000\npush bx\nmov bx, 0x1234\nint 0x80\nnext:`
    guest.load(text, { bits: 16, at: 0x8000 })
    const next = guest.label('next')
    guest.load(`mov rbx, -1\npush ${SELECTOR.code16}\nmov eax, 0x8000\npush rax\ndb 0x48\nretf`)
    expect(guest.go()).toMatchObject({ vector: 0x80, cs: SELECTOR.code16, ip: next, ss: SELECTOR.data16 })
    expect([guest.wide('rbx'), guest.read(0x6ffe, 2)]).toEqual([0xffffffffffff1234n, 0xffff])
  })

  it('compatibility mode keeps the upper halves out of sight; 64-bit code of 32 bits clears them (vol. 1, 3.4.1.1)', () => {
    guest.start(64)
    guest.run('mov rbx, 0x1111111122222222\nmov r9, 7\nmov ebx, ebx\nmov rcx, -1\nadd ecx, 1\nhlt')
    expect([guest.wide('rbx'), guest.wide('rcx')]).toEqual([0x22222222n, 0n])
  })
})

describe.each(ENGINES)('RESET, INIT and start-up IPIs (Intel SDM vol. 3A, 10.4, 12.1), engine %s', (engine) => {
  const guest = new Guest(engine)
  const waiting = new Guest(engine, { bootstrap: false })

  it('INIT: registers as after RESET, but the caches, MSRs and floating-point state stay (12.1.4)', () => {
    guest.start(64)
    guest.state.set(FIELD.lstar, 0x1234, 0)
    guest.run('mov rbx, 5\nfninit\nfld1\nmovd xmm0, ebx\nhlt')
    const tag = guest.state.lo(FIELD.fpuTag)
    guest.cpu.signalInit()
    expect(guest.cpu.run(0).reason).toBe('budget')
    expect([guest.reg('rip'), guest.reg('cs'), guest.reg('csBase'), guest.reg('rbx'), guest.flags]).toEqual([
      0xfff0, 0xf000, 0xffff0000, 0, 2,
    ])
    expect([
      guest.state.lo(FIELD.efer),
      guest.reg('cr3'),
      guest.reg('cr4'),
      guest.state.lo(FIELD.lstar),
      guest.state.lo(FIELD.fpuTag),
    ]).toEqual([0, 0, 0, 0x1234, tag])
    // CD and NW keep what they were; ET is 1.
    expect(guest.reg('cr0')).toBe(CR0.lo.ET)
  })

  it('another processor waits for its start-up IPI, and begins at its vector (10.4.4)', () => {
    waiting.memory.writeBytes(0x8000, new Uint8Array([0xb8, 0x34, 0x12, 0xfa, 0xf4]))
    expect(waiting.cpu.run(10)).toEqual({ reason: 'halted', retired: 0 })
    waiting.cpu.signalNmi()
    expect(waiting.cpu.run(10)).toEqual({ reason: 'halted', retired: 0 })
    waiting.cpu.reset()
    waiting.cpu.signalStartup(8)
    expect(waiting.cpu.run(10).reason).toBe('halted')
    expect([waiting.reg('rax') & 0xffff, waiting.reg('cs'), waiting.reg('csBase')]).toEqual([0x1234, 0x800, 0x8000])
    // A second one counts only after INIT.
    waiting.cpu.signalStartup(9)
    expect(waiting.cpu.run(10)).toEqual({ reason: 'halted', retired: 0 })
    waiting.cpu.signalInit()
    expect(waiting.cpu.run(10).reason).toBe('halted')
    expect(waiting.state.lo(FIELD.activityState)).toBe(ACTIVITY_STATE.WAIT_FOR_SIPI)
    waiting.cpu.signalStartup(8)
    expect(waiting.cpu.run(10)).toEqual({ reason: 'halted', retired: 3 })
  })

  it('INIT comes before an NMI, and ends HLT (7.9)', () => {
    guest.start(64)
    guest.run('hlt')
    guest.cpu.signalNmi()
    guest.cpu.signalInit()
    guest.cpu.run(0)
    expect(guest.reg('rip')).toBe(0xfff0)
  })
})

describe.each(ENGINES)('the A20 gate, engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => guest.memory.setA20(true))

  it('closed, addresses above 1 MiB wrap to those below, for data and code', () => {
    guest.start(16)
    guest.memory.write8(0x500, 0x11)
    guest.load('mov ax, 0xffff\nmov ds, ax\nmov bl, [0x510]\nmov byte [0x511], 0x22\nhlt')
    guest.memory.setA20(false)
    expect(guest.go()).toEqual({ reason: 'halted' })
    guest.memory.setA20(true)
    expect([guest.reg('rbx') & 0xff, guest.memory.read8(0x501)]).toEqual([0x11, 0x22])
    guest.start(16)
    guest.load('mov cx, 7\nhlt', { at: 0x600, bits: 16 })
    guest.load('db 0xea\ndw 0x610, 0xffff', { bits: 16 })
    guest.memory.setA20(false)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.reg('rcx')).toBe(7)
  })
})
