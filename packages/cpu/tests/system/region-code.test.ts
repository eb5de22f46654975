/** What regions have to get right between instructions: every kind of flags behind joins, and a loop without structure, stopped anywhere. */
import { compareStates } from '@ringfold/arch'
import { ENGINES, regionEngine } from '@ringfold/cpu'
import { PASSES } from '@ringfold/translator'
import { expect, it } from 'vitest'
import { AT, TestMachine } from '../machine.ts'
import { seed, seededRandom } from '../seeded-random.ts'

/** Every kind of flags, told apart, kept, read at once, later, and behind joins; every width of register. */
const FLAGS = `
  mov ecx, 5
  lea rsi, [rsp - 64]
again: add rax, rbx
  adc rdx, rax
  sbb r8, rdx
  setc r9b
  inc eax
  setbe r10b
  cmovs r11, rax
  dec bx
  seto ah
  neg r8d
  setp r12b
  imul r13, rax, 77
  cmovo r14, r13
  shl edx, 3
  rcl r13, 1
  cmp al, bl
  jl less
  xor r15d, r15d
  shr r14, cl
  jmp join
less: or r15, rax
  jp join
  bt rax, 7
join: setnc bh
  mov [rsi], r13
  add word [rsi + 2], 0x8181
  cmovge r8, rdx
  and r15d, [rsi]
  lea rax, [rax + rax*2 + 7]
  ror r9, cl
  test r9d, r9d
  cmovg r10, r9
  xadd [rsi + 8], rbx
  sar dword [rsi + 8], 5
  jae even
  not r11
even: sub ecx, 1
  ja again
wait: jmp wait`

/** Two ways into one loop: only a dispatcher can hold it. */
const TWO_ENTRIES = `
  mov ecx, 40
  test al, 1
  jz second
first: add rbx, rcx
  dec ecx
  jz done
second: lea rbx, [rbx + rbx*2]
  sub ecx, 1
  jg first
done: mov rax, rbx
wait: jmp wait`

/** The region tier with no passes, each pass alone, and no room for what it has made. */
const VARIANTS = [
  regionEngine('translator', { passes: [] }),
  ...PASSES.map((pass) => regionEngine('translator', { passes: [pass] })),
  regionEngine('translator', { mostBytes: 1 }),
]

it.each([
  ['every kind of flags', FLAGS, 200],
  ['a loop with two entries', TWO_ENTRIES, 140],
] as const)(`engines agree on %s after any number of instructions (RINGFOLD_SEED=${seed})`, (_, text, most) => {
  const machines = [...ENGINES, ...VARIANTS].map((engine) => new TestMachine({ engine, ramBytes: 1 << 20 }))
  for (const machine of machines) {
    machine.load(text, 64)
    machine.enter(64, 0)
  }
  const next = seededRandom(seed)
  const [a, ...others] = machines as [TestMachine, ...TestMachine[]]
  for (let budget = 1; budget <= most; budget++) {
    const values = Array.from({ length: 16 }, () => BigInt.asUintN(64, BigInt(next()) * 0x9e3779b97f4a7c15n))
    const flags = next() & 0x8d5
    for (const { cpu } of machines) {
      for (const [n, value] of values.entries()) cpu.state.write('gpr', value, n)
      cpu.state.write('rsp', BigInt(AT.stack))
      cpu.state.write('rip', BigInt(AT.code))
      cpu.state.write('statusFlags', flags)
      cpu.stateWritten()
    }
    for (const { cpu } of machines) expect(cpu.run(budget)).toEqual({ reason: 'budget', retired: budget })
    for (const b of others) expect(compareStates(a.cpu.state, b.cpu.state), `${b.cpu.engine}, ${budget}`).toEqual([])
  }
  const counted = machines.map(({ cpu }) => cpu.engineStatistics().regions)
  expect((counted.at(-1) as { evictions: number }).evictions).toBeGreaterThan(1)
  // It was regions that ran.
  expect(counted[ENGINES.indexOf('translator')]).toMatchObject({ refused: 0 })
  expect((counted[ENGINES.indexOf('translator')] as { instructions: number }).instructions).toBeGreaterThan(most)
})
