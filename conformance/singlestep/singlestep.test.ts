import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ENGINES } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { replay } from './index.ts'
import { ProcessorSubject } from './processor-subject.ts'

/** One test of so many, of each form. */
const EVERY = 67

describe.each(['singlestep-80286', 'singlestep-8086'])('a sample of %s', (set) => {
  const directory = join(import.meta.dirname, '../../../shared/data', set)
  it.skipIf(!existsSync(directory)).each(ENGINES)('passes on engine %s, or stands on the list', (engine) => {
    const { passed, failed, explained, lines } = replay(directory, new ProcessorSubject(engine), EVERY)
    expect(lines).toEqual([])
    expect(failed).toBe(0)
    expect(passed).toBeGreaterThan(5 * explained)
  })
})
