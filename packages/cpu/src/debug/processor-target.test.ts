import { FIELD } from '@ringfold/arch'
import { PhysicalMemory } from '@ringfold/memory'
import { describe, expect, it } from 'vitest'
import { AT, TestMachine } from '../../tests/machine.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { ENGINES } from '../engines.ts'
import { Processor } from '../processor.ts'
import { GdbStub } from './gdb-stub.ts'
import { ProcessorTarget } from './processor-target.ts'
import { RegisterTable } from './registers/table.ts'
import { encodePacket } from './rsp/framing.ts'
import { textOfBytes } from './rsp/hex.ts'
import type { DebugPoint, DebugStop, ThreadAction } from './target.ts'

const CONTINUE: readonly ThreadAction[] = ['continue']
const STEP: readonly ThreadAction[] = ['step']

describe.each(ENGINES)('a processor on engine %s as a debugger sees it', (engine) => {
  const program = (text: string, bits: 16 | 32 | 64 = 64) => {
    const machine = new TestMachine({ engine })
    machine.enter(bits)
    machine.load(text, bits)
    const target = new ProcessorTarget([machine.cpu], { isClosed: true })
    const rip = (): number => machine.cpu.state.lo(FIELD.rip)
    const run = (): DebugStop => target.resume(CONTINUE, 10_000)
    return { machine, target, rip, run }
  }
  const breakAt = (address: number, kind: 'software' | 'hardware' = 'software'): DebugPoint => ({
    kind,
    address: BigInt(address),
    lengthBytes: 1,
  })

  it('stops before the instruction at a breakpoint, and goes on from there', () => {
    const { target, rip, run, machine } = program('mov ecx, 3\ntop: dec ecx\njnz top\nhlt')
    target.insert(breakAt(AT.code + 5))
    for (const left of [3n, 2n, 1n]) {
      expect(run()).toEqual({ kind: 'breakpoint', thread: 0, hardware: false })
      expect([rip(), machine.cpu.state.read('rcx')]).toEqual([AT.code + 5, left])
    }
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
    expect(machine.cpu.state.read('retired')).toBe(8n)
    expect(machine.memory.read8(AT.code + 5)).toBe(0xff)
  })

  it('stops at the first instruction of a handler', () => {
    const { target, rip, run, machine } = program('nop\nud2\nhlt\nhandler: nop\nhlt')
    machine.gate(6, AT.code + 4)
    target.insert(breakAt(AT.code + 4))
    expect(run()).toMatchObject({ kind: 'breakpoint' })
    expect([rip(), machine.cpu.state.read('retired')]).toEqual([AT.code + 4, 1n])
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
  })

  it('stops where what ends a HLT leads, and not before it comes', () => {
    const { target, rip, run, machine } = program('hlt\nnop\nhlt\nhandler: nop\niretq')
    machine.gate(2, AT.code + 3)
    target.insert(breakAt(AT.code + 1))
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
    target.insert(breakAt(AT.code + 3))
    machine.cpu.signalNmi()
    expect(run()).toMatchObject({ kind: 'breakpoint' })
    expect(rip()).toBe(AT.code + 3)
    expect(run()).toMatchObject({ kind: 'breakpoint' })
    expect(rip()).toBe(AT.code + 1)
  })

  it('stops at once at a breakpoint to which it was led from outside', () => {
    const { target, rip, run, machine } = program('nop\nnop\nnop\nhlt')
    target.insert(breakAt(AT.code + 1, 'hardware'))
    expect(run()).toMatchObject({ kind: 'breakpoint', hardware: true })
    machine.cpu.state.setLo(FIELD.rip, AT.code + 1)
    target.stateWritten(0)
    expect(run()).toMatchObject({ kind: 'breakpoint' })
    target.remove(breakAt(AT.code + 1, 'hardware'))
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
    expect(rip()).toBe(AT.code + 4)
  })

  it('steps, over HLT too, and stays there', () => {
    const { target, rip } = program('nop\nhlt\nnop')
    for (const at of [1, 2, 2, 2]) {
      expect(target.resume(STEP, 1)).toEqual({ kind: 'stepped', thread: 0 })
      expect(rip()).toBe(AT.code + at)
    }
  })

  it('steps into the handler of a fault', () => {
    const { target, machine, rip } = program('ud2\nhlt\nhandler: nop\nnop')
    machine.gate(6, AT.code + 3)
    expect(target.resume(STEP, 1)).toEqual({ kind: 'stepped', thread: 0 })
    expect(rip()).toBe(AT.code + 3)
    expect(machine.cpu.state.read('retired')).toBe(0n)
  })

  it('watches writes, reads and both, and stops behind the access', () => {
    const text = `mov qword ptr [${AT.data}], 1\nmov eax, [${AT.data + 4}]\nadd dword ptr [${AT.data + 8}], 5\nhlt`
    const { target, run, machine } = program(text)
    const watch = (kind: DebugPoint['kind'], offset: number) =>
      target.insert({ kind, address: BigInt(AT.data + offset), lengthBytes: 4 })
    watch('write', 0)
    watch('read', 4)
    watch('access', 8)
    const at = (offset: number) => BigInt(AT.data + offset)
    expect(run()).toEqual({ kind: 'watchpoint', thread: 0, access: 'write', address: at(0) })
    expect(machine.memory.read32(AT.data)).toBe(1)
    expect(run()).toEqual({ kind: 'watchpoint', thread: 0, access: 'read', address: at(4) })
    expect(run()).toEqual({ kind: 'watchpoint', thread: 0, access: 'access', address: at(8) })
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
  })

  it('sees code that a debugger wrote, also where it was executed already', () => {
    const { target, run, machine } = program('mov ecx, 1000\ntop: inc eax\nnop\ndec ecx\njnz top\nhlt')
    expect(target.resume(CONTINUE, 101)).toEqual({ kind: 'budget' })
    // INC EAX becomes DEC EAX.
    expect(target.writeMemory(0, BigInt(AT.code + 5), Uint8Array.of(0xff, 0xc8))).toBe(true)
    expect(run()).toEqual({ kind: 'halted', thread: 0 })
    expect(machine.cpu.state.read('rax')).toBe(BigInt.asUintN(32, 25n - 975n))
  })

  it('reads and writes memory without a trace', () => {
    const { target, machine } = program('hlt')
    const pte = machine.pte(AT.data)
    machine.memory.write32(pte, AT.data | 1)
    expect(target.readMemory(0, BigInt(AT.data), 4)).toEqual(new Uint8Array(4))
    expect(target.writeMemory(0, BigInt(AT.data), Uint8Array.of(7))).toBe(true)
    expect(machine.memory.read32(pte)).toBe(AT.data | 1)
    machine.memory.write32(pte, 0)
    expect(target.readMemory(0, BigInt(AT.data), 4)).toHaveLength(0)
    expect(target.readMemory(0, BigInt(AT.data - 2), 4)).toHaveLength(2)
    expect(target.readMemory(0, 1n << 60n, 4)).toHaveLength(0)
    expect(machine.cpu.state.lo(FIELD.pendingEvent)).toBe(0)
  })

  it('catches exceptions, and tells of a triple fault', () => {
    const { target, machine, rip, run } = program('ud2\nhlt\nhandler: nop\nud2')
    machine.gate(6, AT.code + 3)
    target.catchExceptions(new Set([6]))
    expect(run()).toEqual({ kind: 'exception', thread: 0, vector: 6 })
    expect(rip()).toBe(AT.code + 3)
    target.catchExceptions(new Set())
    machine.cpu.state.setLo(FIELD.idtrLimit, 0)
    target.stateWritten(0)
    expect(run()).toEqual({ kind: 'shutdown', thread: 0 })
  })

  it('breaks by linear address in real mode', () => {
    const { target, rip, run } = program('nop\nnop\nhlt', 16)
    target.insert(breakAt(AT.code + 1))
    expect(run()).toMatchObject({ kind: 'breakpoint' })
    expect(rip()).toBe(1)
  })
})

