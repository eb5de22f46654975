import { type CpuState, CR4, compareStates, FIELD, RFLAGS, SEGMENT, TSS64 } from '@ringfold/arch'
import type { LinearAccess } from '@ringfold/contracts'
import { describe, expect, it } from 'vitest'
import {
  descriptor,
  enterMode,
  FlatMemory,
  GDT,
  gate,
  IDT,
  type Machine,
  machine,
  SEL,
  TSS,
} from '../../tests/machine.ts'
import { seed, seededRandom } from '../../tests/seeded-random.ts'
import { type RuleContext, raise, VECTOR } from '../context.ts'
import { deliverEvent, softwareInterrupt } from './deliver.ts'
import { iret } from './iret.ts'

const CASES = 500
const PAGE = 4096

/** Memory that offers the short way, and tells how often the long one was taken. */
class DirectMemory extends FlatMemory {
  readonly direct = this.view
  reads = 0

  directOffset(sizeBytes: number, lo: number, hi: number, _access: LinearAccess, write: boolean): number {
    const end = write ? Math.min(this.end, this.readOnlyFrom) : this.end
    return hi === 0 && (lo % PAGE) + sizeBytes <= PAGE && lo + sizeBytes <= end ? lo : -1
  }

  override read(size: 1 | 2 | 4 | 8, lo: number, hi: number): 0 | 1 {
    this.reads++
    return super.read(size, lo, hi)
  }
}

function withDirect(built: Machine): { readonly ctx: RuleContext; readonly memory: DirectMemory } {
  const memory = new DirectMemory(built.state)
  return { ctx: { ...built.ctx, linear: memory }, memory }
}

type Next = (below: number) => number
const pick = <T>(next: Next, values: readonly T[]): T => values[next(values.length)] as T

/** Tables that are mostly right, and wrong in one way or another. */
function fillTables(memory: FlatMemory, next: Next): void {
  for (const at of [SEL.CODE64, SEL.CODE64_3 & ~3]) {
    const access = pick(next, [0x9b, 0xfb, 0x9b, 0xfb, 0x9a, 0xfa, 0x9f, 0x93, 0x1b, 0xdb])
    memory.put64(GDT + at, descriptor(next(2) << 12, 0xfffff, access, pick(next, [0xa, 0xa, 0xa, 0xc, 0xe, 0x8])))
  }
  for (const at of [SEL.DATA0, SEL.DATA3 & ~3])
    memory.put64(GDT + at, descriptor(0, 0xfffff, pick(next, [0x93, 0xf3, 0xf3, 0x92, 0xf2, 0x91, 0x13]), 0xc))
  const selector = pick(next, [SEL.CODE64, SEL.CODE64, SEL.CODE64_3, SEL.DATA0, 0, SEL.CODE64 | 4, 0xf8])
  const type = pick(next, [14, 14, 15, 15, 12, 6])
  const word = gate(selector, 0x9abc_9000, type, pick(next, [0, 3]), pick(next, [0, 0, 0, 1, 7]))
  memory.put64(IDT + 16 * VECTOR.GP, next(8) === 0 ? word & ~(1n << 47n) : word)
  memory.put64(IDT + 16 * VECTOR.GP + 8, BigInt(pick(next, [0, 0xffff8000, 0x7fff, 0x8000])))
  for (const at of [TSS64.offset.RSP0, TSS64.offset.IST1, TSS64.offset.IST1 + 48])
    memory.put64(
      TSS + at,
      BigInt(pick(next, [0x7000, 0x7123, 0x6028, 0xf_fff8, 0x10_0010])) + BigInt(next(16) === 0 ? 2 ** 47 : 0),
    )
}

