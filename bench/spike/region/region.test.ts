import { compareStates } from '@ringfold/arch'
import { assemble } from '@ringfold/isa/assembler'
import { describe, expect, it } from 'vitest'
import { RegionEngine } from '../engine.ts'
import type { Image } from '../image.ts'
import { SpikeMachine } from '../machine.ts'
import { ReferenceRun } from '../profile.ts'

const CODE = 0x401000
const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

/** Every kind of flags, told apart, kept, read at once, later, and behind joins; every width of register. */
const FLAGS = `
    mov ecx, 5
    lea rsi, [rsp - 64]
  again:
    add rax, rbx
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
  less:
    or r15, rax
    jp join
    bt rax, 7
  join:
    setnc bh
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
  even:
    sub ecx, 1
    ja again
    ret`

/** Two ways into one loop: no structure, only a dispatcher. */
const IRREDUCIBLE = `
    mov ecx, 40
    test al, 1
    jz second
  first:
    add rbx, rcx
    dec ecx
    jz done
  second:
    lea rbx, [rbx + rbx*2]
    sub ecx, 1
    jg first
  done:
    mov rax, rbx
    ret`

/** mulberry32. */
function generator(start: number): () => number {
  let a = start
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

/** The state after each number of instructions, in regions and in the evaluator. */
function differences(text: string, instructions: number): string[] {
  const { bytes } = assemble(text, { bits: 64, origin: BigInt(CODE) })
  const image: Image = { segments: [{ address: CODE, bytes, sizeBytes: bytes.length }], functions: new Map() }
  const [ours, reference] = [new SpikeMachine(image), new SpikeMachine(image)]
  const engine = new RegionEngine({ machine: ours, profile: new Map(), functions: [CODE] })
  const stepper = new ReferenceRun(reference)
  const next = generator(seed)
  const found: string[] = []
  for (let budget = 1; budget <= instructions; budget++) {
    const [values, flags] = [Array.from({ length: 16 }, next), next() & 0x8d5]
    for (const machine of [ours, reference]) {
      for (const [n, v] of values.entries())
        machine.state.write('gpr', BigInt.asUintN(64, BigInt(v) * 0x9e3779b97f4a7c15n), n)
      machine.state.write('statusFlags', flags)
      machine.state.write('lazyOp', 0)
      machine.call(CODE, budget)
    }
    const [retired, wanted] = [engine.run(budget), stepper.run(budget)]
    ours.interpreter.settle()
    const states = compareStates(ours.state, reference.state)
    if (retired !== wanted || states.length > 0)
      found.push(
        JSON.stringify([budget, retired, wanted, states], (_, v) => (typeof v === 'bigint' ? v.toString(16) : v)),
      )
  }
  return found
}

describe(`regions against the evaluator (RINGFOLD_SEED=${seed})`, () => {
  it('agree on every kind of flags', () => {
    expect(differences(FLAGS, 180)).toEqual([])
  })

  it('agree on a loop with two entries', () => {
    expect(differences(IRREDUCIBLE, 140)).toEqual([])
  })
})
