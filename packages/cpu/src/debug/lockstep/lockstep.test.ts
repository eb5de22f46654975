import { describe, expect, it } from 'vitest'
import { AT, TestMachine } from '../../../tests/machine.ts'
import { GdbStub } from '../gdb-stub.ts'
import { ProcessorTarget } from '../processor-target.ts'
import { parseRegisters, RspClient } from '../rsp/client.ts'
import { runLockstep, undefinedFlags } from './lockstep.ts'
import { ProcessorSubject, type ProcessorSubjectOptions } from './processor-subject.ts'
import { RemoteSubject } from './remote-subject.ts'
import { describeLockstep } from './report.ts'

/** Counts to 2000; at 777 it stores R15. */
const PROGRAM = `
  xor ecx, ecx
  mov rdi, ${AT.data}
top:
  imul rdx, rcx, 3
  mov [rdi+8], rdx
  cmp ecx, 777
  jne on
store:
  mov [rdi], r15
on:
  inc ecx
  cmp ecx, 2000
  jne top
  hlt`
const RUN = 2 + 2000 * 7 + 2
/** Instructions before the store at 777. */
const BEFORE_STORE = 2 + 777 * 7 + 4

function machine(engine: 'reference' | 'interpreter', text = PROGRAM): TestMachine {
  const made = new TestMachine({ engine })
  made.enter(64)
  made.load(text, 64)
  return made
}

function subject(made: TestMachine, options: ProcessorSubjectOptions = {}): ProcessorSubject {
  return new ProcessorSubject(made.cpu, options)
}

describe('two engines', () => {
  it('agree to the end of a program', async () => {
    const [a, b] = [machine('reference'), machine('interpreter')]
    const report = await runLockstep(subject(a, { withMemory: true }), subject(b, { withMemory: true }), {
      instructions: 100_000,
      strideInstructions: 4000,
    })
    expect(report).toEqual({ kind: 'agree', instructions: RUN, end: 'halted' })
  })

  it('are led to the instruction from which a register differs', async () => {
    const [a, b] = [machine('interpreter'), machine('interpreter', PROGRAM.replace('mov [rdi], r15', 'mov rbx, [rdi]'))]
    b.memory.write32(AT.data, 5)
    const report = await runLockstep(subject(a, { name: 'one' }), subject(b, { name: 'two' }), { instructions: 50_000 })
    expect(report).toMatchObject({ kind: 'differ', instructions: BEFORE_STORE })
    const text = describeLockstep(subject(a, { name: 'one' }), subject(b, { name: 'two' }), report)
    expect(text).toMatch(
      /^one and two differ after 5445 instructions\nat 40019: mov \[rdi\], r15\n {2}rbx +one: 0 {2}two: 5/,
    )
  })

  it('are led to the instruction from which memory differs', async () => {
    const [a, b] = [machine('interpreter'), machine('reference')]
    b.cpu.state.write('r15', 9n)
    const options = { withMemory: true }
    const report = await runLockstep(subject(a, options), subject(b, options), {
      instructions: 20_000,
      strideInstructions: 3000,
      ignore: (field) => field === 'r15',
    })
    expect(report).toMatchObject({ kind: 'differ', instructions: BEFORE_STORE, differences: [{ field: 'memory' }] })
    expect(report.kind === 'differ' && report.instruction?.text).toBe('mov [rdi], r15')
  })

  it('differ from the start where their states do', async () => {
    const [a, b] = [machine('interpreter'), machine('interpreter')]
    b.cpu.state.write('rsi', 1n)
    const report = await runLockstep(subject(a), subject(b), { instructions: 10 })
    expect(report).toMatchObject({ kind: 'differ', instructions: 0, differences: [{ field: 'rsi', a: 0n, b: 1n }] })
  })

  it('go through faults and their handlers alike', async () => {
    const text = 'mov ebp, 5\nagain: ud2\nhandler: add qword ptr [rsp], 2\nsub ebp, 1\njz end\niretq\nend: hlt'
    const pair = (['reference', 'interpreter'] as const).map((engine) => {
      const made = machine(engine, text.replace('handler:', 'jmp again\nhandler:'))
      made.gate(6, AT.code + 9)
      return made
    })
    const [a, b] = pair.map((made) => subject(made, { withMemory: true })) as [ProcessorSubject, ProcessorSubject]
    const report = await runLockstep(a, b, { instructions: 1000, strideInstructions: 1 })
    expect(report).toMatchObject({ kind: 'agree', end: 'halted' })
  })
})

