import { describe, expect, it } from 'vitest'
import { archivesMissing, readArchive } from '../isa-vectors/archive.ts'
import { formTextTallies } from './forms.ts'
import { binaryTextTallies, randomTextTallies } from './index.ts'
import { objdumpMissing } from './objdump.ts'
import { icedFormatterTally } from './vectors.ts'

const missing = objdumpMissing()
const seed = Number(process.env.RINGFOLD_SEED ?? Date.now() & 0x7fffffff)

describe.skipIf(missing !== null)(`text against GNU objdump${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it("60,000 instructions of Node's own binary, in both syntaxes", async () => {
    for (const tally of await binaryTextTallies([process.execPath], 60_000)) {
      expect(tally.total).toBeGreaterThanOrEqual(60_000)
      expect(tally.unexplained, tally.report()).toEqual([])
    }
  }, 60_000)

  it('every form in every mode, with register and memory operands', async () => {
    for (const tally of await formTextTallies()) {
      expect(tally.total).toBeGreaterThan(4000)
      expect(tally.unexplained, tally.report()).toEqual([])
    }
  }, 60_000)

  it(`random byte strings in every mode (RINGFOLD_SEED=${seed})`, async () => {
    for (const tally of await randomTextTallies(seed, 2000)) {
      expect(tally.total).toBe(2000)
      expect(tally.unexplained, tally.report()).toEqual([])
    }
  }, 60_000)
})

const data = archivesMissing()

it.skipIf(data !== null)(
  `iced's formatter vectors agree, or stand on the explained list${data === null ? '' : ` (skipped: ${data})`}`,
  () => {
    const tally = icedFormatterTally(readArchive('iced'))
    expect(tally.agree).toBeGreaterThan(8000)
    expect(tally.unexplained, tally.report()).toEqual([])
  },
)
