import { compareStates, FIELD } from '@ringfold/arch'
import { beforeAll, describe, expect, it } from 'vitest'
import { preparedImage, regionEngine } from './contenders.ts'
import type { Profile } from './engine.ts'
import { type Image, KERNELS, readImage } from './image.ts'
import { SpikeMachine } from './machine.ts'
import { profileOf, ReferenceRun } from './profile.ts'
import { build, canBuild } from './toolchain.ts'

/** Instructions after which states are compared: within blocks, in loops, and far in. */
const BUDGETS = [1, 2, 3, 5, 8, 13, 21, 100, 777, 2500]
const ARGUMENTS = [1, 1, 1, 9, 1]

/** Registers, flags and RIP of two machines, and the bytes of the image and the stack. */
function difference(image: Image, a: SpikeMachine, b: SpikeMachine): string {
  const states = compareStates(a.state, b.state).filter(({ field }) => field !== 'cr2')
  if (states.length > 0) return JSON.stringify(states, (_, v) => (typeof v === 'bigint' ? v.toString(16) : v))
  const ranges = [...image.segments.map((s) => [s.address, s.address + s.sizeBytes]), [0x70000, 0x80000]]
  const bytes = (m: SpikeMachine, [from, to]: readonly number[]) => m.memory.bytes.subarray(from, to)
  return ranges.every((range) => Buffer.compare(bytes(a, range), bytes(b, range)) === 0) ? '' : 'memory'
}

describe.skipIf(!canBuild())('the kernels of the spike (with gcc on x86-64 Linux)', () => {
  let image: Image
  let profile: Profile

  beforeAll(() => {
    const built = build()
    try {
      image = preparedImage(readImage(built.guest))
    } finally {
      built.dispose()
    }
    profile = profileOf(image)
  }, 60_000)

  it.each([...KERNELS.entries()])(
    '%i, %s: regions and evaluator agree after any number of instructions',
    (n, kernel) => {
      const [ours, reference] = [new SpikeMachine(image), new SpikeMachine(image)]
      const engine = regionEngine(ours, image, profile)
      const stepper = new ReferenceRun(reference)
      const failures: string[] = []
      for (const budget of BUDGETS) {
        for (const machine of [ours, reference])
          machine.call(image.functions.get(kernel) as number, ARGUMENTS[n] as number)
        const [retired, wanted] = [engine.run(budget), stepper.run(budget)]
        ours.interpreter.settle()
        const problem = retired === wanted ? difference(image, ours, reference) : `${retired} for ${wanted}`
        if (problem !== '') failures.push(`after ${budget}: ${problem}`)
      }
      expect(failures).toEqual([])
    },
  )

  /** Pages of data, and the stack's: some engines' kernels fault there, with flags and registers in the middle of a block. */
  const pages = () => [0x7f000, ...image.segments.flatMap(pagesOf)]

  it.each([...KERNELS])('%s: regions and interpreter fault alike where a page is missing', (kernel) => {
    const [ours, tier] = [new SpikeMachine(image), new SpikeMachine(image)]
    const engine = regionEngine(ours, image, profile)
    const failures: string[] = []
    let faults = 0
    for (const page of pages()) {
      for (const machine of [ours, tier]) {
        machine.state.setLo(FIELD.pendingEvent, 0)
        machine.call(image.functions.get(kernel) as number, 7)
        machine.setPresent(page, false)
      }
      const [retired, wanted] = [engine.run(20_000), tier.interpreter.run(20_000).retired]
      if (ours.state.lo(FIELD.pendingEvent) !== 0) faults++
      for (const machine of [ours, tier]) machine.interpreter.settle()
      const problem = retired === wanted ? difference(image, ours, tier) : `${retired} for ${wanted}`
      if (problem !== '') failures.push(`without page ${page.toString(16)}: ${problem}`)
      for (const machine of [ours, tier]) machine.setPresent(page, true)
    }
    expect(failures).toEqual([])
    expect(faults).toBeGreaterThan(0)
  })
})

function pagesOf({ address, sizeBytes }: { readonly address: number; readonly sizeBytes: number }): number[] {
  const [first, last] = [address >>> 12, (address + sizeBytes - 1) >>> 12]
  // Not the page of the code, which cannot be executed without.
  const every = Array.from({ length: last - first + 1 }, (_, n) => (first + n) << 12)
  return every.filter((page) => page !== 0x401000 && page >= 0x400000)
}
