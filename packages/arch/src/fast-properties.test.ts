import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import * as arch from './index.ts'

/** V8's own answer; `undefined` in an engine that has no such question. */
const hasFastProperties = askV8()

function askV8(): ((object: object) => boolean) | undefined {
  try {
    setFlagsFromString('--allow-natives-syntax')
    return new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean
  } catch {
    return undefined
  }
}

// Rules and engines read these in their inner loops. As hash tables they cost 5 ns for each look-up; as plain objects the
// optimizing compiler folds them into constants.
describe.skipIf(hasFastProperties === undefined)('tables that hot code reads (skipped where there is no V8)', () => {
  const tables = Object.entries(arch).flatMap(([name, value]): [string, object][] => {
    if (typeof value !== 'object' || value === null) return []
    if (!('reservedLo' in value)) return Array.isArray(value) ? [] : [[name, value]]
    return [
      [`${name}.lo`, value.lo],
      [`${name}.hi`, value.hi],
      [`${name}.shift`, value.shift],
    ]
  })

  it.each(tables)('%s is no hash table', (_name, table) => {
    expect(hasFastProperties?.(table)).toBe(true)
  })

  it('would notice one', () => {
    const many: Record<string, number> = {}
    for (let i = 0; i < 200; i++) many[`key${i}`] = i
    expect(hasFastProperties?.(many)).toBe(false)
  })
})
