import { compareStates } from '@ringfold/arch'
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
})
