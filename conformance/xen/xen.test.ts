import { SCRIPT_MARKERS } from '@ringfold/guests'
import { describe, expect, it } from 'vitest'
import { problemsOf } from './check.ts'

describe('what is looked for in the logs', () => {
  const end = { kind: 'powered-off' } as const

  it('is a process of the first domain', () => {
    const output = '(XEN) *** Building a PV Dom0 ***\n(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.'
    const result = { end, output, instructions: 0 }
    expect(problemsOf(result, 1)).toEqual(['no process of the first domain ran the script'])
  })

  it('is a warning of Xen that nobody explained', () => {
    const output = `(XEN) Bug in the APIC\n(XEN) xenoprof: Initialization failed.\n${SCRIPT_MARKERS.begin}\n`
    expect(problemsOf({ end, output, instructions: 0 }, 1)).toContain('(XEN) Bug in the APIC')
    expect(problemsOf({ end, output, instructions: 0 }, 1)).not.toContain('(XEN) xenoprof: Initialization failed.')
  })
})
