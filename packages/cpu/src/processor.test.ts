import { EXCEPTION, FIELD } from '@ringfold/arch'
import { describe, expect, it } from 'vitest'
import { AT, TestMachine } from '../tests/machine.ts'
import { ENGINES } from './engines.ts'

describe.each(ENGINES)('a processor on engine %s', (engine) => {
  const make = () => new TestMachine({ engine })

  it('runs 64-bit code, and stops exactly at its budget', () => {
    const m = make()
    m.enter(64)
    m.load('mov rax, 1\nmov ecx, 1000\ntop: add rax, rcx\ndec ecx\njnz top\nhlt', 64)
    expect(m.cpu.run(5)).toEqual({ reason: 'budget', retired: 5 })
    expect(m.cpu.state.read('rax')).toBe(1001n)
    expect(m.cpu.run(1_000_000)).toEqual({ reason: 'halted', retired: 2998 })
    expect(m.cpu.state.read('rax')).toBe(500501n)
    expect(m.cpu.state.read('retired')).toBe(3003n)
  })

  it('delivers faults of 64-bit code through the IDT', () => {
    const m = make()
    m.enter(64)
    m.load('xor edx, edx\nxor ecx, ecx\ndiv ecx\nhlt\nhandler: pop rbx\nmov rsi, cr0\nhlt', 64)
    m.gate(EXCEPTION['#DE'].vector, AT.code + 7)
    expect(m.cpu.run(100).reason).toBe('halted')
    expect(m.cpu.state.read('rbx')).toBe(BigInt(AT.code + 4))
    expect(m.cpu.state.read('rsi')).toBe(m.cpu.state.read('cr0'))
  })

  it('shuts down when a double fault cannot be delivered', () => {
    const m = make()
    m.enter(32)
    m.cpu.state.setLo(FIELD.idtrLimit, 0)
    m.cpu.stateWritten()
    m.load('ud2', 32)
    expect(m.cpu.run(10)).toEqual({ reason: 'shutdown', retired: 0 })
  })

  it('goes from real mode through protected mode to user code and back', () => {
    const m = make()
    m.enter(16)
    m.load(
      `
      bits 16
      lgdt [cs:gdtr - 0x40000]
      mov eax, cr0
      or al, 1
      mov cr0, eax
      db 0x66, 0xea
      dd protected
      dw 8
      gdtr: dw 0xff
      dd ${AT.gdt}
      bits 32
      protected:
      mov ax, 0x10
      mov ds, ax
      mov es, ax
      mov ss, ax
      mov esp, ${AT.stack}
      lidt [idtr]
      mov ax, 0x38
      ltr ax
      push 0x2b
      push ${AT.userStack}
      push 0x202
      push 0x23
      push user
      iretd
      idtr: dw 0xfff
      dd ${AT.idt}
      user:
      mov ebx, 0x1234
      int 0x80
      cmp eax, 0x1235
      jne $
      hlt
      `,
      16,
    )
    // INT 80H: increments, and returns. HLT in user code: #GP, whose handler halts.
    m.load('lea eax, [ebx+1]\niretd', 32, AT.code + 0x1000)
    m.load('mov ecx, 99\nhlt', 32, AT.code + 0x1100)
    const setGate = (vector: number, offset: number, dpl: number) => m.gate(vector, offset, { dpl, selector: 8 })
    setGate(0x80, AT.code + 0x1000, 3)
    setGate(13, AT.code + 0x1100, 0)
    m.memory.write32(AT.tss + 4, AT.stack)
    m.memory.write32(AT.tss + 8, 0x10)
    expect(m.cpu.run(200).reason).toBe('halted')
    expect(m.cpu.state.read('rcx')).toBe(99n)
    expect(m.cpu.state.read('cs')).toBe(8)
  })

  it('sees code that changes itself, also in the instruction that follows', () => {
    const m = make()
    m.enter(64)
    m.load(
      `
      mov ecx, 10
      xor edx, edx
      xor eax, eax
      top:
      inc byte [rel patch + 1]
      patch: mov al, 0
      add edx, eax
      dec ecx
      jnz top
      hlt
      `,
      64,
    )
    expect(m.cpu.run(1000).reason).toBe('halted')
    expect(m.cpu.state.read('rdx')).toBe(55n)
  })

  it('executes instructions that cross pages', () => {
    const m = make()
    m.enter(64, 0, AT.code + 0xffd)
    m.load('mov rax, 0x1122334455667788\nhlt', 64, AT.code + 0xffd)
    expect(m.cpu.run(10).reason).toBe('halted')
    expect(m.cpu.state.read('rax')).toBe(0x1122334455667788n)
  })
})
