import { describe, expect, it } from 'vitest'
import { archivesMissing } from './archive.ts'
import { tallies } from './index.ts'

const missing = archivesMissing()

describe.skipIf(missing !== null)(`outside decoder vectors${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it('agree, or stand on the explained list', () => {
    for (const tally of tallies()) {
      expect(tally.agree, tally.name).toBeGreaterThan(90)
      expect(tally.unexplained, tally.report()).toEqual([])
    }
  })
})