/** A processor behind a stub, at a client's other end. */
async function remote(made: TestMachine): Promise<RemoteSubject> {
  const target = new ProcessorTarget([made.cpu], { isClosed: true })
  const stub: GdbStub = new GdbStub(target, {
    onSend: (bytes) => queueMicrotask(() => client.receive(bytes)),
    onRun: () => {
      while (stub.run(1000) === 'running');
    },
  })
  const client = new RspClient((bytes) => stub.receive(bytes))
  return RemoteSubject.connect('remote', client)
}

describe('a processor and a machine behind a stub', () => {
  it('are compared by the registers that the stub describes', async () => {
    const a = subject(machine('interpreter'), { view: 'debugger', name: 'ours' })
    const b = await remote(machine('reference'))
    const names = [...(await b.observe()).keys()]
    expect(names).toEqual([...(await a.observe()).keys()])
    const options = { instructions: 300, freeFlags: undefinedFlags, stopAtHlt: true }
    expect(await runLockstep(a, b, options)).toMatchObject({ kind: 'agree', instructions: 300 })
  })

  it('may differ in undefined flags, and go on with the same', async () => {
    // Another processor, which sets ZF after MUL where ours does not.
    class OtherFlags extends ProcessorSubject {
      override async advance(instructions: number) {
        const before = await this.position()
        const result = await super.advance(instructions)
        const flags = (await this.observe()).get('eflags') as bigint
        if (before === BigInt(AT.code + 10)) await this.write('eflags', flags ^ 0x40n)
        return result
      }
    }
    const text = 'mov eax, 3\nmov ebx, 5\nmul ebx\npushfq\npop rdx\nhlt'
    const make = () => machine('interpreter', text).cpu
    const other = new OtherFlags(make(), { view: 'debugger', name: 'other' })
    const a = new ProcessorSubject(make(), { view: 'debugger' })
    const options = { instructions: 10, freeFlags: undefinedFlags, stopAtHlt: true }
    expect(await runLockstep(a, other, options)).toEqual({ kind: 'agree', instructions: 5, end: 'halted' })
    expect((await a.observe()).get('rdx')).toBe((await other.observe()).get('rdx'))
    const strict = new ProcessorSubject(make(), { view: 'debugger' })
    const again = new OtherFlags(make(), { view: 'debugger' })
    const report = await runLockstep(strict, again, { instructions: 10, strideInstructions: 1 })
    expect(report).toMatchObject({ kind: 'differ', instructions: 2, differences: [{ field: 'eflags' }] })
  })

  it('is written to and read in pieces', async () => {
    const made = machine('interpreter')
    const b = await remote(made)
    const bytes = Uint8Array.from({ length: 3000 }, (_, n) => n * 7)
    expect(await b.writeMemory(BigInt(AT.data), bytes)).toBe(true)
    expect(await b.readMemory(BigInt(AT.data), 3000)).toEqual(bytes)
    expect(await b.readMemory(1n << 40n, 1)).toBeNull()
    expect(await b.write('rbx', 0x1234n)).toBe(true)
    expect([made.cpu.state.read('rbx'), (await b.observe()).get('rbx')]).toEqual([0x1234n, 0x1234n])
    expect(await b.write('nothing', 1n)).toBe(false)
  })

  it('compares memory at the end', async () => {
    const [one, two] = [machine('interpreter'), machine('interpreter')]
    two.memory.write32(AT.data + 0x100, 7)
    const report = await runLockstep(subject(one, { view: 'debugger' }), await remote(two), {
      instructions: 10,
      freeFlags: undefinedFlags,
      memory: [{ address: BigInt(AT.data), lengthBytes: 0x800 }],
    })
    expect(report).toMatchObject({ kind: 'differ', differences: [{ field: 'memory 50100', a: 0n, b: 7n }] })
  })
})

describe('descriptions of registers', () => {
  it('are read in the order of their numbers', () => {
    const xml =
      '<reg name="a" bitsize="32" regnum="5"/><!-- <reg name="x" bitsize="8"/> --><reg name="b" bitsize="16"/><reg bitsize="64" name="c" regnum="0"/>'
    expect(parseRegisters(xml)).toEqual([
      { name: 'c', bits: 64 },
      { name: 'a', bits: 32 },
      { name: 'b', bits: 16 },
    ])
  })
})
