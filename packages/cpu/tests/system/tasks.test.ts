/** Task switches by JMP, CALL, IRET, interrupts and exceptions (Intel SDM vol. 3A, chapter 9). */
import { CR0, DR6, FIELD, RFLAGS, TSS16, TSS32 } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import { AT, FREE, Guest, HANDLERS, SELECTOR } from './guest.ts'
import { ERROR, narrowEntry, narrowTables, P, PAGE, turnOn } from './paging-tables.ts'

const { NT, VM, CF, RF } = RFLAGS.lo
const OTHER = 0x3800
const OTHER_TSS = FREE
const GATE = FREE + 8
const CODE = FREE + 0x10
const DATA = FREE + 0x18
const TASK = 0x48000
const STACK = AT.stack - 0x2000
const AVAILABLE = 0x89
const BUSY = 0x8b
const { offset } = TSS32

type Fields = Partial<Record<keyof typeof offset, number>>
const jmp = (selector: number) => `db 0xea\ndd 0\ndw ${selector}`
const call = (selector: number) => `db 0x9a\ndd 0\ndw ${selector}`

describe.each(ENGINES)('task switches (Intel SDM vol. 3A, 9.3), engine %s', (engine) => {
  const guest = new Guest(engine)
  const type = (selector: number) => guest.memory.read8(AT.gdt + (selector & ~7) + 5)
  const other = (name: keyof typeof offset) => guest.read(OTHER + offset[name], 4)
  const own = (name: keyof typeof offset) => guest.read(AT.tss + offset[name], 4)

  /** The TSS of another task, at level 0. */
  const prepare = (fields: Fields = {}) => {
    guest.describe(OTHER_TSS, OTHER, 0x67, AVAILABLE, 0).describe(SELECTOR.tss, AT.tss, 0x167, BUSY, 0)
    const all: Fields = {
      ...{
        EIP: TASK,
        EFLAGS: 2,
        ESP: STACK,
        CS: SELECTOR.code32,
        SS: SELECTOR.data,
        DS: SELECTOR.data,
        ES: SELECTOR.data,
      },
      ...{ EAX: 1, ECX: 2, EDX: 3, EBX: 4, EBP: 5, ESI: 6, EDI: 7 },
      ...fields,
    }
    for (const [name, value] of Object.entries(all)) {
      const at = OTHER + offset[name as keyof typeof offset]
      if (['T', 'IOMAP', 'LDT', 'LINK'].includes(name) || /^[C-G]S$|^ES$|^SS/.test(name))
        guest.memory.write16(at, value)
      else guest.memory.write32(at, value)
    }
    guest.load('hlt', { at: TASK })
  }
  const putGate = (at: number, dpl = 0, present = true) => {
    guest.memory.write32(at, OTHER_TSS << 16)
    guest.memory.write32(at + 4, ((present ? 0x80 : 0) | (dpl << 5) | 5) << 8)
  }
  beforeEach(() => {
    guest.start(32)
    prepare()
  })

  it('JMP: registers, CR0.TS, busy bits; the old task is saved (9.3)', () => {
    guest.load(`mov eax, 0x11\nmov ebx, 0x22\nmov ebp, 0x33\nmov edi, 0x44\nstc\n${jmp(OTHER_TSS)}\nnext:`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'].map((name) => guest.reg(name as 'rax'))).toEqual([
      1,
      2,
      3,
      4,
      STACK,
      5,
      6,
      7,
    ])
    expect([guest.reg('tr'), guest.reg('cs'), guest.reg('fs'), guest.flags]).toEqual([OTHER_TSS, SELECTOR.code32, 0, 2])
    expect([type(SELECTOR.tss), type(OTHER_TSS)]).toEqual([AVAILABLE, BUSY])
    expect(guest.state.lo(FIELD.cr0) & CR0.lo.TS).toBe(CR0.lo.TS)
    expect([own('EIP'), own('EFLAGS'), own('EAX'), own('EBX'), own('ESP'), own('EBP'), own('EDI')]).toEqual([
      guest.label('next'),
      CF | 2,
      0x11,
      0x22,
      AT.stack,
      0x33,
      0x44,
    ])
    expect([own('CS'), own('SS'), own('DS'), own('GS')]).toEqual([
      SELECTOR.code32,
      SELECTOR.data,
      SELECTOR.data,
      SELECTOR.data,
    ])
    // LDT and CR3 of the old TSS are static (9.2.1).
    expect([own('LDT') & 0xffff, own('CR3')]).toEqual([0, 0])
  })

  it('CALL: both are busy, NT and the link; IRET goes back (9.4)', () => {
    guest.load('inc ecx\niretd\nat: inc ecx\nhlt', { at: TASK })
    const resumed = guest.label('at')
    guest.load(`mov ecx, 0x55\n${call(OTHER_TSS)}\nnext: mov edx, ecx\nhlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rdx'), guest.reg('tr'), guest.flags & NT]).toEqual([0x55, SELECTOR.tss, 0])
    expect([type(SELECTOR.tss), type(OTHER_TSS)]).toEqual([BUSY, AVAILABLE])
    expect([guest.read(OTHER, 2), other('EIP'), other('ECX'), other('EFLAGS') & NT]).toEqual([
      SELECTOR.tss,
      resumed,
      3,
      0,
    ])
    // The flags of the new task had NT while it ran.
    guest.start(32)
    prepare()
    guest.run(call(OTHER_TSS))
    expect([guest.flags & NT, type(SELECTOR.tss), type(OTHER_TSS)]).toEqual([NT, BUSY, BUSY])
  })

  it.each(['JMP', 'CALL'])('%s through a task gate, whose DPL counts and not that of the TSS (9.2.5)', (how) => {
    guest.start(32, 3)
    prepare()
    putGate(AT.gdt + GATE, 3)
    expect(guest.run(how === 'JMP' ? jmp(GATE | 3) : call(GATE | 3))).toEqual({ reason: 'halted' })
    expect([guest.reg('tr'), guest.reg('rip')]).toEqual([OTHER_TSS, TASK + 1])
  })

  it('an interrupt through a task gate, and back by IRET (9.4)', () => {
    putGate(AT.idt + 0x40 * 8)
    guest.load('iretd', { at: TASK })
    guest.load('mov ebx, 9\nint 0x40\nnext: hlt')
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rbx'), guest.reg('tr'), own('EIP')]).toEqual([9, SELECTOR.tss, guest.label('next')])
  })

  it('an exception through a task gate pushes its error code in the new task (7.12.2)', () => {
    putGate(AT.idt + 13 * 8)
    guest.load('mov eax, 0xff8\nat: mov ds, ax')
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rsp'), guest.read(STACK - 4, 4), own('EIP')]).toEqual([STACK - 4, 0xff8, guest.label('at')])
    expect([guest.flags & NT, guest.read(OTHER, 2)]).toEqual([NT, SELECTOR.tss])
    // As on a stack, RF is set for a fault (vol. 3B, 19.3.1.1).
    expect(own('EFLAGS')).toBe(RF | 2)
  })

  it('a 16-bit TSS (9.6)', () => {
    const { offset: at } = TSS16
    guest.describe(OTHER_TSS, OTHER, 0x2b, 0x81, 0).describe(CODE, TASK, 0xffff, 0x9a, 0)
    const words: readonly [number, number][] = [
      [at.IP, 0x10],
      [at.FLAGS, CF | 2],
      [at.SP, 0x8000],
      [at.AX, 0x1234],
      [at.CS, CODE],
      [at.SS, SELECTOR.data],
      [at.DS, SELECTOR.data],
      [at.ES, 0],
      [at.LDT, 0],
    ]
    for (const [where, value] of words) guest.memory.write16(OTHER + where, value)
    guest.load('iret', { at: TASK + 0x10, bits: 16 })
    guest.load(`mov eax, 0x99999999\n${call(OTHER_TSS)}\nnext: hlt`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rax'), guest.reg('tr')]).toEqual([0x99999999, SELECTOR.tss])
    expect([guest.read(OTHER + at.AX, 2), guest.read(OTHER + at.IP, 2)]).toEqual([0x1234, 0x11])
  })

  it('to virtual-8086 mode, by VM in the flags of the TSS (9.3)', () => {
    prepare({ EIP: 4, EFLAGS: VM | 2, CS: TASK >> 4, SS: 0x6000, DS: 0x5000, ES: 0x5000, ESP: 0x100 })
    guest.memory.write16(OTHER + offset.SS0, SELECTOR.data)
    guest.memory.write32(OTHER + offset.ESP0, STACK)
    guest.load('mov ax, ds\nint3', { at: TASK + 4, bits: 16 })
    expect(guest.run(jmp(OTHER_TSS))).toMatchObject({ vector: 3, cs: TASK >> 4, ss: 0x6000, sp: 0x100 })
    expect(guest.reg('rax')).toBe(0x5000)
    expect((guest.read(guest.stackTop + 8, 4) & VM) !== 0).toBe(true)
  })

  it('to level 3, with an LDT of its own (9.2.1)', () => {
    const ldt = 0x5e000
    guest.describe(DATA, ldt, 0x1f, 0x82, 0)
    guest.machine.put64(ldt + 8, 0x00cffa000000ffffn)
    prepare({ LDT: DATA, CS: 0xf, SS: SELECTOR.userData, DS: SELECTOR.userData, ES: 0 })
    guest.memory.write16(OTHER + offset.SS0, SELECTOR.data)
    guest.memory.write32(OTHER + offset.ESP0, STACK)
    guest.load('int 0x80', { at: TASK })
    expect(guest.run(jmp(OTHER_TSS))).toMatchObject({ vector: 0x80, cs: 0xf, ss: SELECTOR.userData, sp: STACK })
    expect(guest.reg('ldtr')).toBe(DATA)
  })

  it('loads CR3 where paging is on (9.3)', () => {
    const directory = (at: number, page5f: number) => {
      for (let n = 0; n < 1024; n++) guest.memory.write32(at + 0x1000 + n * 4, (n << 12) | 3)
      guest.memory.write32(at + 0x1000 + 0x5f * 4, page5f | 3)
      guest.memory.write32(at, (at + 0x1000) | 3)
    }
    directory(0x20000, 0x5f000)
    directory(0x22000, 0x5e000)
    guest.memory.write32(0x5f000, 0xaaaa)
    guest.memory.write32(0x5e000, 0xbbbb)
    prepare({ CR3: 0x22000 })
    guest.load('mov eax, [0x5f000]\nhlt', { at: TASK })
    guest.load(
      `mov eax, 0x20000\nmov cr3, eax\nmov eax, cr0\nor eax, 0x80000000\nmov cr0, eax\nmov ebx, [0x5f000]\n${jmp(OTHER_TSS)}`,
    )
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rax'), guest.reg('cr3'), own('EBX')]).toEqual([0xbbbb, 0x22000, 0xaaaa])
  })

  it('the T bit: #DB with BT, before the first instruction (9.2.1; vol. 3B, 19.3.1.5)', () => {
    prepare({ T: 1 })
    expect(guest.run(jmp(OTHER_TSS))).toMatchObject({ vector: 1, ip: TASK, cs: SELECTOR.code32 })
    expect(guest.state.lo(FIELD.dr6) & (DR6.lo.BT | DR6.lo.BS)).toBe(DR6.lo.BT)
    expect(guest.reg('tr')).toBe(OTHER_TSS)
  })

  it('clears the local breakpoints of DR7 (vol. 3B, 19.2.4)', () => {
    guest.state.set(FIELD.dr7, 0x4ff, 0)
    guest.cpu.stateWritten()
    guest.run(jmp(OTHER_TSS))
    expect(guest.state.lo(FIELD.dr7) & 0xff).toBe(0xaa)
  })

  it('TF in the flags of the new task: a step after its first instruction (vol. 3B, 19.3.1.4)', () => {
    prepare({ EFLAGS: RFLAGS.lo.TF | 2 })
    guest.load('nop\nat: nop', { at: TASK })
    const at = guest.label('at')
    expect(guest.run(jmp(OTHER_TSS))).toMatchObject({ vector: 1, ip: at })
  })

  // biome-ignore format: a table
  it.each<[string, string, number, number, () => void]>([
    ['a busy TSS', jmp(OTHER_TSS), 13, OTHER_TSS, () => guest.describe(OTHER_TSS, OTHER, 0x67, BUSY, 0)],
    ['CALL of a busy TSS', call(OTHER_TSS), 13, OTHER_TSS, () => guest.describe(OTHER_TSS, OTHER, 0x67, BUSY, 0)],
    ['itself', jmp(SELECTOR.tss), 13, SELECTOR.tss, () => undefined],
    ['a TSS that is not present', jmp(OTHER_TSS), 11, OTHER_TSS, () => guest.describe(OTHER_TSS, OTHER, 0x67, 0x09, 0)],
    ['a TSS of 103 bytes', jmp(OTHER_TSS), 10, OTHER_TSS, () => guest.describe(OTHER_TSS, OTHER, 0x66, AVAILABLE, 0)],
    ['a 16-bit TSS of 43 bytes', jmp(OTHER_TSS), 10, OTHER_TSS, () => guest.describe(OTHER_TSS, OTHER, 0x2a, 0x81, 0)],
    ['a task gate to no TSS', jmp(GATE), 13, SELECTOR.data, () => { putGate(AT.gdt + GATE); guest.memory.write16(AT.gdt + GATE + 2, SELECTOR.data) }],
    ['a task gate to the LDT', jmp(GATE), 13, OTHER_TSS | 4, () => { putGate(AT.gdt + GATE); guest.memory.write16(AT.gdt + GATE + 2, OTHER_TSS | 4) }],
    ['a task gate that is not present', jmp(GATE), 11, GATE, () => putGate(AT.gdt + GATE, 0, false)],
    ['a return to a task that is not busy', 'iretd', 10, OTHER_TSS, () => { guest.memory.write16(AT.tss, OTHER_TSS); guest.flags = NT | 2 }],
    ['a return to what is no TSS', 'iretd', 10, SELECTOR.data, () => { guest.memory.write16(AT.tss, SELECTOR.data); guest.flags = NT | 2 }],
  ])('%s: before the switch, in the old task (9.3, table 9-1)', (_, code, vector, error, spoil) => {
    spoil()
    expect(guest.run(`at: ${code}`)).toMatchObject({ vector, error, ip: guest.label('at') })
    expect([guest.reg('tr'), guest.reg('rsp')]).toEqual([SELECTOR.tss, AT.stack - 16])
  })

  it.each([
    ['DPL of the TSS below CPL', OTHER_TSS | 3, OTHER_TSS],
    ['DPL of the gate below CPL', GATE | 3, GATE],
  ])('%s is #GP (9.3)', (_, selector, error) => {
    guest.start(32, 3)
    prepare()
    putGate(AT.gdt + GATE)
    expect(guest.run(`at: ${jmp(selector)}`)).toMatchObject({ vector: 13, error, ip: guest.label('at') })
  })

  // biome-ignore format: a table
  it.each<[string, Fields, number, number, (() => void)?]>([
    ['a null CS', { CS: 0 }, 10, 0],
    ['a CS beyond the GDT', { CS: 0xff8 }, 10, 0xff8],
    ['a CS that is data', { CS: SELECTOR.data }, 10, SELECTOR.data],
    ['a CS whose DPL is not its RPL', { CS: SELECTOR.userCode32 & ~3 }, 10, SELECTOR.userCode32 & ~3],
    ['a CS that is not present', { CS: CODE }, 11, CODE, () => guest.describe(CODE, 0, 0xfffff, 0x1a)],
    ['a null SS', { SS: 0 }, 10, 0],
    ['an SS of another level', { SS: SELECTOR.userData }, 10, SELECTOR.userData & ~3],
    ['an SS that is not present', { SS: DATA }, 12, DATA, () => guest.describe(DATA, 0, 0xfffff, 0x12)],
    ['a DS that is not present', { DS: DATA }, 11, DATA, () => guest.describe(DATA, 0, 0xfffff, 0x12)],
    ['an FS beyond the GDT', { FS: 0xff8 }, 10, 0xff8],
    ['a GS that is a TSS', { GS: SELECTOR.tss }, 10, SELECTOR.tss],
    ['an LDT that is none', { LDT: SELECTOR.data }, 10, SELECTOR.data],
    ['an LDT in the LDT', { LDT: DATA | 4 }, 10, DATA | 4],
    ['an LDT that is not present', { LDT: DATA }, 10, DATA, () => guest.describe(DATA, 0x5e000, 0x1f, 0x02, 0)],
    ['an EIP beyond the limit', { CS: CODE }, 13, 0, () => guest.describe(CODE, 0, TASK - 1, 0x9a, 4)],
  ])('%s: after the switch, in the new task (9.3, table 9-1)', (_, fields, vector, error, spoil) => {
    prepare(fields)
    spoil?.()
    // The stack of the new task may be what is wrong: the handler is a task of its own.
    const tss = 0x3900
    guest.describe(FREE + 0x20, tss, 0x67, AVAILABLE, 0)
    for (const [name, value] of [['EIP', HANDLERS + vector * 16], ['EFLAGS', 2], ['ESP', STACK - 0x1000], ['CS', 8], ['SS', 0x10], ['DS', 0x10], ['ES', 0x10]] as const)
      guest.memory.write32(tss + offset[name], value)
    guest.machine.gate(vector, 0, { type: 5, selector: FREE + 0x20 })
    expect(guest.run(jmp(OTHER_TSS)).vector).toBe(vector)
    expect(guest.read(guest.stackTop, 4)).toBe(error)
    // The new task was current: it is the one that is linked, and its state was saved again.
    expect([guest.read(tss, 2), other('EIP'), type(OTHER_TSS), type(SELECTOR.tss)]).toEqual([OTHER_TSS, TASK, BUSY, AVAILABLE])
  })

  // biome-ignore format: a table
  it.each<[string, string, number, () => void]>([
    ['a TSS that is not there', jmp(OTHER_TSS), 0, () => { guest.memory.write32(narrowEntry(PAGE), 0); guest.describe(OTHER_TSS, PAGE, 0x67, AVAILABLE, 0) }],
    ['a TSS across pages, the second of which is not there', jmp(OTHER_TSS), 0, () => { guest.memory.write32(narrowEntry(PAGE + 0x1000), 0); guest.describe(OTHER_TSS, PAGE + 0xfc0, 0x67, AVAILABLE, 0) }],
    ['a link that cannot be written', call(OTHER_TSS), ERROR.P | ERROR.WR, () => { guest.memory.write32(narrowEntry(PAGE), PAGE | P); guest.describe(OTHER_TSS, PAGE, 0x67, AVAILABLE, 0) }],
    ['an old TSS that cannot be written', jmp(OTHER_TSS), ERROR.P | ERROR.WR, () => {
      guest.memory.write32(narrowEntry(AT.tss), AT.tss | P)
      guest.describe(OTHER_TSS, PAGE, 0x67, AVAILABLE, 0)
    }],
    ['a GDT that cannot be written', jmp(OTHER_TSS), ERROR.P | ERROR.WR, () => {
      guest.memory.write32(narrowEntry(AT.gdt), AT.gdt | P)
      guest.describe(SELECTOR.code32, 0, 0xfffff, 0x9b).describe(OTHER_TSS, PAGE, 0x67, AVAILABLE, 0)
    }],
  ])('%s: the page fault is the old task’s, and nothing has changed (9.3)', (_, code, error, spoil) => {
    narrowTables(guest)
    spoil()
    turnOn(guest, CR0.lo.WP, 0)
    expect(guest.run(`mov ebx, 0x77\nat: ${code}`)).toMatchObject({ vector: 14, error, ip: guest.label('at') })
    expect([guest.reg('tr'), guest.reg('rbx'), guest.reg('rsp'), type(OTHER_TSS), guest.reg('cr0') & CR0.lo.TS]).toEqual([SELECTOR.tss, 0x77, AT.stack - 16, AVAILABLE, 0])
  })

  it('do not exist in IA-32e mode: #GP (9.7)', () => {
    guest.start(64)
    expect(guest.run(`mov rax, place\nat: db 0xff, 0x28\nplace: dd 0\ndw ${SELECTOR.tss}`)).toMatchObject({
      vector: 13,
      error: SELECTOR.tss,
      ip: guest.label('at'),
    })
  })
})
