import { describe, expect, it } from 'vitest'
import { Lines, markerOf } from './markers.ts'

describe('markerOf', () => {
  it('reads what begins and what ends', () => {
    expect(markerOf('RINGFOLD-BEGIN alu')).toEqual({ kind: 'begin', name: 'alu' })
    expect(markerOf('RINGFOLD-END alu 12345678901 250')).toEqual({
      ...{ kind: 'end', name: 'alu' },
      ...{ checksum: '12345678901', microseconds: 250 },
    })
  })

  it('takes nothing else for a marker', () => {
    for (const line of ['', 'RINGFOLD-END alu', 'RINGFOLD-END alu 1', 'x RINGFOLD-BEGIN alu', 'RINGFOLD-BEGIN'])
      expect(markerOf(line)).toBeUndefined()
  })
})

describe('Lines', () => {
  it('joins what comes in parts, and ends lines as consoles do', () => {
    const lines: string[] = []
    const console = new Lines((line) => lines.push(line))
    for (const part of ['RINGFOLD-', 'BEGIN alu\r', '\nmore\r\r\nre', 'st']) console.push(part)
    expect(lines).toEqual(['RINGFOLD-BEGIN alu', 'more'])
  })
})
