import { CR0, FIELD, RFLAGS, writeRflags } from '@ringfold/arch'
import { expect, it } from 'vitest'
import { enterMode, machine } from '../tests/machine.ts'
import { deliverEvent } from './events/deliver.ts'
import { RULES, type RuleName, type RuleParameters } from './rules.ts'

/** Mulberry32. */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

const NAMES = Object.keys(RULES) as RuleName[]
/** Rules whose operands are sizes, segments or lengths take them from what encodings can say. */
const SIZES = [2, 4, 8] as const

function operands(next: () => number, name: RuleName): number[] {
  const value = (): number => (next() % 3 === 0 ? next() : next() % 0x100)
  const size = SIZES[next() % 3] as number
  const segment = next() % 6
  if (name === 'jmpFar' || name === 'callFar') return [value() & 0xffff, value(), 0, size, value(), 0]
  if (name === 'iret' || name === 'sysret' || name === 'sysexit' || name === 'pushf') return [size, value()]
  if (name === 'retFar') return [size, value() & 0xfff8]
  if (name === 'popf') return [value(), size]
  if (name === 'linearAddress') return [segment, value(), value(), 1 << (next() % 4), next() % 3]
  if (name === 'loadTable' || name === 'storeTable') return [next() % 2, segment, value(), value(), size]
  if (name === 'softwareInterrupt') return [value() & 0xff, [4, 5, 6][next() % 3] as number, 1 + (next() % 2)]
  if (name === 'loadSegment' || name === 'loadFarSegment') return [segment, value() & 0xffff]
  if (name.endsWith('Register')) return [next() % 16, value(), value()]
  if (name === 'checkIo') return [value() & 0xffff, 1 << (next() % 3)]
  return [segment, value(), value()]
}

it('no rule throws, whatever state and memory hold, and status 1 comes with an event', () => {
  const seed = Number(process.env.RINGFOLD_SEED ?? 20261124)
  const next = random(seed)
  for (let round = 0; round < 300; round++) {
    const built = machine()
    const { ctx, state, memory } = built
    if (round % 4 !== 0) enterMode(built, next() % 2 === 0 ? 0 : 3, round % 4 === 3)
    for (let n = 0; n < 300; n++) memory.view.setUint8(next() % 0xb000, next())
    if (round % 4 === 1 && next() % 2 === 0) writeRflags(state, RFLAGS.lo.VM | 2)
    for (let step = 0; step < 30; step++) {
      const name = NAMES[next() % NAMES.length] as RuleName
      const rule = RULES[name] as (c: typeof ctx, ...numbers: number[]) => number
      const status = rule(ctx, ...operands(next, name))
      const pending = state.lo(FIELD.pendingEvent) !== 0
      if (status === 1 && name !== 'deliverEvent') expect(pending, `${name}, seed ${seed}`).toBe(true)
      if (pending) deliverEvent(ctx)
    }
  }
})

it('types name rules and their operands', () => {
  const size: RuleParameters<'iret'> = [8, 0]
  const { ctx } = enterMode(machine(), 0)
  ctx.state.set(FIELD.cr0, CR0.lo.PE, 0)
  expect(typeof RULES.iret(ctx, ...size)).toBe('number')
})
