/** One guest on each engine, run in slices of random length with an interrupt now and then: the states must be equal after each. */
import { compareStates } from '@ringfold/arch'
import { ENGINES, type EngineName } from '@ringfold/cpu'
import { expect } from 'vitest'
import { seed, seededRandom } from '../seeded-random.ts'
import type { Guest } from './guest.ts'
import { InterruptLine } from './interrupt-line.ts'

/** RAM is compared too, but that takes longer. */
const SLICES_PER_HASH = 20

export interface SideBySide {
  readonly slices: number
  /** Instructions in a slice at most. */
  readonly longest: number
  /** The interrupt. */
  readonly vector: number
}

/** Returns the guest of the first engine, which is as those of the others. */
export function runSideBySide(
  boot: (engine: EngineName, line: InterruptLine) => Guest,
  { slices, longest, vector }: SideBySide,
): Guest {
  const next = seededRandom(seed)
  const lines = ENGINES.map(() => new InterruptLine())
  const guests = ENGINES.map((engine, n) => boot(engine, lines[n] as InterruptLine))
  const [a, ...others] = guests as [Guest, ...Guest[]]
  for (let slice = 0; slice < slices; slice++) {
    const budget = 1 + (next() % longest)
    if (next() % 2 === 0) for (const line of lines) if (line.pending.length === 0) line.pending.push(vector)
    const exits = guests.map((guest) => guest.cpu.run(budget))
    expect(exits).toEqual(ENGINES.map(() => ({ reason: 'budget', retired: budget })))
    for (const b of others) {
      expect(compareStates(a.state, b.state)).toEqual([])
      if (slice % SLICES_PER_HASH === 0) expect(a.machine.hash()).toBe(b.machine.hash())
    }
  }
  return a
}
