/** External interrupts and NMIs: when they are taken, and what holds them back. */
import { EXCEPTION, RFLAGS } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestMode } from '../machine.ts'
import { AT, Guest, HANDLERS, SELECTOR } from './guest.ts'
import { InterruptLine, RAISE_PORT } from './interrupt-line.ts'

const { IF, RF, TF } = RFLAGS.lo
const VECTOR = 0x40
const NMI = EXCEPTION.NMI.vector
const RAISE = `mov al, ${VECTOR}\nout ${RAISE_PORT}, al`

describe.each(ENGINES)('interrupts (Intel SDM vol. 3A, 7.3 to 7.9), engine %s', (engine) => {
  const line = new InterruptLine()
  const guest = new Guest(engine, { interrupts: line, ports: line.ports })
  const start = (mode: TestMode, cpl = 0) => {
    line.pending.length = 0
    line.priorities.length = 0
    guest.start(mode, cpl)
    if (mode !== 16) guest.machine.gate(VECTOR, HANDLERS + VECTOR * 16)
  }
  beforeEach(() => start(64))

  it.each([16, 32, 64] as const)('come in %i-bit mode between two instructions, and clear IF (7.8.1)', (mode) => {
    start(mode)
    guest.load('sti\nnop\ninc ebx\nat: inc ebx\ninc ebx')
    expect(guest.go(3)).toEqual({ reason: 'budget' })
    line.pending.push(VECTOR)
    const base = mode === 16 ? AT.code : 0
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') - base, flags: (guest.flags & ~IF) | IF })
    expect([guest.reg('rbx'), guest.flags & IF, line.pending.length]).toEqual([1, 0, 0])
    // The three, and HLT of the handler.
    expect(guest.reg('retired')).toBe(4)
  })

  it.each([32, 64] as const)('from level 3 of %i-bit mode with a new stack (7.12.1, 7.14.2)', (mode) => {
    start(mode, 3)
    guest.flags = IF | 2
    guest.load('inc ebx\nat: inc ebx')
    guest.go(1)
    line.pending.push(VECTOR)
    const cs = mode === 64 ? SELECTOR.userCode64 : SELECTOR.userCode32
    expect(guest.go()).toMatchObject({
      vector: VECTOR,
      ip: guest.label('at'),
      cs,
      sp: AT.userStack,
      ss: SELECTOR.userData,
    })
    expect(guest.stackTop).toBe(AT.stack - (mode === 64 ? 40 : 20))
  })

  it('a trap gate leaves IF as it is (7.12.1.3)', () => {
    guest.machine.gate(VECTOR, HANDLERS + VECTOR * 16, { type: 15 })
    guest.load('sti\nnop\nnop')
    guest.go(2)
    line.pending.push(VECTOR)
    expect(guest.go().vector).toBe(VECTOR)
    expect(guest.flags & IF).toBe(IF)
  })

  it('wait while IF is clear, and come behind POPF without a shadow (7.8.1)', () => {
    expect(guest.run(`${RAISE}\ninc ebx\npushfq\nor qword [rsp], ${IF}\npopfq\nat: inc ebx`)).toMatchObject({
      vector: VECTOR,
      ip: guest.label('at'),
    })
    expect(guest.reg('rbx')).toBe(1)
  })

  it('come right behind the OUT that raised them', () => {
    expect(guest.run(`sti\nnop\n${RAISE}\nat: inc ebx`)).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('wait for the instruction behind STI (vol. 2B, STI)', () => {
    expect(guest.run(`${RAISE}\nsti\ninc ebx\nat: inc ebx`)).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('STI with IF set casts no shadow (vol. 2B, STI)', () => {
    guest.load('sti\nnop\nsti\nat: inc ebx')
    guest.go(3)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('STI and CLI in a row let none through (vol. 2B, STI)', () => {
    expect(guest.run(`${RAISE}\nsti\ncli\ninc ebx\nhlt`)).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(1)
  })

  it('STI and HLT wait for the next one, and HLT is behind them (vol. 2A, HLT)', () => {
    expect(guest.run(`${RAISE}\nsti\nhlt\nat: inc ebx`)).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('wait for the instruction behind MOV SS, and not behind LSS (7.8.3)', () => {
    guest.load('mov eax, 0x10\nsti\nnop\nmov ss, eax\ninc ebx\nat: inc ebx')
    guest.go(4)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
    start(32)
    guest.load(
      `mov dword [${AT.data}], ${AT.stack}\nmov word [${AT.data + 4}], 0x10\nsti\nnop\nlss esp, [${AT.data}]\nat: inc ebx`,
    )
    guest.go(5)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('wait for the instruction behind POP SS (7.8.3)', () => {
    start(32)
    guest.load('push 0x10\nsti\nnop\npop ss\ninc ebx\nat: inc ebx')
    guest.go(4)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('wake from HLT; without IF it goes on waiting (vol. 2A, HLT)', () => {
    guest.load('sti\nhlt\nat: inc ebx\ncli\nhlt')
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.cpu.run(100)).toEqual({ reason: 'halted', retired: 0 })
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
    // In the handler, where IF is clear.
    line.pending.push(VECTOR)
    expect(guest.cpu.run(100)).toEqual({ reason: 'halted', retired: 0 })
  })

  it('come between iterations of a repeated string instruction, which goes on (vol. 2B, REP)', () => {
    guest.load('iretq', { at: 0x47000 })
    guest.load(`mov edi, ${AT.data}\nmov ecx, 10\nmov al, 7\nsti\nat: rep stosb\nhlt`)
    guest.go(4 + 3)
    expect(guest.reg('rcx')).toBe(7)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at'), flags: IF | RF | 2 })
    // On from the handler: IRET brings RF back, and all ten bytes are written.
    guest.memory.write8(HANDLERS + VECTOR * 16 + 1, 0x48)
    guest.memory.write8(HANDLERS + VECTOR * 16 + 2, 0xcf)
    guest.cpu.invalidateCode()
    guest.cpu.signalNmi()
    guest.load('iretq', { at: HANDLERS + NMI * 16 })
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rcx'), guest.memory.read8(AT.data + 9)]).toEqual([0, 7])
  })

  it('come between iterations of REP OUTSB, right behind the one that raised them', () => {
    guest.memory.writeBytes(AT.data, new Uint8Array([VECTOR, VECTOR + 1, VECTOR + 2]))
    guest.load(`sti\nmov esi, ${AT.data}\nmov ecx, 3\nmov edx, ${RAISE_PORT}\nat: rep outsb\nhlt`)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at'), flags: IF | RF | 2 })
    expect([guest.reg('rcx'), guest.reg('rsi'), line.pending.length]).toEqual([2, AT.data + 1, 0])
  })

  it('the shadow of STI outlives the end of a run; a fault in it comes first', () => {
    guest.load('sti\ninc ebx\nat: inc ebx')
    guest.go(1)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
    start(64)
    guest.load('sti\nat: ud2')
    guest.go(1)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: 6, ip: guest.label('at') })
    expect(line.pending).toEqual([VECTOR])
  })

  it('a budget of no instruction delivers what is due, and retires nothing', () => {
    guest.load('sti\nnop\nat: nop')
    guest.go(2)
    line.pending.push(VECTOR)
    expect(guest.cpu.run(0)).toEqual({ reason: 'budget', retired: 0 })
    expect([guest.reg('rip'), guest.read(guest.stackTop, 8)]).toEqual([HANDLERS + VECTOR * 16, guest.label('at')])
  })

  it('a gate that is not there: #GP with IDT and EXT (7.13)', () => {
    guest.load('sti\nnop\nat: nop')
    guest.go(2)
    line.pending.push(0x41)
    expect(guest.go()).toMatchObject({ vector: 13, error: (0x41 << 3) | 3, ip: guest.label('at') })
  })

  it('a single step comes before, an NMI after it, an interrupt last (7.9)', () => {
    guest.load(`sti\npushfq\nor qword [rsp], ${TF}\npopfq\nnop\nat: nop`)
    guest.go(4)
    line.pending.push(VECTOR)
    guest.cpu.signalNmi()
    // The NMI is taken before the instruction, then the handler waits.
    expect(guest.go()).toMatchObject({ vector: NMI })
    start(64)
    guest.load(`mov ax, ${VECTOR}\npushfq\nor qword [rsp], ${TF | IF}\npopfq\nout ${RAISE_PORT}, al\nat: nop`)
    expect(guest.go()).toMatchObject({ vector: 1, ip: guest.label('at') })
    expect(line.pending).toEqual([VECTOR])
  })

  it('a fault of the instruction comes after an interrupt that was there before it (7.9)', () => {
    guest.load('sti\nnop\nat: ud2')
    guest.go(2)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
  })

  it('MOV to CR8 tells the source the task priority (13.8.6)', () => {
    guest.run('mov eax, 9\nmov cr8, rax\nmov rbx, cr8\nhlt')
    expect([line.priorities, guest.reg('rbx')]).toEqual([[9], 9])
  })

  it('MWAIT is left by an interrupt, with ECX bit 0 also while IF is clear (vol. 2B, MWAIT)', () => {
    const wait = (ecx: number) =>
      `mov eax, ${AT.data}\nxor ecx, ecx\nxor edx, edx\nmonitor\nxor eax, eax\nmov ecx, ${ecx}\nmwait\nat: inc ebx\nhlt`
    guest.load(`sti\n${wait(0)}`)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(0)
    line.pending.push(VECTOR)
    expect(guest.go()).toMatchObject({ vector: VECTOR, ip: guest.label('at') })
    start(64)
    guest.load(wait(0))
    guest.go()
    line.pending.push(VECTOR)
    expect(guest.cpu.run(10)).toEqual({ reason: 'halted', retired: 0 })
    start(64)
    guest.load(wait(1))
    guest.go()
    line.pending.push(VECTOR)
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect([guest.reg('rbx'), line.pending]).toEqual([1, [VECTOR]])
  })
})

describe.each(ENGINES)('NMIs (Intel SDM vol. 3A, 7.7), engine %s', (engine) => {
  const guest = new Guest(engine)
  beforeEach(() => void guest.start(64))

  it('come whatever IF is, and wake from HLT (7.7)', () => {
    guest.load('hlt\nat: nop')
    expect(guest.go()).toEqual({ reason: 'halted' })
    guest.cpu.signalNmi()
    expect(guest.go()).toMatchObject({ vector: NMI, ip: guest.label('at') })
  })

  it('wait for the IRET of the handler, one of them (7.7.1)', () => {
    guest.load('inc ebx\nnop\niretq', { at: HANDLERS + NMI * 16 })
    guest.load('nop\nat: nop\nhlt')
    guest.go(1)
    guest.cpu.signalNmi()
    expect(guest.go(1)).toEqual({ reason: 'budget' })
    guest.cpu.signalNmi()
    guest.cpu.signalNmi()
    expect(guest.go()).toEqual({ reason: 'halted' })
    expect(guest.reg('rbx')).toBe(2)
  })

  it('an IRET that faults unblocks them too (7.7.1)', () => {
    // The handler of the NMI returns to a selector that does not exist.
    guest.load('mov qword [rsp + 8], 0xff8\nat: iretq', { at: HANDLERS + NMI * 16 })
    const at = guest.label('at')
    guest.load('nop\nnop')
    guest.go(1)
    guest.cpu.signalNmi()
    expect(guest.go(1)).toEqual({ reason: 'budget' })
    guest.cpu.signalNmi()
    guest.machine.gate(NMI, HANDLERS + NMI * 16, { ist: 1 })
    guest.memory.writeBytes(HANDLERS + 13 * 16, new Uint8Array([0x90, 0x90]))
    // #GP comes at the IRET, and the second NMI right behind its delivery, on another stack.
    expect(guest.go(1).reason).toBe('budget')
    const [ip, sp] = [0, 24].map((offset) => guest.read(AT.stack - 0x4000 - 40 + offset, 8))
    expect(ip).toBe(HANDLERS + 13 * 16)
    expect(guest.read((sp ?? 0) + 8, 8)).toBe(at)
  })

  it('wait for the instruction behind MOV SS (7.8.3)', () => {
    guest.load('mov eax, 0x10\nmov ss, eax\ninc ebx\nat: nop')
    guest.go(2)
    guest.cpu.signalNmi()
    expect(guest.go()).toMatchObject({ vector: NMI, ip: guest.label('at') })
  })

  it('in real mode (vol. 3B, 22.1.4)', () => {
    guest.start(16)
    guest.load('nop\nat: nop')
    guest.go(1)
    guest.cpu.signalNmi()
    expect(guest.go()).toMatchObject({ vector: NMI, ip: guest.label('at') - AT.code })
  })

  it('take the stack of the IST (7.14.5)', () => {
    guest.machine.gate(NMI, HANDLERS + NMI * 16, { ist: 1 })
    guest.load('nop\nat: nop')
    guest.go(1)
    guest.cpu.signalNmi()
    expect(guest.go()).toMatchObject({ vector: NMI, ip: guest.label('at'), sp: AT.stack, ss: SELECTOR.data })
    expect(guest.stackTop).toBe(AT.stack - 0x4000 - 40)
  })
})
