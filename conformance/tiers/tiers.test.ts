import { describe, expect, it } from 'vitest'
import { debianOr } from '../debian/guest.ts'
import { BOOT_INSTRUCTIONS } from './index.ts'
import { firstDifference, hashAfter, pointsOfBoot } from './lockstep.ts'

const guest = await debianOr()
const POINTS = 10
const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)
/** Instructions from a point on: so many that code becomes hot, and a different number each time. */
const LEAST = 200_000
const SPREAD = 150_000
const LIMIT_MS = 240_000

describe.skipIf(typeof guest === 'string')(
  `from ten points of Debian's boot (RINGFOLD_SEED=${seed})${typeof guest === 'string' ? ` (skipped: ${guest})` : ''}`,
  () => {
    it(
      'the engines that translate come to the state of the interpreter',
      async () => {
        if (typeof guest === 'string') return
        const points = Array.from({ length: POINTS }, (_, n) => Math.floor((n * BOOT_INSTRUCTIONS) / POINTS))
        let n = 0
        for await (const snapshot of pointsOfBoot(guest, 'auto', points)) {
          const instructions = LEAST + ((seed + n * 7919) % SPREAD)
          // The one that compiles at once sees more code than the other, and takes longer for it.
          const engine = n % 2 === 0 ? 'translator' : 'auto'
          const differsAfter = await firstDifference(guest, engine, snapshot, instructions)
          expect({ point: points[n], engine, instructions, differsAfter }).toMatchObject({ differsAfter: undefined })
          n++
        }
        expect(n).toBe(POINTS)
      },
      LIMIT_MS,
    )

    it('a state depends on the number of instructions', async () => {
      if (typeof guest === 'string') return
      for await (const snapshot of pointsOfBoot(guest, 'interpreter', [1000])) {
        const hash = await hashAfter(guest, 'interpreter', snapshot, 1000)
        expect(await hashAfter(guest, 'translator', snapshot, 1000)).toBe(hash)
        expect(await hashAfter(guest, 'translator', snapshot, 1001)).not.toBe(hash)
      }
    })
  },
)
