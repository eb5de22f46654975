import { FIELD } from '@ringfold/arch'
import type { ExecutionEngine } from '@ringfold/contracts'
import { ENGINES, type EngineFactory, type EngineParts } from '@ringfold/cpu'
import { describe, expect, it } from 'vitest'
import { engineChecks } from './engine-suite.ts'

/** An engine of somebody else's: it leaves everything to the processor, after `before` has had a look. */
const leaving =
  (before: (parts: EngineParts) => void): EngineFactory =>
  (parts): ExecutionEngine => ({
    name: 'another',
    status: 'foreign',
    isRepeating: false,
    counted: 0,
    execute: () => {
      before(parts)
      return 0
    },
    settle: () => undefined,
    modeChanged: () => undefined,
    translationsChanged: () => undefined,
    invalidateCode: () => undefined,
    dispose: () => undefined,
  })

describe.each(ENGINES)('engine %s', (engine) => {
  it.each(engineChecks(engine).map((check) => [check.name, check] as const))('%s', (_, check) => check.run())
})

describe('an engine that a factory makes', () => {
  const another = leaving(() => undefined)
  it.each(engineChecks(another).map((check) => [check.name, check] as const))('%s', (_, check) => check.run())

  it('is found out where it does what the reference evaluator does not', () => {
    const wrong = leaving(({ ctx: { state } }) => state.setLo(FIELD.r15, state.lo(FIELD.r15) + 1))
    const failures = engineChecks(wrong).filter((check) => {
      try {
        check.run()
        return false
      } catch (error) {
        return (error as { code?: string }).code === 'testkit.failed'
      }
    })
    expect(failures).toHaveLength(engineChecks(wrong).length)
  })
})
