import { describe, expect, it } from 'vitest'
import { archivesMissing, readArchive } from '../isa-vectors/archive.ts'
import { icedFactTally } from './iced.ts'

const missing = archivesMissing()

describe.skipIf(missing !== null)(
  `outside vectors of instruction facts${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('agree, or stand on the explained list', () => {
      const tally = icedFactTally(readArchive('iced'))
      expect(tally.agree).toBeGreaterThan(45_000)
      expect(tally.unexplained, tally.report()).toEqual([])
    })
  },
)
