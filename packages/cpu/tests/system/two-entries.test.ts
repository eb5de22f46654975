/** A loop with two entries, which no structured control flow can hold: regions dispatch in it. */
import { compareStates } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { expect, it } from 'vitest'
import { TestMachine } from '../machine.ts'

const PROGRAM = `
top: test bl, 1
  jz second
first: add rax, 3
  xor rdx, rax
second: lea rcx, [rcx+rax*2+1]
  adc rdx, rcx
  dec r8
  jns first
  mov r8d, 9
  inc rbx
  jmp top`

it('engines agree on a loop with two entries, after any number of instructions', () => {
  const machines = ENGINES.map((engine) => new TestMachine({ engine, ramBytes: 1 << 20 }))
  for (const machine of machines) {
    machine.load(PROGRAM, 64)
    machine.enter(64, 0)
  }
  const [a, ...others] = machines as [TestMachine, ...TestMachine[]]
  // The last stretch is long enough for what is compiled when it is hot.
  for (const budget of [1, 7, 100, 33, 1001, 5000, 200_000, 77]) {
    for (const { cpu } of machines) expect(cpu.run(budget)).toEqual({ reason: 'budget', retired: budget })
    for (const b of others) expect(compareStates(a.cpu.state, b.cpu.state), b.cpu.engine).toEqual([])
  }
})