function fillState(state: CpuState, next: Next): void {
  const { AC, NT, TF, IF, RF, IOPL } = RFLAGS.lo
  state.setLo(FIELD.systemFlags, 2 | (next(2 ** 22) & (AC | TF | IF | RF | IOPL | (next(8) === 0 ? NT : 0))))
  state.set(
    FIELD.rsp,
    pick(next, [0x8000, 0x8028, 0x8ffd, 0xa010, 0x1_0000, 0xf_fff0]),
    pick(next, [0, 0, 0, 0, 0x8000]),
  )
  state.set(FIELD.rip, next(2 ** 31), 0)
  if (next(6) === 0) state.setLo(FIELD.idtrLimit, pick(next, [16 * VECTOR.GP + 14, 16 * VECTOR.GP + 15]))
  if (next(6) === 0) state.setLo(FIELD.gdtrLimit, pick(next, [SEL.CODE64 + 7, SEL.CODE64 + 6]))
  if (next(6) === 0) state.setLo(FIELD.segLimit, pick(next, [11, 0x33, 0x66]), SEGMENT.TR)
  if (next(6) === 0) state.set(FIELD.cr4, CR4.lo.PAE | CR4.lo.LA57, 0)
}

/** Runs a rule on two machines that are alike, one with the short way. @returns whether that was taken to the end */
function agree(
  from: number,
  cpl: number,
  fill: (built: Machine, next: Next) => void,
  rule: (ctx: RuleContext) => number,
): boolean {
  const results = [false, true].map((isDirect) => {
    const next = seededRandom(from)
    const built = enterMode(machine(), cpl, true)
    fillTables(built.memory, next)
    fillState(built.state, next)
    fill(built, next)
    if (!isDirect) return { state: built.state, memory: built.memory, status: rule(built.ctx), reads: 1 }
    const { ctx, memory } = withDirect(built)
    new Uint8Array(memory.view.buffer).set(new Uint8Array(built.memory.view.buffer))
    return { state: built.state, memory, status: rule(ctx), reads: memory.reads }
  })
  const [long, short] = results as [(typeof results)[0], (typeof results)[0]]
  expect(short.status, `case ${from}`).toBe(long.status)
  expect(compareStates(short.state, long.state), `case ${from}`).toEqual([])
  expect(
    Buffer.compare(new Uint8Array(short.memory.view.buffer), new Uint8Array(long.memory.view.buffer)),
    `case ${from}`,
  ).toBe(0)
  return short.reads === 0
}

describe(`the short way does what the long one does (RINGFOLD_SEED=${seed})`, () => {
  it('delivering events to 64-bit code', () => {
    let taken = 0
    for (let n = 0; n < CASES; n++) {
      const raised = (built: Machine) => raise(built.state, VECTOR.GP, 0x28)
      const fill = n % 3 === 0 ? () => {} : raised
      const rule =
        n % 3 === 0 ? (ctx: RuleContext) => softwareInterrupt(ctx, VECTOR.GP, n % 2 === 0 ? 4 : 6, 2) : deliverEvent
      if (agree(seed + n, n % 4 === 0 ? 3 : 0, fill, rule)) taken++
    }
    expect(taken).toBeGreaterThan(CASES / 50)
  })

  it('returning from them', () => {
    let taken = 0
    for (let n = 0; n < CASES; n++) {
      const fill = ({ state, memory }: Machine, next: Next) => {
        const sp = state.lo(FIELD.rsp)
        if (sp + 40 > 0x10_0000) return
        const level = pick(next, [0, 3])
        memory.put64(sp, BigInt(next(2 ** 31)) + (next(8) === 0 ? 2n ** 47n : 0n))
        memory.put64(
          sp + 8,
          BigInt(pick(next, [level === 0 ? SEL.CODE64 : SEL.CODE64_3, SEL.CODE64_3, SEL.CODE0, 0, level])),
        )
        memory.put64(sp + 16, BigInt(next(2 ** 22)))
        memory.put64(sp + 24, BigInt(next(2 ** 31)) << BigInt(next(2)))
        memory.put64(sp + 32, BigInt(pick(next, [level === 0 ? SEL.DATA0 : SEL.DATA3, SEL.DATA0, SEL.DATA3, 0, 3])))
      }
      if (agree(seed + n, n % 4 === 0 ? 3 : 0, fill, (ctx) => iret(ctx, 8, 0))) taken++
    }
    expect(taken).toBeGreaterThan(CASES / 50)
  })
})