describe('several processors', () => {
  it('take turns, and come on while another is stepped', () => {
    const memory = new PhysicalMemory({ ramBytes: 1 << 20 })
    const cpus = [0, 1, 2].map((n) => new Processor({ memory, bootstrap: n === 0 }))
    // Each counts at [BX], 16 bytes apart: INC WORD [BX]; JMP $-4.
    memory.writeBytes(0x1000, Uint8Array.of(0xff, 0x07, 0xeb, 0xfc))
    for (const [n, cpu] of cpus.entries()) {
      cpu.state.write('rbx', BigInt(0x2000 + 16 * n))
      cpu.state.set(FIELD.csBase, 0x1000, 0)
      cpu.state.set(FIELD.rip, 0, 0)
      cpu.state.setLo(FIELD.activityState, 0)
      cpu.stateWritten()
    }
    const target = new ProcessorTarget(cpus, { turnInstructions: 10 })
    const counts = () => cpus.map((_, n) => memory.read16(0x2000 + 16 * n))
    expect(target.resume(['continue', 'continue', 'continue'], 60)).toEqual({ kind: 'budget' })
    expect(counts()).toEqual([10, 10, 10])
    for (let n = 0; n < 4; n++)
      expect(target.resume(['continue', 'step', 'stop'], 1)).toEqual({ kind: 'stepped', thread: 1 })
    expect(counts()).toEqual([12, 12, 10])
    target.insert({ kind: 'write', address: 0x2020n, lengthBytes: 2 })
    expect(target.resume(['continue', 'continue', 'continue'], 60)).toMatchObject({ kind: 'watchpoint', thread: 2 })
  })
})

describe('a debugger that does harm', () => {
  const registers = new RegisterTable('i386:x86-64').registers
  const random = seededRandom(seed)
  const hexOf = (bytes: number): string => {
    const one = (r: number): number => ((r & 0x300) === 0 ? r & 0xff : (r & 0x400) === 0 ? 0 : 0xff)
    return Array.from({ length: bytes }, () => one(random()).toString(16).padStart(2, '0')).join('')
  }
  const packet = (): string => {
    const address = ((random() & 3) === 0 ? random() : random() & 0xfffff).toString(16)
    const number = random() % registers.length
    const kinds = [
      `P${number.toString(16)}=${hexOf(Math.ceil((registers[number]?.bits ?? 0) / 8))}`,
      `M${address},8:${hexOf(8)}`,
      `Z${random() % 5},${address},${1 + (random() & 7)}`,
      's',
      'c',
      `m${address},40`,
    ]
    return kinds[random() % kinds.length] as string
  }

  it(`gets errors, and a machine that goes on (seed ${seed})`, () => {
    for (let n = 0; n < 6; n++) {
      const machine = new TestMachine({ engine: n < 3 ? 'reference' : 'interpreter' })
      machine.enter(([16, 32, 64] as const)[n % 3] as 16 | 32 | 64)
      const sent: Uint8Array[] = []
      const target = new ProcessorTarget([machine.cpu], { isClosed: true })
      const stub = new GdbStub(target, { onSend: (bytes) => void sent.push(bytes) })
      for (let k = 0; k < 200; k++) {
        stub.receive(encodePacket(packet()))
        stub.run(200)
        stub.receive(Uint8Array.of(3))
      }
      sent.length = 0
      stub.receive(encodePacket('qC'))
      expect(sent.map(textOfBytes).join('')).toBe('+$QC1#c5')
    }
  })
})
