import { compareStates } from '@ringfold/arch'
import { ENGINES } from '@ringfold/cpu'
import { expect, it } from 'vitest'
import { TestMachine } from './machine.ts'
import { generator, prepare } from './random-machine.ts'

const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
const CASES = Number(process.env.RINGFOLD_CASES ?? 30)
const SLICES = 8
/** Nothing here is a measurement: the limit only ends what hangs. */
const LIMIT_MS = 120_000 + CASES * 4000

const show = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `0x${v.toString(16)}` : v))

it(
  `engines are in the same state after any number of random instructions (RINGFOLD_SEED=${seed})`,
  () => {
    const next = generator(seed)
    const machines = ENGINES.map((engine) => new TestMachine({ engine, ramBytes: 1 << 20 }))
    const [a, ...others] = machines as [TestMachine, ...TestMachine[]]
    const problems: string[] = []
    let retired = 0
    for (let n = 0; n < CASES; n++) {
      const setup = prepare(next, machines)
      for (let slice = 0; slice < SLICES; slice++) {
        // Regions want some budget ahead of them.
        const budget = 1 + (next() % (next() % 4 === 0 ? 1000 : 60))
        const at = `case ${n} ${show(setup)} slice ${slice}`
        if (next() % 8 === 0) for (const m of machines) m.cpu.signalNmi()
        const [x, ...ends] = machines.map((m) => m.cpu.run(budget))
        const wrong = others.filter((b, i) => show(x) !== show(ends[i]) || a.hash() !== b.hash())
        for (const b of wrong)
          problems.push(`${at}: ${b.cpu.engine} ${show(compareStates(a.cpu.state, b.cpu.state).slice(0, 4))}`)
        retired += x?.retired ?? 0
        if (wrong.length > 0 || x?.reason === 'shutdown') break
      }
    }
    expect(problems.slice(0, 10)).toEqual([])
    expect(retired).toBeGreaterThan(CASES * 10)
  },
  LIMIT_MS,
)
