import { describe, expect, it } from 'vitest'
import { combineExceptions, EXCEPTION, type ExceptionClass, exceptionOf } from './exceptions.ts'

const all = Object.values(EXCEPTION)

describe('exceptions', () => {
  it('has each vector once, and finds it', () => {
    expect(new Set(all.map((each) => each.vector)).size).toBe(all.length)
    for (const each of all) expect(exceptionOf(each.vector)).toBe(each)
    expect(exceptionOf(15)).toBeUndefined()
    expect(exceptionOf(32)).toBeUndefined()
  })

  it('pushes error codes for 8, 10 to 14, 17, 21, and for two of AMD (SDM vol. 3A, table 7-1)', () => {
    const vectors = all.filter((each) => each.errorCode !== 'none').map((each) => each.vector)
    expect(vectors).toEqual([8, 10, 11, 12, 13, 14, 17, 21, 29, 30])
  })

  it('has the contributory exceptions and page faults of the manual', () => {
    const ofClass = (wanted: ExceptionClass) => all.filter((each) => each.class === wanted).map((each) => each.mnemonic)
    expect(ofClass('contributory')).toEqual(['#DE', '#TS', '#NP', '#SS', '#GP', '#CP'])
    expect(ofClass('page-fault')).toEqual(['#PF', '#VE'])
    expect(ofClass('double-fault')).toEqual(['#DF'])
  })

  // Rows: the first exception; columns: the second. SDM vol. 3A, 7.15, "Interrupt 8", conditions for a double fault.
  it.each([
    ['benign', 'serial', 'serial', 'serial'],
    ['contributory', 'serial', 'double-fault', 'serial'],
    ['page-fault', 'serial', 'double-fault', 'double-fault'],
    ['double-fault', 'serial', 'shutdown', 'shutdown'],
  ] as const)('combines %s with benign, contributory and page fault', (first, ...expected) => {
    const second = ['benign', 'contributory', 'page-fault'] as const
    expect(second.map((each) => combineExceptions(first, each))).toEqual(expected)
  })
})
