import { describe, expect, it } from 'vitest'
import { allScenarios, gdbVersion, runScenario } from './index.ts'

// On both engines: `npm run -s conformance -- gdb`.
describe.skipIf(gdbVersion() === null)('gdb on processors of the interpreter tier (needs gdb)', () => {
  it.each(allScenarios())('$name', async (scenario) => {
    const { missing, output } = await runScenario('interpreter', scenario)
    expect(missing, output).toEqual([])
  })
})
